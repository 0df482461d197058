"""A coded sample, as the commands that correct by one read it; and what they say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from gongkai.tables.codebook import Codebook
    from gongkai.tables.schema import Labels, Predictions

AssumeRandom = Annotated[
    bool,
    typer.Option(
        "--assume-random", help="Labels without inclusion: take them as a random sample; results say so."
    ),
]


def coded_sample(
    path: Path | None, predictions: Predictions | Path, codebook: Codebook | None, *, assumed: bool
) -> Labels | None:
    """Read the labels of a coded sample, and print how it stands to the sentences; None for none."""
    from gongkai.coding.labels import read_labels
    from gongkai.measure.guards import assume_random, sample_balance
    from gongkai.tables.predicted import scheme_of

    if path is None:
        return None
    scheme = codebook or scheme_of(predictions)
    labels = read_labels(path, scheme)
    if assumed:
        labels = assume_random(labels, predictions, codebook=scheme)
    if labels["inclusion"].notna().any():
        table = sample_balance(predictions, labels, codebook=scheme)
        total, others = table.iloc[0], table.iloc[1:]
        typer.echo(f"  sample: weights sum to {total['sample']:,.0f} of {total['all']:,.0f} sentences")
        for row in others.loc[others["z"].abs().sort_values(ascending=False).index].head(3).itertuples():
            typer.echo(
                f"    {row.quantity}: {row.sample:.1%} of the sample, {row.all:.1%} of all, z {row.z:+.1f}"
            )
    return labels
