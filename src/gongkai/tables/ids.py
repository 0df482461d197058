"""Names that come from content, so that tables join after any re-run."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

_DIGITS, _MARKS = re.compile(r"\d+"), re.compile(r"[\W_]+")


def hash_text(text: str) -> str:
    """Return the short hash by which a sentence's text is known (8 hex digits of SHA-256)."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]


def text_key(text: str) -> str:
    """Return 16 hex digits by which a sentence is known wherever it stands: of its words, not of its form.

    Width, spaces and marks go, and every number is one, as it is to the models: a page saved again, a comment
    added to it, or next year's figures change the id of a sentence, but not what a model learned from it.

    >>> text_key("2023年，受理 12 件。") == text_key("2024年受理7件")
    True
    """
    plain = _DIGITS.sub("0", _MARKS.sub("", unicodedata.normalize("NFKC", text)))
    return hashlib.sha256(plain.encode("utf-8")).hexdigest()[:16]


def sentence_ids(report_id: str, texts: Sequence[str]) -> list[str]:
    """Return one id per sentence: report id, hash of the text, occurrence of that text in the report.

    >>> sentence_ids("r", ["甲。", "乙。", "甲。"])
    ['r-8c253750-0', 'r-2fa35ac9-0', 'r-8c253750-1']
    """
    seen: dict[str, int] = {}
    ids = []
    for text in texts:
        digest = hash_text(text)
        ids.append(f"{report_id}-{digest}-{seen.get(digest, 0)}")
        seen[digest] = seen.get(digest, 0) + 1
    return ids
