"""Tables → the core that all views of the page need.

Shares travel as whole numbers of ten-thousandths: `script/data.js` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, takewhile
from pathlib import Path
from typing import Any, TypeAlias

from gongkai.classify.real import real_quality
from gongkai.errors import GongkaiError
from gongkai.measure.inference.guards import is_assumed
from gongkai.measure.panel.rates import indicators
from gongkai.measure.promises.pairs import is_found
from gongkai.measure.shares.prevalence import How, Method, prevalences
from gongkai.problem import KINDS
from gongkai.show.charts import TILES, specifications
from gongkai.show.page.corpus import Corpus, names_in
from gongkai.show.page.static import words
from gongkai.tables.predicted import FAR, FAR_TEXT
from gongkai.tables.schema import SECTIONS, Measures, records
from gongkai.tables.scheme.codebook import Codebook, Quantity, Words

Json: TypeAlias = dict[str, Any]

FINE = 3000
"""Reports up to which sections are told apart within year, province and level at once."""
WIDTH = 5
"""Numbers of a share; `script/data.js` reads them."""
_AGENCY = ("kind", "level", "region", "region_code")
RATES = tuple(one for one in indicators() if ":" not in one.key)
"""Those that the page shows: not ground by ground."""


def core(corpus: Corpus, about: Json, tally: Json) -> Json:
    """Return what all views need: the scheme, agencies and reports, and every share with its interval.

    Args:
        corpus: What the page shows.
        about: What `about_model` gave.
        tally: What the blocks counted: `Blocks.tally`.
    """
    scheme = corpus.scheme
    place = {name: number for number, (name, _) in enumerate(corpus.agencies)}

    coded = 0 if corpus.labels is None else int(corpus.labels["sentence_id"].nunique())
    found: Json = {
        "scheme": _scheme(scheme),
        "model": plain(about | {"name": corpus.model}),
        "level": corpus.level,
        "method": corpus.method,
        "coded": coded,
        "assumed": corpus.labels is not None and is_assumed(corpus.labels),
        "far": plain([corpus.far, FAR_TEXT, 1 - FAR]),
        "sections": list(SECTIONS),
        "shares": _shares(corpus, place, coded),
        "agencies": plain(_agencies(corpus)),
        "rates": [[one.key, one.en, one.zh, one.kind, one.direction] for one in RATES],
        "outcomes": _outcomes(corpus, place),
        "copied": _copied_counts(corpus, place),
        "ranks": _ranks(corpus, place),
        "files": plain(_files(corpus)),
        "advice": _advice(corpus),
        "charts": specifications(),
        "tiles": TILES,
    }
    return found | tally


def _shares(corpus: Corpus, place: Mapping[str | None, int], coded: int) -> dict[str, list[list[Any]]]:
    """Return the rows of each grouping, named by its columns; counted, or corrected where they can be."""
    groupings = _groupings(corpus)

    def rows(method: Method) -> list[list[list[Any]]]:
        labels = None if method == "count" else corpus.labels
        how = How(method, level=corpus.level, codebook=corpus.scheme, reports=corpus.reports)
        found = prevalences(corpus.predictions, labels, groupings, how)
        pairs = zip(found, groupings, strict=True)
        return [_packed(measures, by, corpus.scheme.quantities, place) for measures, by in pairs]

    made = rows("count")
    if corpus.method != "count":
        told = coded if corpus.method == "adjusted" else None
        pairs = zip(groupings, made, rows(corpus.method), strict=True)
        made = [_corrected(counted, better, len(by), told) for by, counted, better in pairs]
    named = zip(groupings, made, strict=True)
    return {
        ",".join(by): _by_code(rows, by.index("province")) if "province" in by else rows for by, rows in named
    }


def _groupings(corpus: Corpus) -> list[tuple[str, ...]]:
    """Return what shares are computed by: what a figure is drawn by, within what a view is filtered by."""
    reports = corpus.reports
    varied = {"year": reports["year"], "province": reports["region_code"].str[:2], "level": reports["level"]}
    axes = [name for name, column in varied.items() if column.notna().any()]
    chosen = [by for n in range(len(axes) + 1) for by in combinations(axes, n)]
    fine = [by for by in chosen if len(by) < len(varied) or len(reports) <= FINE]
    return [*chosen, *(("section", *by) for by in fine), ("agency",), ("agency", "year")]


def _by_code(rows: list[list[Any]], at: int) -> list[list[Any]]:
    """Return rows of provinces with their two digits for their names; what is none of them is left out."""
    codes = {pair[1]: key[9:] for key, pair in words().items() if key.startswith("province_")}
    named = [
        (next((c for n, c in codes.items() if str(row[at] or "-").startswith(n)), None), row) for row in rows
    ]
    return [[*row[:at], code, *row[at + 1 :]] for code, row in named if code]


def _ranks(corpus: Corpus, place: Mapping[str | None, int]) -> list[list[Any]] | None:
    """Return for each agency and label lowest and highest rank, for it alone and for all together."""
    if corpus.ranks is None:
        return None
    label = {q.label: k for k, q in enumerate(corpus.scheme.quantities) if q.measure == "prevalence"}
    columns = ("rank_low", "rank_high", "rank_low_all", "rank_high_all")
    return [
        [place[row["agency"]], label[row["label"]], *(int(row[c]) for c in columns)]
        for row in records(corpus.ranks)
        if row["agency"] in place and row["label"] in label
    ]


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
        "indicators": [_words(scheme.title_of(name)) for name in scheme.indicators],
        "binary": [one.name for one in scheme.labels if not one.is_choice],
        "choices": [
            [
                _words(one.title, one.name),
                [k for k, q in enumerate(scheme.quantities) if q.label in one.indicators],
            ]
            for one in scheme.labels
            if one.is_choice
        ],
        "quantities": [_quantity(scheme, q) for q in scheme.quantities],
        "kinds": [{"key": k.key, "title": _words(k.title, k.key), "colour": k.colour} for k in scheme.kinds],
    }


def _words(words: Words, default: str = "") -> list[str]:
    return [words.said("en") or default, words.said("zh") or default]


def _quantity(scheme: Codebook, quantity: Quantity) -> Json:
    """Return a quantity's title, what it is a share of, and its label."""
    derived = quantity.measure != "prevalence"
    among = [_words(scheme.title_of(name)) for name in quantity.bottom]
    about = None if derived else scheme.of(quantity.label)
    value = quantity.label.partition("=")[2]
    shown = [_words(c.title, c.name) for c in about.classes if c.name == value] if about else []
    return {
        "label": quantity.label,
        "measure": quantity.measure,
        "title": _words(quantity.title),
        "class": shown[0] if shown else None,
        "sections": list(quantity.sections),
        "among": [" + ".join(w[k] for w in among) for k in (0, 1)] if among else None,
    }


