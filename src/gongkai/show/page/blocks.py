"""The text of agencies, as the page's script reads it: sentences, cells, promises, copies, rates."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gongkai.measure.rates import rates
from gongkai.show.page.core import RATES, Json, plain, shortener, whole_number
from gongkai.tables.predicted import by_indicator
from gongkai.tables.schema import SECTIONS, records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gongkai.show.page.corpus import Corpus
    from gongkai.tables.codebook import Codebook
    from gongkai.tables.schema import Checks, Predictions, Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

SIZE = 8_000
"""Sentences of a block, about: some hundred kilobytes to a megabyte, which opens at once."""
_USED = {cell for one in RATES for cell in (*one.top, *one.bottom)}
RATED = 3_000
"""Reports whose rates are computed at a time: enough that it is quick, few enough that it is small."""
_ABOUT = ("title", "form", "published", "scope", "media_type", "script")


class Blocks:
    """The text of the agencies, a run of them at a time, and what is counted on the way."""

    def __init__(self, corpus: Corpus, home: Path) -> None:
        """Plan the blocks.

        Args:
            corpus: What the page shows.
            home: Folder of the page, from which links to sources lead.
        """
        self.corpus, self.home = corpus, home.resolve()
        self.short = shortener(corpus.reports["source_path"].tolist())
        self.order = {name: number for number, (name, _) in enumerate(corpus.agencies)}
        self.problems = _grouped(corpus.problems, "report_id")
        self.followed, self.copies = _grouped(corpus.followed, "agency"), _grouped(corpus.copies, "agency")
        self.tally: Json = {"kinds": [], "reports": [], "admitting": [], "cells": []}
        self.names: dict[str, int] = {}
        self.rated = 0
        self.figures: Json = {}
        self.admitting: dict[int | None, list[int]] = {}
        self.plan: list[tuple[int, int]] = []
        first = size = 0
        for number, (_, group) in enumerate(corpus.agencies):
            if size and size + int(group["n_sentences"].sum()) > SIZE:
                self.plan.append((first, number))
                first, size = number, 0
            size += int(group["n_sentences"].sum()) + 1
        if corpus.agencies:
            self.plan.append((first, len(corpus.agencies)))

    def __iter__(self) -> Iterator[dict[int, Json]]:
        """Give each block: what the core does not hold of each of its agencies, by number.

        When all are given, `tally` holds what was counted: sentences by kind, reports, problems admitted.
        """
        report = 0
        for first, after in self.plan:
            groups = self.corpus.agencies[first:after]
            count = sum(len(group) for _, group in groups)
            yield self._block(first, groups, report, report + count)
            report += count
        years = sorted(self.admitting, key=lambda year: (year is None, year))
        self.tally["admitting"] = [[year, *self.admitting[year]] for year in years]
        self.tally["cells"] = list(self.names)

    def _block(
        self, first: int, groups: list[tuple[str | None, Table]], low: int, high: int
    ) -> dict[int, Json]:
        tables = self.corpus.tables
        sentences = _sentences(
            tables["sentences"].of(low, high), tables["predictions"].of(low, high), self.corpus.scheme
        )
        checks = _checks(tables["checks"].of(low, high))
        cells = _cells(tables["statistics"].cut(low, high), self.names)
        figures = self._rates(low, high)
        made: dict[int, Json] = {}
        for number, (name, group) in enumerate(groups, start=first):
            rows = records(group)
            shown = [self._report(row, sentences, checks, cells) for row in rows]
            self._count(number, rows, shown)
            places = {
                _sentence_id(report["id"], one[4]): [r, k]
                for r, report in enumerate(shown)
                for k, one in enumerate(report["s"])
            } if name in self.followed or name in self.copies else {}  # fmt: skip
            made[number] = {
                "reports": shown,
                "ledger": plain([_followed(r, places) for r in self.followed.get(name, ())]),
                "copies": plain([_copied(r, places, self.order) for r in self.copies.get(name, ())]),
                "rates": plain([rate for row in rows for rate in figures.get(row["report_id"], ())]),
            }
        return made

    def _count(self, number: int, rows: list[Json], shown: list[Json]) -> None:
        scheme = self.corpus.scheme
        left_out = {SECTIONS.index(section) for section in scheme.uncounted_sections}
        kinds = Counter(one[2] for report in shown for one in report["s"] if one[0] not in left_out)
        self.tally["kinds"].append([kinds[k] for k in range(len(scheme.kinds))] + [kinds[-1]])
        problems = SECTIONS.index("problems")
        for row, report in zip(rows, shown, strict=True):
            line = [report["id"], number, report["year"], report["form"], int(row["n_sentences"])]
            self.tally["reports"].append([*line, report["checks"][1], report["published"]])
            of_year = self.admitting.setdefault(report["year"], [0, 0])
            of_year[0] += 1
            of_year[1] += any(one[0] == problems for one in report["s"])

    def _report(self, row: Json, sentences: Json, checks: Json, cells: Json) -> Json:
        rid = row["report_id"]
        headings, held = sentences.get(rid, ([], []))
        rules = checks.get(rid, [])
        known = [rule[0] for rule in rules if rule[0] is not None]
        broken = [rule[1:] for rule in rules if rule[0] is False]
        url = str(row["url"])
        found = {
            "id": rid,
            "year": whole_number(row["year"]),
            **{key: row[key] for key in _ABOUT},
            "url": url if url.startswith(("http://", "https://")) else None,
            "source": self.short(row["source_path"]),
            "link": self._link(str(row["source_path"])),
            "headings": headings,
            "checks": [sum(known), len(broken), len(rules) - len(known)],
            "broken": broken,
            "problems": [
                [r[c] for c in ("severity", "code", "where", "message")] for r in self.problems.get(rid, ())
            ],
        }
        packed: Json = plain(found)
        return packed | {"s": held, "cells": cells.get(rid, [[], []])}

    def _rates(self, low: int, high: int) -> Json:
        """Return by report its rates: indicator, year, value, low, high, counts, broken rules, note."""
        if high <= self.rated:
            return self.figures
        after = min(max(high, low + RATED), len(self.corpus.reports))
        found: Json = defaultdict(list)
        tables = self.corpus.tables
        cells = tables["statistics"].of(low, after, "row", {cell.split(".")[1] for cell in _USED})
        if len(cells):
            order = {one.key: k for k, one in enumerate(RATES)}
            rules = {rule for one in RATES for rule in one.rules()}
            reports = self.corpus.in_order.iloc[low:after]
            table = rates(
                reports, cells, tables["checks"].of(low, after, "rule", rules), level=self.corpus.level
            )
            table = table[table["value"].notna() & table["indicator"].isin(order)]
            columns = ("year", "value", "low", "high", "top", "bottom", "broken", "note")
            for row in records(table[["report_id", "indicator", *columns]]):
                values = [round(v, 5) if isinstance(v, float) else v for v in (row[c] for c in columns)]
                found[row["report_id"]].append([order[row["indicator"]], *values])
        self.rated, self.figures = after, found
        return found

    def _link(self, source: str) -> str | None:
        """Return where the source lies, seen from the page; None where that would name the machine."""
        if "://" in source or not source:
            return None
        try:
            path = Path(source).resolve().relative_to(self.home)
        except (ValueError, OSError):
            return None
        return path.as_posix()


def _sentence_id(report: str, mark: str) -> str:
    return mark[1:] if mark.startswith("=") else f"{report}-{mark}"


def _sentences(sentences: Sentences, predictions: Predictions, scheme: Codebook) -> Json:
    """Return by report its headings and its sentences, each a list.

    A sentence: section, heading, kind (−1 for none), page (0 for none), the end of its id, text, then the
    score of each indicator in per cent.
    """
    flags, scores = by_indicator(predictions, scheme)
    number = np.full(len(flags), -1)
    for k in reversed(range(len(scheme.kinds))):
        kind = scheme.kinds[k]
        fits = flags[list(kind.has)].all(axis=1) & ~flags[list(kind.lacks)].any(axis=1)
        number[fits.to_numpy()] = k
    place = {sid: row for row, sid in enumerate(flags.index.get_level_values("sentence_id"))}
    at = np.array([place.get(sid, -1) for sid in sentences["sentence_id"]], int)
    percent = np.nan_to_num(100 * scores.to_numpy(float)).round().astype(int)
    kinds = np.append(number, -1)[at].tolist()  # −1, where nothing was predicted, is the last
    points = np.vstack([percent, np.zeros(percent.shape[1], int)])[at].tolist()
    found: Json = {}
    order = {section: k for k, section in enumerate(SECTIONS)}
    columns = (
        sentences[c].tolist() for c in ("report_id", "sentence_id", "section", "heading", "page", "text")
    )
    for rid, sid, section, heading, page, text, kind, score in zip(*columns, kinds, points, strict=True):
        if (held := found.get(rid)) is None:
            held = found[rid] = _empty()
        if heading not in held[2]:
            held[2][heading] = len(held[0])
            held[0].append(heading)
        mark = sid[len(rid) + 1 :] if sid.startswith(f"{rid}-") else f"={sid}"
        number_of_page = int(page) if page is not None and page == page else 0
        held[1].append([order[section], held[2][heading], kind, number_of_page, mark, text, *score])
    return {rid: held[:2] for rid, held in found.items()}


def _empty() -> tuple[list[str], list[list[Any]], dict[str, int]]:
    return [], [], {}


def _checks(checks: Checks) -> Json:
    """Return by report its rules: whether it holds (None: undecided), and the rest."""
    found: Json = defaultdict(list)
    columns = (checks[c].tolist() for c in ("report_id", "holds", "rule", "left", "right", "where", "note"))
    for rid, holds, *rest in zip(*columns, strict=True):
        known = None if holds is None or holds != holds else bool(holds)
        found[rid].append([known, *rest])
    return found


def _cells(statistics: pa.Table, names: dict[str, int]) -> Json:
    """Return by report its cells: plain ones as pairs of number and value in a row, and the others at length.

    A cell is plain when it holds a whole number, printed so. The others: number, value, raw, how, where.
    `names` numbers `table.row.column` over all reports.
    """
    codes = {c: _codes(statistics[c]) for c in ("report_id", "table", "row", "column", "raw", "how", "where")}
    rows, columns = len(codes["row"][1]), len(codes["column"][1])
    key = (codes["table"][0] * rows + codes["row"][0]) * columns + codes["column"][0]
    distinct, place = np.unique(key, return_inverse=True)
    number = np.zeros(len(distinct), int)
    for k, code in enumerate(distinct.tolist()):
        above, column = divmod(code, columns)
        table, row = divmod(above, rows)
        parts = (codes["table"][1][table], codes["row"][1][row], codes["column"][1][column])
        number[k] = names.setdefault(".".join(map(str, parts)), len(names))
    value = statistics["value"].to_numpy()
    whole = [
        int(raw) if raw and raw.isascii() and raw.isdigit() and raw == str(int(raw)) else -1
        for raw in codes["raw"][1]
    ]
    as_printed = np.array([w if w < 2**53 else -1 for w in whole], float)[codes["raw"][0]]
    recovered = np.array([how == "recovered" for how in codes["how"][1]])[codes["how"][0]]
    plainly = (as_printed == value) & ~recovered
    found: Json = {rid: [[], []] for rid in codes["report_id"][1] if rid}
    pairs = np.stack([number[place], np.where(plainly, value, 0).astype(np.int64)], axis=1)
    ends = np.flatnonzero(np.diff(codes["report_id"][0])) + 1
    for rows_of in np.split(np.arange(len(value)), ends):
        if len(rows_of):
            rid = codes["report_id"][1][codes["report_id"][0][rows_of[0]]]
            found[str(rid)][0] = pairs[rows_of[plainly[rows_of]]].ravel().tolist()
    for at in np.flatnonzero(~plainly).tolist():
        rid, raw, how, where = (codes[c][1][codes[c][0][at]] for c in ("report_id", "raw", "how", "where"))
        found[str(rid)][1].append([int(number[place[at]]), _number(float(value[at])), raw, how, where])
    return found


def _codes(column: pa.ChunkedArray) -> tuple[Vector, list[str | None]]:
    """Return a column's codes, and their texts; what is missing is the last."""
    array = column.combine_chunks()
    texts = [*array.dictionary.to_pylist(), None]
    codes = array.indices.to_pandas().fillna(len(texts) - 1).to_numpy(int)
    return codes, texts


