"""The command that writes the page; `app.py` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

import gongkai
from gongkai.cli import options as opt
from gongkai.cli.codebook import codebook_of
from gongkai.cli.coded import AssumeRandom, coded_sample
from gongkai.errors import GongkaiError


def page(
    tables: opt.Tables,
    predictions: opt.Predicted,
    output: Annotated[
        Path,
        opt.Into(help="NAME.html: one file; any other name: a folder with index.html, for many."),
    ],
    model: Annotated[
        str | None,
        Option(
            "--model",
            "-m",
            help="Model folder, or the name of a bundled one: the page says what it was trained on.",
        ),
    ] = None,
    labels: Annotated[
        Path | None, Option(help="Coded sample that corrects the shares, as in measure.")
    ] = None,
    method: Annotated[
        str | None, Option(help="With --labels: dsl (if not given), ppi or adjusted, as in measure.")
    ] = None,
    assume_random: AssumeRandom = False,
    followed: Annotated[
        Path | None, Option("--followup", help="What gongkai followup wrote, for a large corpus.")
    ] = None,
    copies: Annotated[
        Path | None, Option(help="What gongkai reuse --copies wrote, for a large corpus.")
    ] = None,
    codebook: opt.CodebookFile = None,
    level: opt.Level = 0.95,
    overwrite: opt.Overwrite = False,
) -> None:
    """Write the page: overview, agencies, each report with its sentences marked, and search.

    It opens from the disk and needs no network. Shares are counted or, with --labels, corrected where a
    group has enough coded sentences; each says which.

    Example: gongkai page tables predictions.csv -o page.html --model linear
    Example: gongkai page tables predictions.csv -o page.html --labels my-sample.csv
    """
    from gongkai.classify.classifier import find_model
    from gongkai.tables.frames import read_frame

    if method not in (None, "dsl", "ppi", "adjusted"):
        raise GongkaiError(f"--method {method}: expected dsl, ppi or adjusted")
    if method and labels is None:
        raise GongkaiError(f"--method {method}: needs --labels, a coded sample of the same sentences")
    book = codebook_of(codebook)
    # A folder of parts is read as it is needed.
    given = predictions if predictions.is_dir() else gongkai.read_predictions(predictions, tables, book)
    gold = coded_sample(labels, given, book, assumed=assume_random)
    made = gongkai.write_page(
        tables, given, output, level=level, overwrite=overwrite, codebook=book,
        model=None if model is None else find_model(model),
        labels=gold, method=method,  # type: ignore[arg-type]
        followed=None if followed is None else read_frame(followed, ["sentence_id", "outcome", "next_id"]),
        copies=None if copies is None else read_frame(copies, ["sentence_id", "source_text", "similarity"]),
    )  # fmt: skip
    typer.echo(str(made))


COMMANDS = (page,)
