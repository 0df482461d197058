"""`gongkai doctor`: what is installed, what lacks, a self-test; plain text to paste into an issue."""

from __future__ import annotations

import importlib.util
import locale
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import typer

import gongkai
from gongkai.cli.chinese import say, word
from gongkai.cli.net import versions
from gongkai.errors import GongkaiError

EXTRAS = {
    "charts": ("altair", "vl_convert"),
    "transformers": ("accelerate", "datasets", "huggingface_hub", "torch", "transformers"),
    "ocr": ("rapidocr", "PIL", "onnxruntime", "cv2"), "doc": ("olefile",), "cluster": ("distributed",),
    "cloud": ("fsspec",), "fast": ("rjieba",), "excel": ("openpyxl",),
    "llm": ("openai",), "regress": ("pyfixest", "wildboottest"), "web": ("warcio",),
}  # fmt: skip
"""Of each extra, the modules that it brings."""
NEEDED = (
    "duckdb", "jieba", "lxml.etree", "numpy", "opencc", "pandas", "pyarrow", "pypdfium2", "safetensors",
    "selectolax", "sklearn",
)  # fmt: skip
ROOM = 1
"""GiB free for temporary files below which doctor warns."""


def doctor() -> None:
    """Show what is installed and what lacks, and test gongkai on itself; exit 1 if something is wrong.

    Example: gongkai doctor
    """
    wrong = []
    for title, look in LOOKS.items():
        typer.echo(word(title))
        try:
            for line in look():
                typer.echo(f"  {line}")
        except Exception as error:  # whatever is broken here is what is looked for
            wrong.append(title)
            said = str(error) if isinstance(error, GongkaiError) else f"{type(error).__name__}: {error}"
            typer.echo(f"  {word('WRONG')}: {said}")
    named = ", ".join(map(word, wrong))
    typer.echo(say("Something is wrong with: {named}", named=named) if wrong else say("All is well"))
    if wrong:
        raise typer.Exit(1)


def _extras() -> Iterator[str]:
    for extra, modules in EXTRAS.items():
        lacking = [module for module in modules if importlib.util.find_spec(module) is None]
        install = {"names": ", ".join(lacking), "line": f'pip install "gongkai[{extra}]"'}
        yield f"{extra:<13} {say('lacks {names}: {line}', **install) if lacking else say('installed')}"


def _machine() -> Iterator[str]:
    from gongkai.show.figures import chinese_font

    yield say("cores {n}, memory {memory}", n=os.cpu_count(), memory=_memory())
    free, here = (shutil.disk_usage(place).free / 2**30 for place in (tempfile.gettempdir(), "."))
    yield say("disk free for temporary files {free:.1f} GiB, here {here:.1f} GiB", free=free, here=here)
    place = ".".join(map(str, locale.getlocale()))
    yield say("locale {place}, file names {names}", place=place, names=sys.getfilesystemencoding())
    yield say("output {encoding}", encoding=getattr(sys.stdout, "encoding", None))
    found = chinese_font() or say("none found; charts may show empty boxes")
    yield say("Chinese font for charts: {found}", found=found)
    if free < ROOM:
        raise GongkaiError(f"{tempfile.gettempdir()}: less than {ROOM} GiB free")


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    except (AttributeError, ValueError, OSError):  # Windows does not tell
        return "not known"


def _requirements() -> Iterator[str]:
    """Say of what gongkai always needs whether it can be loaded."""
    for module in NEEDED:
        importlib.import_module(module)
    yield say("what gongkai needs can be loaded")
    place = {"version": metadata.version("gongkai"), "place": Path(__file__).parents[1]}
    yield say("gongkai {version} from {place}", **place)


def _self_test() -> Iterator[str]:
    """Build, predict and measure one bundled report."""
    report = max(gongkai.bundled("corpus/raw").rglob("*.html"), key=lambda path: path.stat().st_size)
    with tempfile.TemporaryDirectory() as place:
        done = gongkai.build(report, Path(place) / "tables")
        if not done.reports:
            raise GongkaiError(f"{report.name}: a bundled report is not read any more")
        yield say("built 1 report: {n} sentences, {cells} cells", n=done.sentences, cells=done.statistics)
        predictions = gongkai.predict(gongkai.read(Path(place) / "tables", "sentences"))
    yield say("the bundled model loads and tags: {n} rows", n=len(predictions))
    yield say("measured: {n} rows", n=len(gongkai.prevalence(predictions)))


LOOKS: dict[str, Callable[[], Iterator[str]]] = {
    "Versions": lambda: iter(versions()), "Extras": _extras, "Machine": _machine,
    "Requirements": _requirements, "Self-test": _self_test,
}  # fmt: skip
