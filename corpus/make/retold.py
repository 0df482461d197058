"""The same reports as researchers hold them: passed through the tools that people use, and compared with their sources.

    pip install pymupdf pdfplumber beautifulsoup4 lxml html2text markdownify trafilatura docx2txt mammoth
    pip install pypdf pdfminer.six pymupdf4llm "markitdown[pdf]"
    apt install poppler-utils w3m pandoc chromium fonts-noto-cjk libreoffice-writer-nogui
    python -m corpus.make.retold OUT corpus/raw/*/*.html corpus/raw/*/*.docx corpus/raw/*/*.pdf

writes OUT/TOOL/AGENCY__YEAR.ext and prints a line per tool: how much of what the source gives its copies give too.
Tools that are not installed are named and left out. Each runs with its own defaults.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

from gongkai.errors import GongkaiError
from gongkai.report.file import read_file

TIMEOUT = 180
"""Seconds until a tool counts as hanging."""
HELD = 0.9
"""Share of a sentence's runs of four characters from which the copy counts as still holding it."""


def _run(*command: str, given: bytes | None = None) -> bytes:
    return subprocess.run(command, input=given, check=True, capture_output=True, timeout=TIMEOUT).stdout


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    for encoding in ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace")


def _pdftotext(*options: str) -> Callable[[Path], bytes]:
    return lambda path: _run("pdftotext", *options, str(path), "-")


def _pdftohtml(path: Path) -> bytes:
    return _run("pdftohtml", "-s", "-i", "-noframes", "-stdout", "-q", str(path))


def _pdfplumber(path: Path) -> str:
    import pdfplumber

    with pdfplumber.open(path) as pdf:
        return "\n".join(page.extract_text() or "" for page in pdf.pages)


def _pdfplumber_tables(path: Path) -> str:
    import pdfplumber

    with pdfplumber.open(path) as pdf:
        pages = []
        for page in pdf.pages:
            rows = (row for table in page.extract_tables() for row in table)
            lines = ("\t".join((cell or "").replace("\n", "") for cell in row) for row in rows)
            pages.append("\n".join([page.extract_text() or "", *lines]))
        return "\n\n".join(pages)


def _pymupdf(path: Path) -> str:
    import pymupdf

    return "\n".join(page.get_text() for page in pymupdf.open(path))


def _pdfplumber_layout(path: Path) -> str:
    import pdfplumber

    with pdfplumber.open(path) as pdf:
        return "\n".join(page.extract_text(layout=True) or "" for page in pdf.pages)


def _pypdf(path: Path) -> str:
    import pypdf

    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def _pdfminer(path: Path) -> str:
    from pdfminer.high_level import extract_text

    return extract_text(path)


def _pymupdf4llm(path: Path) -> str:
    import pymupdf4llm

    return pymupdf4llm.to_markdown(path, show_progress=False)


def _markitdown(path: Path) -> str:
    from markitdown import MarkItDown

    return MarkItDown().convert(str(path)).text_content


def _soup(separator: str = "", *, strip: bool = False) -> Callable[[Path], str]:
    def convert(path: Path) -> str:
        from bs4 import BeautifulSoup

        return BeautifulSoup(_decoded(path), "lxml").get_text(separator, strip=strip)

    return convert


def _html2text(path: Path) -> str:
    import html2text

    converter = html2text.HTML2Text()
    converter.body_width = 0
    return converter.handle(_decoded(path))


def _html2text_tables_as_html(path: Path) -> str:
    import html2text

    converter = html2text.HTML2Text()
    converter.body_width = 0
    converter.bypass_tables = True
    return converter.handle(_decoded(path))


