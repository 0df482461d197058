"""Whom a report's numbers count: the own office, or all of an area or a system; None where it is not said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

from gongkai.text.lexicon import patterns

Scope = Literal["own", "whole"]
OPENING = 3
"""Sentences that open a report without a preamble."""


class Told(Protocol):
    """A sentence and the section it stands in."""

    @property
    def section(self) -> str: ...  # noqa: D102

    @property
    def text(self) -> str: ...  # noqa: D102


def find_scope(sentences: Iterable[Told], kind: str | None) -> Scope | None:
    """Find out whether a report sums a whole area or system, or tells of the own office.

    What the preamble, or the opening without one, says of how the report was made decides; after that, for a
    government only, whose requests it counts.

    Args:
        sentences: The report's, in order.
        kind: The agency's.
    """
    words = patterns("agencies.scope")
    counted: Scope | None = None
    for position, sentence in enumerate(sentences):
        text = sentence.text
        opens = sentence.section == "preamble" or (sentence.section == "overview" and position < OPENING)
        if opens and words["made"].search(text):
            # A body left out says what is counted; a body named as source says whose numbers are summed.
            if words["own"].search(text):
                return "own"
            if words["whole"].search(text):
                return "whole"
        if counted is None and sentence.section in ("overview", "requests") and words["count"].search(text):
            if kind == "government" and words["area"].search(text):
                counted = "whole"
            elif kind == "government" and words["office"].search(text):
                counted = "own"
    return counted


def speaks_of_whole(text: str) -> bool:
    """Tell whether a sentence speaks of an area or a system as a whole."""
    return bool(patterns("agencies.scope")["area"].search(text))


def speaks_of_own(text: str) -> bool:
    """Tell whether a sentence speaks of the own office as distinct from the whole."""
    return bool(patterns("agencies.scope")["office"].search(text))
