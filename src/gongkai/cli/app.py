"""The command line: parses and checks options, calls one function, prints, picks the exit code.

Results go to stdout, progress and logs to stderr. Exit 0 done · 1 some inputs failed (each a row in
`problems`) · 2 wrong usage or nothing could be done · 70 an error in gongkai itself · 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

import gongkai
from gongkai.cli import chinese, coding, figures, handover, inference, study
from gongkai.cli import options as opt
from gongkai.cli.chinese import say, word
from gongkai.cli.doctor import doctor
from gongkai.cli.renamed import Renaming
from gongkai.errors import GongkaiError, ModelError
from gongkai.store import shards
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.codebooks import given_or_shipped, shipped

app = typer.Typer(
    name="gongkai", cls=Renaming,
    help="Turn Chinese disclosure reports (政府信息公开年度报告) into tables, tag and compare.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


_WrongUsage: Any = typer.BadParameter.__mro__[2]
"""What Typer raises where options or arguments are wrong; it has no name of its own."""


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Windows consoles may not be UTF-8
            stream.reconfigure(encoding="utf-8", errors="replace")
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _interrupt)
    # Other pools keep what was freed; threads that wait for small products of matrices burn the cores.
    for variable, value in (("ARROW_DEFAULT_MEMORY_POOL", "system"), ("OPENBLAS_NUM_THREADS", "1")):
        os.environ.setdefault(variable, value)
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except _WrongUsage as error:
        typer.echo(chinese.usage(error), err=True)
        sys.exit(error.exit_code)
    except GongkaiError as error:
        typer.echo(f"gongkai: {chinese.error(str(error))}", err=True)
        sys.exit(2)
    except SystemExit as done:
        if done.code == 130:  # Typer turns Ctrl-C into this
            typer.echo(say("gongkai: interrupted; what was finished is kept"), err=True)
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        from gongkai.cli.net import catch, refusal

        if said := refusal(error):
            typer.echo(f"gongkai: {said}", err=True)
            sys.exit(2)
        typer.echo(catch(error, verbose=logging.getLogger().isEnabledFor(logging.INFO)), err=True)
        sys.exit(70)


def _interrupt(*_: object) -> None:
    """Stop in good order at the first signal, at once at the second."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: os._exit(130))
    raise KeyboardInterrupt


def _version(show: bool) -> None:
    if show:
        from gongkai.store.run import version

        typer.echo(version())
        raise typer.Exit


