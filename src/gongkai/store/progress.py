"""How far a long run is: a bar on a terminal or in a notebook, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

DELAY = 5
"""Seconds after which a bar appears: what ends before needs none."""


def is_terminal() -> bool:
    """Tell whether somebody can see a bar."""
    return sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)


def progress(items: Iterable[Item], what: str, *, total: int | None = None) -> Iterator[Item]:
    """Yield items; a bar says what is done with them, and how many are, once that takes a while."""
    if not is_terminal():
        yield from items
        return
    from tqdm import tqdm

    total = len(items) if total is None and isinstance(items, Collection) else total
    yield from tqdm(items, desc=what, total=total, delay=DELAY, leave=False, file=sys.stderr)
