"""Files → reports, sentences, statistics, checks, problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gongkai.doors import door

if TYPE_CHECKING:
    from gongkai.corpus.build import broken_rules as broken_rules
    from gongkai.corpus.stream import predict_tables as predict_tables

_HOMES = {
    "broken_rules": "build", "predict_tables": "stream",
}  # fmt: skip
"""The module of each name at the door of the room."""

__all__ = sorted(_HOMES)
__getattr__, __dir__ = door(__name__, _HOMES)
