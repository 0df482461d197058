"""Which sentences were taken over: from the own last report, or another agency's of this or an earlier year.

Two reports are related when what they share can hardly be chance: each shared sentence counts by how few
agencies have it, in the user's corpus and in the genre (`background.py`); what the form makes everybody write
counts nothing. So a group of any size that has the same text is found, and unrelated texts are not accused.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.measure.agencies.series import series_name
from gongkai.measure.wording.background import is_mandated
from gongkai.measure.wording.grams import are_known, known_parts, refuse_none
from gongkai.measure.wording.related import CHUNK, lengths, related
from gongkai.measure.wording.reuse import last_keys
from gongkai.measure.wording.similar import PairWeights, mask, owners_weights, whole_owners
from gongkai.store.steps import Laid, Steps, Tables, array_of, laid, opened, taken
from gongkai.tables.query import Piece, pieces_of, put, session
from gongkai.tables.schema import Reports, Sentences, Table

if TYPE_CHECKING:
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
    sentences: Sentences | str | Path,
    reports: Reports | None = None,
    *,
    threshold: float = THRESHOLD,
    others: float = OTHERS_THRESHOLD,
    phrases: Sequence[str] = (),
    steps: Steps | None = None,
) -> Table:
    """Find the sentences taken over from the agency's own last report, or from another agency's report.

    Likeness is the cosine of `similar.weigh`, the agency's own name left out. A promise that next year's
    overview reports as done is alike but no copy (`followup` has it): a sentence that moved between
    problems, improvements and the rest counts from `ACROSS_PARTS` on.

    Another agency's report of the same or an earlier year is related when the two share two
    sentences of cosine `others` whose evidence adds up: each counts −log of the share of agencies that have
    it, the two left out, in the corpus and in the genre. Or when half of the shorter one's own text is
    shared. Then all sentences from a cosine of .25 on count, as in a threshold with hysteresis (Canny 1986).

    Args:
        sentences: `sentences` rows, or a tables folder.
        reports: `reports` rows, for publication dates; without them only years say who was earlier.
        threshold: Cosine from which a sentence of the own last report counts as taken over.
        others: Cosine from which two agencies' sentences are evidence.
        phrases: Further phrases that are no evidence, e.g. of `mandated_phrases`.
        steps: Who reads the parts and compares; see `store.steps`.

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
    held = _held(sentences, steps)
    pairs: Table = pd.concat(
        [
            _from_own(held, threshold, steps).assign(kind="own"),
            _from_others(held, others, phrases, steps).assign(kind="other"),
        ],
        ignore_index=True,
    )
    # From here on a row is its place among those that were taken over or are a source.
    chosen, place = np.unique(pairs[["a", "b"]].to_numpy(int), return_inverse=True)
    rows, sources = place.reshape(-1, 2).T
    frame = _rows(sentences, chosen)
    about, source = (frame.iloc[at].reset_index(drop=True) for at in (rows, sources))
    source.columns = ["source_id", "source_report_id", "source_agency", "source_year", "source_text"]
    own = pairs["kind"].to_numpy() == "own"
    kept = own & (about["text"] == source["source_text"]).to_numpy(bool)
    kept &= about["text"].str.contains(_FIGURE).to_numpy(bool)
    when = _dates(frame, reports)
    code = held.code[chosen]
    first = _firsts(rows[~own], sources[~own], when)
    origin = [first.get(row) for row in rows.tolist()]
    agency, year = frame["agency"].tolist(), frame["year"].tolist()
    further: dict[str, list[Any]] = {
        "direction": [
            _direction(when[a], when[b]) for a, b in zip(rows.tolist(), sources.tolist(), strict=True)
        ],
        "first_agency": [None if o is None else agency[o] for o in origin],
        "first_year": [None if o is None else int(year[o]) for o in origin],
    }
    return pd.concat([about, source], axis=1).assign(
        kind=pairs["kind"],
        similarity=pairs["cosine"],
        edited=code[rows] != code[sources],
        figures_kept=kept,
        **further,
    )


_FIGURE = r"\d{2,}(?:\.\d+)?\s*(?:件|条|次|份|个|篇|人|期|项|场|%|万|余)"


@dataclass(frozen=True, slots=True)
class _Held:
    """All sentences of known agency and year, small in memory.

    Attributes:
        units: Agency and year of each group of sentences that are compared, in order.
        rows: The rows of each.
        part: Of each row, which part of a report it stands in.
        code: Number of its masked text.
        texts: Laid out: the different masked `texts`, and the weights of their `pairs` of characters.
    """

    units: list[tuple[str, int]]
    rows: list[Vector]
    part: Vector
    code: Vector
    texts: Laid


