"""The commands that compare: groups, many groups, years; with what may be claimed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gongkai.cli.codebook import codebook_of
from gongkai.cli.coded import AssumeRandom, coded_sample
from gongkai.cli.options import CodebookFile, Level, Overwrite
from gongkai.errors import GongkaiError, MeasureError

if TYPE_CHECKING:
    from gongkai.tables.schema import Labels, Predictions, Table

Tables = Annotated[Path, typer.Argument(help="Tables folder of gongkai build.")]
Predicted = Annotated[Path, typer.Argument(help="What gongkai predict wrote.")]
Output = Annotated[Path, typer.Option("--output", "-o", help=".csv, .xlsx, .jsonl or .parquet to write.")]
By = Annotated[str, typer.Option("--by", help="Column that holds the groups, e.g. year, kind, level, form.")]
First = Annotated[str | None, typer.Option("--first", help="Group compared with; all others if not given.")]
Sample = Annotated[
    Path | None, typer.Option("--labels", help="Coded sample with inclusion: corrected outcomes (DSL).")
]


def compare(
    tables: Tables,
    predictions: Predicted,
    output: Output,
    by: By,
    second: Annotated[
        str | None, typer.Option("--second", help="Group of interest; every group if not given.")
    ] = None,
    first: First = None,
    against: Annotated[
        str, typer.Option("--against", help="Every group against peers (all others) or mean (of the others).")
    ] = "peers",
    labels: Sample = None,
    assume_random: AssumeRandom = False,
    cluster: Annotated[str, typer.Option("--cluster", help="agency or report_id.")] = "agency",
    codebook: CodebookFile = None,
    level: Level = 0.95,
    overwrite: Overwrite = False,
) -> None:
    """Estimate how far the share of each label differs between two groups, with interval and p-value.

    Without --second every group against its peers, and its rank, with errors that hold for all together.

    Example: gongkai compare tables predictions.csv -o difference.csv --by year --first 2021 --second 2022
    Example: gongkai compare tables predictions.csv -o ranks.csv --by agency
    """
    from gongkai.measure.compare import compare as run
    from gongkai.measure.coverage import uneven_years
    from gongkai.measure.guards import note_assumed
    from gongkai.measure.many import compare_groups
    from gongkai.measure.years import BREAK
    from gongkai.tables.predicted import read_predictions
    from gongkai.tables.schema import read_table, records, write_frame

    frame = read_predictions(predictions, tables, codebook_of(codebook))
    outcomes, gold = _outcomes(frame, labels, codebook, assume_random)
    about = read_table(tables, "reports", ["report_id", "kind", "level", "form", "region"])
    outcomes = outcomes.merge(about, on="report_id", how="left")
    if second is None:
        if first is not None or against not in ("peers", "mean"):
            raise GongkaiError("--first needs --second; --against is peers or mean")
        table = compare_groups(outcomes, by=by, against=against, cluster=cluster, level=level)  # type: ignore[arg-type]
        table = note_assumed(table, gold)
        write_frame(table, output, overwrite=overwrite)
        _echo_ranks(table, by)
        return
    groups = [None if g is None else group_value(outcomes, by, g) for g in (first, second)]
    found = run(outcomes, by=by, first=groups[0], second=groups[1], cluster=cluster, level=level)
    found = note_assumed(found, gold)
    write_frame(found, output, overwrite=overwrite)
    for row in records(found):
        spread = " (too few clusters)"
        if row["low"] is not None and row["low"] == row["low"]:
            spread = f" [{row['low']:+.1%}, {row['high']:+.1%}], p = {number(row['p_value'])}"
        typer.echo(
            f"  {row['label']:<24} {percent(row['value'], '+')}{spread}  {row['clusters']} × {cluster}"
        )
    for line in uneven_years(outcomes[outcomes[by].isin(groups)]) if by == "year" else []:
        typer.echo(f"  warning: {line}")
    if BREAK in str(found["note"].iloc[0]):
        typer.echo(f"  note: {BREAK}: the difference is of form and writing together; see gongkai trend")


def trend(
    tables: Tables,
    predictions: Predicted,
    output: Output,
    first: Annotated[
        int | None, typer.Option("--first", help="With --second: take these years apart.")
    ] = None,
    second: Annotated[int | None, typer.Option("--second", help="The later year.")] = None,
    labels: Sample = None,
    assume_random: AssumeRandom = False,
    codebook: CodebookFile = None,
    level: Level = 0.95,
    overwrite: Overwrite = False,
) -> None:
    """Estimate how shares move from year to year within agencies, and the jump with the form of 2021.

    With --first and --second: the difference of two years, who reports apart from how they write.

    Example: gongkai trend tables predictions.csv -o trend.csv
    Example: gongkai trend tables predictions.csv -o parts.csv --first 2020 --second 2023
    """
    from gongkai.measure.guards import note_assumed
    from gongkai.measure.years import BREAK, composition
    from gongkai.measure.years import trend as run
    from gongkai.tables.predicted import read_predictions
    from gongkai.tables.schema import records, write_frame

    if (first is None) != (second is None):
        raise GongkaiError("--first and --second are two years, or neither is given")
    frame = read_predictions(predictions, tables, codebook_of(codebook))
    outcomes, gold = _outcomes(frame, labels, codebook, assume_random)
    if first is None or second is None:
        found = run(outcomes, level=level)
    else:
        found = composition(outcomes, first, second, level=level)
    found = note_assumed(found, gold)
    write_frame(found, output, overwrite=overwrite)
    for row in records(found):
        spread = " (too few agencies)"
        if row["low"] is not None and row["low"] == row["low"]:
            spread = f" [{row['low']:+.2%}, {row['high']:+.2%}], p = {number(row['p_value'])}"
        name = row.get("quantity") or row.get("part")
        typer.echo(f"  {row['label']:<24} {name:<19} {row['value']:+.2%}{spread}  {row['clusters']} agencies")
    if found["note"].eq(BREAK).any():
        typer.echo(f"  note: {BREAK}")


def _outcomes(
    frame: Predictions, labels: Path | None, codebook: Path | None, assumed: bool
) -> tuple[Table, Labels | None]:
    """Return the outcome of each sentence, counted or corrected by the labels, and these."""
    from gongkai.measure.prevalence import counted_outcome, dsl_outcome

    book = codebook_of(codebook)
    gold = coded_sample(labels, frame, book, assumed=assumed)
    if gold is None:
        return counted_outcome(frame, codebook=book), None
    return dsl_outcome(frame, gold, codebook=book), gold


def _echo_ranks(table: Table, by: str) -> None:
    """Print how far each label tells the groups apart, and the ends of its ranking."""
    from gongkai.tables.schema import records

    for label, part in table.groupby("label", sort=True):
        m, surely = len(part), int((part["p_holm"] <= 0.05).sum())
        typer.echo(f"  {label}: {m} groups, {surely} differ from their peers (Holm, .05); first and last:")
        for row in records(part if m <= 6 else part.iloc[[0, 1, 2, -3, -2, -1]]):
            typer.echo(
                f"    {row[by]}  {percent(row['value'])}  rank {row['rank']}, surely {row['rank_low_all']}–"
                f"{row['rank_high_all']}"
            )


def percent(share: float | None, sign: str = "") -> str:
    """Return a share in percent, or that it is undefined."""
    return "undefined" if share is None or share != share else f"{share:{sign}.1%}"


def number(value: float | None) -> str:
    """Return a p-value, or that it is undefined."""
    return "undefined" if value is None or value != value else f"{value:.3f}"


def group_value(frame: Table, by: str, text: str) -> object:
    """Return the value of a column that reads as the text given on the command line."""
    if by not in frame.columns:
        raise MeasureError(f"--by {by}: no such column; there are {', '.join(frame.columns)}")
    known = {str(v).removesuffix(".0"): v for v in frame[by].dropna().unique()}
    if text not in known:
        raise MeasureError(f"no sentence where {by} is {text}; there are {', '.join(sorted(known))}")
    return known[text]


COMMANDS = (compare, trend)
