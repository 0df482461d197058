"""Shares of what a search found, counted, or corrected by a drawn sample of pairs that a person read.

What becomes of promises and problems (`followup`), and which sentences are copies (`copied`), is decided by
rules. A person reads a drawn part (`coding.sample.draw_pairs`); both decisions go into the same estimator as
labels of sentences (DSL, `estimate.corrected`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.inference.estimate import Coded, corrected, crowd_of
from gongkai.measure.inference.groups import groups_by, measured
from gongkai.measure.inference.guards import responded, say_balance
from gongkai.measure.inference.intervals import Moment, share_interval, told
from gongkai.measure.inference.scores import ratio_moment
from gongkai.measure.promises.followup import PROMISE_OUTCOMES
from gongkai.measure.wording.copies import THRESHOLD
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.frames import read_frame
from gongkai.tables.schema import Measures, Table
from gongkai.tables.scheme.codebook import NO, YES

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]


def read_checked(checked: Path | None, keys: Sequence[str]) -> Table | None:
    """Read a sheet that a person filled in; None for none.

    Args:
        checked: The sheet.
        keys: Columns that name a pair, `kind` among them; `source_id` where it holds copies.

    Raises:
        SchemaError: The sheet lacks a column, or has a pair twice.
        MeasureError: What was read, or `inclusion`, is none of what the shares take.
    """
    if checked is None:
        return None
    read = read_frame(checked, [*keys, "checked"])
    read = read[[*keys, "checked", *(["inclusion"] if "inclusion" in read.columns else [])]]
    if read.duplicated(keys).any():
        raise SchemaError(f"{checked}: a pair stands twice; keep one row of each")
    try:
        _refuse_read(_yes_or_no(read), read) if "source_id" in keys else _refuse_strange(read)
        _drawn(read)
    except MeasureError as error:
        raise MeasureError(f"{checked}: {error}") from error
    return read


def with_checked(
    pieces: Iterable[Table], read: Table | None, *, say: Callable[[str], object]
) -> Iterator[Table]:
    """Yield what a search found with `checked`, and `inclusion` where the read rows were drawn.

    Args:
        pieces: What `followup` or `copied` gave.
        read: What `read_checked` gave.
        say: Told how many rows of the sheet are none of this search.
    """
    if read is None:
        yield from (piece.assign(checked=None) for piece in pieces)
        return
    keys = [name for name in read.columns if name not in ("checked", "inclusion")]
    lost = len(read)
    for piece in pieces:
        joined = piece.merge(read, on=keys, how="left", indicator="_fits")
        lost -= int(joined["_fits"].eq("both").sum())
        yield joined.drop(columns="_fits")
    if lost:
        say(f"  --checked: {lost} of {len(read)} rows are none of this search; drawn from another?")


def followup_shares(found: Table, *, by: Sequence[str] = (), level: float = 0.95) -> Measures:
    """Estimate the share of each outcome among promises and among problems.

    Where `inclusion` says that the read rows were drawn (`gongkai sample FOLLOWUP.csv`), shares are corrected
    by them (DSL: right however often the search errs). Otherwise problems are counted only where a person
    has read them, because the search for them is right too seldom (docs/methods.md), and promises as found,
    or as read where they were.

    Args:
        found: What `followup` gave; the column `checked`, if there is one, holds the outcome as a person
            read it, null or empty where nobody did; `inclusion` the probability with which it was drawn.
        by: Columns that define a group.
        level: Coverage of the interval, in (0, 1).

    Returns:
        `measures` rows: `measure` is `followup`, `label` is the label followed and the outcome, as
        `KIND:done`; what counts as one draw is an agency; there is no interval with fewer than three,
        and `note` says so. `method` is `checked` where every row was read, `dsl` where corrected; `n` counts
        the rows, of `dsl` the read ones.

    Raises:
        MeasureError: `checked` holds something else than an outcome.
    """
    by = groups_by(by)
    refuse_lacking("rows of followup", found, (*by, "kind", "outcome", "agency"))
    found, drawn = _with_read(found)
    rows: list[dict[str, object]] = []
    groups = found.groupby(by, sort=True, dropna=False) if by else [((), found)]
    for key, group in groups:
        for kind, part in group.groupby("kind"):
            ids, index = np.unique(part["agency"].astype(str), return_inverse=True)
            method = "dsl" if kind in drawn else "checked" if part["_read"].notna().all() else "count"
            for outcome in ("returns", "silent") if kind == "problem" else PROMISE_OUTCOMES:
                hits = (part["outcome"] == outcome).to_numpy(float)
                if method == "dsl":
                    read = (part["_read"] == outcome).where(part["_read"].notna()).to_numpy(float)
                    moment = _read_moment(hits, read, part["inclusion"].to_numpy(float), index, len(ids))
                else:
                    moment = ratio_moment(hits, np.ones(len(part)), index, len(ids))
                about = dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
                about |= {"measure": "followup", "method": method, "label": f"{kind}:{outcome}"}
                about |= {"n": int(moment.n), "clusters": len(ids), "cluster": "agency"}
                rows.append(about | {"confidence": level} | told(share_interval(moment, level)))
    return measured(by, rows)


def _with_read(found: Table) -> tuple[Table, list[str]]:
    """Return rows with `_read`, the outcome that a person read or null, and the kinds that were drawn from.

    Of other kinds what was read stands in place of what was found, and problems that nobody read are dropped.
    """
    said = _refuse_strange(found)
    read = _with_inclusion(found.assign(_read=said.where(said != "", None)), "_read")
    drawn = sorted(set(read.loc[read["inclusion"].notna(), "kind"]))
    kept = read["kind"].isin(drawn)
    read["outcome"] = read["outcome"].where(kept | read["_read"].isna(), read["_read"])
    read["_read"] = read["_read"].where(~kept | read["inclusion"].notna(), None)
    return read[kept | read["_read"].notna() | (read["kind"] != "problem")], drawn


def _refuse_strange(found: Table) -> pd.Series[str]:
    """Return the outcomes that a person read, empty where nobody did; raise where one is none."""
    said = _said(found)
    for kind, text in sorted(set(zip(found["kind"], said, strict=True))):
        allowed = {"returns", "silent"} if kind == "problem" else set(PROMISE_OUTCOMES)
        if text and text not in allowed:
            raise MeasureError(f"checked is {text!r} of a {kind}; expected {', '.join(sorted(allowed))}")
    return said


def copied_shares(pairs: Table, *, by: Sequence[str] = (), level: float = 0.95) -> Measures:
    """Estimate the share of pairs that are copies: from the own last report, and from another agency's.

    With every sentence's nearest in the own last report (`copied(..., threshold=0)`), the share of `own` is
    that of sentences taken over, misses of the search included but those in another part of the
    last report, which are looked at from a likeness of .7 on. Of `other` pairs only those that were found
    can be read: their share says how often the search is right.

    Args:
        pairs: What `copied` gave; the column `checked`, if there is one, holds 1 or 0 as a person read it
            (yes, no, 是, 否, …), `inclusion` the probability with which the pair was drawn.
        by: Columns that define a group.
        level: Coverage of the interval, in (0, 1).

    Returns:
        `measures` rows: `measure` is `copied`, `label` the kind; what counts as one draw is an agency.
        `method` is `dsl` where drawn pairs were read, and `n` counts these; else `count`: of `own` those from
        `THRESHOLD` on, if pairs below it are there, and no row for `other`.

    Raises:
        SchemaError: A column is missing.
        MeasureError: `checked` holds something else, or without `inclusion`.
    """
    by = groups_by(by)
    refuse_lacking("pairs", pairs, (*by, "kind", "agency", "similarity"))
    pairs = pairs.reset_index(drop=True)
    pairs = _with_inclusion(pairs.assign(_read=_yes_or_no(pairs)), "_read")
    _refuse_read(pairs["_read"], pairs)
    drawn = set(pairs.loc[pairs["inclusion"].notna(), "kind"])
    pairs = pairs[pairs["kind"].isin({"own", *drawn})]
    found = is_found(pairs).astype(float)
    rows: list[dict[str, object]] = []
    for key, part in pairs.groupby([*by, "kind"], sort=True, dropna=False):
        ids, index = np.unique(part["agency"].astype(str), return_inverse=True)
        hits, method = found[part.index].to_numpy(), "count"
        if key[-1] not in drawn and hits.all():
            continue  # what was found, among what was found
        moment = ratio_moment(hits, np.ones(len(part)), index, len(ids))
        if key[-1] in drawn:
            method, read = "dsl", part["_read"].where(part["inclusion"].notna()).to_numpy(float)
            moment = _read_moment(hits, read, part["inclusion"].to_numpy(float), index, len(ids))
        about = dict(zip([*by, "label"], key, strict=True)) | {"measure": "copied", "method": method}
        about |= {"n": int(moment.n), "clusters": len(ids), "cluster": "agency", "confidence": level}
        rows.append(about | told(share_interval(moment, level)))
    return measured(by, rows)


def is_found(pairs: Table) -> pd.Series[bool]:
    """Tell which pairs the search takes for copies: all but those of the own last report below THRESHOLD."""
    return (pairs["kind"] != "own") | (pairs["similarity"] >= THRESHOLD)


def _yes_or_no(pairs: Table) -> pd.Series[float]:
    """Return what a person read of each pair, 1 or 0; missing where nobody did."""
    said = _said(pairs).str.casefold()
    if strange := sorted(set(said) - YES - NO - {""}):
        raise MeasureError(f"checked is {strange[0]!r}; expected 1, 0 or empty")
    return said.isin(YES).astype(float).where(said != "")


def _refuse_read(read: pd.Series[float], pairs: Table) -> None:
    """Refuse copies that a person read and that were not drawn."""
    if read.notna().any() and _drawn(pairs).isna().all():
        raise MeasureError(
            "read pairs without inclusion are no probability sample: draw them with gongkai sample PAIRS.csv"
        )


def _said(rows: Table) -> pd.Series[str]:
    """Return what a person wrote of each row; empty where nobody did."""
    if "checked" not in rows.columns:
        return pd.Series("", rows.index)
    return rows["checked"].astype(object).where(rows["checked"].notna(), "").astype(str).str.strip()


def _with_inclusion(pairs: Table, read: str) -> Table:
    """Return rows with `inclusion`, the probability with which each was drawn and read; else missing.

    Args:
        pairs: Rows, some of them with `inclusion`, that with which they were drawn.
        read: Column that says what a person read; missing where nobody did.

    Raises:
        MeasureError: One is no probability.
    """
    drawn = _drawn(pairs)
    if drawn.isna().all():
        return pairs.assign(inclusion=np.nan)
    for kind in sorted(set(pairs.loc[drawn.notna(), "kind"])):
        of_kind = drawn[pairs["kind"] == kind]
        say_balance(of_kind.dropna().to_numpy(float), len(of_kind))
    known = pairs[read].notna().to_numpy(bool)
    return pairs.assign(inclusion=responded(drawn.astype(float), known).where(known))


def _drawn(pairs: Table) -> pd.Series[float]:
    """Return with what probability each row was drawn, missing where it was not; raise where it is none."""
    if "inclusion" not in pairs.columns:
        return pd.Series(np.nan, pairs.index)
    drawn = pd.to_numeric(pairs["inclusion"], errors="coerce").astype(float)
    if (wrong := pairs["inclusion"].notna() & ~((drawn > 0) & (drawn <= 1))).any():
        value = pairs.loc[wrong, "inclusion"].iloc[0]
        raise MeasureError(
            f"inclusion is {value}; expected a probability in (0, 1], as gongkai sample writes"
        )
    return drawn


def _read_moment(found: Vector, read: Vector, inclusion: Vector, index: Vector, count: int) -> Moment:
    """Return a share of decisions, corrected by those of a drawn sample that a person read.

    Args:
        found: What was decided of each row, 1 or 0.
        read: What the person said, NaN where nobody did.
        inclusion: With what probability a row was drawn and read.
        index: Number of the cluster of each row.
        count: How many clusters there are.
    """
    coded, ones = ~np.isnan(read), np.ones(len(found))
    predictions, codes = np.stack([found, ones], axis=1), np.stack([read, ones], axis=1)
    rows = Coded(index[coded], codes[coded], predictions[coded], 1 / inclusion[coded])
    return corrected(crowd_of(index, predictions), rows, design=True)