def _held(sentences: Sentences | str | Path, steps: Steps | None) -> _Held:
    numbers: dict[str, int] = {}
    rows: list[tuple[Vector, ...]] = []
    texts: list[pa.Array] = []
    hashes: list[Vector] = []
    for piece in taken(steps, "masking", _read, pieces_of(sentences, "sentences")):
        about, different = piece["rows"], piece["texts"]
        names = about["agency"].combine_chunks().dictionary_encode()
        number = np.array(
            [numbers.setdefault(n, len(numbers)) for n in names.dictionary.to_pylist()], np.int32
        )
        rows.append(
            (number[names.indices.to_numpy()], *(about[c].to_numpy() for c in ("year", "part", "code")))
        )
        texts.append(array_of(different["text"]))
        hashes.append(different["hash"].to_numpy())
    refuse_none(sum(len(own) for *_, own in rows))
    agency, year, kind, _ = (np.concatenate(column) for column in zip(*rows, strict=True))
    among_all, new = _distinct(hashes)
    code = np.concatenate([of_part[own] for of_part, (*_, own) in zip(among_all, rows, strict=True)])
    for k, kept in enumerate(new):
        texts[k] = texts[k].filter(pa.array(kept))
    whole = pa.concat_arrays(texts)
    texts.clear()
    units, order = _units(list(numbers), agency, year)

    def weighed(_: object) -> Tables:
        pieces = ((whole.take(pa.array(code[at])).to_pylist(), agency[at]) for at in whole_owners(agency))
        return {"texts": pa.table({"text": whole}), "pairs": owners_weights(pieces).table()}

    (held,) = laid(steps, "weights", weighed, [None])
    return _Held(units, order, kind, code, held)


def _read(piece: Piece) -> Tables:
    """Return the sentences of known agency and year of a part, and their different masked texts."""
    part = piece.read(["agency", "year", "section", "text"])
    frame = part.filter(are_known(part, preambles=True)).to_pandas()
    code, masked = pd.factorize(np.array(_masked(frame), object))
    about = {
        "agency": pa.array(frame["agency"].astype(str), pa.string()),
        "year": frame["year"].to_numpy(np.int32),
        "part": frame["section"].map(_PARTS).fillna(0).to_numpy(np.int8),
        "code": code.astype(np.int32),
    }
    texts = {"text": pa.array(masked, pa.large_string()), "hash": pd.util.hash_array(masked)}
    return {"rows": pa.table(about), "texts": pa.table(texts)}


def _distinct(hashes: Sequence[Vector]) -> tuple[list[Vector], list[Vector]]:
    """Return of each part's different texts, given as hashes, the numbers among all, and which are new."""
    _, first, inverse = np.unique(np.concatenate(hashes), return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    new = np.zeros(len(inverse), bool)
    new[first] = True
    ends = np.cumsum([len(h) for h in hashes])[:-1]
    return np.split(rank[inverse], ends), np.split(new, ends)


def _units(names: list[str], agency: Vector, year: Vector) -> tuple[list[tuple[str, int]], list[Vector]]:
    """Return agency and year of each group of rows, in order, and its rows."""
    alphabetical = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int64)
    place[alphabetical] = np.arange(len(names))
    order = np.lexsort((year, place[agency]))
    starts = np.flatnonzero(np.diff(agency[order], prepend=-1) | np.diff(year[order], prepend=-1))
    units = [(names[agency[k]], int(year[k])) for k in order[starts].tolist()]
    return units, np.split(order, starts[1:])


def _rows(sentences: Sentences | str | Path, chosen: Vector) -> Table:
    """Return some rows, ascending, of the sentences of known agency and year."""
    found, start = [], 0
    for part in known_parts(sentences, ["sentence_id", "report_id", "agency", "year", "text"]):
        low, high = np.searchsorted(chosen, [start, start + len(part)])
        found.append(part.take(pa.array(chosen[low:high] - start)))
        start += len(part)
    rows: Table = pa.concat_tables(found).to_pandas()
    return rows


