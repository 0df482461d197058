"""Names that come from content, so that tables join after any re-run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def hash_text(text: str) -> str:
    """Return the short hash by which a sentence's text is known (8 hex digits of SHA-256)."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]


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
