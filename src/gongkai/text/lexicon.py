"""Word lists and patterns (`corpus/lexicon`), each loaded once and only here.

A pattern is a regular expression in a TOML table, or an array of alternatives. It may name what
`text/grammar.py` holds (`{YEAR}`, `{NUMERALS}`) and the `[parts]` of its file (`{titles}`). What each must
and must not match stands in `tests/data/lexicon.toml`.
"""

from __future__ import annotations

import csv
import functools
import re
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gongkai.store.run import bundled, file_digest
from gongkai.text import grammar

_NAMED = re.compile(r"\{([A-Za-z_]+)\}")
_FOLDER = "corpus/lexicon"


def digests() -> dict[str, str]:
    """Return the digest of each file of the lexicon: they decide what is made of documents."""
    return {p.name: file_digest(p) for p in sorted(bundled(_FOLDER).iterdir()) if p.is_file()}


@functools.cache
def table(path: str) -> Mapping[str, Any]:
    """Return a TOML file, or a table of it (`form.requests.rows`), as it is written."""
    name, *keys = path.split(".")
    if keys:
        found: Mapping[str, Any] = functools.reduce(lambda within, key: within[key], keys, table(name))
        return MappingProxyType(found) if isinstance(found, dict) else found
    return MappingProxyType(tomllib.loads((bundled(_FOLDER) / f"{name}.toml").read_text(encoding="utf-8")))


@functools.cache
def patterns(path: str) -> Mapping[str, re.Pattern[str]]:
    """Return the patterns of a table (`agencies.place`), in their order.

    >>> patterns("agencies.place")["nation"].fullmatch("国务院办公厅") is not None
    True
    """
    parts = table(path.partition(".")[0]).get("parts", {})
    return MappingProxyType({key: _compiled(written, parts) for key, written in table(path).items()})


def first_match(path: str, text: str) -> str | None:
    """Return the key of the first pattern of a table that is found in a text.

    >>> first_match("agencies.kinds", "云汀市税务局"), first_match("sections.statutory", "总体情况")
    ('vertical', 'overview')
    """
    for key, pattern in patterns(path).items():
        if pattern.search(text):
            return key
    return None


def _compiled(written: str | list[str], parts: Mapping[str, str]) -> re.Pattern[str]:
    text = written if isinstance(written, str) else "|".join(f"(?:{one})" for one in written)
    while named := _NAMED.search(text):
        name = named[1]
        text = text.replace(named[0], getattr(grammar, name) if name.isupper() else parts[name])
    return re.compile(text)


@functools.cache
def words(name: str) -> tuple[str, ...]:
    """Return the lines of a word list, comments and blank lines left out."""
    lines = (bundled(_FOLDER) / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@functools.cache
def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a CSV file."""
    with (bundled(_FOLDER) / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def data(name: str) -> bytes:
    """Return a file of the lexicon that is neither words nor patterns, as it is: `box.ttf`."""
    return (bundled(_FOLDER) / name).read_bytes()
