"""Run the code blocks of the start and how-to pages: python -m docs.blocks [PAGE…] [--write].

A page's blocks run in order, in one folder, and each how-to page goes on where `start.md` ended. The pages
under `zh/` are run too, in a terminal that speaks Chinese:

    ```sh, ```python, ```r        run, each in a process of its own; a failure stops
    ```csv title="NAME"           written to the file NAME (also txt, toml)
    ```sh title="not run: WHY"    shown, not run (`不运行：` on a Chinese page)
    ```text                       what the block above printed; --write puts the real output there
    ![…](…/images/NAME)           a file that a block made; --write copies it to docs/images

`tests/test_docs_blocks.py` runs them all and compares what is printed, whatever the numbers.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
FENCE = re.compile(r'^```(?P<language>\w+)(?: title="(?P<title>[^"]*)")?\n(?P<text>.*?)^```$', re.M | re.S)
RUN = {
    "sh": ["bash", "-e", "-o", "pipefail", "-s"],
    "python": [sys.executable, "-"],
    "r": ["Rscript", "-"],
}
START = ("start.md", "zh/start.md")
ENGLISH = ("start.md", "own-reports.md", *sorted(f"howto/{p.name}" for p in (HERE / "howto").glob("*.md")))
PAGES = (*ENGLISH, *(f"zh/{name}" for name in ENGLISH))


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    language: str
    title: str
    text: str
    span: tuple[int, int]
    """Where its text stands in the page."""

    @property
    def is_shown_only(self) -> bool:
        """It is not run."""
        return self.title.startswith(("not run", "不运行"))


class BlockError(Exception):
    """A block failed, or printed something else than the page says."""


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page's text."""
    return [Block(m["language"], m["title"] or "", m["text"], m.span("text")) for m in FENCE.finditer(page)]


def language_of(page: str) -> str:
    """Return the language of the terminal of a page, by its name."""
    return "zh" if page.startswith("zh/") else "en"


def run_page(page: str, folder: Path, language: str = "en") -> list[tuple[Block, str]]:
    """Run the blocks of a page in a folder and return each output block with what was really printed.

    Raises:
        BlockError: A block failed.
    """
    shown, printed = [], ""
    for block in blocks_of(page):
        if block.is_shown_only:
            printed = ""
        elif block.title:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "text":
            shown.append((block, printed))
        else:
            printed = _run(block, folder, language)
    return shown


def _run(block: Block, folder: Path, language: str) -> str:
    place = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        RUN[block.language], input=block.text, cwd=folder, capture_output=True, text=True, encoding="utf-8",
        timeout=600, check=False,
        env={**os.environ, "PATH": place, "PYTHONIOENCODING": "utf-8", "GONGKAI_LANG": language},
    )  # fmt: skip
    if done.returncode:
        raise BlockError(f"exit {done.returncode} of\n{block.text}\n{done.stdout}\n{done.stderr[-3000:]}")
    return done.stdout


def shape(text: str) -> str:
    """Return text with its numbers masked and its spaces collapsed: they move with a model or a version."""
    return re.sub(r"[\s─-]+", " ", re.sub(r"[-+]?(\d[\d.,]*|\.\d+)", "#", text)).strip()


def check(page: str, folder: Path, language: str = "en") -> None:
    """Run a page and compare what it prints with what it says.

    Raises:
        BlockError: A block failed, or printed something of another shape.
    """
    for block, printed in run_page(page, folder, language):
        if shape(block.text) != shape(printed):
            raise BlockError(
                f"the page says\n{block.text}\nbut it prints\n{printed}\npython -m docs.blocks --write"
            )


def replaced(page: str, outputs: list[str]) -> str:
    """Return a page with its output blocks replaced, in order."""
    spans = [b.span for b in blocks_of(page) if b.language == "text" and not b.title]
    for (start, end), output in reversed(list(zip(spans, outputs, strict=True))):
        page = page[:start] + output.rstrip("\n") + "\n" + page[end:]
    return page


def main(arguments: list[str]) -> None:
    """Run pages; with --write put what they print into them."""
    pages = [a for a in arguments if not a.startswith("--")] or list(PAGES)
    with tempfile.TemporaryDirectory() as top:
        wanted = [s for s in START if any(language_of(s) == language_of(page) for page in pages)]
        for name in [*wanted, *(p for p in pages if p not in START)]:
            started, folder = Path(top) / language_of(name), Path(top) / "pages" / name
            folder = started if name in START else Path(shutil.copytree(started, folder))
            folder.mkdir(exist_ok=True)
            page = (HERE / name).read_text(encoding="utf-8")
            outputs = [printed for _, printed in run_page(page, folder, language_of(name))]
            if "--write" in arguments:
                (HERE / name).write_text(replaced(page, outputs), encoding="utf-8")
            for image in re.findall(r"/images/([\w.-]+)", page) if "--write" in arguments else ():
                if (folder / image).exists():
                    shutil.copy(folder / image, HERE / "images")
            print(f"{name}: {len(outputs)} outputs")


if __name__ == "__main__":
    main(sys.argv[1:])
