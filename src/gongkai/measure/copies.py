"""Which sentences were taken over: from the own last report, or another agency's of this or an earlier year.

Two reports are related when what they share can hardly be chance: each shared sentence counts by how few
agencies have it, in the user's corpus and in the genre (`background.py`); what the form makes everybody write
counts nothing. So a group of any size that has the same text is found, and unrelated texts are not accused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.measure.background import is_mandated
from gongkai.measure.related import related
from gongkai.measure.reuse import NEEDED, agency_years, known_sentences, last_reports
from gongkai.measure.series import series_name
from gongkai.measure.similar import mask, pair_weights
from gongkai.tables.schema import records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gongkai.measure.similar import PairWeights
    from gongkai.tables.schema import Reports, Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

THRESHOLD, ACROSS_PARTS = 0.5, 0.7
"""Cosine from which a sentence of the own last report counts as taken over, and where it moved between the
problems, the improvements and the rest. THRESHOLD was chosen on the first 72 reports of the bundled truth,
ACROSS_PARTS on all 120 (docs/methods.md)."""
OTHERS_THRESHOLD, OTHERS_WEAK = 0.55, 0.25
"""Cosine of the sentences that show that two reports are related (chosen on the first 72 reports), and of the
further ones then counted (on all 120)."""
EVIDENCE, MIN_SHARED, MIN_LENGTH = 7.0, 2, 6
"""Evidence (in nats: odds of chance e⁻⁷ = 1 in 1,100) and sentences that relate two reports, chosen on all
120 reports; fewest characters of a sentence that is evidence."""
BLOCK = 200
"""Agency-years whose sentences are compared at a time."""
_PARTS = {"problems": 1, "improvements": 2}


def copied(
    sentences: Sentences,
    reports: Reports | None = None,
    *,
    threshold: float = THRESHOLD,
    others: float = OTHERS_THRESHOLD,
    weak: float = OTHERS_WEAK,
    evidence: float = EVIDENCE,
    min_shared: int = MIN_SHARED,
    phrases: Sequence[str] = (),
) -> Table:
    """Find the sentences taken over from the agency's own last report, or from another agency's report.

    Likeness is the cosine of `similar.weigh`, the agency's own name left out. A promise that next year's
    overview reports as done is alike but no copy (`followup` has it): a sentence that moved between
    problems, improvements and the rest counts from `ACROSS_PARTS` on.

    Another agency's report of the same or an earlier year is related when the two share `min_shared`
    sentences of cosine `others` whose evidence adds up: each counts −log of the share of agencies that have
    it, the two left out, in the corpus and in the genre. Or when half of the shorter one's own text is
    shared. Then all sentences from `weak` on count, as in a threshold with hysteresis (Canny 1986).

    Args:
        sentences: `sentences` rows.
        reports: `reports` rows, for publication dates; without them only years say who was earlier.
        threshold: Cosine from which a sentence of the own last report counts as taken over.
        others: Cosine from which two agencies' sentences are evidence.
        weak: Cosine from which sentences of two related reports count.
        evidence: Least evidence for a pair of reports, in nats.
        min_shared: Fewest sentences that are evidence for a pair of reports.
        phrases: Further phrases that are no evidence, e.g. of `mandated_phrases`.

    Returns:
        One row per sentence and source: `sentence_id, report_id, agency, year, text, source_id,
        source_report_id, source_agency, source_year, source_text, kind` (`own` or `other`)`, similarity,
        edited` (False: equal but for numbers and the agency's name)`, figures_kept` (own: counts of last
        year stand unchanged)`, direction` (`from`: the source is earlier, `to`: later, null where dates do
        not decide)`, first_agency, first_year` (the earliest of all that have this text, null where dates do
        not decide). A sentence shared with another agency in one year stands twice, once on each side; of
        earlier years only with the later one.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left.
    """
    frame = known_sentences(sentences[[c for c in sentences.columns if c in NEEDED]], preambles=True)
    frame = frame.assign(_masked=_masked(frame), _part=frame["section"].map(_PARTS).fillna(0).astype(np.int8))
    weights = pair_weights(frame["_masked"], frame["agency"].tolist())
    pairs: Table = pd.concat(
        [
            _from_own(frame, weights, threshold).assign(kind="own"),
            _from_others(frame, weights, (others, weak), (evidence, min_shared), phrases).assign(
                kind="other"
            ),
        ],
        ignore_index=True,
    )
    rows, sources = pairs["a"].to_numpy(int), pairs["b"].to_numpy(int)
    columns = ["sentence_id", "report_id", "agency", "year", "text"]
    about = frame.loc[rows, columns].reset_index(drop=True)
    source = frame.loc[sources, columns].reset_index(drop=True)
    source.columns = ["source_id", "source_report_id", "source_agency", "source_year", "source_text"]
    own = pairs["kind"].to_numpy() == "own"
    kept = own & (about["text"] == source["source_text"]).to_numpy(bool)
    kept &= about["text"].str.contains(_FIGURE).to_numpy(bool)
    when = _dates(frame, np.unique(np.concatenate([rows, sources])), reports)
    edited = frame["_masked"].iloc[rows].to_numpy() != frame["_masked"].iloc[sources].to_numpy()
    first = _firsts(rows[~own], sources[~own], when)
    origin = [first.get(int(row)) for row in rows]
    known = sorted({o for o in origin if o is not None})
    whose = dict(
        zip(known, zip(frame["agency"].iloc[known], frame["year"].iloc[known], strict=True), strict=True)
    )
    further: dict[str, list[Any]] = {
        "direction": [
            _direction(when[a], when[b]) for a, b in zip(rows.tolist(), sources.tolist(), strict=True)
        ],
        "first_agency": [None if o is None else whose[o][0] for o in origin],
        "first_year": [None if o is None else int(whose[o][1]) for o in origin],
    }
    return pd.concat([about, source], axis=1).assign(
        kind=pairs["kind"],
        similarity=pairs["cosine"],
        edited=edited,
        figures_kept=kept,
        **further,
    )


_FIGURE = r"\d{2,}(?:\.\d+)?\s*(?:件|条|次|份|个|篇|人|期|项|场|%|万|余)"


def mandated_phrases(sentences: Sentences, *, share: float = 0.2) -> Table:
    """List what so many regions write that it is no evidence of copying: found in the corpus, and ours.

    Args:
        sentences: `sentences` rows with `region_code`.
        share: Least share of the regions (first four digits of the code) with the sentence, in (0, 1].

    Returns:
        One row per sentence (figures as 0), the most usual first: `phrase, regions, agencies, share,
        mandated` (by our list: left out already). Of fewer than ten regions none is found.
    """
    frame = known_sentences(sentences, preambles=True)
    table = frame.assign(phrase=_masked(frame), region=frame["region_code"].str[:4])
    total = table["region"].nunique()
    counts = table.groupby("phrase").agg(regions=("region", "nunique"), agencies=("agency", "nunique"))
    counts = counts[(counts["regions"] >= max(2, share * total)) & (total >= 10)].reset_index()
    counts = counts[counts["phrase"].str.len() >= MIN_LENGTH]
    counts = counts.assign(
        share=counts["regions"] / max(total, 1), mandated=is_mandated(counts["phrase"].tolist())
    )
    return counts.sort_values(["regions", "phrase"], ascending=[False, True]).reset_index(drop=True)


def _masked(frame: Table) -> pd.Series[str]:
    """Return the sentences masked, without the agency's own name."""
    pieces = [pd.Series([], dtype="str")]
    for start in range(0, len(frame), 100_000):  # as many Python texts at a time
        texts, agencies = (frame[c].iloc[start : start + 100_000] for c in ("text", "agency"))
        masked = [mask(t.replace(str(a), "")) for t, a in zip(texts, agencies, strict=True)]
        pieces.append(pd.Series(masked, texts.index, dtype="str"))
    return pd.concat(pieces)


