"""Labels → models → predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gongkai.doors import door

if TYPE_CHECKING:
    from gongkai.classify.adjust import calibrate as calibrate
    from gongkai.classify.classifier import load_model as load_model

_HOMES = {
    "calibrate": "adjust", "load_model": "classifier",
}  # fmt: skip
"""The module of each name at the door of the room."""

__all__ = sorted(_HOMES)
__getattr__, __dir__ = door(__name__, _HOMES)
