"""The text of agencies, as the page's script reads it: sentences, cells, promises, copies, rates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gongkai.measure.panel.rates import rates
from gongkai.show.page.core import RATES, Json, plain, shortener, whole_number
from gongkai.show.page.corpus import Corpus
from gongkai.show.page.held import Held
from gongkai.tables.schema import SECTIONS, Table, records
from gongkai.tables.scheme.codebook import Codebook

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

_USED = {cell for one in RATES for cell in (*one.top, *one.bottom)}
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
        self.tally: Json = {"sentences": corpus.tables["sentences"].rows, "reports": [], "cells": []}
        self.names: dict[str, int] = {}
        self.folders: dict[Path, Path | None] = {}
        self.spans = corpus.tables["sentences"].spans
        self.tables: dict[str, Held] = {}
        self.figures: Json = {}

    def __iter__(self) -> Iterator[dict[int, Json]]:
        """Give each block: what the core does not hold of each of its agencies, by number.

        When all are given, `tally` holds what was counted of each report, and the names of the cells;
        the tables are let go.
        """
        shelf = -1
        for first, after in self.corpus.plan:
            held = self.corpus.agencies[first:after]
            if shelf < 0 or held[0][1].start == self.spans[shelf][1]:
                shelf += 1
                self.tables = {name: rows.take(shelf) for name, rows in self.corpus.tables.items()}
                self.figures = self._rates(*self.spans[shelf])
            yield self._block(first, held)
        self.tally["cells"] = list(self.names)
        self.tables.clear()  # the shares, which come next, need the room
        pa.default_memory_pool().release_unused()

    def _block(self, first: int, groups: list[tuple[str | None, range]]) -> dict[int, Json]:
        low, high = groups[0][1].start, groups[-1][1].stop
        tables = self.tables
        sentences = _sentences(tables["sentences"], tables["predictions"], self.corpus.scheme, low, high)
        checks = _checks(tables["checks"], low, high)
        cells = _cells(tables["statistics"], self.names, low, high)
        figures = self.figures
        about = records(self.corpus.reports.iloc[low:high])
        made: dict[int, Json] = {}
        for number, (name, held) in enumerate(groups, start=first):
            rows = about[held.start - low : held.stop - low]
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
                "rates": [rate for row in rows for rate in figures.get(row["report_id"], ())],
            }
        return made

    def _count(self, number: int, rows: list[Json], shown: list[Json]) -> None:
        """Tell of each report id, agency, year, form, sentences, broken rules, date, if it admits, kinds."""
        scheme = self.corpus.scheme
        left_out = {SECTIONS.index(section) for section in scheme.uncounted_sections}
        problems = SECTIONS.index("problems")
        for row, report in zip(rows, shown, strict=True):
            kinds = Counter(one[2] for one in report["s"] if one[0] not in left_out)
            line = [report["id"], number, report["year"], report["form"], int(row["n_sentences"])]
            line += [
                report["checks"][1],
                report["published"],
                int(any(one[0] == problems for one in report["s"])),
            ]
            self.tally["reports"].append([*line, [kinds[k] for k in (*range(len(scheme.kinds)), -1)]])

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
        found: Json = defaultdict(list)
        tables = self.tables
        cells = tables["statistics"].of(low, high, "row", {cell.split(".")[1] for cell in _USED})
        if len(cells):
            order = {one.key: k for k, one in enumerate(RATES)}
            rules = {rule for one in RATES for rule in one.rules()}
            reports = self.corpus.reports.iloc[low:high]
            table = rates(
                reports, cells, tables["checks"].of(low, high, "rule", rules), level=self.corpus.level,
                only=tuple(order),
            )  # fmt: skip
            table = table[table["value"].notna()]
            columns = ("year", "value", "low", "high", "top", "bottom", "broken", "note")
            for rid, key, *row in zip(
                *(table[c].to_numpy(object).tolist() for c in ("report_id", "indicator", *columns)),
                strict=True,
            ):
                numbers = [(round(v, 5) if v == v else None) if isinstance(v, float) else v for v in row]
                found[rid].append([order[key], *numbers])
        return found

    def _link(self, source: str) -> str | None:
        """Return where the source lies, seen from the page; None where that would name the machine."""
        if "://" in source or not source:
            return None
        path = Path(source)
        if path.parent not in self.folders:
            try:
                self.folders[path.parent] = path.parent.resolve().relative_to(self.home)
            except (ValueError, OSError):
                self.folders[path.parent] = None
        folder = self.folders[path.parent]
        return None if folder is None else (folder / path.name).as_posix()


def _sentence_id(report: str, mark: str) -> str:
    return mark[1:] if mark.startswith("=") else f"{report}-{mark}"


def _sentences(sentences: Held, predictions: Held, scheme: Codebook, low: int, high: int) -> Json:
    """Return by report its headings and its sentences, each a list.

    A sentence: section, heading, kind (−1 for none), page (0 for none), the end of its id, text, then the
    score of each indicator in per cent.
    """
    ids = sentences.column("sentence_id", low, high)
    flags, points = _predicted({sid: row for row, sid in enumerate(ids)}, predictions, scheme, low, high)
    number = np.full(len(ids), -1)
    at = {name: k for k, name in enumerate(scheme.indicators)}
    for k in reversed(range(len(scheme.kinds))):
        kind = scheme.kinds[k]
        has, lacks = ([at[name] for name in names] for names in (kind.has, kind.lacks))
        number[flags[:, has].all(axis=1) & ~flags[:, lacks].any(axis=1)] = k
    number[np.isnan(points).all(axis=1)] = -1  # nothing was predicted
    percent = np.nan_to_num(points).round().astype(int).tolist()
    pages = np.nan_to_num(np.array(sentences.column("page", low, high), float)).astype(int).tolist()
    order = {section: k for k, section in enumerate(SECTIONS)}
    found: Json = {}
    columns = (sentences.column(c, low, high) for c in ("report_id", "section", "heading", "text"))
    for rid, section, heading, text, sid, page, kind, score in zip(
        *columns, ids, pages, number.tolist(), percent, strict=True
    ):
        if (held := found.get(rid)) is None:
            held = found[rid] = _empty()
        if heading not in held[2]:
            held[2][heading] = len(held[0])
            held[0].append(heading)
        mark = sid[len(rid) + 1 :] if sid.startswith(f"{rid}-") else f"={sid}"
        held[1].append([order[section], held[2][heading], kind, page, mark, text, *score])
    return {rid: held[:2] for rid, held in found.items()}


def _predicted(
    place: Mapping[str, int], predictions: Held, scheme: Codebook, low: int, high: int
) -> tuple[Vector, Vector]:
    """Return decisions and scores in per cent (NaN: none), a row per sentence and a column per indicator.

    That each sentence has what it needs is seen to where the shares are computed.
    """
    flags = np.zeros((len(place), len(scheme.indicators)), bool)
    points = np.full(flags.shape, np.nan)
    labels, values = (predictions.codes(c, low, high) for c in ("label", "value"))
    names, classes = predictions.texts("label"), predictions.texts("value")
    column = np.full((len(names), len(classes)), -1)
    for k, name in enumerate(scheme.indicators):
        label, _, value = name.partition("=") if scheme.of(name).is_choice else (name, "", "")
        if label in names:
            for c, one in enumerate(classes):
                if (one or "") == value:
                    column[names.index(label), c] = k
    rows = np.array([place.get(sid, -1) for sid in predictions.column("sentence_id", low, high)], int)
    columns = column[labels, values]
    known = (rows >= 0) & (columns >= 0)
    for target, name, factor in ((flags, "predicted", 1), (points, "score", 100)):
        told = np.array(predictions.column(name, low, high), float)
        target[rows[known], columns[known]] = factor * np.nan_to_num(told[known])
    return flags, points


def _empty() -> tuple[list[str], list[list[Any]], dict[str, int]]:
    return [], [], {}


def _checks(checks: Held, low: int, high: int) -> Json:
    """Return by report its rules: whether it holds (None: undecided), and the rest."""
    found: Json = defaultdict(list)
    columns = ("report_id", "holds", "rule", "left", "right", "where", "note")
    for rid, holds, *rest in zip(*(checks.column(c, low, high) for c in columns), strict=True):
        found[rid].append([None if holds is None else bool(holds), *rest])
    return found


def _cells(statistics: Held, names: dict[str, int], low: int, high: int) -> Json:
    """Return by report its cells: plain ones as pairs of number and value in a row, and the others at length.

    A cell is plain when it holds a whole number, printed so. The others: number, value, raw, how, where.
    `names` numbers `table.row.column` over all reports.
    """
    parts = ("table", "row", "column")
    texts = [statistics.texts(c) for c in parts]
    key = np.ravel_multi_index([statistics.codes(c, low, high) for c in parts], [len(one) for one in texts])
    distinct, place = np.unique(key, return_inverse=True)
    number = np.zeros(len(distinct), int)
    for k, codes in enumerate(np.transpose(np.unravel_index(distinct, [len(one) for one in texts]))):
        name = ".".join(str(one[c]) for one, c in zip(texts, codes, strict=True))
        number[k] = names.setdefault(name, len(names))
    value = np.array(statistics.column("value", low, high), float)
    raws, raw_of = np.unique(statistics.codes("raw", low, high), return_inverse=True)
    as_printed = np.array([_printed(statistics.texts("raw")[k]) for k in raws.tolist()], float)[raw_of]
    recovered = np.array([how == "recovered" for how in statistics.column("how", low, high)], bool)
    plainly = (as_printed == value) & ~recovered
    reports = statistics.column("report_id", low, high)
    found: Json = {rid: [[], []] for rid in reports}
    pairs = np.stack([number[place], np.where(plainly, value, 0).astype(np.int64)], axis=1)
    ends = np.flatnonzero(np.diff(statistics.codes("report_id", low, high))) + 1
    for rows_of in np.split(np.arange(len(value)), ends):
        if len(rows_of):
            found[reports[rows_of[0]]][0] = pairs[rows_of[plainly[rows_of]]].ravel().tolist()
    others = {c: statistics.column(c, low, high) for c in ("raw", "how", "where")}
    for at in np.flatnonzero(~plainly).tolist():
        said = (others[c][at] for c in ("raw", "how", "where"))
        found[reports[at]][1].append([int(number[place[at]]), _number(float(value[at])), *said])
    return found


def _printed(raw: str | None) -> int:
    """Return the whole number that a cell is printed as, −1 for anything else."""
    plain_ = raw and raw.isascii() and raw.isdigit() and len(raw) < 16 and raw == str(int(raw))
    return int(raw) if raw and plain_ else -1


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
