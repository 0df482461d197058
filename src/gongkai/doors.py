"""The door of a package: names that are loaded when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping


def door(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a package.

    Args:
        package: Its name.
        homes: Of each name the module inside the package; behind a colon what the name is called there.
    """

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        module, _, attribute = homes[name].partition(":")
        return getattr(importlib.import_module(f"{package}.{module}"), attribute or name)

    return load, lambda: sorted(homes)
