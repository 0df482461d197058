"""The command `measure`; `app.py` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

import gongkai
from gongkai.cli import options as opt
from gongkai.cli.chinese import say
from gongkai.cli.codebook import codebook_of
from gongkai.cli.coded import AssumeRandom, coded_sample, given_predictions
from gongkai.cli.groups import With, group_reports
from gongkai.cli.steps import stepwise


def measure(
    context: typer.Context,
    predictions: opt.Predicted,
    output: Annotated[Path, opt.Into(help=".csv, .jsonl or .parquet to write.")],
    by: Annotated[str, Option(help="Columns that make a group.")] = "agency,year",
    method: Annotated[str, Option(help="count, adjusted, ppi or dsl.")] = "count",
    labels: Annotated[Path | None, Option(help="Coded sample, for adjusted, ppi and dsl.")] = None,
    assume_random: AssumeRandom = False,
    cluster: Annotated[str, Option(help="auto, agency, report or passage.")] = "auto",
    codebook: opt.CodebookFile = None,
    tables: opt.FillFrom = None,
    covariates: With = None,
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
    from gongkai.measure.agencies.coverage import uneven_years
    from gongkai.tables.frames import write_frame
    from gongkai.tables.predicted import reports_of

    book = codebook_of(codebook)
    with stepwise(
        context, output, predictions, labels, codebook, tables, covariates,
        jobs=jobs, resume=resume, scheduler=scheduler, overwrite=overwrite,
    ) as (steps, overwrite):  # fmt: skip
        given = given_predictions(predictions, tables, book)
        gold = coded_sample(labels, given, book, assumed=assume_random)
        reports = None
        if tables is not None or covariates is not None:
            held = tables or reports_of(given)
            reports = group_reports(held, covariates, output, by=by, overwrite=overwrite)
        measures = gongkai.prevalence(
            given, gold, by=opt.columns_of(by), method=method, cluster=cluster, level=level,  # type: ignore[arg-type]
            codebook=book, reports=reports, steps=steps,
        )  # fmt: skip
        write_frame(measures, output, overwrite=overwrite)
    compared = "year" in opt.columns_of(by) and "agency" not in opt.columns_of(by)
    for line in uneven_years(reports_of(given) if reports is None else reports) if compared else []:
        typer.echo(f"  warning: {line}")
    typer.echo(say("{output}: {n} rows", output=output, n=len(measures)))


COMMANDS = (measure,)
