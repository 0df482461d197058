"""Soak: many files of all formats, a tenth mutated, some poisonous; two workers, killed at random, resumed to the end.

    python -m benchmarks.soak --files 30000 --kills 20

makes the files (from the bundled corpus and the tests' own), builds them once in peace and once with `kill -9` at
random moments, each time resumed, and compares the bytes of both. As root on Linux the second build also meets a
disk that is full and one that may not be written for a spell, each said in one line before it goes on.

Beside files that are poison by themselves, some are so by name: the reader hangs on them, asks for all memory, or
ends its process (no file that we know does so any more).
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
ENDINGS = (".html", ".htm", ".pdf", ".docx", ".doc", ".txt", ".md", ".rtf", ".odt", ".ofd", ".mht", ".zip")
POISON = {
    "bomb.docx": lambda: _bomb(),
    "deep.html": lambda: b"<div>" * 400_000,
    "brackets.txt": lambda: ("（一）" * 300_000).encode(),
    "pipes.md": lambda: b"|" * 3_000_000,
    "spans.html": lambda: b"<table><tr><td colspan=1000000000 rowspan=1000000000>x</table>",
    "empty.pdf": lambda: b"",
    "noise.pdf": lambda: b"%PDF-1.7\n" + random.Random(1).randbytes(200_000),
    "noise.zip": lambda: b"PK\x03\x04" + random.Random(2).randbytes(200_000),
    "noise.doc": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.Random(3).randbytes(200_000),
    "numbers.txt": lambda: b"1 " * 2_000_000,
    "quotes.txt": lambda: ("“" * 400_000 + "。" * 400_000).encode(),
    "nul.txt": lambda: b"\x00" * 2_000_000,
}


def _bomb() -> bytes:
    import io
    import zipfile

    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bomb,
        bomb.open("word/document.xml", "w", force_zip64=True) as stream,
    ):
        for _ in range(300):
            stream.write(bytes(2**20))
    return made.getvalue()


def make(folder: Path, count: int, seed: int) -> None:
    """Write the files: copies of ours, a tenth mutated, and the poison."""
    from tests.readers.test_fuzz import mutate

    rng = random.Random(seed)
    sources = [
        path
        for place in (ROOT / "corpus/raw", ROOT / "tests/data")
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.suffix.lower() in ENDINGS
    ]
    for number in range(count):
        source = sources[number % len(sources)]
        content = source.read_bytes()
        if rng.random() < 0.1:
            content = mutate(content, rng)
        # Bytes behind the end make each a file of its own; readers of these formats pass over them.
        content += b"\n" + str(number).encode() if source.suffix != ".docx" else b""
        place = folder / f"{number % 50:02d}"
        place.mkdir(exist_ok=True)
        (place / f"{number:06d}-{source.stem}{source.suffix}").write_bytes(content)
    for name, content in POISON.items():
        (folder / name).write_bytes(content())
    for name in NAMED:
        (folder / name).write_bytes(sources[0].read_bytes() + name.encode())


NAMED = tuple(f"{what}-{number}.html" for what in ("hangs", "eats", "kills") for number in range(2))


def poisoned(path: str) -> object:
    """Stand in for `read_document` in the workers: some names are poison."""
    from gongkai.readers.read import read_document

    name = Path(path).name
    if name in NAMED and name.startswith("hangs"):
        time.sleep(3600)
    if name in NAMED and name.startswith("kills"):
        os.kill(os.getpid(), signal.SIGKILL)
    if name in NAMED:
        eaten = [bytearray(2**28) for _ in range(64)]
        raise AssertionError(f"no wall around memory: {len(eaten)} blocks")
    return read_document(path)


def shard_with_poison(*arguments: Any, **settings: Any) -> object:
    """Stand in for `build_shard`, which the workers run."""
    from gongkai.corpus.build import build_shard
    from gongkai.report import file

    file.read_document = poisoned  # type: ignore[assignment]
    return build_shard(*arguments, **settings)


def command(folder: Path, out: Path) -> list[str]:
    """Return the command line of a build of two workers."""
    options = ["--jobs", "2", "--file-timeout", "60", "--file-memory", "1"]
    return [sys.executable, "-m", "benchmarks.soak", "build", str(folder), "-o", str(out), *options]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every part."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))}


def run(line: list[str]) -> subprocess.CompletedProcess[str]:
    """Run to the end; whatever happens, no traceback."""
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode in (0, 1, 2), done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return done


def resumed(folder: Path, out: Path) -> list[str]:
    """Return the command line of a build that goes on where there is one to go on with."""
    return command(folder, out) + (["--resume"] if out.exists() and any(out.iterdir()) else [])


def spell(folder: Path, out: Path, disk: Path, options: str, said: str) -> None:
    """Go on while the disk is in a bad way; the build says so and stops, or it was ended before."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)
    done = run(resumed(folder, out))
    assert done.returncode == 2, f"{options}: {done.stderr[-500:]}"
    assert said in done.stderr, done.stderr[-500:]
    print(f"{options}: exit 2, {done.stderr.strip().splitlines()[-1][-90:]!r}", flush=True)
    subprocess.run(["mount", "-o", "remount,rw,size=8g", str(disk)], check=True)


def main() -> None:
    """Make, build calmly, build under fire, compare; exit 1 unless the bytes are equal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as place:
        folder, calm, disk = (Path(place, name) for name in ("files", "calm", "disk"))
        folder.mkdir()
        disk.mkdir()
        fire = disk / "fire"
        make(folder, given.files, given.seed)
        start = time.monotonic()
        done = run(command(folder, calm))
        took = time.monotonic() - start
        print(f"calm: exit {done.returncode} in {took:.0f} s: {done.stdout.splitlines()[0]}", flush=True)
        size = sum(map(len, contents(calm).values()))
        mounted = not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size // 3}", "tmpfs", str(disk)], capture_output=True
        ).returncode
        try:
            if mounted:
                spell(folder, fire, disk, f"size={size // 3}", "No space left")
            under_fire(folder, fire, disk if mounted else None, given.kills, took, rng)
            same = contents(calm) == contents(fire)
        finally:
            if mounted:
                subprocess.run(["umount", str(disk)], check=True)
        count = given.files + len(POISON) + len(NAMED)
        print(f"{count} files: {'the same bytes' if same else 'NOT the same bytes'}")
        sys.exit(not same)


def under_fire(
    folder: Path, out: Path, disk: Path | None, kills: int, took: float, rng: random.Random
) -> None:
    """Build with kills at random, in between a disk that may not be written; then to the end."""
    for kill in range(kills):
        if disk and kill == kills // 2:
            spell(folder, out, disk, "ro", "Read-only")
        process = subprocess.Popen(
            resumed(folder, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        try:
            process.wait(rng.uniform(2, max(3.0, 1.5 * took / kills)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            print(f"kill {kill + 1}: {len(contents(out))} parts stand", flush=True)
        else:
            print(f"ended before kill {kill + 1}", flush=True)
            return
    print(f"at last: {run(resumed(folder, out)).stdout.splitlines()[0]}", flush=True)


if __name__ == "__main__" and sys.argv[1:2] == ["build"]:
    from gongkai.cli.app import main as command_line
    from gongkai.corpus import build as building

    building.build_shard = shard_with_poison  # type: ignore[assignment]
    command_line()
elif __name__ == "__main__":
    main()
