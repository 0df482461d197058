"""Text that was there before: at other agencies, in last year's report, in the same report."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from gongkai.errors import MeasureError
from gongkai.measure.agencies.series import series_name
from gongkai.measure.wording.grams import Words, are_known, by_gram, known_parts, read_words
from gongkai.measure.wording.similar import sorted_distinct
from gongkai.store.steps import Laid, Steps, Tables, kept, laid, opened, taken
from gongkai.tables.parts import parts_of, read_names
from gongkai.tables.schema import SCHEMAS, Measures, Sentences, Table, to_arrow

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]
    Flags = tuple[Vector, Vector]
    """Of each sentence, whether it is reused, and whether that is defined."""


def reuse(
    sentences: Sentences | str | Path,
    *,
    n: int = 4,
    share: float = 0.3,
    n_own: int = 8,
    n_within: int = 10,
    within: Sequence[str] = ("year",),
    placebo: bool = False,
    seed: int = 0,
    steps: Steps | None = None,
) -> Measures:
    """Measure how much of each report's text was there before (Lang & Stice-Lawrence 2015).

    A word counts as reused when its sentence holds an n-gram of words (numbers masked) that also stands

    - `shared`: in at least `share` of the other agencies' reports of the same reference set, and in two;
    undefined where the set has fewer than two others;
    - `sticky`: (an n-gram of `n_own` words) in the agency's own report of the year before, also under an
    earlier name (`series`); undefined without it;
    - `redundant`: (of `n_within` words) twice in the same report.

    Longer n-grams for the last two, as in the source: there a phrase must be carried over, not merely usual.
    Each measure is weighted by words, so short sentences weigh little.

    Args:
        sentences: `sentences` rows with `tokens`, or a tables folder of any size; several reports of one
            agency and year are taken together.
        n: Words of an n-gram for `shared`.
        share: Of the other agencies in the reference set, in (0, 1].
        n_own: Words of an n-gram for `sticky`.
        n_within: Words of an n-gram for `redundant`.
        within: Columns that define the reference set; `("year", "region_code")` compares inside a region.
        placebo: Also `sticky_placebo`: as `sticky`, against another agency's report of the year before, which
            is what the genre alone gives; null where no other agency has reports of the same two years.
        seed: Which other agency stands in, for the placebo; each stands in once.
        steps: Who reads the parts, and looks for each kind; see `store.steps`.

    Returns:
        `measures` rows with `agency, year`: `value` is a share of words, `n` the sentences; no interval,
        because the reports are compared whole. `method` names n and the share.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left.
    """
    how = How(n, share, n_own, n_within, tuple(within), seed)
    names = ("redundant", "shared", "sticky", *(["sticky_placebo"] if placebo else []))
    with kept(steps) as found, _read(sentences, how.within, found) as (frame, words):
        flags = _flags(frame, words, names, how, found)
    return _measured(frame, words, flags, how.methods())


@dataclass(frozen=True, slots=True)
class How:
    """What is looked for; see `reuse`."""

    n: int = 4
    share: float = 0.3
    n_own: int = 8
    n_within: int = 10
    within: tuple[str, ...] = ("year",)
    seed: int = 0

    def methods(self) -> dict[str, str]:
        """Return what `method` says of each measure."""
        return {
            "redundant": f"{self.n_within}-gram twice",
            "shared": f"{self.n}-gram in {self.share:g} of others",
            "sticky": f"{self.n_own}-gram in own last report",
            "sticky_placebo": f"{self.n_own}-gram in another agency's last report",
        }


def _measured(frame: Table, words: Words, flags: Mapping[str, Flags], method: dict[str, str]) -> Measures:
    """Return the share of words in flagged sentences, by agency and year, of each measure."""
    keys, group = _groups(frame)
    length, count = words.lengths, len(keys)
    total, n = np.bincount(group, length, count), np.bincount(group, minlength=count)
    value = np.full((count, len(flags)), np.nan)
    for k, (flag, known) in enumerate(flags.values()):
        defined = (total > 0) & (np.bincount(group, ~known, count) == 0)
        value[defined, k] = np.bincount(group[flag], length[flag], count)[defined] / total[defined]
    names = [name for _ in keys for name in flags]
    rows = pd.DataFrame({"measure": names, "method": [method[name] for name in names], "label": "words",
                         "clusters": 1, "cluster": "report", "confidence": 0.95,
                         "n": np.repeat(n, len(flags)), "value": value.ravel()})  # fmt: skip
    about = pd.DataFrame(keys, columns=["agency", "year"]).loc[np.repeat(np.arange(count), len(flags))]
    rows = rows.reindex(columns=SCHEMAS["measures"].names)
    found: Measures = pd.concat(
        [about.reset_index(drop=True), to_arrow("measures", rows).to_pandas()], axis=1
    )
    return found


def reused_sentences(
    sentences: Sentences | str | Path, how: How | None = None, *, steps: Steps | None = None
) -> Table:
    """Return the sentences behind `reuse`: which hold text that was there before.

    Returns:
        The `sentences` rows that `reuse` counts (of a folder without `tokens`), with `words` and, true or
        false, `shared` (null with fewer than two other agencies), `sticky` (null without a report of the year
        before) and `redundant`.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left, or `share` is not in (0, 1].
    """
    how = how or How()
    with kept(steps) as found, _read(sentences, how.within, found) as (frame, words):
        flags = _flags(frame, words, ("shared", "sticky", "redundant"), how, found)
    if isinstance(sentences, str | Path):
        columns = [c for c in read_names(parts_of(sentences, "sentences")[0]) if c != "tokens"]
        known: Table = pa.concat_tables(known_parts(sentences, columns, preambles=False)).to_pandas()
    else:
        about = pa.Table.from_pandas(sentences[["agency", "year", "section"]], preserve_index=False)
        known = sentences[are_known(about, preambles=False).to_numpy()]
    return known.assign(
        words=words.lengths.astype(np.int64),
        **{name: pd.Series(flag, dtype="boolean").where(defined) for name, (flag, defined) in flags.items()},
    ).astype({"redundant": bool})


def _read(
    sentences: Sentences | str | Path, within: Sequence[str], steps: Steps | None = None
) -> AbstractContextManager[tuple[Table, Words]]:
    return read_words(sentences, list(dict.fromkeys(["agency", "year", *within])), steps)


def _flags(frame: Table, words: Words, names: Sequence[str], how: How, steps: Steps) -> dict[str, Flags]:
    """Return for each kind of reuse which sentences are."""
    (sentences,) = laid(
        steps, "sentences", lambda _: {"rows": pa.Table.from_pandas(frame, preserve_index=False)}, [None]
    )
    work = functools.partial(_flagged, sentences=sentences, words=words, how=how)
    found = taken(steps, "looking for reused text", work, names)
    return {
        name: (flags["flags"]["flag"].to_numpy(), flags["flags"]["known"].to_numpy())
        for name, flags in zip(names, found, strict=True)
    }


def _flagged(name: str, *, sentences: Laid, words: Words, how: How) -> Tables:
    """Look for one kind of reuse."""
    frame: Table = opened(sentences)["rows"].to_pandas()
    keys, group = _groups(frame)
    if name == "shared":
        flag, known = _shared_flags(frame, words, how.n, how.share, list(how.within))
    elif name == "redundant":
        flag, known = _redundant_flags(words, keys, group, how.n_within)
    else:
        last = last_keys(keys) if name == "sticky" else _strange_keys(keys, how.seed)
        flag, known = _sticky_flags(words, keys, group, how.n_own, last)
    return {"flags": pa.table({"flag": flag, "known": known})}


def _strange_keys(keys: list[tuple[str, int]], seed: int) -> dict[tuple[str, int], tuple[str, int]]:
    """Give each agency and year those of another agency's year before, in a drawn circle."""
    last = last_keys(keys)
    strange: dict[tuple[str, int], tuple[str, int]] = {}
    for year in sorted({year for _, year in last}):
        of_year = [key for key in last if key[1] == year]
        order = np.random.default_rng(seed).permutation(len(of_year))
        if len(of_year) > 1:
            pairs = zip(order, np.roll(order, 1), strict=True)
            strange |= {of_year[a]: last[of_year[b]] for a, b in pairs}
    return strange