@app.callback()
def options(
    verbose: Annotated[int, Option("--verbose", "-v", count=True, help="More log lines (-v, -vv).")] = 0,
    version: Annotated[
        bool, Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Set up logging."""
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


@app.command()
def demo(
    output: Annotated[Path, opt.Into(help="Folder to make.")] = Path("gongkai-demo"),
    jobs: opt.Jobs = 1,
    overwrite: opt.Overwrite = False,
) -> None:
    """Run everything on the bundled corpus: build, train, predict, measure, page.

    Example: gongkai demo -o gongkai-demo
    """
    from gongkai.demo import demo as run

    done = run(output, jobs=jobs, overwrite=overwrite, say=lambda step: typer.echo(say(step), err=True))
    f1 = done.quality[(done.quality["metric"] == "f1") & done.quality["low"].notna()]
    read = {"reports": done.summary.reports, "sentences": done.summary.sentences}
    typer.echo(say("\n{reports} reports, {sentences:,} sentences (authored)", **read))
    language = "zh" if chinese.is_asked() else "en"
    for row in f1.itertuples():
        real = say("{n:.0f} sentences of real reports", n=row.n)
        where = real if row.split == "real" else say("authored agencies not trained on")
        measured = f"F1 {row.value:.2f} [{row.low:.2f}, {row.high:.2f}]"
        label = shipped().title_of(str(row.label)).zh if language == "zh" else row.label
        typer.echo(say("  {label}: {measured} on {where}", label=label, measured=measured, where=where))
    typer.echo(say("Three numbers worth seeing:"))
    for name, value in done.numbers:
        typer.echo(f"  {value}  {name.said(language)}")
    typer.echo(say("Open {page}", page=(done.folder / "page.html").resolve()))
    rest = "Tables, model, predictions.csv and measures.csv are in {folder}"
    typer.echo(say(rest, folder=done.folder.resolve()))


@app.command()
def build(
    paths: Annotated[
        list[str], Argument(help="Files or folders of reports, tables of them (CSV …), or addresses (s3://).")
    ],
    output: Annotated[str, opt.Into(help="Tables folder to make, or its address.")],
    jobs: opt.Jobs = 1,
    limit: opt.Limit = None,
    resume: opt.Resume = False,
    overwrite: opt.Overwrite = False,
    shard: opt.Share = None,
    scheduler: opt.Scheduler = None,
    file_timeout: Annotated[float, Option(min=1, help="Seconds a file may take; then it is left out.")] = 120,
    file_memory: Annotated[float, Option(min=0.1, help="GiB that reading a file may take (Linux).")] = 2,
    about: Annotated[
        Path | None,
        Option(
            help="Table of what you know of files: source_path (or its end, or a pattern), agency, "
            "region_code, year, and columns of your own."
        ),
    ] = None,
) -> None:
    """Read reports into tables: reports, sentences, statistics, checks, problems.

    Example: gongkai build reports/ -o tables --jobs 4 --about about.csv
    """
    from gongkai.store.wall import Wall

    share = shards.parse_share(shard)
    with shards.cluster(scheduler) as executor:
        done = gongkai.build(
            paths, output, jobs=jobs, limit=limit, resume=resume, overwrite=overwrite, executor=executor,
            share=share, about=about, wall=Wall(file_timeout, file_memory),
        )  # fmt: skip
    read = {n: getattr(done, n) for n in ("files", "reports", "sentences", "statistics", "checks")}
    typer.echo(say(
        "{files} files: {reports} reports, {sentences:,} sentences, {statistics:,} cells, "
        "{checks:,} checks in {output}",
        **read, output=output,
    ))  # fmt: skip
    for kind, count in done.problems.items():
        typer.echo(f"  {count} × {' '.join(map(word, kind.split(' ')))}")
    _say_open(share)
    if done.failed:
        failed = say("{n} files failed; see the table 'problems' (severity error)", n=done.failed)
        typer.echo(f"gongkai: {failed}", err=True)
        raise typer.Exit(1)


def _say_open(share: tuple[int, int] | None) -> None:
    if share is not None:
        typer.echo(f"share {share[0]} of {share[1]}; after the last one, --resume completes the folder")


@app.command()
def check(
    tables: opt.Tables,
    output: Annotated[Path | None, opt.Into(help="Also write them as .csv, .jsonl or .parquet.")] = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Show which reports' figures contradict themselves, the worst first.

    Example: gongkai check tables -o broken.csv
    """
    from gongkai.tables.parts import read_parts

    broken = gongkai.corpus.broken_rules(tables)
    counts: Counter[bool | None] = Counter()
    for part in read_parts(tables, "checks", ["holds"]):
        counts.update({row["values"]: row["counts"] for row in part["holds"].value_counts().to_pylist()})
    for path, rows in broken.groupby("source_path", sort=False):
        first = rows.iloc[0]
        year = "?" if first["year"] != first["year"] else int(first["year"])
        named = {"agency": first["agency"] or "?", "year": year, "path": path}
        typer.echo(say("{agency} {year}  ({path}): {n} broken", **named, n=len(rows)))
        for row in rows.itertuples():
            typer.echo(f"  {row.rule:<40} {row.left:>12g} ≠ {row.right:<12g} {row.where}")
    held = {"hold": counts[True], "broken": len(broken), "open": counts[None]}
    typer.echo(say("{all} rules: {hold} hold, {broken} broken, {open} undecided", all=counts.total(), **held))
    opt.write(broken, output, overwrite)


@app.command()
def train(
    labels: Annotated[Path, Argument(help="CSV file or folder of coded sentences.")],
    output: Annotated[Path, opt.Into(help="Model folder to make.")],
    kind: Annotated[str | None, Option(help="linear or transformer.")] = None,
    encoder: Annotated[str | None, Option(help="Encoder to fine-tune: folder or hub name.")] = None,
    settings: Annotated[Path | None, Option(help="TOML file; unknown keys are refused.")] = None,
    codebook: opt.CodebookFile = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Train a model on coded sentences.

    Example: gongkai train corpus/labels -o my-model
    Example: gongkai train corpus/labels -o my-bert --kind transformer --encoder hfl/rbt3
    """
    from gongkai.store.run import read_settings

    chosen = gongkai.TrainSettings() if settings is None else read_settings(settings, gongkai.TrainSettings)
    given = {"model": kind, "encoder": encoder}
    chosen = replace(chosen, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    book = opt.codebook_of(codebook)
    gold = gongkai.read_labels(labels, book)
    try:
        metrics = gongkai.train(gold, output, settings=chosen, overwrite=overwrite, codebook=book)
    except ModelError as error:
        raise ModelError(f"{labels}: {error}") from error
    typer.echo(f"{output}: on held-out agencies")
    _print_metrics(metrics)


def _print_metrics(metrics: object) -> None:
    for row in metrics.itertuples():  # type: ignore[attr-defined]
        spread = f" [{row.low:.3f}, {row.high:.3f}]" if row.low == row.low else ""
        split = getattr(row, "split", "agency")
        group = {"agency": row.group, "real": "real reports"}.get(split, f"{split} split")
        name = f"  {row.model}  {group:<24} {row.label:<12} {row.metric:<10}"
        typer.echo(f"{name} {row.value:.3f}{spread}  n={row.n:.0f}")


def _print_real(models: Iterable[str]) -> None:
    """Recall what the bundled models did on real sentences: the figures to quote."""
    from gongkai.classify.real import bundled_quality

    for name in models:
        for row in bundled_quality(name).itertuples():
            typer.echo(
                f"  {name} on {row.n:.0f} sentences of {row.clusters:.0f} real reports: {row.label} F1 "
                f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"
            )


@app.command()
def calibrate(
    model: Annotated[str, Argument(help="Model folder, or the name of a bundled checkpoint.")],
    labels: Annotated[Path, Argument(help="CSV file or folder of coded sentences of your reports.")],
    output: Annotated[Path, opt.Into(help="Model folder to make.")],
    annotator: Annotated[str, Option(help="Whose codes are gold.")] = "resolved",
    overwrite: opt.Overwrite = False,
) -> None:
    """Fit a model's scores and thresholds to 100–300 coded sentences of your own reports.

    Example: gongkai calibrate linear my-sample.csv -o my-linear
    """
    gold = gongkai.read_labels(labels, gongkai.classify.load_model(model).codebook)
    found = gongkai.classify.calibrate(model, gold, output, annotator=annotator, overwrite=overwrite)
    for row, fitted in zip(found.itertuples(), found["slope"].notna(), strict=True):
        if not fitted:
            typer.echo(f"  {row.label}: {row.positives} of {row.n} coded 1, too few of a kind; left as it is")
            continue
        typer.echo(
            f"  {row.label}: share predicted − coded {row.bias_before:+.3f} → {row.bias_after:+.3f}, F1 "
            f"{row.f1_before:.3f} → {row.f1_after:.3f}, Brier {row.brier_before:.3f} → {row.brier_after:.3f} "
            f"({row.n} sentences of {row.clusters} agencies, each judged by a fit without its own)"
        )
    typer.echo(f"{output}: made")


@app.command()
def predict(
    inputs: Annotated[
        list[str], Argument(help="Tables folder, reports, or .csv/.jsonl/.parquet with a column text.")
    ],
    output: Annotated[str, opt.Into(help=".csv, .jsonl or .parquet; without an ending a folder of parts.")],
    model: opt.Model = "linear",
    device: opt.Device = None,
    batch_size: opt.BatchSize = None,
    codebook: opt.CodebookFile = None,
    from_codes: Annotated[
        Path | None, Option(help="Take one coder's codes as predictions, e.g. a model's.")
    ] = None,
    limit: opt.Limit = None,
    jobs: opt.Jobs = 1,
    resume: opt.Resume = False,
    overwrite: opt.Overwrite = False,
    shard: opt.Share = None,
    scheduler: opt.Scheduler = None,
) -> None:
    """Tag each sentence with the labels of the model.

    Into one file, in memory; or, for any number of sentences, from Parquet into a folder of Parquet parts.

    Example: gongkai predict tables -o predictions.csv
    Example: gongkai predict tables -o predictions --jobs 4
    Example: gongkai predict tables -o predictions.csv --from-codes llm.csv
    """
    if from_codes is not None:
        coding.predict_codes([Path(path) for path in inputs], from_codes, Path(output), codebook, overwrite)
        return
    if codebook is not None:
        from gongkai.classify.classifier import refuse_other

        refuse_other(gongkai.classify.load_model(model), opt.codebook_of(codebook))
    if not Path(output).suffix:
        if limit is not None:
            raise GongkaiError("--limit is for a single file, not for a folder of parts")
        from gongkai.classify import classifier as models

        share = shards.parse_share(shard)
        with shards.cluster(scheduler) as executor:
            counts = gongkai.corpus.predict_tables(
                inputs, output, model=model, device=device, batch_size=batch_size, jobs=jobs, resume=resume,
                overwrite=overwrite, executor=executor, share=share,
            )  # fmt: skip
        _say_counts(output, counts, models.codebook_of(models.find_model(model), ()))
        _say_open(share)
        return
    if jobs > 1 or resume or shard or scheduler:
        raise GongkaiError(
            f"{output}: --jobs, --resume, --shard and --scheduler are for a folder of parts; "
            "give -o a name without an ending"
        )
    _predict_file(
        [Path(path) for path in inputs], Path(output), model, limit, device=device, batch_size=batch_size,
        overwrite=overwrite,
    )  # fmt: skip


def _say_counts(output: str | Path, counts: Mapping[str, int], scheme: Codebook | None) -> None:
    """Say how often each label was predicted where it is coded, and how much is unlike the training text."""
    from gongkai.tables.predicted import FAR, FAR_TEXT

    total, counted = counts.get("sentences", 0), counts.get("counted sentences", 0)
    among: dict[str, list[str]] = {}
    book = given_or_shipped(scheme)
    for quantity in book.quantities:
        if of := counts.get(f"of {quantity.label}"):
            names = [quantity.label, *quantity.bottom]
            names = [book.title_of(name).zh for name in names] if chinese.is_asked() else names
            where = say("among {names}: ", names=" + ".join(names[1:])) if quantity.bottom else ""
            among.setdefault(where, []).append(f"{counts[quantity.label] / of:.1%} {names[0]}")
    shown = "; ".join(where + ", ".join(shares) for where, shares in among.items())
    uncounted = ", {n:,} of them in sections that are not counted"
    left = say(uncounted, n=total - counted) if counted < total else ""
    line = "{output}: {n:,} sentences{left}; {shown}"
    typer.echo(say(line, output=output, n=total, left=left, shown=shown))
    if "far sentences" not in counts:
        return
    share = counts["far sentences"] / max(counted, 1)
    unlike = "  {share:.1%} unlike the training text (distance above {far}; of reports like it {usual:.0%})"
    typer.echo(say(unlike, share=share, far=FAR, usual=1 - FAR))
    if share > FAR_TEXT:
        warning = (
            "  warning: the model's quality is not known on such text; correct by a coded sample: "
            "gongkai sample, then measure --labels"
        )
        typer.echo(say(warning))


def _predict_file(
    inputs: list[Path],
    output: Path,
    model: str,
    limit: int | None,
    *,
    device: str | None,
    batch_size: int | None,
    overwrite: bool,
) -> None:
    from gongkai.classify.predict import missing_context
    from gongkai.corpus.inputs import carry_own
    from gongkai.store.run import refuse_existing
    from gongkai.tables.frames import PLAIN
    from gongkai.tables.predicted import summed_up

    if output.suffix.lower() not in PLAIN:
        raise GongkaiError(f"{output}: the ending decides the format; expected one of {', '.join(PLAIN)}")
    refuse_existing(output, overwrite=overwrite)
    classifier = gongkai.classify.load_model(model, device=device, batch_size=batch_size)
    sentences = gongkai.read_sentences(inputs)
    failed = sentences.attrs.get("failed", 0)
    if limit is not None:
        sentences = sentences.head(limit)
    if missing := missing_context(sentences):
        lacking = f"no {', '.join(missing)}; labels are recognised less well without them"
        typer.echo(f"gongkai: {lacking}", err=True)
    predictions = carry_own(gongkai.predict(sentences, model=classifier), sentences)
    opt.write(predictions, output, overwrite)
    counts = summed_up(predictions, classifier.labels, given_or_shipped(classifier.codebook))
    _say_counts(output, counts, classifier.codebook)
    if failed:
        typer.echo(say("gongkai: {n} files failed and are not in it; see above", n=failed), err=True)
        raise typer.Exit(1)


@app.command()
def evaluate(
    predictions: opt.Predicted,
    labels: Annotated[Path, Argument(help="CSV file or folder of coded sentences.")],
    by: Annotated[str, Option(help="Also within groups, e.g. section,year.")] = "",
    tables: opt.FillFrom = None,
    against: Annotated[Path | None, Option(help="Another model's predictions: difference of F1.")] = None,
    mistakes: Annotated[Path | None, Option(help="Write the twenty most confident mistakes to read.")] = None,
    annotator: Annotated[str, Option(help="Whose codes are gold.")] = "resolved",
    covariates: opt.With = None,
    codebook: opt.CodebookFile = None,
    output: Annotated[Path | None, opt.Into(help="Also write the table.")] = None,
    level: opt.Level = 0.95,
    overwrite: opt.Overwrite = False,
) -> None:
    """Score predictions against coded sentences; those that the model learned from are left out.

    Example: gongkai evaluate predictions.csv my-labels.csv --by section --mistakes mistakes.xlsx
    Example: gongkai evaluate predictions.csv my-labels.csv --tables tables --by kind,form
    Example: gongkai evaluate linear.csv my-labels.csv --against mine.csv
    """
    from gongkai.measure.shares import diagnosis
    from gongkai.tables.predicted import predictions_of, reports_of

    given = opt.given_predictions(predictions, tables, opt.codebook_of(codebook))
    frame, gold, book = opt.coded_predictions(given, labels, opt.codebook_of(codebook))
    reports = None
    if tables is not None or covariates is not None:
        held = tables or reports_of(given)
        reports = opt.group_reports(held, covariates, output or labels, by=by, overwrite=overwrite)
    common = {"annotator": annotator, "level": level, "codebook": book}
    metrics = gongkai.evaluate(frame, gold, by=opt.columns_of(by), reports=reports, **common)  # type: ignore[arg-type]
    _print_metrics(metrics)
    _print_real(frame["model"].unique())
    for row in diagnosis.confusion(frame, gold, annotator=annotator, codebook=book).itertuples():
        typer.echo(
            f"  {row.model} {row.label}: {row.true_positives} rightly tagged, {row.false_positives} wrongly; "
            f"{row.false_negatives} missed, {row.true_negatives} rightly left"
        )
    table = diagnosis.choice_confusion(frame, gold, annotator=annotator, codebook=book)
    for key, part in table.groupby(["model", "label"], sort=False):
        typer.echo(f"  {' '.join(map(str, key))}: coded → predicted")
        for coded, found in part.groupby("gold", sort=False):
            counts = zip(found["predicted"].tolist(), found["n"].tolist(), strict=True)
            shown = "  ".join(f"{name or 'none'} {n}" for name, n in counts)
            typer.echo(f"    {coded} → {shown}")
    if against is not None:
        other = predictions_of(opt.given_predictions(against, tables, book), gold["sentence_id"])
        for row in diagnosis.compare_models(frame, other, gold, **common).itertuples():  # type: ignore[arg-type]
            typer.echo(
                f"  {row.label}: F1 of {row.second} − {row.first} = {row.difference:+.3f} [{row.low:+.3f}, "
                f"{row.high:+.3f}], p = {row.p_value:.3f}, on the same {row.n:,} sentences of {row.clusters} "
                "agencies"
            )
    if mistakes is not None:
        opt.write(diagnosis.mistakes(frame, gold, annotator=annotator, codebook=book), mistakes, overwrite)
    opt.write(metrics, output, overwrite)


ROOMS = (inference, study, handover, figures, coding)
for command in (doctor, *(c for room in ROOMS for c in room.COMMANDS)):
    app.command()(command)
app.add_typer(coding.app, name="codebook")
