"""Labels: samples, coders, agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gongkai.doors import door

if TYPE_CHECKING:
    from gongkai.coding.adjudicate import adjudication as adjudication
    from gongkai.coding.adjudicate import resolve as resolve
    from gongkai.coding.codebook import new_codebook as new_codebook
    from gongkai.coding.machine import Machine as Machine
    from gongkai.coding.machine import code_by_machine as code_by_machine

_HOMES = {
    "adjudication": "adjudicate", "code_by_machine": "machine", "Machine": "machine",
    "new_codebook": "codebook", "resolve": "adjudicate",
}  # fmt: skip
"""The module of each name at the door of the room."""

__all__ = sorted(_HOMES)
__getattr__, __dir__ = door(__name__, _HOMES)
