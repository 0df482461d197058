"""Soak: many files of all formats, a tenth mutated, some poisonous; two workers, killed at random, resumed to the end.

    python benchmarks/soak.py --files 3000 --kills 6

makes the files (from the bundled corpus and the tests' own), builds them once in peace and once with `kill -9` at
random moments, each time resumed, and compares the bytes of both.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def command(folder: Path, out: Path) -> list[str]:
    """Return the command line of a build of two workers."""
    options = ["--jobs", "2", "--file-timeout", "20", "--file-memory", "1"]
    return [sys.executable, "-m", "gongkai", "build", str(folder), "-o", str(out), *options]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every part."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))}


def main() -> None:
    """Make, build calmly, build under fire, compare; exit 1 unless the bytes are equal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as place:
        folder, calm, fire = (Path(place, name) for name in ("files", "calm", "fire"))
        folder.mkdir()
        make(folder, given.files, given.seed)
        start = time.monotonic()
        done = subprocess.run(command(folder, calm), capture_output=True, text=True)
        took = time.monotonic() - start
        print(f"calm: exit {done.returncode} in {took:.0f} s: {done.stdout.splitlines()[0]}", flush=True)
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        for kill in range(given.kills):
            line = command(folder, fire) + (["--resume"] if fire.exists() else [])
            process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(rng.uniform(2, max(3.0, 1.5 * took / given.kills)))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                print(f"kill {kill + 1}: {len(contents(fire))} parts stand", flush=True)
            else:
                print(f"ended before kill {kill + 1}", flush=True)
                break
        line = command(folder, fire) + (["--resume"] if (fire / ".unfinished").exists() else [])
        if not (fire / "run.json").exists():
            done = subprocess.run(line, capture_output=True, text=True)
            assert done.returncode in (0, 1), done.stderr
        same = contents(calm) == contents(fire)
        print(
            f"{given.files} files and {len(POISON)} poisonous: {'the same bytes' if same else 'NOT the same bytes'}"
        )
        shutil.rmtree(fire)
        sys.exit(not same)


if __name__ == "__main__":
    main()
