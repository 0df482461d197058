"""A fixed list of inputs → shards → parts on disk. Knows no report.

Shards are cut by number of inputs, never by workers, so that the parts are the same whatever ran them. A
shard is done when its mark stands in `.unfinished/`; the marks and the plan go when the whole is finished.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sys
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import filelock
from tqdm.auto import tqdm

from gongkai.errors import GongkaiError
from gongkai.run import refuse_existing, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Input = TypeVar("Input")
Mark = dict[str, int]

UNFINISHED = ".unfinished"


def cut(inputs: Sequence[Input], size: int) -> list[list[Input]]:
    """Cut a list into shards of `size`."""
    return [list(inputs[i : i + size]) for i in range(0, len(inputs), size)]


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the lock goes with the process, however that ends.

    Raises:
        GongkaiError: Another process is writing into the folder, or its parent cannot be written.
    """
    path = folder.parent / f".{folder.name}.lock"
    lock = filelock.FileLock(path, timeout=0)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise GongkaiError(
            f"{folder}: another gongkai is writing into it; wait, or choose another name"
        ) from error
    except OSError as error:
        raise GongkaiError(f"{folder}: cannot write here: {error.strerror or error}") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # POSIX takes the file away while it is held, Windows only after
            path.unlink()
        lock.release()
        with contextlib.suppress(OSError):
            path.unlink()


def open_folder(folder: Path, plan: Mapping[str, object], *, overwrite: bool, resume: bool) -> set[int]:
    """Prepare the output folder and return the numbers of the shards that are already done.

    Args:
        folder: Where the parts go.
        plan: Everything that decides them; a resumed run must have the same.
        overwrite: Replace what an earlier run finished there.
        resume: Go on with what an interrupted run left there.

    Raises:
        GongkaiError: The folder holds something else, another run's parts, or another plan's.
    """
    marks = folder / UNFINISHED
    if marks.exists():
        if resume:
            if json.loads((marks / "plan.json").read_text(encoding="utf-8")) != _digest(plan):
                raise GongkaiError(
                    f"{folder}: inputs or settings changed since the interrupted run; pass --overwrite"
                )
            return {int(mark.stem) for mark in marks.glob("[0-9]*.json")}
        if not overwrite:
            raise GongkaiError(
                f"{folder}: an interrupted run stands here; pass --resume to go on or --overwrite"
            )
    elif folder.exists():
        refuse_existing(folder, overwrite=overwrite)
    try:
        if folder.exists():
            shutil.rmtree(folder)
        marks.mkdir(parents=True)
        write_json(marks / "plan.json", _digest(plan))
    except OSError as error:
        raise GongkaiError(f"{folder}: cannot write here: {error.strerror or error}") from error
    return set()


def _digest(plan: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(plan, sort_keys=True, default=str).encode()).hexdigest()


def close_folder(folder: Path) -> list[Mark]:
    """Take the marks away and return them in the shards' order."""
    marks = sorted((folder / UNFINISHED).glob("[0-9]*.json"))
    counts = [json.loads(mark.read_text(encoding="utf-8")) for mark in marks]
    shutil.rmtree(folder / UNFINISHED)
    return counts


def run_shards(
    work: Callable[[list[Input], int, Path], Mark],
    shards: Sequence[list[Input]],
    folder: Path,
    *,
    done: set[int],
    jobs: int = 1,
    executor: Executor | None = None,
    unit: str = "file",
) -> None:
    """Run `work(shard, number, folder)` on every shard that is not done, with a progress bar on a terminal.

    Args:
        work: A picklable function that writes the shard's parts and returns counts.
        shards: Inputs.
        folder: What `open_folder` prepared.
        done: Numbers to skip.
        jobs: Worker processes; 1 runs in this process.
        executor: Use this one instead (`jobs` is ignored).
        unit: What an input is called in the progress bar.
    """
    open_numbers = [n for n in range(len(shards)) if n not in done]
    total = sum(map(len, shards))
    before = sum(len(shards[n]) for n in done)
    with tqdm(total=total, initial=before, unit=unit, disable=not _is_terminal(), file=sys.stderr) as bar:
        for number, mark in _results(work, shards, open_numbers, folder, jobs, executor):
            write_json(folder / UNFINISHED / f"{number:05d}.json", mark)
            bar.update(len(shards[number]))


def _is_terminal() -> bool:
    return sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)


def _results(
    work: Callable[[list[Input], int, Path], Mark],
    shards: Sequence[list[Input]],
    numbers: Sequence[int],
    folder: Path,
    jobs: int,
    executor: Executor | None,
) -> Iterator[tuple[int, Mark]]:
    if executor is None and (jobs <= 1 or len(numbers) <= 1):
        for number in numbers:
            yield number, work(shards[number], number, folder)
        return
    pool = executor or ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        futures = [(n, pool.submit(work, shards[n], n, folder)) for n in numbers]
        for number, future in futures:
            yield number, future.result()
    finally:
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)
