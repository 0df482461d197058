"""Figures and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gongkai.doors import door

if TYPE_CHECKING:
    from gongkai.show.figures import plot_kinds as plot_kinds
    from gongkai.show.figures import plot_provinces as plot_provinces
    from gongkai.show.figures import plot_spread as plot_spread
    from gongkai.show.wording import plot_network as plot_network
    from gongkai.show.wording import plot_terms as plot_terms

_HOMES = {
    "plot_kinds": "figures", "plot_network": "wording", "plot_provinces": "figures",
    "plot_spread": "figures", "plot_terms": "wording",
}  # fmt: skip
"""The module of each name at the door of the room."""

__all__ = sorted(_HOMES)
__getattr__, __dir__ = door(__name__, _HOMES)