def _dates(frame: Table, rows: Vector, reports: Reports | None) -> dict[int, tuple[int, str | None]]:
    """Return year and publication date of the reports of some rows."""
    known: dict[str, str] = {}
    if reports is not None:
        dated = reports.dropna(subset=["published"])
        known = dict(zip(dated["report_id"], dated["published"].astype(str), strict=True))
    years, ids = (frame[c].iloc[rows].tolist() for c in ("year", "report_id"))
    return {
        row: (int(y), _possible(known.get(r), int(y)))
        for row, y, r in zip(rows.tolist(), years, ids, strict=True)
    }


def _possible(published: object, year: int) -> str | None:
    """Return a date of publication; null where it lies before the end of the year reported on."""
    return published if isinstance(published, str) and published[:7] >= f"{year}-12" else None


def _direction(mine: tuple[int, str | None], theirs: tuple[int, str | None]) -> str | None:
    """Say who was earlier: by date where both have one, else by year."""
    if mine[1] and theirs[1]:
        return None if mine[1] == theirs[1] else "from" if theirs[1] < mine[1] else "to"
    return None if mine[0] == theirs[0] else "from" if theirs[0] < mine[0] else "to"


def _firsts(left: Vector, right: Vector, when: dict[int, tuple[int, str | None]]) -> dict[int, int]:
    """Return for each row that shares text the row of its group that is earlier than all others."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(left):
        return {}
    nodes, place = np.unique(np.stack([left, right]), return_inverse=True)
    ends = place.reshape(2, -1)
    ones = np.ones(len(left), np.int8)
    _, group = connected_components(coo_matrix((ones, tuple(ends)), shape=(len(nodes),) * 2), directed=False)
    members: dict[int, list[int]] = {}
    for row, number in zip(nodes.tolist(), group.tolist(), strict=True):
        members.setdefault(number, []).append(row)
    found: dict[int, int] = {}
    for rows in members.values():
        best = min(rows, key=lambda r: (when[r][0], when[r][1] or "9999"))
        # Other sentences of the same report are the same text twice.
        rivals = [r for r in rows if r != best and when[r] != when[best]]
        same = [r for r in rows if r != best and when[r] == when[best]]
        if all(_direction(when[r], when[best]) == "from" for r in rivals) and not same:
            found |= dict.fromkeys(rows, best)
    return found


def _from_own(frame: Table, weights: PairWeights, threshold: float) -> Table:
    """Return (a, b, cosine): each sentence with the one most like it in the own report of the year before."""
    groups = agency_years(frame)
    found = [pd.DataFrame({"a": [], "b": [], "cosine": []})]
    pairs = [(groups[key], before) for key, before in last_reports(groups).items()]
    for index, before, match, cosine in _best(frame, weights, pairs):
        kept = cosine >= threshold
        found.append(pd.DataFrame({"a": index[kept], "b": before[match[kept]], "cosine": cosine[kept]}))
    return pd.concat(found, ignore_index=True)


def _best(
    frame: Table, weights: PairWeights, pairs: Sequence[tuple[Vector, Vector]]
) -> Iterator[tuple[Vector, Vector, Vector, Vector]]:
    """Yield each pair of lists of rows, and which of the second is most like each of the first, how much."""
    part, masked = frame["_part"].to_numpy(), frame["_masked"]
    for start in range(0, len(pairs), BLOCK):
        block = pairs[start : start + BLOCK]
        rows = np.unique(np.concatenate([rows for pair in block for rows in pair]))
        matrix = weights.rows(masked.iloc[rows].tolist())
        for a, b in block:
            one, other = matrix[np.searchsorted(rows, a)], matrix[np.searchsorted(rows, b)]
            cosine = np.minimum((one @ other.T).toarray(), 1.0)
            cosine[(part[a][:, None] != part[b]) & (cosine < ACROSS_PARTS)] = 0
            yield a, b, cosine.argmax(axis=1), cosine.max(axis=1)


def _from_others(
    frame: Table,
    weights: PairWeights,
    limits: tuple[float, float],
    least: tuple[float, int],
    phrases: Sequence[str],
) -> Table:
    """Return (a, b, cosine): the best counterpart of each sentence in each related report."""
    usable = ~is_mandated(frame["_masked"], [mask(p) for p in phrases])
    usable &= frame["_masked"].str.len().to_numpy() >= MIN_LENGTH
    units = list(agency_years(frame).items())
    of_unit = np.zeros(len(frame), np.int64)
    for number, (_, index) in enumerate(units):
        of_unit[index] = number
    held = pd.DataFrame({"text": frame["_masked"], "part": frame["_part"], "unit": of_unit})[usable]
    names = [series_name(agency) for (agency, _), _ in units]
    about = pd.DataFrame(
        {"agency": pd.factorize(np.array(names, object))[0], "year": [y for (_, y), _ in units]}
    )
    found = related(held, about, weights, limits[0], least)
    rows = [index[usable[index]] for _, index in units]
    agency = pd.factorize(np.array([a for (a, _), _ in units], object), sort=True)[0]
    year = about["year"].to_numpy()
    columns: list[Vector] = [np.zeros((6, 0))]
    best = _best(frame, weights, [(rows[x], rows[y]) for x, y in found.tolist()])
    for (x, y), (a, b, match, cosine) in zip(found.tolist(), best, strict=True):
        k = np.flatnonzero(cosine >= limits[1])
        same = np.full(len(k), float(year[x] == year[y]))
        earlier, whose = np.full(len(k), float(year[y])), np.full(len(k), float(agency[y]))
        columns.append(np.stack([a[k], whose, -same, -np.round(cosine[k], 6), earlier, b[match[k]]]))
    table = pd.DataFrame(
        np.concatenate(columns, axis=1).T, columns=["a", "whose", "same", "cosine", "year", "b"]
    )
    # Of an agency's reports that of the same year first, then the most alike, then the earliest.
    table = table.sort_values(["a", "whose", "same", "cosine", "year"], kind="stable")
    table = table.drop_duplicates(["a", "whose"])
    return pd.DataFrame(
        {"a": table["a"].astype(int), "b": table["b"].astype(int), "cosine": -table["cosine"]}
    )


def copy_network(copies: Table, reports: Reports, *, sentences: Sentences) -> Table:
    """Return which pairs of agencies share text that few others have, and who was probably first.

    Args:
        copies: What `copied` gave.
        reports: `reports` rows; for publication dates, levels and regions.
        sentences: The `sentences` that `copied` took; for the length of the reports.

    Returns:
        One row per pair of reports of two agencies and one year: `agency, other, year, sentences` (of
        `agency` that are shared), `share` (characters of the shared sentences of both over characters of
        both reports: weighted by length and symmetric), `relation` (`superior`: the other stands above it
        in the same region; `subordinate`; `peer`), `first` (which published earlier, null when a date is
        missing or the same),
        `cluster` (number of the connected group of that year). Ordered by `sentences`.
    """
    shared = copies[(copies["kind"] == "other") & (copies["year"] == copies["source_year"])]
    about = {row["report_id"]: row for row in records(reports)}
    length = dict(zip(sentences["sentence_id"], sentences["text"].str.len(), strict=True))
    whole = sentences["text"].str.len().groupby(sentences["report_id"]).sum().to_dict()
    rows: list[dict[str, object]] = []
    for key, part in shared.groupby(["report_id", "source_report_id"], sort=True):
        report, other = key
        if str(part["agency"].iloc[0]) > str(part["source_agency"].iloc[0]):
            continue  # the pair stands once, its agencies in order
        mine, theirs = about[str(report)], about[str(other)]
        back = shared[(shared["report_id"] == other) & (shared["source_report_id"] == report)]
        shared_ids = {*part["sentence_id"], *part["source_id"], *back["sentence_id"], *back["source_id"]}
        year = int(part["year"].iloc[0])
        dates = [_possible(one["published"], year) for one in (mine, theirs)]
        known = None not in dates and dates[0] != dates[1]
        rows.append(
            {
                "agency": mine["agency"],
                "other": theirs["agency"],
                "year": year,
                "sentences": int(part["sentence_id"].nunique()),
                "share": sum(length[i] for i in shared_ids) / (whole[report] + whole[other]),
                "relation": _relation(mine, theirs),
                "first": (mine if str(dates[0]) < str(dates[1]) else theirs)["agency"] if known else None,
            }
        )
    columns = ["agency", "other", "year", "sentences", "share", "relation", "first", "cluster"]
    table = pd.DataFrame(rows, columns=columns[:-1])
    table["cluster"] = _clusters(table)
    return table.sort_values(["sentences", "agency", "other", "year"], ascending=[False, True, True, True])[
        columns
    ].reset_index(drop=True)


_LEVELS = {"nation": 0, "province": 1, "city": 2, "county": 3, "township": 4}


def _relation(mine: dict[str, Any], theirs: dict[str, Any]) -> str:
    ranks = (_LEVELS.get(str(mine["level"])), _LEVELS.get(str(theirs["level"])))
    if None in ranks or ranks[0] == ranks[1]:
        above = {"government", "office"}
        same_place = mine["region"] == theirs["region"] and isinstance(mine["region"], str)
        if same_place and (mine["kind"] in above) != (theirs["kind"] in above):
            return "superior" if theirs["kind"] in above else "subordinate"
        return "peer"
    return "superior" if ranks[1] < ranks[0] else "subordinate"  # type: ignore[operator]


def _clusters(pairs: Table) -> list[int]:
    """Number the connected groups of agencies, year by year."""
    root: dict[tuple[object, object], tuple[object, object]] = {}

    def find(key: tuple[object, object]) -> tuple[object, object]:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    for row in pairs.itertuples():
        root[find((row.year, row.other))] = find((row.year, row.agency))
    numbers: dict[tuple[object, object], int] = {}
    return [numbers.setdefault(find((row.year, row.agency)), len(numbers)) for row in pairs.itertuples()]
