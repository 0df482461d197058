"""The commands over cells and years: rates, coverage, panel; `app.py` registers them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

import gongkai
from gongkai.cli import options as opt
from gongkai.cli.codebook import codebook_of
from gongkai.cli.coded import given_predictions
from gongkai.cli.groups import With, say_uneven, say_unmatched
from gongkai.cli.steps import stepwise
from gongkai.errors import GongkaiError

if TYPE_CHECKING:
    from gongkai.tables.schema import Table

_READ = ("report_id", "same_as", "agency", "region_code", "level", "kind", "year", "form")
"""Columns of the reports that rates alone need."""
Strict = Annotated[bool, Option("--strict", help="Null where a rule that a rate rests on is broken.")]
Per = Annotated[
    str, Option("--per", help="Columns of --with to divide new requests by.  [default: residents]")
]


def rates(
    tables: opt.Tables,
    output: opt.Output,
    strict: Strict = False,
    covariates: With = None,
    per: Per = "",
    below: Annotated[
        Path | None, Option("--systems", help="Also write each parent's rates beside those of its agencies.")
    ] = None,
    method: Annotated[str, Option(help="Interval of a share: jeffreys or wilson.")] = "jeffreys",
    level: opt.Level = 0.95,
    overwrite: opt.Overwrite = False,
) -> None:
    """Compute rates from the statutory cells: granted, refused, overturned in court.

    Each has an interval; where few cases stand behind it, a wide one. With --with and --per also new requests
    per unit of your columns.

    Example: gongkai rates tables -o rates.csv --strict
    Example: gongkai rates tables -o rates.xlsx --with own.csv --per residents,staff
    """
    import numpy as np
    import pandas as pd

    from gongkai.measure.agencies.systems import NEEDED, systems
    from gongkai.measure.panel.rates import rate_pieces
    from gongkai.tables.frames import read_frame, write_frame, write_frames

    own = None if covariates is None else read_frame(covariates, [])
    plain = own is None and below is None
    reports = gongkai.read(tables, "reports", _READ if plain else None)
    pieces = rate_pieces(
        reports, tables, tables, covariates=own, per=opt.columns_of(per) or None, strict=strict,
        method=method, level=level,  # type: ignore[arg-type]
    )  # fmt: skip
    rows: list[Table] = []
    numbers: list[np.ndarray] = []
    known: list[Table] = []
    reasons: Counter[str] = Counter()

    def passing() -> Iterator[Table]:
        for piece in pieces:
            reason = piece["reason"].str.partition(":")[0]
            reasons.update(reason[reason != ""])
            cases = piece["bottom"].where(reason == "")
            known[:] = [piece.drop_duplicates("indicator")]  # of each report the same, in this order
            numbers.append(np.stack([piece["value"], cases]).reshape(2, -1, len(known[0])))
            if below is not None:
                rows.append(piece[list(NEEDED)])
            yield piece

    write_frames(passing(), output, overwrite=overwrite)
    if own is not None and covariates is not None:
        say_unmatched(reports, own, covariates, output, overwrite=overwrite)
    if below is not None:
        pairs = systems(pd.concat(rows, ignore_index=True), gongkai.series(reports), reports)
        write_frame(pairs, below, overwrite=overwrite)
        typer.echo(f"  {below}: {pairs['parent'].nunique()} parents with agencies held; nothing need add up")
    values, cases = np.concatenate(numbers, axis=1)
    for k, one in enumerate(known[0].itertuples()):
        shown = values[~np.isnan(values[:, k]), k]
        few = (
            f", {(cases[:, k] < 30).sum()} of fewer than 30 cases"
            if one.unit == "share" and len(shown)
            else ""
        )
        typer.echo(
            f"  {one.indicator:<28} {one.zh:<14} {len(shown)} of {len(values)} reports{few}"
            + (f", median {np.median(shown):.3g}" if len(shown) else "")
        )
    for reason, times in reasons.most_common():
        typer.echo(f"  null: {times} × {reason}")
    say_uneven(reports)
    typer.echo(f"{output}: {values.size} rows; `reason` says why a value is null, `broken` which rules are")


def coverage(
    tables: opt.Tables,
    output: opt.Output,
    expect: Annotated[
        Path | None,
        Option(help="CSV of agencies that ought to be there: agency, level, region_code, first, last."),
    ] = None,
    years: Annotated[str, Option(help="Years expected, e.g. 2019-2024 or 2019,2021.")] = "",
    by: Annotated[str, Option(help="Groups of the shares that are printed.")] = "year",
    level: opt.Level = 0.95,
    overwrite: opt.Overwrite = False,
) -> None:
    """Say which reports are held, late, held twice, unreadable or missing, each with its evidence.

    Example: gongkai coverage tables -o coverage.csv --expect agencies.csv --years 2019-2024 --by level
    """
    from gongkai.tables.frames import read_frame, write_frame
    from gongkai.tables.schema import records

    reports = gongkai.read(tables, "reports", [*_READ, "published", "source_path"])
    listed = None if expect is None else read_frame(expect, ["agency"])
    found = gongkai.coverage(reports, gongkai.read(tables, "problems"), expect=listed, years=years_of(years))
    write_frame(found, output, overwrite=overwrite)
    for row in records(gongkai.measure.coverage_shares(found, by=opt.columns_of(by), level=level)):
        group = " ".join(str(row[c]) for c in opt.columns_of(by))
        late = f", {row['late']} of {row['dated']} dated late" if row["dated"] else ""
        typer.echo(
            f"  {group}: {row['missing']} of {row['expected']} missing, {row['share']:.1%} "
            f"[{row['low']:.1%}, {row['high']:.1%}]{late}"
        )
    for note, part in found[found["note"] != ""].groupby("note", sort=False):
        typer.echo(f"  note: {note}: {part['agency'].fillna(part['evidence']).iloc[0]}, {len(part)} rows")
    say_uneven(reports)
    typer.echo(
        f"{output}: " + ", ".join(f"{n} {status}" for status, n in found["status"].value_counts().items())
    )


def years_of(text: str) -> list[int] | None:
    """Return the years of `2019-2024` or `2019,2021`; None for an empty text.

    Raises:
        GongkaiError: The text is neither.
    """
    found: list[int] = []
    try:
        for piece in opt.columns_of(text):
            first, _, last = piece.partition("-")
            asked = range(int(first), int(last or first) + 1)
            if not asked:
                raise ValueError(piece)
            found += asked
    except ValueError as error:
        raise GongkaiError(f"--years {text}: expected e.g. 2019-2024 or 2019,2021") from error
    return found or None


def panel(
    context: typer.Context,
    tables: opt.Tables,
    predictions: opt.Predicted,
    output: Annotated[Path, opt.Into(help=".parquet, .csv, .xlsx, .jsonl or .dta to write.")],
    labels: Annotated[
        Path | None, Option(help="Coded sample: corrected shares beside the counted ones.")
    ] = None,
    covariates: With = None,
    per: Per = "",
    renames: Annotated[
        Path | None, Option(help="CSV of your own: old, new, kind (rename, merger), from.")
    ] = None,
    strict: Strict = False,
    codebook: opt.CodebookFile = None,
    level: opt.Level = 0.95,
    jobs: opt.Workers = None,
    resume: opt.Resume = False,
    scheduler: opt.Scheduler = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Write one row per agency and year: shares, reuse, promises, figures, rates, your columns.

    Beside it a dictionary of the columns, panel.dta.dictionary.csv. The gaps are listed.

    Example: gongkai panel tables predictions.csv -o panel.dta --with gdp.csv --strict
    """
    from gongkai.tables.frames import read_frame
    from gongkai.tables.predicted import scheme_of

    book = codebook_of(codebook)
    with stepwise(context, tables, predictions, labels, covariates, renames, codebook) as (steps, overwrite):
        predicted = given_predictions(predictions, tables, book)
        reports = gongkai.read(tables, "reports")
        own = None if covariates is None else read_frame(covariates, [])
        table, dictionary = gongkai.panel(
            reports, predicted, sentences=tables, statistics=tables, checks=tables,
            labels=None if labels is None else gongkai.read_labels(labels, book or scheme_of(predicted)),
            codebook=book,
            renames=None if renames is None else read_frame(renames, ["old", "new", "kind", "from"]),
            covariates=own, per=opt.columns_of(per) or None,
            strict=strict, level=level, steps=steps,
        )  # fmt: skip
        written = gongkai.measure.write_panel(table, dictionary, output, overwrite=overwrite)
        if own is not None and covariates is not None:
            say_unmatched(table, own, covariates, output, overwrite=overwrite)
    for note, part in table[table["note"].fillna("") != ""].groupby("note", sort=False):
        typer.echo(f"  note: {note}: {part['agency'].iloc[0]}, {len(part)} rows")
    gaps = gongkai.measure.panel_gaps(reports)
    for row in gaps.itertuples():
        typer.echo(f"  gap: {row.agency} {row.year}")
    say_uneven(reports)
    typer.echo(
        f"{', '.join(map(str, written))}: {len(table)} rows of {table['series_id'].nunique()} series, "
        f"{len(table.columns)} columns, {len(gaps)} gaps"
    )


COMMANDS = (rates, coverage, panel)