def _packed(
    measures: Measures, by: tuple[str, ...], quantities: Sequence[Quantity], place: Mapping[str | None, int]
) -> list[list[object]]:
    """Return a row per group: its keys, what was drawn as one, and `WIDTH` numbers of each quantity.

    These are value, low, high, n, and by how many coded sentences it is corrected: here by none.
    """
    number = {(q.measure, q.label): k for k, q in enumerate(quantities)}
    rows: dict[tuple[object, ...], list[object]] = {}
    for row in records(measures):
        key = tuple(_key(row[c], c, place) for c in by)
        found = rows.setdefault(key, [*key, row["cluster"], *[None] * (WIDTH * len(number))])
        at = len(by) + 1 + WIDTH * number[row["measure"], row["label"]]
        found[at : at + WIDTH] = [
            *(ten_thousandths(row[c]) for c in ("value", "low", "high")),
            int(row["n"]),
            0,
        ]
    return list(rows.values())


def _corrected(
    counted: list[list[Any]], better: list[list[Any]], keys: int, coded: int | None
) -> list[list[Any]]:
    """Return counted shares, corrected where that gives an interval; `coded` unless each row tells its n."""
    found = {tuple(row[:keys]): row for row in better}
    for row in counted:
        other = found.get(tuple(row[:keys]), [])
        for at in range(keys + 1, len(other), WIDTH):
            if other[at + 1] is not None:
                row[at : at + 3] = other[at : at + 3]
                row[at + 4] = other[at + 3] if coded is None else coded
    return counted


