"""The command that hands data on: export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Option

import gongkai
from gongkai.cli import options as opt
from gongkai.cli.codebook import codebook_of


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
    coded = None if labels is None else gongkai.read_labels(labels, codebook_of(codebook))
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


COMMANDS = (export,)
