"""Tables → what the page's script reads: one core for all views, and blocks with the text of some agencies.

Shares travel as whole numbers of ten-thousandths, sentences as short lists: `script/data.js` reads both.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from gongkai.classify.real import real_quality
from gongkai.errors import GongkaiError, MeasureError
from gongkai.measure.copies import copied
from gongkai.measure.followup import followup
from gongkai.measure.prevalence import prevalence
from gongkai.measure.rates import indicators
from gongkai.tables.predicted import by_indicator
from gongkai.tables.schema import SECTIONS, read_table, records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from gongkai.tables.codebook import Codebook, Quantity, Words
    from gongkai.tables.schema import Measures, Predictions, Table

Json: TypeAlias = dict[str, Any]

COMPARED = 60_000
"""Sentences up to which copies and promises kept are looked for; above they are given, or left out."""
_SENTENCE = ["sentence_id", "report_id", "section", "heading", "page", "text"]
RATES = tuple(one for one in indicators() if ":" not in one.key)
"""Those that the page shows: not ground by ground."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the page shows: reports once each, in the order of the page, and everything about them."""

    reports: Table
    sentences: Table
    statistics: Table
    checks: Table
    problems: Table
    predictions: Predictions
    scheme: Codebook
    level: float
    followed: Table | None
    copies: Table | None


def read_corpus(
    tables: str | Path,
    predictions: Predictions,
    scheme: Codebook,
    level: float,
    followed: Table | None,
    copies: Table | None,
) -> Corpus:
    """Read the tables that the page shows, and look for copies and promises kept where that is quick.

    Raises:
        SchemaError: The tables folder is not one.
        MeasureError: The predictions are of several models.
    """
    if len(models := sorted(set(predictions["model"]))) > 1:
        raise MeasureError(f"the page shows one model; the predictions are of {', '.join(models)}")
    reports = read_table(tables, "reports")
    reports = reports.sort_values(["agency", "year", "source_path"], na_position="last", ignore_index=True)
    wanted = [*_SENTENCE, "agency", "region_code", "year", "lead", "position"]
    sentences = read_table(tables, "sentences", wanted)
    if len(sentences) <= COMPARED:
        followed = _unless_none(followed, lambda: followup(sentences, predictions, codebook=scheme))
        copies = _unless_none(copies, lambda: copied(sentences, reports))
    statistics, checks, problems = (read_table(tables, n) for n in ("statistics", "checks", "problems"))
    return Corpus(
        reports, sentences, statistics, checks, problems, predictions, scheme, level, followed, copies
    )


def _unless_none(found: Table | None, search: Callable[[], Table]) -> Table | None:
    """Return what was given, or what a search finds; None where it has nothing to search."""
    if found is not None:
        return found
    try:
        return search()
    except MeasureError:
        return None


def agencies_of(corpus: Corpus) -> list[tuple[str | None, Table]]:
    """Return each agency with its reports, those not found last; a report held twice is there once."""
    shown = corpus.reports[corpus.reports["same_as"].isna()]
    groups: dict[str | None, list[int]] = defaultdict(list)
    for row, name in enumerate(_names(shown["agency"])):
        groups[name].append(row)
    order = sorted(n for n in groups if n is not None) + [n for n in groups if n is None]
    return [(name, shown.iloc[groups[name]]) for name in order]


def core(corpus: Corpus, agencies: Sequence[tuple[str | None, Table]], about_model: Json) -> Json:
    """Return what all views need: the scheme, agencies and reports, and every share with its interval."""
    scheme, predictions = corpus.scheme, corpus.predictions
    quantities = scheme.quantities
    place = {name: number for number, (name, _) in enumerate(agencies)}

    def shares(by: tuple[str, ...], frame: Predictions = predictions) -> Measures:
        return prevalence(frame, by=by, level=corpus.level, codebook=scheme)

    coded = predictions.assign(province=predictions["region_code"].astype("string").str[:2])
    problems = predictions[predictions["section"] == "problems"]
    broken = corpus.checks.groupby("report_id")["holds"].agg(
        lambda holds: int((~holds.astype("boolean")).fillna(False).sum())
    )
    found = {
        "scheme": _scheme(scheme),
        "model": about_model | {"name": _first(predictions["model"])},
        "level": corpus.level,
        "sections": list(SECTIONS),
        "sentences": len(corpus.sentences),
        "counted": int((~corpus.sentences["section"].isin(scheme.uncounted_sections)).sum()),
        "whole": _packed(shares(()), (), quantities),
        "years": _packed(shares(("year",)), ("year",), quantities),
        "bySection": _packed(shares(("section",)), ("section",), quantities),
        "byProvince": _packed(shares(("province",), coded), ("province",), quantities),
        "byAgency": _packed(shares(("agency",)), ("agency",), quantities, place),
        "byAgencyYear": _packed(shares(("agency", "year")), ("agency", "year"), quantities, place),
        "admitted": _packed(shares(("year",), problems), ("year",), quantities) if len(problems) else [],
        "admitting": _admitting(corpus),
        "agencies": [_agency(name, group) for name, group in agencies],
        "reports": [
            [r["report_id"], number, whole_number(r["year"]), r["form"], r["n_sentences"],
             int(broken.get(r["report_id"], 0)), r["published"]]
            for number, (_, group) in enumerate(agencies) for r in records(group)
        ],
        "kinds": _kind_counts(corpus, place),
        "rates": [[one.key, one.en, one.zh, one.kind, one.direction] for one in RATES],
        "outcomes": _outcomes(corpus, place),
        "copied": _copied_counts(corpus, place),
        "files": _files(corpus),
    }  # fmt: skip
    packed: Json = plain(found)
    return packed


