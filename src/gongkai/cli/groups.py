"""Groups as the commands take them: columns of the reports, and of a table of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

import gongkai
from gongkai.cli import options as opt

if TYPE_CHECKING:
    from gongkai.tables.schema import Table

With = Annotated[
    Path | None,
    Option(
        "--with",
        help="Table of your own columns by report_id, agency, region_code, city or province (and year).",
    ),
]


def group_reports(
    reports: Table | Path, covariates: Path | None, output: Path, *, by: str, overwrite: bool
) -> Table:
    """Return reports, or those of a tables folder, with all that `by` may name: places, the user's own."""
    from gongkai.measure.inference.groups import PLACES, with_places
    from gongkai.tables.frames import read_frame
    from gongkai.tables.parts import names_of

    if isinstance(reports, Path):
        wanted = {"report_id", "agency", "region_code", "year", *opt.columns_of(by)}
        columns = [c for c in names_of(reports, "reports") if c in wanted]
        reports = gongkai.read(reports, "reports", columns)
    if set(PLACES) & set(opt.columns_of(by)):
        reports = with_places(reports)
    if covariates is None:
        return reports
    own = read_frame(covariates, [])
    say_unmatched(reports, own, covariates, output, overwrite=overwrite)
    return gongkai.measure.with_covariates(reports, own)[0]


_FITS = "a row there fits"


def say_unmatched(
    reports: Table, own: Table, covariates: Path, output: Path, *, overwrite: bool = False
) -> None:
    """Count reports that the user's table lacks, and list its rows that fit no report: NAME.unmatched.csv."""
    from gongkai.tables.frames import write_frame

    joined, unmatched = gongkai.measure.with_covariates(reports, own.assign(**{_FITS: True}))
    unmatched = unmatched.drop(columns=_FITS)
    if lacking := int(joined[_FITS].isna().sum()):
        typer.echo(f"  {covariates}: {lacking} of {len(joined)} reports have no row there")
    if len(unmatched):
        beside = output.with_name(f"{output.stem}.unmatched.csv")
        write_frame(unmatched, beside, overwrite=overwrite)
        typer.echo(
            f"  {covariates}: {len(unmatched)} of {len(own)} rows fit no report; they stand in {beside}"
        )


def say_uneven(agencies: Table) -> None:
    """Warn of successive years that rest on different agencies."""
    from gongkai.measure.agencies.coverage import uneven_years

    for line in uneven_years(agencies):
        typer.echo(f"  warning: {line}")
