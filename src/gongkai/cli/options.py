"""Options that several commands share, and what they give: tables, a coded sample, steps; and writing."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

import gongkai
from gongkai.cli.chinese import error, say
from gongkai.store import shards, storage
from gongkai.store.run import refuse_existing
from gongkai.tables.scheme.codebook import Codebook
from gongkai.text.lexicon import digests

if TYPE_CHECKING:
    from gongkai.store.steps import Steps
    from gongkai.tables.schema import Labels, Predictions, Table

Into = functools.partial(Option, "--output", "-o")
Tables = Annotated[Path, Argument(help="Tables folder of gongkai build.")]
Predicted = Annotated[Path, Argument(help="What gongkai predict wrote.")]
Output = Annotated[Path, Into(help=".csv, .xlsx, .jsonl or .parquet to write.")]
By = Annotated[str, Option("--by", help="Column that holds the groups, e.g. year, kind, level, form.")]
First = Annotated[str | None, Option("--first", help="Group compared with; all others if not given.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace an earlier result of gongkai.")]
Jobs = Annotated[int, Option("--jobs", "-j", min=1, help="Worker processes.")]
Threads = Annotated[int | None, Option("--jobs", "-j", min=1, help="Threads; all cores if not given.")]
Workers = Annotated[
    int | None,
    Option(
        "--jobs", "-j", min=1,
        help="Worker processes, and threads of sums; if not given no process, and all cores.",
    ),
]  # fmt: skip
Limit = Annotated[int | None, Option("--limit", min=1, help="Only the first N inputs, for a look.")]
Seed = Annotated[int, Option("--seed", help="Seed of what is drawn at random.")]
Level = Annotated[float, Option("--level", min=0.5, max=0.999, help="Coverage of the intervals.")]
Model = Annotated[str, Option("--model", "-m", help="Model folder, or the name of a bundled checkpoint.")]
Device = Annotated[
    str | None, Option("--device", help="transformer: cpu, cuda, …; unless given, a GPU where there is one.")
]
BatchSize = Annotated[int | None, Option("--batch-size", min=1, help="transformer: sentences read at once.")]
CodebookFile = Annotated[
    Path | None, Option("--codebook", help="Codebook in TOML; the one that ships if not given.")
]
FillFrom = Annotated[
    Path | None,
    Option("--tables", help="Tables folder: its reports' columns, and what the predictions lack."),
]
Resume = Annotated[bool, Option("--resume", help="Go on with an interrupted run.")]
Share = Annotated[
    str | None,
    Option("--shard", metavar="I/N", help="Only the I-th of N shares; a last run with --resume ends it."),
]
Scheduler = Annotated[
    str | None, Option("--scheduler", metavar="ADDRESS", help="Scheduler of a running Dask cluster.")
]
AssumeRandom = Annotated[
    bool,
    Option("--assume-random", help="Labels without inclusion: take them as a random sample; results say so."),
]
With = Annotated[
    Path | None,
    Option(
        "--with",
        help="Table of your own columns by report_id, agency, region_code, city or province (and year).",
    ),
]
_HOW = ("output", "jobs", "resume", "scheduler", "overwrite")
_PRINTED = ("top",)
_FITS = "a row there fits"


def columns_of(text: str) -> list[str]:
    """Return the names in a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def codebook_of(path: Path | None) -> Codebook | None:
    """Read the codebook of an option; None where none is given."""
    return None if path is None else gongkai.read_codebook(path)


def own_table(path: Path | None, columns: Sequence[str] = ()) -> Table | None:
    """Read a table of the user's own, if its option names one."""
    from gongkai.tables.frames import read_frame

    return None if path is None else read_frame(path, list(columns))


def write(frame: Table, path: Path | None, overwrite: bool) -> None:
    """Write a table, if its option names a file."""
    from gongkai.tables.frames import write_frame

    if path is not None:
        write_frame(frame, path, overwrite=overwrite)


def records(frame: Table) -> list[dict[str, Any]]:
    """Return the rows of a table, to print."""
    from gongkai.tables import schema

    return schema.records(frame)


def given_predictions(path: Path, tables: Path | None, codebook: Codebook | None) -> Predictions | Path:
    """Return predictions as measures take them: a folder as it is, of a file its rows, filled from tables."""
    return path if path.is_dir() else gongkai.read_predictions(path, tables, codebook)


def coded_predictions(
    given: Predictions | Path, labels: Path, codebook: Codebook | None
) -> tuple[Predictions, Labels, Codebook]:
    """Return the predictions of coded sentences, the codes, and their scheme."""
    from gongkai.tables.predicted import predictions_of, scheme_of

    scheme = codebook or scheme_of(given)
    gold = gongkai.read_labels(labels, scheme)
    return predictions_of(given, gold["sentence_id"]), gold, scheme


