"""Whose series: one id per agency over renames, what merged into what, and the agency above.

Renames and mergers are dated rows (`corpus/lexicon/successions.csv`, and the user's own). A rename carries
the series on. A merger ends the series of those that merged, and the new agency begins its own: a sum of
three offices is no continuation of one of them.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gongkai.errors import SchemaError
from gongkai.report.places import split_divisions
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.schema import Reports, Table, records
from gongkai.text.lexicon import rows

_COLUMNS = ("old", "new", "kind", "from")
_ABOVE = {"county": (4, "00"), "city": (2, "0000")}


@dataclass(frozen=True, slots=True)
class Succession:
    """One name after another: whole names, or what follows the division in front of it."""

    old: str
    new: str
    kind: str
    since: int


@functools.cache
def successions() -> tuple[Succession, ...]:
    """Return the bundled renames and mergers of kinds of agencies."""
    return tuple(map(_succession, rows("successions")))


def _succession(row: Mapping[str, Any]) -> Succession:
    if any(pd.isna(row[c]) or not str(row[c]).strip() for c in ("old", "new")):
        raise SchemaError(f"renames: {row['old']} → {row['new']}: a name is blank")
    kind = str(row["kind"]).strip()
    if kind not in ("rename", "merger"):
        raise SchemaError(
            f"renames: {row['old']} → {row['new']}: kind is {kind!r}; expected rename or merger"
        )
    try:
        since = int(str(row["from"])[:4])
    except ValueError as error:
        raise SchemaError(
            f"renames: {row['old']} → {row['new']}: from is {row['from']!r}, not a year"
        ) from error
    return Succession(str(row["old"]).strip(), str(row["new"]).strip(), kind, since)


def series(reports: Reports, renames: Table | None = None) -> Table:
    """Give each report the id of its agency's series, and name the agency above.

    Args:
        reports: `reports` rows with `report_id, agency, region_code, kind, level, year`.
        renames: Your own rows `old, new, kind` (rename or merger)`, from` (year or date of the first report
            under the new name): whole names of agencies, or what stands behind the division. They come
            before the bundled ones (`corpus/lexicon/successions.csv`).

    Returns:
        One row per report: `report_id, agency, year, series_id` (stable: made of the last name known; null
        without an agency)`, series_name` (that name)`, merged_into` (name of what it was merged into, else
        null)`, parent` (government of a department, office, township or zone; city of a county, province of
        a city: the name of one that is among the reports, else null)`, parent_id, note` (a fork, a name used
        after it ended; else empty).

    Raises:
        SchemaError: A column is missing, or a row of `renames` is no rename or merger with a year.
    """
    needed = ("report_id", "agency", "region_code", "kind", "level", "year")
    refuse_lacking("reports", reports, needed)
    own: tuple[Succession, ...] = ()
    if renames is not None:
        refuse_lacking("renames", renames, _COLUMNS)
        own = tuple(_succession(row) for row in records(renames[list(_COLUMNS)]))
    frame = reports[list(needed)].reset_index(drop=True)
    names = [a if isinstance(a, str) and a else None for a in frame["agency"]]
    held = {a for a in names if a}
    chains = {name: _chain(name, own, held) for name in sorted(held)}
    parents = _parents(frame)
    rows = []
    for row, name in zip(frame.to_dict("records"), names, strict=True):
        last, merged, note, ends = chains[name] if name else (None, None, "no agency", None)
        parent = parents.get(str(row["report_id"]))
        rows.append(
            {
                "report_id": row["report_id"],
                "agency": name,
                "year": row["year"],
                "series_id": None if last is None else _id(last),
                "series_name": last if last in held or last is None else name,
                "merged_into": merged,
                "parent": parent,
                "parent_id": None if parent is None else _id(chains[parent][0]),
                "note": "; ".join(filter(None, [note, _too_late(row["year"], ends)])),
            }
        )
    return pd.DataFrame(rows)


def _too_late(year: float | None, ends: int | None) -> str:
    """Say that a name was used after it ended: a year's report is written in the next, under that one's."""
    if ends is None or year is None or not year > ends:
        return ""
    return f"name used for {int(year)}, after it ended in {ends}"


@functools.lru_cache(maxsize=100_000)
def series_name(agency: str) -> str:
    """Return the last name that bundled renames lead to: that of the agency's series.

    >>> series_name("槐桥县环境保护局"), series_name("槐桥县工商行政管理局")
    ('槐桥县生态环境局', '槐桥县工商行政管理局')
    """
    return _chain(agency, (), set())[0]


def _id(name: str) -> str:
    return "a" + hashlib.sha256(name.encode("utf-8")).hexdigest()[:12]


def _chain(name: str, own: tuple[Succession, ...], held: set[str]) -> tuple[str, str | None, str, int | None]:
    """Follow renames from a name: the last name, what that merged into, a note, and when `name` ended.

    A user's row is taken at its word. A bundled merger is a kind's rule, which not every place followed: it
    applies where the agency of the new name is among the reports. Renames apply always, so that an id does
    not turn with what is held.
    """
    seen, last, ends, note, merged = {name}, name, None, "", None
    while True:
        mine = _steps(last, own, None) or _steps(last, successions(), held)
        targets = {n for _, n, _ in mine}
        if not mine:
            break
        if len(targets) > 1:
            note = f"renames fork: {last} → {', '.join(sorted(targets))}; the series ends here"
            ends = mine[0][0] if ends is None else ends
            break
        since, new, kind = mine[0]
        ends = since if ends is None else ends
        if kind == "merger":
            merged = new
            break
        if new in seen:
            note = f"renames go in a circle at {new}; the series ends here"
            break
        seen.add(new)
        last = new
    return last, merged, note, ends


def _steps(name: str, rules: tuple[Succession, ...], held: set[str] | None) -> list[tuple[int, str, str]]:
    """Return (since, new name, kind) of the rules for a name; mergers only into what is held."""
    found = {(s.since, new, s.kind) for s in rules if (new := _renamed(name, s)) is not None}
    return sorted(f for f in found if held is None or f[2] == "rename" or f[1] in held)


def _renamed(name: str, rule: Succession) -> str | None:
    if name == rule.old:
        return rule.new
    if not name.endswith(rule.old):
        return None
    divisions = "".join(split_divisions(name))
    return divisions + rule.new if divisions and name == divisions + rule.old else None


def _parents(frame: Table) -> dict[str, str]:
    """Return each report's agency above: by region code and kind, where exactly one is held."""
    held: dict[tuple[str, str], set[str]] = {}
    for agency, code, kind in zip(frame["agency"], frame["region_code"], frame["kind"], strict=True):
        if isinstance(agency, str) and isinstance(code, str) and code:
            held.setdefault((str(kind), code), set()).add(agency)
    found: dict[str, str] = {}
    for row in frame.to_dict("records"):
        above, kind = row["region_code"], row["kind"]
        # An agency managed from above (vertical) does not answer to the government beside it.
        if not isinstance(above, str) or not isinstance(row["agency"], str) or kind == "vertical":
            continue
        if kind == "government":
            length, zeros = _ABOVE.get(str(row["level"]), (0, ""))
            above = above[:length] + zeros
        names = (held.get(("government", above)) or held.get(("office", above)) or set()) - {row["agency"]}
        if len(names) == 1:
            found[str(row["report_id"])] = next(iter(names))
    return found