def _scheme(scheme: Codebook) -> Json:
    return {
        "name": scheme.name,
        "version": scheme.version,
        "title": _words(scheme.title),
        "uncounted": list(scheme.uncounted_sections),
        "follow": scheme.follow,
        "labels": [
            {"name": one.name, "title": _words(one.title, one.name), "definition": _words(one.definition)}
            for one in scheme.labels
        ],
        "indicators": [_indicator_words(scheme, name) for name in scheme.indicators],
        "binary": [one.name for one in scheme.labels if not one.is_choice],
        "quantities": [_quantity(scheme, q) for q in scheme.quantities],
        "kinds": [{"key": k.key, "title": _words(k.title, k.key), "colour": k.colour} for k in scheme.kinds],
    }


def _words(words: Words, default: str = "") -> list[str]:
    return [words.said("en") or default, words.said("zh") or default]


def _indicator_words(scheme: Codebook, indicator: str) -> list[str]:
    label, _, value = indicator.partition("=")
    one = scheme.of(label)
    title = _words(one.title, one.name)
    if not value:
        return title
    shown = {c.name: _words(c.title, c.name) for c in one.classes}
    return [f"{a}: {b}" for a, b in zip(title, shown[value], strict=True)]


def _quantity(scheme: Codebook, quantity: Quantity) -> Json:
    """Return a quantity's title, what it is a share of, and its label."""
    derived = quantity.measure != "prevalence"
    title = _words(quantity.words, quantity.measure) if derived else _indicator_words(scheme, quantity.label)
    among = [_indicator_words(scheme, name) for name in quantity.bottom]
    return {
        "label": quantity.label,
        "measure": quantity.measure,
        "title": title,
        "among": [" + ".join(w[k] for w in among) for k in (0, 1)] if among else None,
    }


def _packed(
    measures: Measures,
    by: tuple[str, ...],
    quantities: Sequence[Quantity],
    place: Mapping[str | None, int] | None = None,
) -> list[list[object]]:
    """Return a row per group: its keys, what was drawn as one, then value, low, high, n of each quantity."""
    number = {(q.measure, q.label): k for k, q in enumerate(quantities)}
    rows: dict[tuple[object, ...], list[object]] = {}
    for row in records(measures):
        key = tuple(_key(row[c], c, place) for c in by)
        found = rows.setdefault(key, [*key, row["cluster"], *[None] * (4 * len(number))])
        at = len(by) + 1 + 4 * number[row["measure"], row["label"]]
        found[at : at + 4] = [*(ten_thousandths(row[c]) for c in ("value", "low", "high")), int(row["n"])]
    return list(rows.values())


def _key(value: object, column: str, place: Mapping[str | None, int] | None) -> object:
    missing = value is None or value != value
    if column == "agency" and place is not None:
        return place.get(None if missing else str(value), -1)
    return None if missing else whole_number(value) if column == "year" else str(value)


def ten_thousandths(value: object) -> int | None:
    """Return a share as a whole number of ten-thousandths, None for an undefined one."""
    return round(10_000 * float(value)) if isinstance(value, float) and value == value else None


def whole_number(value: Any) -> int | None:  # noqa: ANN401
    """Return a year or a page as a number, None for a missing one."""
    return None if value is None or value != value else int(value)


def _first(column: pd.Series[str]) -> str:
    return str(column.iloc[0]) if len(column) else ""


def _agency(name: str | None, group: Table) -> Json:
    last = group.iloc[-1]
    return {"name": name} | {key: last[key] for key in ("kind", "level", "region", "region_code")}


def _names(column: pd.Series[str]) -> list[str | None]:
    """Return a column's texts; what is missing as None."""
    return [name if isinstance(name, str) else None for name in column.tolist()]


def _admitting(corpus: Corpus) -> list[list[object]]:
    """Return for each year the reports, and those with a sentence among the problems."""
    shown = corpus.reports[corpus.reports["same_as"].isna()]
    admits = set(corpus.sentences.loc[corpus.sentences["section"] == "problems", "report_id"])
    rows: list[list[object]] = []
    for year, group in shown.groupby("year", dropna=False, sort=True):
        ids = group["report_id"].tolist()
        rows.append([whole_number(year), len(ids), sum(i in admits for i in ids)])
    return rows


