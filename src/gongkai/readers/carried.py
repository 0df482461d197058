"""What a page carries without showing it as text: pages in frames, and a text that its script puts in place.

Some sites hold the report in a `<textarea>`, in a string of a script, or in a part that is invisible until a
script has run (articles of WeChat); a browser shows what stands there.
"""

from __future__ import annotations

import html
import re
import urllib.parse
from collections.abc import Iterator, Sequence

from selectolax.lexbor import LexborNode

from gongkai.readers.document import Block, text_of
from gongkai.text.clean import HAN

ENOUGH = 1500
"""Characters that a page shows, from which nothing is looked for in its scripts."""
LEAST = 60
"""Chinese characters of a carried text."""
_HAN = re.compile(f"[{HAN}]")
_STRING = re.compile(r"""\"((?:[^"\\\n]|\\.)*)\"?|'((?:[^'\\\n]|\\.)*)'?|`((?:[^`\\]|\\.)*)`?""", re.DOTALL)
"""One without an end reaches as far as it may."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,5})\}|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_UNSEEN = re.compile(r"visibility\s*:\s*hidden", re.IGNORECASE)
_PLAIN = {"n": "\n", "t": "\t", "r": "", "b": "", "f": "", "v": "", "\n": ""}
_PERCENT = re.compile("%[Ee][4-9]%[0-9a-fA-F]{2}%")


def page_in(node: LexborNode) -> str:
    """Return the page that a frame or a shadow root holds in the file itself, "" where there is none."""
    if node.tag == "iframe":
        return node.attributes.get("srcdoc") or ""
    if "shadowrootmode" in node.attributes:
        return re.sub(r"\A<template[^>]*>|</template>\Z", "", node.html or "")
    return ""


def carried(root: LexborNode, shown: Sequence[Block]) -> str:
    """Return the longest Chinese text that a page carries, if it is longer than what the page shows."""
    text = text_of(shown)
    if len(text) > ENOUGH:
        return ""
    best = max(_carried(root), key=_weight, default="")
    if _weight(best) <= max(LEAST, _weight(text)):
        return ""
    if "&lt;" in best and "<" not in best:
        best = html.unescape(best)
    return best if re.search(r"<[a-zA-Z/]", best) else f"<pre>{html.escape(best)}\n</pre>"


def _weight(text: str) -> int:
    return len(_HAN.findall(text))


def _carried(root: LexborNode) -> Iterator[str]:
    for node in root.css("textarea"):
        yield node.text(deep=True)
    for node in root.css("[style*=visibility]"):
        if _UNSEEN.search(node.attributes.get("style") or ""):
            yield "".join(child.html or "" for child in node.iter(include_text=True))
    for node in root.css("script"):
        script = node.text(deep=True)
        if not (_HAN.search(script) or "\\u" in script or "%E" in script):
            continue
        for match in _STRING.finditer(script):
            literal = match[1] or match[2] or match[3] or ""
            if len(literal) >= LEAST:
                yield _unescaped(literal)


def _unescaped(literal: str) -> str:
    """Return what a string of a script stands for."""
    text = _ESCAPE.sub(
        lambda m: chr(int(m[1] or m[2] or m[3], 16)) if not m[4] else _PLAIN.get(m[4], m[4]), literal
    )
    return urllib.parse.unquote(text) if _PERCENT.search(text) else text