def mandated_phrases(sentences: Sentences | str | Path, *, share: float = 0.2) -> Table:
    """List what so many regions write that it is no evidence of copying: found in the corpus, and ours.

    Args:
        sentences: `sentences` rows with `region_code`, or a tables folder.
        share: Least share of the regions (first four digits of the code) with the sentence, in (0, 1].

    Returns:
        One row per sentence (figures as 0), the most usual first: `phrase, regions, agencies, share,
        mandated` (by our list: left out already). Of fewer than ten regions none is found.
    """
    with session() as db:
        for part in known_parts(sentences, ["agency", "year", "region_code", "text"]):
            rows = {"phrase": pa.array(_masked(part.to_pandas()), pa.string()), "agency": part["agency"]}
            put(db, "held", pa.table(rows | {"region": pc.utf8_slice_codeunits(part["region_code"], 0, 4)}))
        (total,) = db.sql("SELECT count(DISTINCT region) FROM held").fetchall()[0]
        found = db.sql(
            "SELECT phrase, count(DISTINCT region) AS regions, count(DISTINCT agency) AS agencies "
            f"FROM held WHERE {total} >= 10 AND length(phrase) >= {MIN_LENGTH} GROUP BY phrase "
            f"HAVING regions >= {max(2, share * total)} ORDER BY regions DESC, phrase"
        )
        counts: Table = found.to_arrow_table().to_pandas()
    return counts.assign(
        share=counts["regions"] / max(total, 1), mandated=is_mandated(counts["phrase"].tolist())
    )


def _masked(frame: Table) -> list[str]:
    """Return the sentences masked, without the agency's own name."""
    return [mask(t.replace(str(a), "")) for t, a in zip(frame["text"], frame["agency"], strict=True)]


def _dates(frame: Table, reports: Reports | None) -> list[tuple[int, str | None]]:
    """Return year and publication date of the reports of some rows."""
    known: dict[str, str] = {}
    if reports is not None:
        dated = reports.dropna(subset=["published"])
        known = dict(zip(dated["report_id"], dated["published"].astype(str), strict=True))
    return [
        (int(y), possible_date(known.get(r), int(y)))
        for y, r in zip(frame["year"], frame["report_id"], strict=True)
    ]


def possible_date(published: object, year: int) -> str | None:
    """Return a date of publication; null where it lies before the end of the year reported on."""
    return published if isinstance(published, str) and published[:7] >= f"{year}-12" else None


def _direction(mine: tuple[int, str | None], theirs: tuple[int, str | None]) -> str | None:
    """Say who was earlier: by date where both have one, else by year."""
    if mine[1] and theirs[1]:
        return None if mine[1] == theirs[1] else "from" if theirs[1] < mine[1] else "to"
    return None if mine[0] == theirs[0] else "from" if theirs[0] < mine[0] else "to"