def kinds_of(predictions: Predictions, scheme: Codebook) -> tuple[pd.Series[int], Table]:
    """Return by sentence the number of its kind (−1 for none) and its scores, a column per indicator."""
    import numpy as np
    import pandas as pd

    flags, scores = by_indicator(predictions, scheme)
    number = np.full(len(flags), -1)
    for k in reversed(range(len(scheme.kinds))):
        kind = scheme.kinds[k]
        fits = flags[list(kind.has)].all(axis=1) & ~flags[list(kind.lacks)].any(axis=1)
        number[fits.to_numpy()] = k
    ids = flags.index.get_level_values("sentence_id")
    return pd.Series(number, ids), scores.set_axis(ids)


def _kind_counts(corpus: Corpus, place: Mapping[str | None, int]) -> list[list[int]]:
    """Return for each agency how many counted sentences are of each kind, and of none."""
    kinds, _ = kinds_of(corpus.predictions, corpus.scheme)
    counted = corpus.sentences[~corpus.sentences["section"].isin(corpus.scheme.uncounted_sections)]
    kind = counted["sentence_id"].map(kinds).fillna(-1).astype(int)
    rows = [[0] * (len(corpus.scheme.kinds) + 1) for _ in place]
    for agency, number in zip(_names(counted["agency"]), kind, strict=True):
        if (at := place.get(agency)) is not None:
            rows[at][number] += 1
    return rows


def _outcomes(corpus: Corpus, place: Mapping[str | None, int]) -> list[list[int]] | None:
    """Return for each agency its promises done, made again, unclear and not found; None if not searched."""
    if corpus.followed is None:
        return None
    rows = [[0, 0, 0, 0] for _ in place]
    promises = corpus.followed[corpus.followed["kind"] != "problem"]
    order = {"done": 0, "again": 1, "unclear": 2, "silent": 3}
    for agency, outcome in zip(_names(promises["agency"]), promises["outcome"], strict=True):
        if agency in place and outcome in order:
            rows[place[agency]][order[outcome]] += 1
    return rows


def _copied_counts(corpus: Corpus, place: Mapping[str | None, int]) -> list[list[int]] | None:
    """Return for each agency its sentences: all, from the own last report, shared with another agency."""
    if corpus.copies is None:
        return None
    rows = [[0, 0, 0] for _ in place]
    distinct = corpus.copies.drop_duplicates(["sentence_id", "kind"])
    pairs = zip(_names(distinct["agency"]), distinct["kind"], strict=True)
    found = [
        *((a, 0) for a in _names(corpus.sentences["agency"])),
        *((a, 1 if k == "own" else 2) for a, k in pairs),
    ]
    for agency, column in found:
        if agency in place:
            rows[place[agency]][column] += 1
    return rows


def _files(corpus: Corpus) -> Json:
    """Return what was not read, and how much is shown under no agency or year."""
    reports = corpus.reports[corpus.reports["same_as"].isna()]
    lost = corpus.problems[corpus.problems["report_id"].isna() & (corpus.problems["severity"] == "error")]
    short = shortener([*corpus.reports["source_path"], *corpus.problems["source_path"]])
    return {
        "noAgency": int(reports["agency"].isna().sum()),
        "noYear": int(reports["year"].isna().sum()),
        "twice": int(corpus.reports["same_as"].notna().sum()),
        "lost": int(lost["source_path"].nunique()),
        "unread": [[short(r["source_path"]), r["code"], r["message"]] for r in records(lost.head(200))],
    }


def about_model(folder: Path | None) -> Json:
    """Return what a model's folder says of it: what it was trained on, and how good it is where.

    Raises:
        GongkaiError: The folder is no model's.
    """
    if folder is None:
        return {}
    try:
        about = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        rows = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GongkaiError(f"{folder}: no model folder: {error}") from error
    real = records(real_quality(about, folder.name))
    own = rows[0]["model"] if rows else ""  # the others are what it was compared with
    kept: dict[tuple[str, str], Json] = {}
    for row in [r for r in rows if r["model"] == own] + real:
        if row["metric"] == "f1" and row["label"] != "macro" and row["split"] in ("agency", "real"):
            kept[row["split"], row["label"]] = row
    quality = [
        [
            split,
            label,
            *(ten_thousandths(row[c]) for c in ("value", "low", "high")),
            row["n"],
            row["clusters"],
        ]
        for (split, label), row in kept.items()
    ]
    known = {key: about.get(key) for key in ("sentences", "reports", "agencies", "years", "kind")}
    return {"trained": known, "quality": quality}


def shortener(paths: Sequence[str]) -> Callable[[object], str]:
    """Return a function that cuts off the folders which all paths share: no page names its machine."""
    folders = sorted({tuple(str(path).replace("\\", "/").split("/")[:-1]) for path in paths}) or [()]
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(folders[0], folders[-1], strict=False))
    cut = sum(len(folder) + 1 for folder, _ in shared)
    return lambda path: str(path).replace("\\", "/")[cut:]


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value as JSON can hold it: nan and its kin become null."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    return None if value != value else value.item() if hasattr(value, "item") else str(value)
