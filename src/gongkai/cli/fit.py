"""Commands that fit a model to one's own reports, and what is known of bundled ones there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

import gongkai
from gongkai.cli import options as opt


def calibrate(
    model: Annotated[str, Argument(help="Model folder, or the name of a bundled checkpoint.")],
    labels: Annotated[Path, Argument(help="CSV file or folder of coded sentences of your reports.")],
    output: Annotated[Path, opt.Into(help="Model folder to make.")],
    annotator: Annotated[str, Option(help="Whose codes are gold.")] = "resolved",
    overwrite: opt.Overwrite = False,
) -> None:
    """Fit a model's scores and thresholds to 100–300 coded sentences of your own reports.

    Example: gongkai calibrate linear my-sample.csv -o my-linear
    """
    gold = gongkai.read_labels(labels, gongkai.classify.load_model(model).codebook)
    found = gongkai.classify.calibrate(model, gold, output, annotator=annotator, overwrite=overwrite)
    for row, fitted in zip(found.itertuples(), found["slope"].notna(), strict=True):
        if not fitted:
            typer.echo(f"  {row.label}: {row.positives} of {row.n} coded 1, too few of a kind; left as it is")
            continue
        typer.echo(
            f"  {row.label}: share predicted − coded {row.bias_before:+.3f} → {row.bias_after:+.3f}, F1 "
            f"{row.f1_before:.3f} → {row.f1_after:.3f}, Brier {row.brier_before:.3f} → {row.brier_after:.3f} "
            f"({row.n} sentences of {row.clusters} agencies, each judged by a fit without its own)"
        )
    typer.echo(f"{output}: made")


def print_real(models: Iterable[str]) -> None:
    """Recall what the bundled models did on real sentences: the figures to quote."""
    from gongkai.classify.real import bundled_quality

    for name in models:
        for row in bundled_quality(name).itertuples():
            typer.echo(
                f"  {name} on {row.n:.0f} sentences of {row.clusters:.0f} real reports: {row.label} F1 "
                f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"
            )


COMMANDS = (calibrate,)
