"""`gongkai codebook`: check, show, new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

import gongkai
from gongkai.cli import options as opt
from gongkai.cli.renamed import Renaming
from gongkai.tables.scheme.codebook import Codebook

app = typer.Typer(cls=Renaming, no_args_is_help=True, help="A scheme of labels as data: check, show, new.")
File = Annotated[Path | None, Argument(help="Codebook in TOML; the one that ships if not given.")]


def codebook_of(path: Path | None) -> Codebook | None:
    """Read the codebook of an option; None where none is given."""
    return None if path is None else gongkai.read_codebook(path)


@app.command()
def check(path: File = None) -> None:
    """Check a codebook and say what it holds.

    Example: gongkai codebook check my-scheme.toml
    """
    from gongkai.tables.scheme.codebooks import given_or_shipped

    book = given_or_shipped(codebook_of(path))
    typer.echo(f"{book.stamp}: {len(book.labels)} labels")
    for label in book.labels:
        kind = f"choice of {', '.join(label.class_names)}" if label.is_choice else "binary"
        under = f", only if {label.only_if}" if label.only_if else ""
        inside = f", in {', '.join(label.sections)}" if label.sections else ""
        typer.echo(f"  {label.name:<16} {kind}{under}{inside}")
    for quantity in book.quantities:
        among = f" among {' + '.join(quantity.bottom)}" if quantity.bottom else ""
        typer.echo(f"  {quantity.measure:<16} {quantity.label}{among}")


@app.command()
def show(path: File = None, language: Annotated[str, Option(help="en or zh.")] = "en") -> None:
    """Print a codebook as a coder reads it.

    Example: gongkai codebook show my-scheme.toml --language zh
    """
    from gongkai.coding.codebook import shown
    from gongkai.tables.scheme.codebooks import given_or_shipped

    typer.echo(shown(given_or_shipped(codebook_of(path)), language), nl=False)


@app.command()
def new(
    path: Annotated[Path, Argument(help="File to write, e.g. my-scheme.toml.")],
    name: Annotated[str | None, Option(help="Of the scheme; the file's if not given.")] = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Write a commented template to change.

    Example: gongkai codebook new my-scheme.toml
    """
    made = gongkai.coding.new_codebook(path, name, overwrite=overwrite)
    typer.echo(f"{path}: {', '.join(made.names)}; change it, then: gongkai codebook check {path}")