def _key(value: object, column: str, place: Mapping[str | None, int]) -> object:
    missing = value is None or value != value
    if column == "agency":
        return place.get(None if missing else str(value), -1)
    return None if missing else whole_number(value) if column == "year" else str(value)


def ten_thousandths(value: object) -> float | None:
    """Return a share in ten-thousandths, None for an undefined one.

    Two decimals more than are shown, so that what is rounded again on the page reads as on the command line.
    """
    return round(10_000 * float(value), 2) if isinstance(value, float) and value == value else None


def whole_number(value: Any) -> int | None:  # noqa: ANN401
    """Return a year or a page as a number, None for a missing one."""
    return None if value is None or value != value else int(value)


def _agencies(corpus: Corpus) -> list[Json]:
    """Return what the last report of each agency says of it."""
    last = records(corpus.reports.iloc[[rows.stop - 1 for _, rows in corpus.agencies]][list(_AGENCY)])
    return [{"name": name} | row for (name, _), row in zip(corpus.agencies, last, strict=True)]


def _outcomes(corpus: Corpus, place: Mapping[str | None, int]) -> list[list[int]] | None:
    """Return for each agency its promises done, made again, unclear and not found; None if not searched."""
    if corpus.followed is None:
        return None
    rows = [[0, 0, 0, 0] for _ in place]
    promises = corpus.followed[corpus.followed["kind"] != "problem"]
    order = {"done": 0, "again": 1, "unclear": 2, "silent": 3}
    for agency, outcome in zip(names_in(promises["agency"]), promises["outcome"], strict=True):
        if agency in place and outcome in order:
            rows[place[agency]][order[outcome]] += 1
    return rows


def _copied_counts(corpus: Corpus, place: Mapping[str | None, int]) -> list[list[int]] | None:
    """Return for each agency its sentences: all, from the own last report, shared with another agency."""
    if corpus.copies is None:
        return None
    rows = [[0, 0, 0] for _ in place]
    found = corpus.copies[is_found(corpus.copies)]  # of `--nearest` every sentence has a pair
    distinct = found.drop_duplicates(["sentence_id", "kind"])
    pairs = zip(names_in(distinct["agency"]), distinct["kind"], strict=True)
    for number, (_, held) in enumerate(corpus.agencies):
        rows[number][0] = corpus.sentences(held)
    for agency, kind in pairs:
        if agency in place:
            rows[place[agency]][1 if kind == "own" else 2] += 1
    return rows


def _files(corpus: Corpus) -> Json:
    """Return what was not read, and how much is shown under no agency or year."""
    reports = corpus.reports
    lost = corpus.problems[corpus.problems["report_id"].isna() & (corpus.problems["severity"] == "error")]
    short = shortener([*corpus.reports["source_path"], *corpus.problems["source_path"]])
    return {
        "noAgency": int(reports["agency"].isna().sum()),
        "noYear": int(reports["year"].isna().sum()),
        "twice": corpus.twice,
        "lost": int(lost["source_path"].nunique()),
        "unread": [[short(r["source_path"]), r["code"], r["message"]] for r in records(lost.head(200))],
    }


def _advice(corpus: Corpus) -> dict[str, list[str]]:
    """Return what each kind of problem here means and what to do, in English and Chinese."""
    codes = sorted(set(corpus.problems["code"].dropna()) & KINDS.keys())
    return {code: [KINDS[code].advice, KINDS[code].zh] for code in codes}


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
