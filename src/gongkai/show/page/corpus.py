"""What the page shows, read once and held small."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.errors import MeasureError
from gongkai.measure.promises.followup import followup
from gongkai.measure.shares.many import compare_groups
from gongkai.measure.shares.outcomes import outcomes
from gongkai.measure.shares.prevalence import Method
from gongkai.measure.wording.copies import copied
from gongkai.show.page.held import Shelved, shelved
from gongkai.tables.parts import read_table
from gongkai.tables.predicted import FAR, read_predictions, scheme_of
from gongkai.tables.schema import Labels, Predictions, Table
from gongkai.tables.scheme.codebook import Codebook

if TYPE_CHECKING:
    import pandas as pd


COMPARED, RANKED = 30_000, 120
"""Sentences up to which copies and promises kept are looked for, and agencies up to which they are ranked;
above, the former are given or left out, the latter left out."""
SIZE, SHELF = 8_000, 12
"""Sentences of a block, about: some hundred kilobytes to a megabyte, which opens at once; and blocks whose
rows are in the hand at a time: enough that it is quick, few enough that it is small."""
_COLUMNS = {
    "sentences": ("sentence_id", "section", "heading", "page", "text"),
    "statistics": ("table", "row", "column", "value", "raw", "how", "where"),
    "checks": ("rule", "left", "right", "holds", "where", "note"),
    "predictions": ("sentence_id", "model", "label", "value", "score", "predicted", "distance"),
}
_SEARCHED = (
    "sentence_id",
    "report_id",
    "agency",
    "region_code",
    "year",
    "section",
    "lead",
    "position",
    "text",
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the page shows.

    Attributes:
        agencies: Each agency's name, None for those not found, which stand last; and which rows of `reports`
            are its.
        reports: The reports, each once, by agency and year.
        sizes: Sentences of the reports before each of these rows, and of all.
        plan: The blocks: first and last agency and one, of each.
        tables: Rows of each table in the order of `reports`, some blocks to a shelf.
        twice: Reports that are held a second time.
        labels: Coded sentences that shares are corrected by; None where they are counted.
        method: How shares are estimated, as in `prevalence`.
        far: Share of sentences unlike the model's training text; NaN where it is not told.
    """

    agencies: list[tuple[str | None, range]]
    reports: Table
    sizes: list[int]
    plan: list[tuple[int, int]]
    tables: dict[str, Shelved]
    problems: Table
    twice: int
    predictions: Predictions | str | Path
    model: str
    scheme: Codebook
    level: float
    labels: Labels | None
    method: Method
    far: float
    followed: Table | None
    copies: Table | None
    ranks: Table | None

    def sentences(self, rows: range) -> int:
        """Return how many sentences the reports in these rows have."""
        return self.sizes[rows.stop] - self.sizes[rows.start]


@contextlib.contextmanager
def read_corpus(
    tables: str | Path,
    predictions: Predictions | str | Path,
    codebook: Codebook | None,
    level: float,
    labels: Labels | None,
    method: Method,
    followed: Table | None,
    copies: Table | None,
) -> Iterator[Corpus]:
    """Read what the page shows; look for copies and promises kept where that is quick.

    What lies on disk goes with the context.

    Raises:
        SchemaError: The tables folder is not one.
        MeasureError: The predictions are of several models.
    """
    scheme = scheme_of(predictions, codebook)
    every = read_table(tables, "reports")
    every = every.sort_values(["agency", "year", "source_path"], na_position="last", ignore_index=True)
    reports = every[every["same_as"].isna()].reset_index(drop=True)
    agencies = _runs(names_in(reports["agency"]))
    ids = reports["report_id"].tolist()
    sizes = [0, *accumulate(int(n) for n in reports["n_sentences"])]
    plan = _plan(agencies, sizes)
    ends = [agencies[after - 1][1].stop for _, after in [*plan[SHELF - 1 : -1 : SHELF], *plan[-1:]]]
    said = _Said(_everywhere(scheme))
    with contextlib.ExitStack() as stack:
        rows = {
            name: stack.enter_context(
                shelved(predictions, name, columns, ids, ends, said.add)
                if name == "predictions"
                else shelved(tables, name, columns, ids, ends)
            )
            for name, columns in _COLUMNS.items()
        }
        models = sorted(said.models)
        if len(models) > 1:
            raise MeasureError(f"the page shows one model; the predictions are of {', '.join(models)}")
        ranks = None
        if reports["n_sentences"].sum() <= COMPARED:
            given = read_predictions(predictions) if isinstance(predictions, str | Path) else predictions
            sentences = read_table(tables, "sentences", _SEARCHED)
            followed = _unless_none(followed, lambda: followup(sentences, given, codebook=scheme))
            copies = _unless_none(copies, lambda: copied(sentences, every))
            if len(agencies) <= RANKED and method == "count":
                outcome = outcomes(given, codebook=scheme)
                ranks = _unless_none(
                    None, lambda: compare_groups(outcome, by="agency", cluster="report_id", level=level)
                )
        model = models[0] if models else ""
        yield Corpus(
            agencies, reports, sizes, plan, rows, read_table(tables, "problems"), len(every) - len(reports),
            predictions, model, scheme, level, labels, method, said.far(),
            followed, copies, ranks,
        )  # fmt: skip


def _plan(agencies: list[tuple[str | None, range]], sizes: list[int]) -> list[tuple[int, int]]:
    """Cut the agencies into blocks of about `SIZE` sentences."""
    plan: list[tuple[int, int]] = []
    first = size = 0
    for number, (_, rows) in enumerate(agencies):
        more = sizes[rows.stop] - sizes[rows.start]
        if size and size + more > SIZE:
            plan.append((first, number))
            first, size = number, 0
        size += more + 1
    return [*plan, (first, len(agencies))] if agencies else plan


@dataclass(slots=True)
class _Said:
    """What is counted of all predictions while they are read."""

    label: str
    models: set[str] = field(default_factory=set)
    told: int = 0
    unlike: int = 0

    def add(self, rows: pa.Table) -> None:
        self.models |= {model for model in pc.unique(rows["model"]).to_pylist() if model is not None}
        distance = rows.filter(pc.equal(rows["label"].cast(pa.string()), self.label))["distance"]
        known = distance.cast(pa.float64()).drop_null().to_numpy()
        known = known[~np.isnan(known)]
        self.told += len(known)
        self.unlike += int((known > FAR).sum())

    def far(self) -> float:
        """Return the share of far sentences; NaN where no distance is told."""
        return self.unlike / self.told if self.told else float("nan")


def _everywhere(scheme: Codebook) -> str:
    """Return a label that every sentence has, so that each is counted once."""
    return min(scheme.labels, key=lambda one: (bool(one.only_if), bool(one.sections))).name


def _unless_none(found: Table | None, search: Callable[[], Table]) -> Table | None:
    """Return what was given, or what a search finds; None where it has nothing to search."""
    if found is not None:
        return found
    try:
        return search()
    except MeasureError:
        return None


def _runs(names: list[str | None]) -> list[tuple[str | None, range]]:
    """Return each name of an ordered list, and where it stands."""
    ends = [k for k in range(1, len(names) + 1) if k == len(names) or names[k] != names[k - 1]]
    return [(names[a], range(a, b)) for a, b in pairwise([0, *ends])] if names else []


def names_in(column: pd.Series[str]) -> list[str | None]:
    """Return a column's texts; what is missing as None."""
    return [name if isinstance(name, str) else None for name in column.tolist()]