def _groups(frame: Table) -> tuple[list[tuple[str, int]], Vector]:
    """Return agency and year of each group, in order, and the number of its group for each row."""
    grouped = frame.groupby(["agency", "year"], sort=True, observed=True)
    keys: Any = list(grouped.indices)
    return sorted((str(agency), int(year)) for agency, year in keys), grouped.ngroup().to_numpy()


def last_reports(groups: dict[tuple[str, int], Vector]) -> dict[tuple[str, int], Vector]:
    """Return for each agency and year the rows of its series' year before, also under an earlier name.

    There are none where two agencies of the series have a report of that year.
    """
    return {key: groups[before] for key, before in last_keys(groups).items()}


def last_keys(groups: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, int]]:
    """Return for each agency and year those of its series' year before; see `last_reports`."""
    of_series: dict[tuple[str, int], list[tuple[str, int]]] = {}
    known = dict.fromkeys(groups)
    for agency, year in known:
        of_series.setdefault((series_name(agency), year), []).append((agency, year))
    found = {}
    for agency, year in known:
        before = of_series.get((series_name(agency), year - 1), [])
        if (agency, year - 1) in known or len(before) == 1:
            found[agency, year] = (agency, year - 1) if (agency, year - 1) in known else before[0]
    return found


def _shared_flags(frame: Table, words: Words, n: int, share: float, within: list[str]) -> Flags:
    if not 0 < share <= 1:
        raise MeasureError(f"share is {share}; expected a share of agencies in (0, 1]")
    agency = pd.factorize(frame["agency"])[0].astype(np.int32)
    reference: Vector = np.zeros(len(frame), np.int32)
    if within:
        grouped = frame.groupby(within, sort=False, dropna=False, observed=True)
        reference = grouped.ngroup().to_numpy(np.int32)
    count = int(agency.max()) + 1
    members = sorted_distinct(reference * np.int64(count) + agency) // count
    others = np.bincount(members) - 1
    needed = np.maximum(2, np.ceil(share * others)).astype(int)
    salt, flags = _salt(len(others)), np.zeros(len(frame), bool)
    made = ((grams ^ salt[reference[row]], row) for grams, row in words.grams(n))
    for grams, row in by_gram(made):
        start, times = _runs(grams)
        least = needed[reference[row[start]]]  # other agencies; those of a set have a salt of their own
        often = times > least
        kept = np.repeat(often, times)
        run = np.repeat(np.arange(int(often.sum())), times[often])
        users = sorted_distinct(run * np.int64(count) + agency[row[kept]])
        used = np.bincount(users // count, minlength=int(often.sum()))
        flags[row[kept][(used > least[often])[run]]] = True
    return flags, others[reference] >= 2


def _salt(count: int) -> Vector:
    """Return a random number for each of so many groups, by which equal n-grams of two are told apart."""
    return np.random.default_rng(1).integers(2**64, size=count, dtype=np.uint64)


def _runs(ordered: Vector) -> tuple[Vector, Vector]:
    """Return where each run of equal values begins, and how long it is."""
    start = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    return start, np.diff(start, append=len(ordered))


def _sticky_flags(
    words: Words,
    keys: list[tuple[str, int]],
    group: Vector,
    n: int,
    last: Mapping[tuple[str, int], tuple[str, int]],
) -> Flags:
    number = {key: k for k, key in enumerate(keys)}
    before = np.array([number[last[key]] if key in last else -1 for key in keys])
    looked_at = np.zeros(len(keys), bool)
    looked_at[before[before >= 0]] = True
    salt, flags = _salt(len(keys)), np.zeros(len(group), bool)

    def salted() -> Iterator[tuple[Vector, Vector]]:
        """Yield the n-grams of reports looked at, as of row -1, and those that are looked for there."""
        for grams, row in words.grams(n, short=True):
            own = group[row]
            there, looking = looked_at[own], before[own] >= 0
            yield grams[there] ^ salt[own[there]], np.full(int(there.sum()), -1, np.int32)
            yield grams[looking] ^ salt[before[own[looking]]], row[looking]

    for grams, row in by_gram(salted()):
        start, times = _runs(grams)
        if len(start):
            found = np.repeat(np.minimum.reduceat(row, start) < 0, times)
            flags[row[found & (row >= 0)]] = True
    return flags, before[group] >= 0


def _redundant_flags(words: Words, keys: list[tuple[str, int]], group: Vector, n: int) -> Flags:
    flags, salt = np.zeros(len(group), bool), _salt(len(keys))
    for grams, row in by_gram((grams ^ salt[group[row]], row) for grams, row in words.grams(n)):
        _, times = _runs(grams)
        flags[row[np.repeat(times > 1, times)]] = True
    return flags, np.ones(len(group), bool)


def reuse_sensitivity(
    sentences: Sentences | str | Path,
    *,
    sizes: Sequence[int] = (3, 4, 5),
    shares: Sequence[float] = (0.1, 0.3, 0.5),
    within: Sequence[str] = ("year",),
) -> Table:
    """Return the mean of `shared` for each n and share: a result that turns with them is none.

    Args:
        sentences: `sentences` rows with `tokens`.
        sizes: Words of an n-gram.
        shares: Of the other agencies in the reference set, each in (0, 1].
        within: Columns that define the reference set.

    Returns:
        One row per choice: `n, share, mean, low_agency, high_agency` (the smallest and largest agency-year).
    """
    rows = []
    with _read(sentences, within) as (frame, words):
        for n, share in itertools.product(sizes, shares):
            flags = {"shared": _shared_flags(frame, words, n, share, list(within))}
            values = _measured(frame, words, flags, {"shared": ""})["value"]
            rows.append((n, share, values.mean(), values.min(), values.max()))
    return pd.DataFrame(rows, columns=["n", "share", "mean", "low_agency", "high_agency"])
