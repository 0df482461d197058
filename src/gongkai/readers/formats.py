"""The formats: each is one file and one line in `READERS`.

The content decides, not the ending: the first reader whose `sniff` claims the first bytes reads the file.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from gongkai.errors import ReadError
from gongkai.problem import Problem
from gongkai.readers.decode import unmarked_utf16
from gongkai.readers.document import Block
from gongkai.store.run import libraries

Blocks: TypeAlias = "tuple[list[Block], list[Problem]]"
Read: TypeAlias = "Callable[[bytes, str], Blocks]"
_OCR = ("rapidocr", "onnxruntime", "opencv-python-headless", "pillow")
HEAD = 65536
"""Bytes of a file that a sniff looks at, but for names inside a ZIP."""
_TAG = re.compile(rb"<(?:!doctype|html|head|body|div|p|table|meta|h[1-6])[\s>]", re.IGNORECASE)
_PLACED = re.compile(
    rb'<p\s[^<>]*style="[^"<>]*\btop:\s*-?[\d.]+p[xt];\s*left:|<text top="-?\d+" left="'
    rb'|<word xMin="|<char quad="|<text font="[^"<>]*" bbox="|<LTTextLineHorizontal '
)
_OPENS = re.compile(rb"</?[a-zA-Z!?]")
_PAGE = re.compile(rb"<(?:!doctype|!--|\?xml|html|head|meta|body)", re.IGNORECASE)
_MARKED_UP = re.compile(rb"\\begin\{(?:tabular|longtable|tabu)|^(?:\|===|\{\|)", re.MULTILINE)
ENOUGH = 10
"""Placed paragraphs in a file's beginning that make it a drawing."""
_JSON = re.compile(rb"[{\[]\s*[{\[\"]|(?:\"?\w+\"?,){1,9}\"?text\"?,[\w\",]*\r?\n")
"""JSON; or the head of a table of a document's elements, one a row."""
_MAIL = re.compile(
    rb"\A(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?"
    rb"content-type:\s*(?:multipart/(?:related|alternative|mixed)|text/(?:html|plain))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reader:
    """A format that is read."""

    name: str
    version: int
    """Counted up when the same bytes may give other blocks: a build is not resumed with another."""
    media_type: str | None
    """As the table `reports` says it; None for what is known and not read."""
    suffixes: tuple[str, ...]
    """Endings that `build` picks up from a folder; of each the first is the usual one."""
    sniff: Callable[[bytes], bool]
    read: Read
    """Bytes and the file's name for messages → blocks and problems; raises ReadError."""
    needs: tuple[str, ...] = ()
    """Distributions that decide what it reads, installed or not."""
    address: Callable[[bytes], str | None] = lambda _: None
    """Where the file was saved from, if it says so."""
    served: str = ""
    """What stands in the type under which a site serves it (`Content-Type`)."""


def _in(module: str, function: str) -> Any:
    """Return a function of a module that is imported when first called: most runs need few formats."""

    def call(*arguments: object) -> object:
        return getattr(importlib.import_module(f"gongkai.readers.{module}"), function)(*arguments)

    return call


def _refused(
    name: str, sniff: Callable[[bytes], bool], reason: str, suffixes: tuple[str, ...] = ()
) -> Reader:
    """Return a format that is known and not read; the reason says what to do."""

    def read(content: bytes, name: str) -> Blocks:
        raise ReadError(f"{name}: {reason}")

    return Reader(name, 1, None, suffixes, sniff, read)


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(marks)


def _zip_with(*names: bytes) -> Callable[[bytes], bool]:
    """Claim a ZIP that holds one of some names; they stand in it as they are."""
    return lambda content: content.startswith(b"PK\x03\x04") and any(name in content for name in names)


def _is_mail(content: bytes) -> bool:
    """Claim a mail, and a page that a browser saved as one (MHT)."""
    head = content[:8000]
    return b"ontent-" in head and bool(_MAIL.match(head.replace(b"\r", b"")))


def _plain(content: bytes) -> bytes:
    """Return the beginning of a text without marks, and without the zeros that ASCII has in UTF-16."""
    head = content[:HEAD].removeprefix(b"\xef\xbb\xbf")
    if b"\0" in head[:4096] or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.lstrip(b"\xff\xfe").replace(b"\0", b"")
    return head.lstrip()


def _is_webarchive(content: bytes) -> bool:
    """Claim a property list, in either of its two forms, that holds a page."""
    head = content if content.startswith(b"bplist0") else content[:2000]
    return head.startswith((b"bplist0", b"<?xml")) and b"WebMainResource" in head


def _is_crawl(content: bytes) -> bool:
    if content.startswith(b"\x1f\x8b\x08"):
        with contextlib.suppress(zlib.error):
            content = zlib.decompressobj(31).decompress(content[:512], 5)
    return content.startswith(b"WARC/") or (content.startswith(b"PK") and b"datapackage.json" in content)


def _is_json(content: bytes) -> bool:
    return bool(_JSON.match(_plain(content)))


def _is_markup(content: bytes) -> bool:
    """Claim LaTeX, AsciiDoc and MediaWiki, by how a table begins."""
    return bool(_MARKED_UP.search(content)) and not _PAGE.match(_plain(content))


def _is_placed(content: bytes) -> bool:
    return len(_PLACED.findall(content[:HEAD])) >= ENOUGH


def is_html(content: bytes) -> bool:
    """Claim a page, or a piece of one."""
    head = _plain(content)
    return bool(_OPENS.match(head) or _TAG.search(head))


def _is_text(content: bytes) -> bool:
    """Claim what has few zero bytes, or is UTF-16."""
    head = content[:4096]
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return marked or head.count(0) <= len(head) // 20 or bool(unmarked_utf16(head))


READERS: tuple[Reader, ...] = (
    Reader("pdf", 3, "pdf", (".pdf",), lambda c: b"%PDF-" in c[:1024],
           _in("printed.pdf", "read_pdf_or_scan"), ("pypdfium2", *_OCR), served="pdf"),
    Reader("docx", 4, "docx", (".docx",), _zip_with(b"word/document"),
           _in("office.docx", "read_docx"), ("lxml",), served="wordprocessing"),
    Reader("doc", 1, "doc", (".doc", ".wps"), _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
           _in("office.doc", "read_doc"), ("olefile",), served="msword"),
    Reader("image", 1, "image", (".png", ".jpg", ".jpeg", ".tif", ".tiff"),
           _starts(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*"),
           _in("printed.ocr", "read_picture"), _OCR),
    Reader("rtf", 2, "rtf", (".rtf",), _starts(b"{\\rtf"), _in("office.rtf", "read_rtf"), served="rtf"),
    Reader("odt", 1, "odt", (".odt",), _zip_with(b"opendocument.text"), _in("office.odt", "read_odt"),
           ("lxml",), served="opendocument.text"),
    Reader("ofd", 3, "ofd", (".ofd",), _zip_with(b"OFD.xml"), _in("printed.ofd", "read_ofd"), ("lxml",),
           served="ofd"),
    _refused("excel", _zip_with(b"xl/workbook.xml"),
             "an Excel workbook, not a report; if it holds one, save it as PDF"),
    replace(_refused("crawl", _is_crawl, "an archive of a crawl; pass the file to build",
                     (".warc", ".warc.gz", ".wacz")), needs=("warcio",)),
    _refused("zip", _starts(b"PK\x03\x04"),
             "a ZIP archive; name the files in it (folder.zip/name), or pass it to build", (".zip",)),
    _refused("rar", _starts(b"Rar!"), "a RAR archive; unpack it and pass the folder", (".rar",)),
    _refused("7z", _starts(b"7z\xbc\xaf"), "a 7z archive; unpack it and pass the folder", (".7z",)),
    _refused("gzip", _starts(b"\x1f\x8b"), "a gzip archive; unpack it and pass the folder",
             (".tgz", ".tar.gz")),
    _refused("gif", _starts(b"GIF8"), "a GIF picture; save it as PNG"),
    Reader("mail", 2, "html", (".mht", ".mhtml", ".eml"), _is_mail,
           _in("saved", "read_mail"), ("selectolax",), _in("saved", "address_of_page"),
           served="multipart/related"),
    Reader("webarchive", 2, "html", (".webarchive",), _is_webarchive,
           _in("saved", "read_webarchive"), ("selectolax",), _in("saved", "address_of_webarchive")),
    Reader("markup", 3, "txt", (), _is_markup, _in("saved", "read_markup"), ("selectolax",)),
    Reader("json", 5, "html", (), _is_json, _in("saved", "read_json"), ("selectolax",), served="json"),
    Reader("placed", 4, "html", (), _is_placed, _in("printed.placed", "read_placed"), ("selectolax",)),
    Reader("html", 6, "html", (".html", ".htm", ".shtml"), is_html,
           _in("saved", "read_page"), ("selectolax",), _in("saved", "address_of_page"), served="html"),
    Reader("text", 7, "txt", (".txt", ".md"), _is_text, _in("plain", "read_plain"), served="text/plain"),
    _refused("binary", lambda _: True, "binary data of an unknown kind; expected HTML, PDF, DOCX or text"),
)  # fmt: skip
"""Every format that is known; earlier ones are asked first."""

SUFFIXES = tuple(suffix for reader in READERS for suffix in reader.suffixes)
"""Endings that `build` picks up from a folder."""


def reader_of(content: bytes) -> Reader:
    """Return the reader of a file, by its first bytes."""
    return next(reader for reader in READERS if reader.sniff(content))


def readers_state() -> dict[str, dict[str, object]]:
    """Return, by reader, its version and those of its libraries (None: not installed).

    Two builds with the same state read the same files alike.
    """
    return {
        reader.name: {"version": reader.version, "libraries": libraries(reader.needs)}
        for reader in READERS
        if reader.media_type or reader.needs
    }