def _cells_and_paragraphs(path: Path) -> str:
    """Take every paragraph and every cell, so that a paragraph in a cell comes twice."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_decoded(path), "html.parser")
    found = soup.find_all(["h1", "h2", "h3", "p", "td", "th", "li"])
    return "\n".join(" ".join(node.get_text().split()) for node in found)


def _markdownify(path: Path) -> str:
    import markdownify

    return markdownify.markdownify(_decoded(path))


def _trafilatura(path: Path) -> str:
    import trafilatura

    return trafilatura.extract(_decoded(path), output_format="markdown", include_tables=True) or ""


def _w3m(path: Path) -> bytes:
    command = ("w3m", "-dump", "-cols", "120", "-I", "utf-8", "-O", "utf-8", "-T", "text/html")
    return _run(*command, given=_decoded(path).encode())


def _pandoc(kind: str, to: str = "gfm") -> Callable[[Path], bytes]:
    def convert(path: Path) -> bytes:
        given = _decoded(path).encode() if kind == "html" else path.read_bytes()
        return _run("pandoc", "-f", kind, "-t", to, "--wrap=none", given=given)

    return convert


def _chromium(path: Path) -> bytes:
    """Print as a browser does, with its lines above and below each page."""
    with tempfile.TemporaryDirectory() as place:
        made = Path(place, "printed.pdf")
        options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={place}/profile")
        _run("chromium", *options, f"--print-to-pdf={made}", path.resolve().as_uri())
        return made.read_bytes()


def _docx2txt(path: Path) -> str:
    import docx2txt

    return docx2txt.process(path)


def _mammoth(path: Path) -> str:
    import mammoth

    with path.open("rb") as stream:
        body = mammoth.convert_to_html(stream).value
    return f"<html><meta charset=utf-8><body>{body}</body></html>"


def _office(kind: str) -> Callable[[Path], bytes]:
    def convert(path: Path) -> bytes:
        with tempfile.TemporaryDirectory() as place:
            profile = f"-env:UserInstallation=file://{place}/profile"
            _run(
                "soffice", "--headless", profile, "--convert-to", kind, "--outdir", f"{place}/made", str(path)
            )
            return next(Path(place, "made").iterdir()).read_bytes()

    return convert


class Tool(NamedTuple):
    """How people turn files of one kind into another."""

    needs: str
    """A program on the path, or a Python package."""
    takes: str
    ending: str
    convert: Callable[[Path], bytes | str]

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        if self.needs in COMMANDS:
            return shutil.which(self.needs) is not None
        return importlib.util.find_spec(self.needs) is not None  # html2text is a command's name too


COMMANDS = ("pdftotext", "pdftohtml", "w3m", "pandoc", "chromium", "soffice")
"""Tools that are no modules of Python."""
TOOLS = {
    "pdftotext": Tool("pdftotext", "pdf", "txt", _pdftotext()),
    "pdftotext_layout": Tool("pdftotext", "pdf", "txt", _pdftotext("-layout")),
    "pdftotext_raw": Tool("pdftotext", "pdf", "txt", _pdftotext("-raw")),
    "pdftotext_bbox": Tool("pdftotext", "pdf", "html", _pdftotext("-bbox")),
    "pdftohtml": Tool("pdftohtml", "pdf", "html", _pdftohtml),
    "pdfplumber": Tool("pdfplumber", "pdf", "txt", _pdfplumber),
    "pdfplumber_tables": Tool("pdfplumber", "pdf", "txt", _pdfplumber_tables),
    "pymupdf": Tool("pymupdf", "pdf", "txt", _pymupdf),
    "pdfplumber_layout": Tool("pdfplumber", "pdf", "txt", _pdfplumber_layout),
    "pypdf": Tool("pypdf", "pdf", "txt", _pypdf),
    "pdfminer": Tool("pdfminer", "pdf", "txt", _pdfminer),
    "pymupdf4llm": Tool("pymupdf4llm", "pdf", "md", _pymupdf4llm),
    "markitdown_pdf": Tool("markitdown", "pdf", "md", _markitdown),
    "markitdown_html": Tool("markitdown", "html", "md", _markitdown),
    "html2text_bypass": Tool("html2text", "html", "md", _html2text_tables_as_html),
    "soup_twice": Tool("bs4", "html", "txt", _cells_and_paragraphs),
    "soup_lines": Tool("bs4", "html", "txt", _soup("\n")),
    "soup_plain": Tool("bs4", "html", "txt", _soup()),
    "soup_strip": Tool("bs4", "html", "txt", _soup(" ", strip=True)),
    "html2text": Tool("html2text", "html", "md", _html2text),
    "markdownify": Tool("markdownify", "html", "md", _markdownify),
    "trafilatura": Tool("trafilatura", "html", "md", _trafilatura),
    "w3m": Tool("w3m", "html", "txt", _w3m),
    "pandoc_html": Tool("pandoc", "html", "md", _pandoc("html")),
    "pandoc_mediawiki": Tool("pandoc", "html", "txt", _pandoc("html", "mediawiki")),
    "chromium": Tool("chromium", "html", "pdf", _chromium),
    "docx2txt": Tool("docx2txt", "docx", "txt", _docx2txt),
    "mammoth": Tool("mammoth", "docx", "html", _mammoth),
    "pandoc_docx": Tool("pandoc", "docx", "md", _pandoc("docx")),
    "office_txt": Tool("soffice", "docx", "txt", _office("txt:Text (encoded):UTF8")),
    "office_html": Tool("soffice", "docx", "html", _office("html")),
    "office_doc": Tool("soffice", "docx", "doc", _office("doc")),
    "office_pdf": Tool("soffice", "docx", "pdf", _office("pdf")),
    "office_rtf": Tool("soffice", "docx", "rtf", _office("rtf")),
    "office_odt": Tool("soffice", "docx", "odt", _office("odt")),
}


@dataclass(slots=True)
class Score:
    """Copies compared with their sources; counts, to be added up."""

    copies: int = 0
    identity: int = 0
    """Copies whose agency, year and form are the source's; one that is refused has none of it."""
    cells: int = 0
    """Cells of the sources that have a value."""
    right: int = 0
    wrong: int = 0
    """Values that are not the source's."""
    sentences: int = 0
    """Sentences of the sources that the copies still hold."""
    found: int = 0
    """Of these, in the same section."""
    junk: int = 0
    """Sentences that the sources do not have."""

    def __add__(self, other: Score) -> Score:
        """Add up."""
        return Score(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __str__(self) -> str:
        """Say it in a line."""
        share = {
            "identity": self.identity / max(1, self.copies),
            "cells": self.right / max(1, self.cells),
            "sentences": self.found / max(1, self.sentences),
            "junk": self.junk / max(1, self.sentences),
        }
        told = ", ".join(f"{name} {value:.1%}" for name, value in share.items())
        return f"{self.copies} copies: {told}; cells wrong {self.wrong}"


def _squeezed(text: str) -> str:
    return re.sub(r"[\s*_#|\\-]", "", text)


def _shingles(text: str) -> set[str]:
    return {text[i : i + 4] for i in range(max(1, len(text) - 3))}


def _held(path: Path, sentences: dict[str, str]) -> dict[str, str]:
    """Leave out the sentences whose text a copy no longer has; of a printed or bound copy all count."""
    if path.suffix not in (".txt", ".md", ".html"):
        return sentences
    text = path.read_text(encoding="utf-8", errors="replace")
    there = _shingles(_squeezed(re.sub(r"<[^>]+>", "", text) if path.suffix == ".html" else text))
    return {
        words: section
        for words, section in sentences.items()
        if len((own := _shingles(words)) & there) >= HELD * len(own)
    }


def compare(source: Path, copy: Path) -> Score:
    """Read a source and a copy of it, and count what the copy gives of what the source gives."""
    want = read_file(source).tables()
    try:
        got = read_file(copy).tables()
    except GongkaiError:
        got = None
    cells = {(c.table, c.row, c.column): c.value for c in want.statistics}
    sentences = _held(copy, {_squeezed(s.text): s.section for s in want.sentences})
    score = Score(copies=1, cells=sum(v is not None for v in cells.values()), sentences=len(sentences))
    if got is None or not got.reports:
        return score
    (a, b) = ((r.agency, r.year, r.form) for r in (want.reports[0], got.reports[0]))
    texts = {_squeezed(s.text) for s in want.sentences}
    given = {(_squeezed(s.text), s.section) for s in got.sentences}
    for cell in got.statistics:
        right = cells.get((cell.table, cell.row, cell.column))
        score.right += cell.value is not None and cell.value == right
        score.wrong += cell.value is not None and cell.value != right
    score.identity = int(a == b)
    score.found = len(set(sentences.items()) & given)
    score.junk = sum(words not in texts for words, _ in given)
    return score


def retell(tool: str, sources: list[Path], out: Path) -> Score:
    """Convert the sources that a tool takes into OUT/TOOL, and compare."""
    chosen = TOOLS[tool]
    folder = out / tool
    folder.mkdir(parents=True, exist_ok=True)
    total = Score()
    for source in sources:
        if {"htm": "html"}.get(kind := source.suffix.lower()[1:], kind) != chosen.takes:
            continue
        copy = folder / f"{source.parent.name}__{source.stem}.{chosen.ending}"
        made = chosen.convert(source)
        copy.write_bytes(made if isinstance(made, bytes) else made.encode("utf-8", "replace"))
        total += compare(source, copy)
    return total


def main() -> None:
    out, sources = Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]]
    total = Score()
    for name, tool in TOOLS.items():
        if not tool.installed:
            print(f"{name}: {tool.needs} is not installed; left out", file=sys.stderr)
            continue
        if (score := retell(name, sources, out)).copies:
            print(f"{name}: {score}", flush=True)
            total += score
    print(f"all: {total}")


if __name__ == "__main__":
    main()
