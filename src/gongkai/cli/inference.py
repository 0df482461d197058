"""The commands that estimate: shares, and how groups and years differ; with what may be claimed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

import gongkai
from gongkai.cli import options as opt
from gongkai.cli.chinese import say
from gongkai.errors import GongkaiError, MeasureError

if TYPE_CHECKING:
    from gongkai.tables.schema import Labels, Table

Sample = Annotated[
    Path | None, Option("--labels", help="Coded sample with inclusion: corrected outcomes (DSL).")
]


def measure(
    context: typer.Context,
    predictions: opt.Predicted,
    output: Annotated[Path, opt.Into(help=".csv, .jsonl or .parquet to write.")],
    by: Annotated[str, Option(help="Columns that make a group.")] = "agency,year",
    method: Annotated[str, Option(help="count, adjusted, ppi or dsl.")] = "count",
    labels: Annotated[Path | None, Option(help="Coded sample, for adjusted, ppi and dsl.")] = None,
    assume_random: opt.AssumeRandom = False,
    cluster: Annotated[str, Option(help="auto, agency, report or passage.")] = "auto",
    codebook: opt.CodebookFile = None,
    tables: opt.FillFrom = None,
    covariates: opt.With = None,
    level: opt.Level = 0.95,
    jobs: opt.Threads = None,
    resume: opt.Resume = False,
    scheduler: opt.Scheduler = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Estimate the share of each label, and what the codebook derives, in each group.

    The predictions are counted as they are, or corrected by a coded sample of the same sentences that the
    model was not trained on.

    Example: gongkai measure predictions.csv -o measures.csv --by agency,year
    Example: gongkai measure predictions.csv -o corrected.csv --by year --method ppi --labels my-sample.csv
    Example: gongkai measure predictions -o measures.csv --by province,tier --tables tables --with cities.csv
    """
    from gongkai.measure.inference.groups import groups_by
    from gongkai.measure.shares.prevalence import How, prevalence_pieces
    from gongkai.tables.frames import write_frames
    from gongkai.tables.predicted import reports_of

    book, counts = opt.codebook_of(codebook), list[int]()

    def passing(pieces: Iterator[Table]) -> Iterator[Table]:
        for piece in pieces:
            counts.append(len(piece))
            yield piece

    with opt.stepwise(context, predictions, labels, codebook, tables, covariates) as (steps, overwrite):
        given = opt.given_predictions(predictions, tables, book)
        gold = opt.coded_sample(labels, given, book, assumed=assume_random)
        reports = None
        if tables is not None or covariates is not None:
            held = tables or reports_of(given)
            reports = opt.group_reports(held, covariates, output, by=by, overwrite=overwrite)
        how = How(method, cluster, None, level, book, reports, steps)  # type: ignore[arg-type]
        with prevalence_pieces(given, gold, [groups_by(opt.columns_of(by))], how) as several:
            write_frames(passing(next(several)), output, overwrite=overwrite)
    if "year" in opt.columns_of(by) and "agency" not in opt.columns_of(by):
        opt.say_uneven(reports_of(given) if reports is None else reports)
    typer.echo(say("{output}: {n} rows", output=output, n=sum(counts)))


