"""A wall around each file: too long a time ends the worker that reads it, too much memory the reading.

The clock is one of C, which no reader can stop; it leaves a note by which the file is known when its shard is
run again. The limit on memory is the kernel's, and only Linux has it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Wall:
    """How long a file may take, and how much memory."""

    seconds: float = 120.0
    memory: float = 2.0
    """GiB beyond what the worker had before."""
    notes: str = ""
    """Folder of this run for notes on files that took too long."""

    def _note(self, path: str) -> Path:
        return Path(self.notes) / hashlib.sha256(path.encode(errors="surrogateescape")).hexdigest()

    def stopped(self, path: str) -> bool:
        """Return whether the file took too long in this run."""
        note = self._note(path)
        return note.exists() and "Timeout" in note.read_text(encoding="utf-8", errors="replace")

    @contextlib.contextmanager
    def around(self, path: str) -> Iterator[None]:
        """End this process when the block takes too long; let it have so much memory and no more."""
        note = self._note(path)
        with note.open("w") as stream, _memory(int(self.memory * 2**30)):
            faulthandler.dump_traceback_later(self.seconds, exit=True, file=stream)
            try:
                yield
            finally:
                faulthandler.cancel_dump_traceback_later()
        note.unlink()


@contextlib.contextmanager
def _memory(room: int) -> Iterator[None]:
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[5])
    except (ImportError, OSError):
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = pages * resource.getpagesize() + room
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))