def _number(value: float) -> float | int | None:
    if value != value or abs(value) == float("inf"):
        return None
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _grouped(table: Table | None, column: str) -> dict[Any, list[Json]]:
    found: dict[Any, list[Json]] = defaultdict(list)
    for row in records(table) if table is not None else ():
        found[row[column]].append(row)
    return dict(found)


def _followed(row: Json, places: Mapping[str, list[int]]) -> list[object]:
    later = row["next_id"] if isinstance(row["next_id"], str) else None
    return [
        1 if row["kind"] == "problem" else 0, places.get(row["sentence_id"]), row["text"], row["when"],
        int(bool(row["checkable"])), places.get(later) if later else None, row["next_text"],
        round(100 * float(row["score"])), row["outcome"], int(bool(row["review"])),
    ]  # fmt: skip


def _copied(row: Json, places: Mapping[str, list[int]], order: Mapping[str | None, int]) -> list[object]:
    return [
        row["kind"], places.get(row["sentence_id"]), order.get(row["source_agency"], -1),
        whole_number(row["source_year"]), row["source_report_id"], row["source_text"],
        round(100 * float(row["similarity"])), int(bool(row["edited"])), int(bool(row["figures_kept"])),
        row["direction"], order.get(row["first_agency"]) if row["first_agency"] else None,
        whole_number(row["first_year"]),
    ]  # fmt: skip
