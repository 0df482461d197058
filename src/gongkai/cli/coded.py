"""Predictions and a coded sample of them, as the commands read them; and what they say of the sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

import gongkai
from gongkai.tables.scheme.codebook import Codebook

if TYPE_CHECKING:
    from gongkai.tables.schema import Labels, Predictions

AssumeRandom = Annotated[
    bool,
    Option("--assume-random", help="Labels without inclusion: take them as a random sample; results say so."),
]


def given_predictions(path: Path, tables: Path | None, codebook: Codebook | None) -> Predictions | Path:
    """Return predictions as measures take them: a folder as it is, of a file its rows, filled from tables."""
    return path if path.is_dir() else gongkai.read_predictions(path, tables, codebook)


def coded_predictions(
    given: Predictions | Path, labels: Path, codebook: Codebook | None
) -> tuple[Predictions, Labels, Codebook]:
    """Return the predictions of coded sentences, the codes, and their scheme."""
    from gongkai.tables.predicted import predictions_of, scheme_of

    scheme = codebook or scheme_of(given)
    gold = gongkai.read_labels(labels, scheme)
    return predictions_of(given, gold["sentence_id"]), gold, scheme


def coded_sample(
    path: Path | None, predictions: Predictions | Path, codebook: Codebook | None, *, assumed: bool
) -> Labels | None:
    """Read the labels of a coded sample, and print how it stands to the sentences; None for none."""
    from gongkai.measure.inference.guards import sample_balance
    from gongkai.tables.predicted import scheme_of

    if path is None:
        return None
    scheme = codebook or scheme_of(predictions)
    labels = gongkai.read_labels(path, scheme)
    if assumed:
        labels = gongkai.measure.assume_random(labels, predictions, codebook=scheme)
    if labels["inclusion"].notna().any():
        table = sample_balance(predictions, labels, codebook=scheme)
        total, others = table.iloc[0], table.iloc[1:]
        typer.echo(f"  sample: weights sum to {total['sample']:,.0f} of {total['all']:,.0f} sentences")
        for row in others.loc[others["z"].abs().sort_values(ascending=False).index].head(3).itertuples():
            typer.echo(
                f"    {row.quantity}: {row.sample:.1%} of the sample, {row.all:.1%} of all, z {row.z:+.1f}"
            )
    return labels