def compare(
    context: typer.Context,
    tables: opt.Tables,
    predictions: opt.Predicted,
    output: opt.Output,
    by: opt.By,
    second: Annotated[str | None, Option(help="Group of interest; every group if not given.")] = None,
    first: opt.First = None,
    against: Annotated[
        str, Option(help="Every group against peers (all others) or mean (of the others).")
    ] = "peers",
    labels: Sample = None,
    assume_random: opt.AssumeRandom = False,
    cluster: Annotated[str, Option(help="agency or report_id.")] = "agency",
    covariates: opt.With = None,
    codebook: opt.CodebookFile = None,
    level: opt.Level = 0.95,
    jobs: opt.Threads = None,
    resume: opt.Resume = False,
    scheduler: opt.Scheduler = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Estimate how far the share of each label differs between two groups, with interval and p-value.

    Without --second every group against its peers, and its rank, with errors that hold for all together.

    Example: gongkai compare tables predictions.csv -o difference.csv --by year --first 2021 --second 2022
    Example: gongkai compare tables predictions.csv -o ranks.csv --by agency
    Example: gongkai compare tables predictions -o tiers.csv --by tier --second 1 --with cities.csv
    """
    from gongkai.measure.shares.years import BREAK

    if second is None and first is not None:
        raise GongkaiError("--first needs --second")
    with opt.stepwise(context, tables, predictions, labels, covariates, codebook) as (steps, overwrite):
        reports = opt.group_reports(tables, covariates, output, by=by, overwrite=overwrite)
        groups_by = [by] if cluster in ("agency", "report_id", by) else [by, cluster]
        book = opt.codebook_of(codebook)
        given = opt.given_predictions(predictions, tables, book)
        gold = opt.coded_sample(labels, given, book, assumed=assume_random)
        outcomes = gongkai.outcomes(given, gold, by=groups_by, reports=reports, codebook=book, steps=steps)
        if second is None:
            found = gongkai.measure.compare_groups(
                outcomes, by=by, against=against, cluster=cluster, level=level,  # type: ignore[arg-type]
            )  # fmt: skip
        else:
            groups = [None if g is None else group_value(outcomes, by, g) for g in (first, second)]
            found = gongkai.compare(
                outcomes, by=by, first=groups[0], second=groups[1], cluster=cluster, level=level
            )
        found = _write_said(found, gold, output, overwrite)
    if second is None:
        _echo_ranks(found, by)
        return
    for row in opt.records(found):
        spread = interval(row, "+.1%", " (too few clusters)")
        value = percent(row["value"], "+")
        typer.echo(f"  {row['label']:<24} {value}{spread}  {row['clusters']} × {cluster}")
    if by == "year":
        opt.say_uneven(outcomes[outcomes[by].isin(groups)])
    if BREAK in str(found["note"].iloc[0]):
        typer.echo(f"  note: {BREAK}: the difference is of form and writing together; see gongkai trend")


def trend(
    tables: opt.Tables,
    predictions: opt.Predicted,
    output: opt.Output,
    first: Annotated[int | None, Option(help="With --second: take these years apart.")] = None,
    second: Annotated[int | None, Option(help="The later year.")] = None,
    labels: Sample = None,
    assume_random: opt.AssumeRandom = False,
    codebook: opt.CodebookFile = None,
    level: opt.Level = 0.95,
    overwrite: opt.Overwrite = False,
) -> None:
    """Estimate how shares move from year to year within agencies, and the jump with the form of 2021.

    With --first and --second: the difference of two years, who reports apart from how they write.

    Example: gongkai trend tables predictions.csv -o trend.csv
    Example: gongkai trend tables predictions.csv -o parts.csv --first 2020 --second 2023
    """
    from gongkai.measure.shares.years import BREAK, composition

    if (first is None) != (second is None):
        raise GongkaiError("--first and --second are two years, or neither is given")
    book = opt.codebook_of(codebook)
    given = opt.given_predictions(predictions, tables, book)
    gold = opt.coded_sample(labels, given, book, assumed=assume_random)
    outcomes = gongkai.outcomes(given, gold, by=["agency", "year", "report_id"], codebook=book)
    if first is None or second is None:
        found = gongkai.trend(outcomes, level=level)
    else:
        found = composition(outcomes, first, second, level=level)
    found = _write_said(found, gold, output, overwrite)
    for row in opt.records(found):
        spread = interval(row, "+.2%", " (too few agencies)")
        name = row.get("quantity") or row.get("part")
        typer.echo(f"  {row['label']:<24} {name:<19} {row['value']:+.2%}{spread}  {row['clusters']} agencies")
    if found["note"].eq(BREAK).any():
        typer.echo(f"  note: {BREAK}")


def plan(
    difference: Annotated[float, Argument(help="Difference of two shares to be seen, e.g. 0.05.")],
    agencies: Annotated[int, Option(min=1, help="In each group.")],
    sentences: Annotated[int, Option(min=1, help="Of each agency in each group.")],
    share: Annotated[float | None, Option(help="Share of the label.")] = None,
    sensitivity: Annotated[float, Option(help="Sensitivity of the model.")] = 0.85,
    specificity: Annotated[float, Option(help="Specificity of the model.")] = 0.95,
    correlation: Annotated[float, Option(help="Of an agency's sentences.")] = 0.05,
    overlap: Annotated[
        float, Option(help="Correlation of an agency's two shares; 0 for other agencies.")
    ] = 0.0,
    predictions: Annotated[Path | None, Option(help="Of a coded pilot.")] = None,
    labels: Annotated[Path | None, Option(help="The pilot's codes.")] = None,
    label: Annotated[str | None, Option(help="Which label of the pilot.")] = None,
    report: Annotated[int, Option(min=1, help="Sentences of a report coded whole.")] = 30,
    power: Annotated[float, Option(help="With which it is to be seen.")] = 0.8,
    codebook: opt.CodebookFile = None,
    level: opt.Level = 0.95,
) -> None:
    """Say how many sentences to code to see a difference of two groups, drawn how.

    From assumed rates (--share, --sensitivity, --specificity) or a coded pilot.

    Example: gongkai plan 0.10 --agencies 20 --sentences 90 --share 0.3
    Example: gongkai plan 0.05 --agencies 40 --sentences 90 --predictions p.csv --labels l.csv --label x
    """
    from gongkai.measure.shares.plan import assume, pilot

    if predictions is not None and labels is not None and label is not None:
        given = opt.given_predictions(predictions, None, opt.codebook_of(codebook))
        frame, gold, book = opt.coded_predictions(given, labels, opt.codebook_of(codebook))
        assumed = pilot(frame, gold, label, overlap=overlap, codebook=book)
        of_sentences, of_errors = assumed.correlation, assumed.error_correlation
        said = f"share {assumed.share:.1%}, predicted {assumed.flagged:.1%}, correlation of sentences"
        typer.echo(f"  pilot: {said} {of_sentences:.2f}, of errors {of_errors:.2f}")
    elif share is not None:
        assumed = assume(share, sensitivity, specificity, correlation=correlation, overlap=overlap)
    else:
        raise GongkaiError("give --share and the model's rates, or a pilot: --predictions, --labels, --label")
    table = gongkai.measure.plan(
        difference, assumed, agencies=agencies, sentences=sentences, report=report, power=power, level=level
    )
    if table["n"].isna().all():
        typer.echo(
            f"  no coding is enough: with every sentence coded {table['smallest'].min():.1%} is seen; take "
            "more agencies, or the same ones in both groups (--overlap)"
        )
        return
    for row in opt.records(table):
        if row["n"] is None or row["n"] != row["n"]:
            shown = f"no coding is enough: with all coded {row['smallest']:.1%} is seen; take more agencies"
        else:
            whole = f" in {row['reports']:.0f} reports" if row["design"] == "reports" else ""
            shown = f"{row['n']:.0f} sentences of each group{whole} (power {row['power']:.2f})"
        typer.echo(f"  {DESIGNED[row['design']]:<48} {shown}")


DESIGNED = {
    "simple": "a simple sample, sample --by GROUP",
    "prediction": "half predicted to have the label, half not",
    "reports": "whole reports",
    "no model": "a simple sample, without any prediction",
}


def regress(
    panel: Annotated[Path, Argument(help="What gongkai panel wrote (.csv, .parquet, .xlsx, .jsonl).")],
    formula: Annotated[str, Argument(help="'outcome ~ regressors | fixed effects', as in fixest.")],
    output: Annotated[Path | None, opt.Into(help="Also write the table.")] = None,
    predictions: Annotated[Path | None, Option(help="With --labels: adds LABEL_outcome (DSL).")] = None,
    labels: Sample = None,
    tables: opt.FillFrom = None,
    cluster: Annotated[str, Option(help="Column of the clusters.")] = "agency",
    weights: Annotated[str | None, Option(help="Column of the weights.")] = None,
    draws: Annotated[int, Option(min=0, help="Of the wild cluster bootstrap.")] = 9999,
    codebook: opt.CodebookFile = None,
    level: opt.Level = 0.95,
    seed: opt.Seed = 0,
    overwrite: opt.Overwrite = False,
) -> None:
    """Regress on the panel with fixed effects, errors clustered by agency (pyfixest).

    Example: gongkai regress panel.csv 'LABEL ~ new_requests_total + i.year | agency'
    Example: gongkai regress p.csv 'LABEL_outcome ~ i.year | agency' --predictions q.csv --labels l.csv
    """
    from gongkai.measure.panel.regress import with_outcomes
    from gongkai.tables.frames import read_frame

    frame = read_frame(panel, [])
    if labels is not None:
        if predictions is None:
            raise GongkaiError("--labels needs --predictions")
        book = opt.codebook_of(codebook)
        given = opt.given_predictions(predictions, tables, book)
        gold = opt.coded_sample(labels, given, book, assumed=False)
        if gold is not None:
            frame = with_outcomes(frame, given, gold, codebook=book)
    found = gongkai.regress(
        frame, formula, cluster=cluster, weights=weights, level=level, draws=draws, seed=seed
    )
    for row in opt.records(found):
        wild = f", wild bootstrap p = {row['p_wild']:.3f}" if row["p_wild"] == row["p_wild"] else ""
        typer.echo(
            f"  {row['term']:<32} {row['value']:+.4g} [{row['low']:+.4g}, {row['high']:+.4g}], "
            f"p = {number(row['p_value'])}{wild}"
        )
    typer.echo(f"  {found['n'].iloc[0]} rows, {found['clusters'].iloc[0]} × {cluster}")
    if found["note"].iloc[0]:
        typer.echo(f"  note: {found['note'].iloc[0]}")
    opt.write(found, output, overwrite)


def _write_said(found: Table, gold: Labels | None, output: Path, overwrite: bool) -> Table:
    """Write rows, each with whether predictions were counted or corrected by coded sentences."""
    from gongkai.measure.inference.guards import note_assumed

    found = note_assumed(found, gold).assign(method="count" if gold is None else "dsl")
    opt.write(found, output, overwrite)
    return found


def _echo_ranks(table: Table, by: str) -> None:
    """Print how far each label tells the groups apart, and the ends of its ranking."""
    for label, part in table.groupby("label", sort=True):
        m, surely = len(part), int((part["p_holm"] <= 0.05).sum())
        typer.echo(f"  {label}: {m} groups, {surely} differ from their peers (Holm, .05); first and last:")
        for row in opt.records(part if m <= 6 else part.iloc[[0, 1, 2, -3, -2, -1]]):
            ranks = f"rank {row['rank']}, surely {row['rank_low_all']}–{row['rank_high_all']}"
            typer.echo(f"    {row[by]}  {percent(row['value'])}  {ranks}")


def percent(share: float | None, sign: str = "") -> str:
    """Return a share in percent, or that it is undefined."""
    return "undefined" if share is None or share != share else f"{share:{sign}.1%}"


def interval(row: Mapping[str, Any], form: str, lacking: str = "") -> str:
    """Return the interval of a row and its p-value, if it has one; or what to say where it is undefined."""
    if row["low"] is None or row["low"] != row["low"]:
        return lacking
    p_value = f", p = {number(row['p_value'])}" if "p_value" in row else ""
    return f" [{row['low']:{form}}, {row['high']:{form}}]{p_value}"


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


COMMANDS = (measure, compare, trend, plan, regress)
