"""The text of agencies, as the page's script reads it: sentences, cells, promises, copies, rates."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongkai.measure.rates import rates
from gongkai.show.page.assemble import RATES, Corpus, Json, kinds_of, plain, shortener, whole_number
from gongkai.tables.schema import SECTIONS, records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gongkai.tables.schema import Table

_SENTENCE = ("sentence_id", "section", "heading", "page", "text")


class Blocks:
    """The text of agencies, made one by one: what is held by report is grouped once."""

    def __init__(self, corpus: Corpus, agencies: Sequence[tuple[str | None, Table]], home: Path) -> None:
        """Group the corpus by report.

        Args:
            corpus: What the page shows.
            agencies: Those of the page.
            home: Folder of the page, from which links to sources lead.
        """
        self.corpus, self.agencies, self.home = corpus, agencies, home.resolve()
        self.short = shortener(corpus.reports["source_path"].tolist())
        sentences = corpus.sentences
        kinds, scores = kinds_of(corpus.predictions, corpus.scheme)
        ids = sentences["sentence_id"]
        self.kinds = ids.map(kinds).fillna(-1).astype(int).to_numpy()
        percent = (100 * scores.reindex(ids).fillna(0).to_numpy()).round().astype(int)
        self.scores = percent
        self.columns = {name: sentences[name].tolist() for name in _SENTENCE}
        self.of_report = {str(k): v for k, v in sentences.groupby("report_id", sort=False).indices.items()}
        order = {name: number for number, (name, _) in enumerate(agencies)}
        self.order = order
        rows = records(corpus.checks[["report_id", "rule", "left", "right", "holds", "where", "note"]])
        self.checks = _by_report(rows)
        self.problems = _by_report(
            records(corpus.problems[["report_id", "severity", "code", "where", "message"]])
        )
        self.cells = _cells(corpus.statistics)
        self.rates = _rates(corpus)
        self.followed = _grouped(corpus.followed, "agency")
        self.copies = _grouped(corpus.copies, "agency")

    def agency(self, number: int) -> Json:
        """Return everything about one agency that the core does not hold."""
        name, group = self.agencies[number]
        reports = [self._report(row) for row in records(group)]
        places = {
            self.columns["sentence_id"][at]: [r, k]
            for r, row in enumerate(group["report_id"])
            for k, at in enumerate(self.of_report.get(row, ()))
        }
        return {
            "reports": reports,
            "ledger": plain([_followed(r, places) for r in self.followed.get(name, ())]),
            "copies": plain([_copied(r, places, self.order) for r in self.copies.get(name, ())]),
            "rates": plain([r for row in group["report_id"] for r in self.rates.get(row, ())]),
        }

    def _report(self, row: Json) -> Json:
        rid = str(row["report_id"])
        headings: dict[str, int] = {}
        sentences = []
        c = self.columns
        for at in self.of_report.get(rid, ()):
            heading = headings.setdefault(c["heading"][at], len(headings))
            sid = c["sentence_id"][at]
            mark = sid[len(rid) + 1 :] if sid.startswith(f"{rid}-") else f"={sid}"
            section = SECTIONS.index(c["section"][at])
            kind = int(self.kinds[at])
            page = whole_number(c["page"][at]) or 0
            sentences.append([section, heading, kind, page, mark, c["text"][at], *self.scores[at].tolist()])
        rules = self.checks.get(rid, ())
        known = [r["holds"] for r in rules if isinstance(r["holds"], bool)]
        broken = [r for r in rules if r["holds"] is False]
        about = ("title", "form", "published", "scope", "media_type", "script")
        found = {
            "id": rid,
            "year": whole_number(row["year"]),
            **{key: row[key] for key in about},
            "url": row["url"] if str(row["url"]).startswith(("http://", "https://")) else None,
            "source": self.short(row["source_path"]),
            "link": self._link(str(row["source_path"])),
            "headings": list(headings),
            "checks": [sum(known), len(broken), len(rules) - len(known)],
            "broken": [[r[c] for c in ("rule", "left", "right", "where", "note")] for r in broken],
            "problems": [
                [r[c] for c in ("severity", "code", "where", "message")] for r in self.problems.get(rid, ())
            ],
        }
        packed: Json = plain(found)
        return packed | {"s": sentences, "cells": self.cells.get(rid, [])}

    def _link(self, source: str) -> str | None:
        """Return where the source lies, seen from the page; None where that would name the machine."""
        if "://" in source or not source:
            return None
        try:
            path = Path(source).resolve().relative_to(self.home)
        except (ValueError, OSError):
            return None
        return path.as_posix()


def _by_report(rows: list[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for row in rows:
        if isinstance(row["report_id"], str):
            if "holds" in row:
                row["holds"] = (
                    None if row["holds"] is None or row["holds"] != row["holds"] else bool(row["holds"])
                )
            found[row["report_id"]].append(row)
    return found


def _grouped(table: Table | None, column: str) -> dict[Any, list[Json]]:
    if table is None or table.empty:
        return {}
    found: dict[Any, list[Json]] = defaultdict(list)
    for row in records(table):
        found[row[column]].append(row)
    return found


def _cells(statistics: Table) -> dict[str, list[object]]:
    """Return by report its cells: `table.row.column`, value, and where it says more: raw, how, where."""
    found: dict[str, list[object]] = defaultdict(list)
    names = (statistics["table"] + "." + statistics["row"] + "." + statistics["column"]).tolist()
    texts = statistics[["raw", "how", "where"]].astype(object).where(statistics.notna(), None)
    columns = (
        *(statistics[c].tolist() for c in ("report_id", "value")),
        *(texts[c].tolist() for c in texts.columns),
    )
    for name, rid, value, raw, how, where in zip(names, *columns, strict=True):
        known = isinstance(value, float) and value == value
        number = (
            int(value) if known and value.is_integer() and abs(value) < 1e15 else value if known else None
        )
        plain = known and how != "recovered" and raw == str(number)
        found[rid].append([name, number] if plain else [name, number, raw, how, where])
    return found


def _rates(corpus: Corpus) -> dict[str, list[list[object]]]:
    """Return by report its rates: number of the indicator, year, value, low, high, counts, broken, note."""
    if corpus.statistics.empty:
        return {}
    shown = corpus.reports[corpus.reports["same_as"].isna()]
    order = {one.key: k for k, one in enumerate(RATES)}
    table = rates(shown, corpus.statistics, corpus.checks, level=corpus.level)
    table = table[table["value"].notna() & table["indicator"].isin(order)]
    found: dict[str, list[list[object]]] = defaultdict(list)
    columns = ("year", "value", "low", "high", "top", "bottom", "broken", "note")
    for row in records(table):
        values = [round(v, 5) if isinstance(v, float) else v for v in (row[c] for c in columns)]
        found[row["report_id"]].append([order[row["indicator"]], *values])
    return found


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
