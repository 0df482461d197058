"""The commands that hand results on: the page, and tables for an archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Option

import gongkai
from gongkai.cli import options as opt
from gongkai.errors import GongkaiError


def page(
    tables: opt.Tables,
    predictions: opt.Predicted,
    output: Annotated[
        Path, opt.Into(help="NAME.html: one file; any other name: a folder with index.html, for many.")
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
    assume_random: opt.AssumeRandom = False,
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

    if method not in (None, "dsl", "ppi", "adjusted"):
        raise GongkaiError(f"--method {method}: expected dsl, ppi or adjusted")
    if method and labels is None:
        raise GongkaiError(f"--method {method}: needs --labels, a coded sample of the same sentences")
    book = opt.codebook_of(codebook)
    given = opt.given_predictions(predictions, tables, book)
    gold = opt.coded_sample(labels, given, book, assumed=assume_random)
    made = gongkai.write_page(
        tables, given, output, level=level, overwrite=overwrite, codebook=book,
        model=None if model is None else find_model(model),
        labels=gold, method=method,  # type: ignore[arg-type]
        followed=opt.own_table(followed, ["sentence_id", "outcome", "next_id"]),
        copies=opt.own_table(copies, ["sentence_id", "source_text", "similarity"]),
    )  # fmt: skip
    typer.echo(str(made))


def export(
    tables: opt.Tables,
    output: Annotated[Path, opt.Into(help="Folder to make.")],
    form: Annotated[Literal["csv", "parquet"], Option("--format", help="csv or parquet.")] = "csv",
    predictions: Annotated[Path | None, Option(help="What gongkai predict wrote, to go with them.")] = None,
    labels: Annotated[Path | None, Option(help="Codes to go with them: CSV file or folder.")] = None,
    codebook: opt.CodebookFile = None,
    title: Annotated[str | None, Option(help="Of the collection.")] = None,
    creator: Annotated[list[str] | None, Option(help="Who made it; repeat it.")] = None,
    licence: Annotated[str, Option("--license", help="SPDX identifier, e.g. CC-BY-4.0.")] = "",
    publisher: Annotated[str, Option(help="The archive or university.")] = "",
    url: Annotated[str, Option(help="Where it will be found.")] = "",
    published: Annotated[str, Option("--date", help="ISO date; today unless given.")] = "",
    overwrite: opt.Overwrite = False,
) -> None:
    """Write the tables as one file each, described for archives: Croissant, Frictionless, DataCite.

    Example: gongkai export tables -o deposit --creator "Li Wen" --license CC-BY-4.0 --publisher Zenodo
    """
    from gongkai.tables.export import About
    from gongkai.tables.export import export as run

    said = {"title": title} if title else {}
    about = About(
        creators=tuple(creator or ()), licence=licence, publisher=publisher, url=url,
        published=published, **said,
    )  # fmt: skip
    coded = None if labels is None else gongkai.read_labels(labels, opt.codebook_of(codebook))
    counts = run(
        tables, output, about=about, form=form, predictions=predictions, labels=coded, overwrite=overwrite
    )
    for name, count in counts.items():
        typer.echo(f"  {name}.{form}: {count:,} rows")
    missing = {"--creator": creator, "--license": licence, "--publisher": publisher}
    unsaid = [option for option, value in missing.items() if not value]
    typer.echo(f"{output}: croissant.json, datapackage.json, datacite.json")
    if unsaid:
        typer.echo(f"  not said, so not in them: {', '.join(unsaid)}")


COMMANDS = (page, export)