def coded_sample(
    path: Path | None, predictions: Predictions | Path, codebook: Codebook | None, *, assumed: bool
) -> Labels | None:
    """Read the labels of a coded sample, and print how it stands to the sentences; None for none."""
    from gongkai.measure.inference.guards import sample_balance
    from gongkai.tables.predicted import scheme_of

    if path is None:
        return None
    scheme = codebook or scheme_of(predictions)
    labels = gongkai.read_labels(path, scheme)
    if assumed:
        labels = gongkai.measure.assume_random(labels, predictions, codebook=scheme)
    if labels["inclusion"].notna().any():
        table = sample_balance(predictions, labels, codebook=scheme)
        total, others = table.iloc[0], table.iloc[1:]
        typer.echo(f"  sample: weights sum to {total['sample']:,.0f} of {total['all']:,.0f} sentences")
        for row in others.loc[others["z"].abs().sort_values(ascending=False).index].head(3).itertuples():
            typer.echo(
                f"    {row.quantity}: {row.sample:.1%} of the sample, {row.all:.1%} of all, z {row.z:+.1f}"
            )
    return labels


def group_reports(
    reports: Table | Path, covariates: Path | None, output: Path, *, by: str, overwrite: bool
) -> Table:
    """Return reports, or those of a tables folder, with all that `by` may name: places, the user's own."""
    from gongkai.measure.inference.groups import PLACES, with_places
    from gongkai.tables.parts import names_of

    if isinstance(reports, Path):
        wanted = {"report_id", "agency", "region_code", "year", *columns_of(by)}
        columns = [c for c in names_of(reports, "reports") if c in wanted]
        reports = gongkai.read(reports, "reports", columns)
    if set(PLACES) & set(columns_of(by)):
        reports = with_places(reports)
    own = own_table(covariates)
    say_unmatched(reports, own, covariates, output, overwrite=overwrite)
    return reports if own is None else gongkai.measure.with_covariates(reports, own)[0]


def say_unmatched(
    reports: Table, own: Table | None, covariates: Path | None, output: Path, *, overwrite: bool = False
) -> None:
    """Count reports that the user's table lacks, and list its rows that fit no report: NAME.unmatched.csv."""
    if own is None:
        return
    joined, unmatched = gongkai.measure.with_covariates(reports, own.assign(**{_FITS: True}))
    unmatched = unmatched.drop(columns=_FITS)
    if lacking := int(joined[_FITS].isna().sum()):
        typer.echo(f"  {covariates}: {lacking} of {len(joined)} reports have no row there")
    if len(unmatched):
        beside = output.with_name(f"{output.stem}.unmatched.csv")
        write(unmatched, beside, overwrite)
        said = f"{len(unmatched)} of {len(own)} rows fit no report; they stand in {beside}"
        typer.echo(f"  {covariates}: {said}")


def say_uneven(agencies: Table) -> None:
    """Warn of successive years that rest on different agencies."""
    from gongkai.measure.agencies.coverage import uneven_years

    for line in uneven_years(agencies):
        typer.echo(say("  warning: {line}", line=error(line)))


@contextlib.contextmanager
def stepwise(context: typer.Context, *inputs: Path | None) -> Iterator[tuple[Steps, bool]]:
    """Give the steps of a command that reads these inputs, and whether what it writes may be replaced.

    Its options are their plan, but for those that say where and how it runs, and what is printed; of a
    further output it counts whether there is one. What the interrupted run had written is replaced when it
    goes on.

    Raises:
        GongkaiError: A file that it is to write was there before it.
    """
    from gongkai.store.steps import steps

    output, jobs, resume, scheduler, overwrite = (context.params[name] for name in _HOW)
    read = [path for path in inputs if path is not None]
    files = [value for value in context.params.values() if isinstance(value, Path) and value not in read]
    options = {
        name: None if value is None else "FILE" if value in files else str(value)
        for name, value in context.params.items()
        if name not in (*_HOW, *_PRINTED)
    }
    plan = {"command": context.info_name, "options": options, "lexicon": digests()}
    with (
        shards.cluster(scheduler) as executor,
        steps(output, plan, read, jobs=jobs, executor=executor, resume=resume, overwrite=overwrite) as found,
    ):
        own = f"{found.folder}/own.json"
        mine = set(storage.read_json(own)) if found.resumed and storage.exists(own) else set()
        for file in files:
            refuse_existing(file, overwrite=overwrite or str(file) in mine)
        storage.write_json(own, sorted(mine | set(map(str, files))))
        yield found, overwrite or found.resumed