def connected(left: Vector, right: Vector) -> tuple[Vector, Vector]:
    """Return what pairs join, in order, and the number of the connected group of each."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    nodes, place = np.unique(np.stack([left, right]), return_inverse=True)
    ones, ends = np.ones(len(left), np.int8), tuple(place.reshape(2, -1))
    _, group = connected_components(coo_matrix((ones, ends), shape=(len(nodes),) * 2), directed=False)
    return nodes, group


def _firsts(left: Vector, right: Vector, when: Sequence[tuple[int, str | None]]) -> dict[int, int]:
    """Return for each row that shares text the row of its group that is earlier than all others."""
    if not len(left):
        return {}
    nodes, group = connected(left, right)
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


def _from_own(held: _Held, threshold: float, steps: Steps | None) -> Table:
    """Return (a, b, cosine): each sentence with the one most like it in the own report of the year before."""
    number = {unit: k for k, unit in enumerate(held.units)}
    pairs = [(number[unit], number[before]) for unit, before in last_keys(held.units).items()]
    found = _best(held, np.ones(len(held.code), bool), np.array(pairs).reshape(-1, 2), threshold, steps)
    return found[["a", "b", "cosine"]]


def _best(held: _Held, chosen: Vector, pairs: Vector, least: float, steps: Steps | None) -> Table:
    """Return for each pair of units the sentences of the first with the one most like each in the second.

    Args:
        held: The sentences.
        chosen: Which of them are compared.
        pairs: Numbers of units.
        least: Cosine below which none is returned.
        steps: Who compares.

    Returns:
        `pair` (its number)`, a, b` (rows) and `cosine`, ordered by pair and a.
    """
    rows = [index[chosen[index]] for index in held.rows]
    ends = np.cumsum([0, *map(len, rows)])
    flat = np.concatenate(rows)
    given = {"row": flat.astype(np.int32), "part": held.part[flat], "code": held.code[flat]}
    (laid_out,) = laid(
        steps, "reports", lambda _: {"rows": pa.table(given), "ends": pa.table({"end": ends})}, [None]
    )
    blocks = [pairs[start : start + BLOCK] for start in range(0, len(pairs), BLOCK)]
    work = functools.partial(_best_of, texts=held.texts, reports=laid_out, least=least)
    found = [pa.table({"pair": pa.array([], pa.int64()), "a": pa.array([], pa.int32()),
                       "b": pa.array([], pa.int32()), "cosine": pa.array([], pa.float64())})]  # fmt: skip
    for k, piece in enumerate(taken(steps, "comparing reports", work, blocks)):
        best = piece["best"]
        found.append(best.set_column(0, "pair", pc.add(best["pair"], k * BLOCK)))
    table: Table = pa.concat_tables(found).to_pandas()
    return table


def _best_of(pairs: Vector, *, texts: Laid, reports: Laid, least: float) -> Tables:
    """Return the best counterparts of some pairs of units; see `_best`."""
    known, held = opened(texts), opened(reports)
    ends, rows = held["ends"]["end"].to_numpy(), held["rows"]
    part, code = rows["part"].to_numpy(), rows["code"].to_numpy()
    places = [[np.arange(ends[unit], ends[unit + 1]) for unit in pair] for pair in pairs.tolist()]
    used = np.unique(np.concatenate([place for pair in places for place in pair]))
    matrix = PairWeights.of(known["pairs"]).rows(
        known["texts"]["text"].take(pa.array(code[used])).to_pylist()
    )
    columns: list[tuple[Vector, ...]] = []
    for number, (a, b) in enumerate(places):
        if not len(a) or not len(b):
            continue
        one, other = matrix[np.searchsorted(used, a)], matrix[np.searchsorted(used, b)]
        cosine = np.minimum((one @ other.T).toarray(), 1.0)
        cosine[(part[a][:, None] != part[b]) & (cosine < ACROSS_PARTS)] = 0
        best = cosine.max(axis=1)
        kept = best >= least
        match = cosine.argmax(axis=1)[kept]
        columns.append((np.full(len(match), number), a[kept], b[match], best[kept]))
    empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    of, left, right, best = map(np.concatenate, zip(empty, *columns, strict=True))
    row = rows["row"].to_numpy()
    return {"best": pa.table({"pair": of, "a": row[left], "b": row[right], "cosine": best})}


def _from_others(held: _Held, others: float, phrases: Sequence[str], steps: Steps | None) -> Table:
    """Return (a, b, cosine): the best counterpart of each sentence in each related report."""
    length = lengths(held.texts)
    work = functools.partial(_are_usual, texts=held.texts, further=[mask(p) for p in phrases])
    usual = [found["usual"]["usual"].to_numpy() for found in taken(
        steps, "looking for what is prescribed", work, range(0, len(length), CHUNK)
    )]  # fmt: skip
    own = ~np.concatenate(usual) & (length >= MIN_LENGTH)
    usable = own[held.code]
    of_unit = np.zeros(len(usable), np.int32)
    for number, index in enumerate(held.rows):
        of_unit[index] = number
    renumbered = np.cumsum(own, dtype=np.int32) - 1
    given = pd.DataFrame(
        {"text": renumbered[held.code[usable]], "part": held.part[usable], "unit": of_unit[usable]}
    )
    names = [series_name(agency) for agency, _ in held.units]
    year = np.array([y for _, y in held.units])
    about = pd.DataFrame({"agency": pd.factorize(np.array(names, object))[0], "year": year})
    pairs = related(given, held.texts, np.flatnonzero(own), about, others, (EVIDENCE, MIN_SHARED), steps)
    found = _best(held, usable, pairs, OTHERS_WEAK, steps)
    agency = pd.factorize(np.array([a for a, _ in held.units], object), sort=True)[0]
    x, y = pairs[found["pair"].to_numpy(int)].T
    table = found.assign(
        whose=agency[y],
        same=-(year[x] == year[y]).astype(int),
        cosine=-np.round(found["cosine"], 6),
        year=year[y],
    )
    # Of an agency's reports that of the same year first, then the most alike, then the earliest.
    table = table.sort_values(["a", "whose", "same", "cosine", "year"], kind="stable")
    table = table.drop_duplicates(["a", "whose"])
    return pd.DataFrame(
        {"a": table["a"].astype(int), "b": table["b"].astype(int), "cosine": -table["cosine"]}
    )


def _are_usual(start: int, *, texts: Laid, further: Sequence[str]) -> Tables:
    """Tell which of some different texts everybody writes."""
    chunk = opened(texts)["texts"]["text"].slice(start, CHUNK).to_pylist()
    return {"usual": pa.table({"usual": np.asarray(is_mandated(chunk, further))})}
