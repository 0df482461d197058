"""Which sentences were taken over: from the own last report, or another agency's of this or an earlier year.

Two reports are related when what they share can hardly be chance: each shared sentence counts by how few
agencies have it, in the user's corpus and in the genre (`background.py`); what the form makes everybody write
counts nothing. So a group of any size that has the same text is found, and unrelated texts are not accused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.measure.background import background, is_mandated, used_by
from gongkai.measure.reuse import agency_years, known_sentences, last_reports
from gongkai.measure.series import series_name
from gongkai.measure.similar import mask, pair_codes, weigh
from gongkai.tables.schema import records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import scipy.sparse as sp

    from gongkai.tables.schema import Reports, Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

THRESHOLD, ACROSS_PARTS = 0.5, 0.7
"""Cosine from which a sentence of the own last report counts as taken over, and where it moved between the
problems, the improvements and the rest. THRESHOLD was chosen on the first 72 reports of the bundled truth,
ACROSS_PARTS on all 120 (docs/methods.md)."""
OTHERS_THRESHOLD, OTHERS_WEAK = 0.55, 0.25
"""Cosine of the sentences that show that two reports are related (chosen on the first 72 reports), and of the
further ones then counted (on all 120)."""
EVIDENCE, OTHER_YEAR, MIN_SHARED = 7.0, 1.5, 2
"""Evidence (in nats: odds of chance e⁻⁷ = 1 in 1,100), how much more of it for reports of different years
(there are as many more pairs as years), and sentences that relate two reports; chosen on all 120 reports."""
MOST, MOST_SENTENCES = 0.5, 3
"""Or: share of the shorter report's own characters, in so many sentences: a text that everybody copied."""
MIN_LENGTH, WORDING = 6, 0.5
"""Fewest characters of a sentence that is evidence; and what its wording is worth: it counts no more nats
than WORDING times the sum of its pairs' rarity among the authored agencies: a short formula is none."""
LARGEST_BUCKET, LARGEST_GROUP = 30, 300
"""Texts that one shingle proposes as alike, at most; agency-years with one text whose pairs are all compared
(of a larger group each is compared with the earliest)."""
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
    frame = known_sentences(sentences, preambles=True)
    masked = [mask(text.replace(str(a), "")) for text, a in zip(frame["text"], frame["agency"], strict=True)]
    frame["_masked"] = masked
    frame["_part"] = frame["section"].map(_PARTS).fillna(0).astype(int)
    matrix = weigh(masked, frame["agency"].tolist())
    pairs: Table = pd.concat(
        [
            _from_own(frame, matrix, threshold).assign(kind="own"),
            _from_others(frame, matrix, (others, weak), (evidence, min_shared), phrases).assign(kind="other"),
        ],
        ignore_index=True,
    )
    rows, sources = pairs["a"].to_numpy(int), pairs["b"].to_numpy(int)
    columns = ["sentence_id", "report_id", "agency", "year", "text"]
    about = frame.loc[rows, columns].reset_index(drop=True)
    source = frame.loc[sources, columns].reset_index(drop=True)
    source.columns = ["source_id", "source_report_id", "source_agency", "source_year", "source_text"]
    own = pairs["kind"].to_numpy() == "own"
    texts = frame["text"].to_numpy()
    kept = own & (texts[rows] == texts[sources]) & frame["text"].str.contains(_FIGURE).to_numpy(bool)[rows]
    when = _dates(frame, reports)
    masks = frame["_masked"].to_numpy()
    first = _firsts(rows[~own], sources[~own], when)
    origin = [first.get(int(row)) for row in rows]
    agencies, years = frame["agency"].tolist(), frame["year"].tolist()
    further: dict[str, list[Any]] = {
        "direction": [_direction(when[a], when[b]) for a, b in zip(rows, sources, strict=True)],
        "first_agency": [None if o is None else agencies[o] for o in origin],
        "first_year": [None if o is None else int(years[o]) for o in origin],
    }
    return pd.concat([about, source], axis=1).assign(
        kind=pairs["kind"],
        similarity=pairs["cosine"],
        edited=masks[rows] != masks[sources],
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
    masked = [mask(text.replace(str(a), "")) for text, a in zip(frame["text"], frame["agency"], strict=True)]
    table = frame.assign(phrase=masked, region=frame["region_code"].str[:4])
    total = table["region"].nunique()
    counts = table.groupby("phrase").agg(regions=("region", "nunique"), agencies=("agency", "nunique"))
    counts = counts[(counts["regions"] >= max(2, share * total)) & (total >= 10)].reset_index()
    counts = counts[counts["phrase"].str.len() >= MIN_LENGTH]
    counts = counts.assign(
        share=counts["regions"] / max(total, 1), mandated=is_mandated(counts["phrase"].tolist())
    )
    return counts.sort_values(["regions", "phrase"], ascending=[False, True]).reset_index(drop=True)


def _dates(frame: Table, reports: Reports | None) -> list[tuple[int, str | None]]:
    """Return year and publication date of each sentence's report."""
    known: dict[str, str] = {}
    if reports is not None:
        dated = reports.dropna(subset=["published"])
        known = dict(zip(dated["report_id"], dated["published"].astype(str), strict=True))
    return [(int(y), known.get(r)) for y, r in zip(frame["year"], frame["report_id"], strict=True)]


def _direction(mine: tuple[int, str | None], theirs: tuple[int, str | None]) -> str | None:
    """Say who was earlier: by date where both have one, else by year."""
    if mine[1] and theirs[1]:
        return None if mine[1] == theirs[1] else "from" if theirs[1] < mine[1] else "to"
    return None if mine[0] == theirs[0] else "from" if theirs[0] < mine[0] else "to"


def _firsts(left: Vector, right: Vector, when: list[tuple[int, str | None]]) -> dict[int, int]:
    """Return for each row that shares text the row of its group that is earlier than all others."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(left):
        return {}
    ones = np.ones(len(left), np.int8)
    _, group = connected_components(
        coo_matrix((ones, (left, right)), shape=(len(when), len(when))), directed=False
    )
    members: dict[int, list[int]] = {}
    for row in sorted({*map(int, left), *map(int, right)}):
        members.setdefault(int(group[row]), []).append(row)
    found: dict[int, int] = {}
    for rows in members.values():
        best = min(rows, key=lambda r: (when[r][0], when[r][1] or "9999"))
        # Other sentences of the same report are the same text twice.
        rivals = [r for r in rows if r != best and when[r] != when[best]]
        same = [r for r in rows if r != best and when[r] == when[best]]
        if all(_direction(when[r], when[best]) == "from" for r in rivals) and not same:
            found |= dict.fromkeys(rows, best)
    return found


def _from_own(frame: Table, matrix: sp.csr_matrix, threshold: float) -> Table:
    """Return (a, b, cosine): each sentence with the one most like it in the own report of the year before."""
    part = frame["_part"].to_numpy()
    groups = agency_years(frame)
    found = [pd.DataFrame({"a": [], "b": [], "cosine": []})]
    last = last_reports(groups)
    for key, index in groups.items():
        before = last.get(key)
        if before is None:
            continue
        cosine = np.minimum((matrix[index] @ matrix[before].T).toarray(), 1.0)
        cosine[(part[index][:, None] != part[before]) & (cosine < ACROSS_PARTS)] = 0
        match, best = cosine.argmax(axis=1), cosine.max(axis=1)
        kept = best >= threshold
        found.append(pd.DataFrame({"a": index[kept], "b": before[match[kept]], "cosine": best[kept]}))
    return pd.concat(found, ignore_index=True)


def _from_others(
    frame: Table,
    matrix: sp.csr_matrix,
    limits: tuple[float, float],
    least: tuple[float, int],
    phrases: Sequence[str],
) -> Table:
    """Return (a, b, cosine): the best counterpart of each sentence in each related report."""
    masked = frame["_masked"].to_numpy()
    usable = ~is_mandated(masked.tolist(), [mask(p) for p in phrases])
    usable &= frame["_masked"].str.len().to_numpy() >= MIN_LENGTH
    units = list(agency_years(frame).items())
    related = _related(frame, matrix, units, usable, limits[0], least)
    part = frame["_part"].to_numpy()
    best: dict[tuple[int, str], tuple[bool, float, int, int]] = {}
    for one, other in sorted(related):
        (_, year), a = units[one]
        (agency, earlier), b = units[other]
        a, b = a[usable[a]], b[usable[b]]
        cosine = np.minimum((matrix[a] @ matrix[b].T).toarray(), 1.0)
        cosine[(part[a][:, None] != part[b]) & (cosine < ACROSS_PARTS)] = 0
        match, value = cosine.argmax(axis=1), cosine.max(axis=1)
        for k in np.flatnonzero(value >= limits[1]):
            # The same year first, then the most alike, then the earliest.
            rank = (earlier == year, round(float(value[k]), 6), -earlier, int(b[match[k]]))
            key = (int(a[k]), agency)
            best[key] = max(best.get(key, rank), rank, key=lambda r: r[:3])
    rows = [(a, r[3], r[1]) for (a, _), r in sorted(best.items())]
    return pd.DataFrame(rows, columns=["a", "b", "cosine"])


def _related(
    frame: Table,
    matrix: sp.csr_matrix,
    units: list[tuple[tuple[str, int], Vector]],
    usable: Vector,
    strong: float,
    least: tuple[float, int],
) -> set[tuple[int, int]]:
    """Return the pairs of agency-years (later or same, earlier or same) that are related."""
    of_unit = np.zeros(len(frame), np.int64)
    for number, (_, index) in enumerate(units):
        of_unit[index] = number
    rows = np.flatnonzero(usable)
    if not len(rows):
        return set()
    text, first = np.unique(frame["_masked"].to_numpy()[rows].astype(str), return_index=True)
    code = np.searchsorted(text, frame["_masked"].to_numpy()[rows].astype(str))
    left, right, _ = _alike(text, matrix[rows[first]], strong)
    held = pd.DataFrame({"text": code, "unit": of_unit[rows], "row": rows}).drop_duplicates(["text", "unit"])
    agency = pd.factorize(np.array([series_name(a) for (a, _), _ in units], dtype=object))[0]
    year = np.array([y for (_, y), _ in units])
    ends = np.cumsum(np.bincount(held["text"], minlength=len(text)))[:-1]
    holders = list(np.split(held.sort_values("text", kind="stable")["unit"].to_numpy(), ends))
    weight = _weights(text, holders, agency, (left, right))
    length = np.array([len(t) for t in text])
    size = np.bincount(of_unit[rows], weights=length[code], minlength=len(units))
    part = frame["_part"].to_numpy()[rows[first]]
    identical = np.arange(len(text))
    a_text, b_text = np.concatenate([identical, left, right]), np.concatenate([identical, right, left])
    score: dict[tuple[int, int], list[float]] = {}
    for u, v in zip(a_text.tolist(), b_text.tolist(), strict=True):
        if u == v and len(holders[u]) == 1:
            continue
        if weight[u] <= 0 or (u != v and part[u] != part[v] and weight[v] <= 0):
            continue
        mine, theirs = holders[u], holders[v]
        if len(mine) * len(theirs) > LARGEST_GROUP**2:
            theirs = theirs[[int(np.lexsort((theirs, year[theirs]))[0])]]
        w = min(weight[u], weight[v])
        for x in mine.tolist():
            for y in theirs[(agency[theirs] != agency[x]) & (year[theirs] <= year[x])].tolist():
                total = score.setdefault((x, y), [0.0, 0.0, 0.0, -1.0])
                if total[3] != u:  # each text of the later report counts once
                    total[0] += w
                    total[1] += 1
                    total[2] += length[u]
                    total[3] = u
    found = set()
    for (x, y), (nats, count, characters, _) in score.items():
        most = characters >= MOST * min(size[x], size[y]) and count >= MOST_SENTENCES
        enough = least[0] + OTHER_YEAR * (year[x] != year[y])
        if (nats >= enough and count >= least[1]) or most:
            found.add((x, y))
    # Of one year: related from both sides.
    return {(x, y) for x, y in found if year[x] != year[y] or (y, x) in found}


def _weights(text: Vector, holders: list[Vector], agency: Vector, alike: tuple[Vector, Vector]) -> Vector:
    """Return each text's evidence: −log of the share of agencies with it, two of them left out."""
    known = background()
    users: list[set[int]] = [set(agency[h].tolist()) for h in holders]
    around = [set(u) for u in users]
    for u, v in zip(*alike, strict=True):
        around[u] |= users[v]
        around[v] |= users[u]
    rows, codes = pair_codes(text.tolist())
    rarity = np.log((known.agencies + 1) / (used_by(codes) + 1))
    wording = WORDING * np.bincount(rows, weights=rarity, minlength=len(text))
    total = len(set(agency.tolist())) - 2 + known.agencies + 1
    counts = np.array([max(len(s) - 2, 0) for s in around]) + 1.0
    counts += np.array([known.sentences.get(t, 0) for t in text.tolist()])
    found: Vector = np.maximum(np.minimum(-np.log(counts / max(total, 1)), wording), 0.0)
    return found


def _alike(text: Vector, matrix: sp.csr_matrix, strong: float) -> tuple[Vector, Vector, Vector]:
    """Return pairs (left < right) of different texts of cosine `strong`, proposed by runs of four characters.

    A run that more than `LARGEST_BUCKET` texts have proposes nothing: it is a phrase of the genre. Two texts
    are compared when they share three runs that are rarer.
    """
    nothing = np.zeros(0, int)
    rows, codes = pair_codes(text.tolist())
    # A run of four: this pair of characters with the one two places on, in the same text.
    together = rows[:-2] == rows[2:] if len(rows) > 2 else np.zeros(0, bool)
    runs = (codes[:-2] * np.uint64(0x9E3779B97F4A7C15) ^ codes[2:])[together]
    owner = rows[:-2][together]
    if not len(runs):
        return nothing, nothing, np.zeros(0)
    order = np.lexsort((owner, runs))
    runs, owner = runs[order], owner[order]
    fresh = np.append(True, (runs[1:] != runs[:-1]) | (owner[1:] != owner[:-1]))
    runs, owner = runs[fresh], owner[fresh]
    starts = np.flatnonzero(np.append(True, runs[1:] != runs[:-1]))
    sizes = np.diff(np.append(starts, len(runs)))
    keep = np.repeat((sizes >= 2) & (sizes <= LARGEST_BUCKET), sizes)
    runs, owner = runs[keep], owner[keep]
    keys = []
    for step in range(1, LARGEST_BUCKET):
        same = runs[:-step] == runs[step:]
        if not same.any():
            break
        keys.append(owner[:-step][same].astype(np.int64) * len(text) + owner[step:][same])
    if not keys:
        return nothing, nothing, np.zeros(0)
    pairs, times = np.unique(np.concatenate(keys), return_counts=True)
    left, right = np.divmod(pairs[times >= 3], len(text))
    cosine = np.concatenate([np.zeros(0), *_cosines(matrix, left, right)])
    kept = cosine >= strong
    return left[kept], right[kept], cosine[kept]


def _cosines(matrix: sp.csr_matrix, left: Vector, right: Vector) -> Iterator[Vector]:
    for start in range(0, len(left), 50_000):  # bounds the memory
        one, other = matrix[left[start : start + 50_000]], matrix[right[start : start + 50_000]]
        yield np.asarray(one.multiply(other).sum(axis=1)).ravel()


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
        dates = (mine["published"], theirs["published"])
        known = all(isinstance(d, str) for d in dates) and dates[0] != dates[1]
        rows.append(
            {
                "agency": mine["agency"],
                "other": theirs["agency"],
                "year": int(part["year"].iloc[0]),
                "sentences": int(part["sentence_id"].nunique()),
                "share": sum(length[i] for i in shared_ids) / (whole[report] + whole[other]),
                "relation": _relation(mine, theirs),
                "first": (mine if dates[0] < dates[1] else theirs)["agency"] if known else None,
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
