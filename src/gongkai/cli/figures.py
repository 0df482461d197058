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
    covariates: opt.With = None,
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
    from gongkai.tables.frames import write_frames

    own = opt.own_table(covariates)
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
    opt.say_unmatched(reports, own, covariates, output, overwrite=overwrite)
    if below is not None:
        pairs = systems(pd.concat(rows, ignore_index=True), gongkai.series(reports), reports)
        opt.write(pairs, below, overwrite)
        typer.echo(f"  {below}: {pairs['parent'].nunique()} parents with agencies held; nothing need add up")
    values, cases = np.concatenate(numbers, axis=1)
    for k, one in enumerate(known[0].itertuples()):
        shown = values[~np.isnan(values[:, k]), k]
        line = f"  {one.indicator:<28} {one.zh:<14} {len(shown)} of {len(values)} reports"
        if one.unit == "share" and len(shown):
            line += f", {(cases[:, k] < 30).sum()} of fewer than 30 cases"
        typer.echo(line + (f", median {np.median(shown):.3g}" if len(shown) else ""))
    for reason, times in reasons.most_common():
        typer.echo(f"  null: {times} × {reason}")
    opt.say_uneven(reports)
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
    reports = gongkai.read(tables, "reports", [*_READ, "published", "source_path"])
    listed = opt.own_table(expect, ["agency"])
    found = gongkai.coverage(reports, gongkai.read(tables, "problems"), expect=listed, years=years_of(years))
    opt.write(found, output, overwrite)
    for row in opt.records(gongkai.measure.coverage_shares(found, by=opt.columns_of(by), level=level)):
        group = " ".join(str(row[c]) for c in opt.columns_of(by))
        late = f", {row['late']} of {row['dated']} dated late" if row["dated"] else ""
        share = f"{row['share']:.1%} [{row['low']:.1%}, {row['high']:.1%}]"
        typer.echo(f"  {group}: {row['missing']} of {row['expected']} missing, {share}{late}")
    for note, part in found[found["note"] != ""].groupby("note", sort=False):
        typer.echo(f"  note: {note}: {part['agency'].fillna(part['evidence']).iloc[0]}, {len(part)} rows")
    opt.say_uneven(reports)
    counts = found["status"].value_counts().items()
    typer.echo(f"{output}: {', '.join(f'{n} {status}' for status, n in counts)}")


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
    covariates: opt.With = None,
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
    from gongkai.tables.predicted import scheme_of

    book = opt.codebook_of(codebook)
    inputs = (tables, predictions, labels, covariates, renames, codebook)
    with opt.stepwise(context, *inputs) as (steps, overwrite):
        predicted = opt.given_predictions(predictions, tables, book)
        reports = gongkai.read(tables, "reports")
        own = opt.own_table(covariates)
        table, dictionary = gongkai.panel(
            reports, predicted, sentences=tables, statistics=tables, checks=tables,
            labels=None if labels is None else gongkai.read_labels(labels, book or scheme_of(predicted)),
            codebook=book, renames=opt.own_table(renames, ["old", "new", "kind", "from"]), covariates=own,
            per=opt.columns_of(per) or None, strict=strict, level=level, steps=steps,
        )  # fmt: skip
        written = gongkai.measure.write_panel(table, dictionary, output, overwrite=overwrite)
        opt.say_unmatched(table, own, covariates, output, overwrite=overwrite)
    for note, part in table[table["note"].fillna("") != ""].groupby("note", sort=False):
        typer.echo(f"  note: {note}: {part['agency'].iloc[0]}, {len(part)} rows")
    gaps = gongkai.measure.panel_gaps(reports)
    for row in gaps.itertuples():
        typer.echo(f"  gap: {row.agency} {row.year}")
    opt.say_uneven(reports)
    typer.echo(
        f"{', '.join(map(str, written))}: {len(table)} rows of {table['series_id'].nunique()} series, "
        f"{len(table.columns)} columns, {len(gaps)} gaps"
    )


COMMANDS = (rates, coverage, panel)
