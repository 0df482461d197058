"""The commands around coding and measuring; `cli.py` registers them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

import gongkai
from gongkai.cli import options as opt
from gongkai.cli.inference import group_value, interval, percent
from gongkai.errors import GongkaiError, MeasureError, SchemaError
from gongkai.tables.scheme.codebooks import given_or_shipped

if TYPE_CHECKING:
    from gongkai.store.steps import Steps
    from gongkai.tables.schema import Table


def sample(
    tables: Annotated[
        Path, Argument(help="Tables folder; or pairs to read, of gongkai followup or reuse --copies.")
    ],
    output: Annotated[Path, opt.Into(help="Folder to make, with a file per coder.")],
    n: Annotated[int, Option("-n", min=1, help="Sentences to draw.")] = 300,
    coder: Annotated[list[str] | None, Option(help="Name of a coder; repeat it.")] = None,
    by: Annotated[
        str,
        Option(
            help="Strata, e.g. section,year; with --predictions also labels, as predicted; simple if empty."
        ),
    ] = "",
    predictions: Annotated[
        Path | None, Option(help="Without --by: draw what this model is unsure of, and at random.")
    ] = None,
    kind: Annotated[str, Option("--format", help="xlsx, csv, json (Label Studio), jsonl (doccano).")] = "csv",
    codebook: opt.CodebookFile = None,
    seed: opt.Seed = 0,
    overwrite: opt.Overwrite = False,
) -> None:
    """Draw sentences to code and write one task file per coder, the same sentences for each.

    Example: gongkai sample tables -o tasks -n 300 --by section,year --coder li --coder wang --format xlsx
    Example: gongkai sample tables -o tasks -n 300 --predictions p.csv --by LABEL --coder li
    Example: gongkai sample followup.csv -o pairs -n 200 --by kind,outcome --coder li
    """
    from gongkai.coding.sample import design_of, draw_pairs
    from gongkai.store.run import manifest, whole_folder, write_json
    from gongkai.tables.frames import read_frame

    book, pairs = opt.codebook_of(codebook), tables.is_file()
    settings = {"n": n, "by": by, "predictions": str(predictions or ""), "seed": seed}
    settings["codebook"] = given_or_shipped(book).stamp
    if pairs:
        if predictions is not None or codebook is not None:
            raise GongkaiError(f"{tables}: pairs are drawn as they stand; no --predictions, no --codebook")
        drawn = draw_pairs(read_frame(tables, ["sentence_id", "kind"]), n, by=opt.columns_of(by), seed=seed)
    else:
        given = None if predictions is None else opt.given_predictions(predictions, tables, book)
        drawn = gongkai.sample(tables, n, by=opt.columns_of(by), predictions=given, seed=seed, codebook=book)
    with whole_folder(output, overwrite=overwrite) as hidden:
        for name in coder or ["coder"]:
            if Path(name).name != name or name.startswith("."):
                raise GongkaiError(f"--coder {name}: a name that can be a file's, without slashes")
            file = hidden / f"{name}.{kind.lstrip('.')}"
            if pairs:
                opt.write(drawn, file, overwrite)
            else:
                gongkai.write_tasks(drawn, file, codebook=book)
        write_json(hidden / "run.json", manifest("sample", settings, {}))
    typer.echo(
        f"{output}: {len(drawn)} {'pairs' if pairs else 'sentences'} for {', '.join(coder or ['coder'])}"
    )
    typer.echo(f"  {design_of(drawn['inclusion'])}")


def agree(
    files: Annotated[list[Path], Argument(help="Coded task files (named by coder), or labels as .csv.")],
    by: Annotated[str, Option(help="Also within groups, e.g. section.")] = "section",
    tables: Annotated[Path | None, Option(help="Check ids and texts against this build.")] = None,
    output: Annotated[Path | None, opt.Into(help="Write all codes as one labels file.")] = None,
    adjudicate: Annotated[
        Path | None, Option(help="Write the disputed sentences, for a third reading.")
    ] = None,
    adjudicated: Annotated[
        Path | None, Option(help="That sheet, filled in: adds the coder 'resolved'.")
    ] = None,
    codebook: opt.CodebookFile = None,
    level: opt.Level = 0.95,
    overwrite: opt.Overwrite = False,
) -> None:
    """Show how each file was drawn, and how far coders agree: Krippendorff's α per label, pair and group.

    Example: gongkai agree tasks/li.xlsx tasks/wang.xlsx --adjudicate disputed.xlsx
    Example: gongkai agree tasks/li.xlsx tasks/wang.xlsx --adjudicated disputed.xlsx -o codes.csv
    """
    import pandas as pd

    from gongkai.coding.exchange import read_codes
    from gongkai.coding.sample import design_of
    from gongkai.tables.frames import read_frame

    book = opt.codebook_of(codebook)
    read = [(path, part) for path in files for part in read_codes(path, tables, codebook=book)]
    for path, part in read:
        once = part.drop_duplicates("sentence_id")
        typer.echo(f"  {path}: {design_of(once['inclusion'])}")
    coded = pd.concat([part for _, part in read], ignore_index=True)
    coders = sorted(set(coded["annotator"]) - {"resolved"})
    if len(coders) < 2:
        if output is None:
            raise MeasureError("agreement needs two coders; with -o one coder's codes are written")
        typer.echo("one coder: no agreement to show", err=True)
        found = pd.DataFrame()
    else:
        found = gongkai.agreement(coded, by=opt.columns_of(by), level=level, codebook=book)
    for row in opt.records(found):
        _echo_agreement(f"{row['label']:<12} {row['group']:<22}", row)
    for pair in itertools.combinations(coders, 2) if len(coders) > 2 else ():
        both = coded[coded["annotator"].isin(pair)]
        for row in opt.records(gongkai.agreement(both, level=level, codebook=book)):
            _echo_agreement(f"{row['label']:<12} {' – '.join(pair):<22}", row)
    if adjudicate is not None:
        sheet = gongkai.coding.adjudication(coded, book)
        opt.write(sheet, adjudicate, overwrite)
        typer.echo(f"{adjudicate}: {len(sheet)} disputed sentences")
    if adjudicated is not None:
        decisions = read_frame(adjudicated, ["sentence_id", *given_or_shipped(book).names, "rule"])
        try:
            resolved = gongkai.coding.resolve(coded, decisions, book)
        except SchemaError as error:
            raise SchemaError(f"{adjudicated}: {error}") from error
        coded = pd.concat([coded, resolved], ignore_index=True)
    opt.write(coded, output, overwrite)


def _echo_agreement(name: str, row: dict[str, Any]) -> None:
    alpha, low, high, raw = (row[k] for k in ("alpha", "low", "high", "raw_agreement"))
    shown = "α undefined (no variance)" if alpha != alpha else f"α {alpha:.3f} [{low:.3f}, {high:.3f}]"
    typer.echo(f"  {name} {shown}  agree {raw:.1%}  n={row['n']}")


def partition(
    tables: Annotated[str, Argument(help="Folder of gongkai build or predict, or its address.")],
    output: Annotated[Path, opt.Into(help="Folder to make.")],
    overwrite: opt.Overwrite = False,
) -> None:
    """Write tables anew, a year to a part: questions about some years then touch few parts.

    Example: gongkai partition tables -o tables-by-year
    """
    from gongkai.tables.query import partition as run

    for year, count in run(tables, output, overwrite=overwrite).items():
        typer.echo(f"{year or 'no year'}  {count:,}")


def publish(
    model: Annotated[Path, Argument(help="Model folder.")],
    target: Annotated[str, Argument(help="Folder to copy to, or OWNER/NAME on the Hugging Face hub.")],
    really: Annotated[
        bool, Option("--really", help="Do it; without it only say what would be done.")
    ] = False,
    overwrite: opt.Overwrite = False,
) -> None:
    """Copy a complete model folder, or push it to a hub; a dry run unless --really.

    Example: gongkai publish my-model someone/gongkai-linear --really
    """
    from gongkai.classify.publish import publish as run

    for line in run(model, target, really=really, overwrite=overwrite):
        typer.echo(line)


def reuse(
    context: typer.Context,
    tables: opt.Tables,
    output: opt.Output,
    copies: Annotated[Path | None, Option(help="Also write each copied sentence.")] = None,
    network: Annotated[Path | None, Option(help="Also write who shares text with whom.")] = None,
    n: Annotated[int, Option("-n", min=2, help="Words of an n-gram.")] = 4,
    share: Annotated[float, Option(help="Of the other agencies, in (0, 1].")] = 0.3,
    flags: Annotated[
        Path | None, Option("--sentences", help="Also write the sentences behind the shares.")
    ] = None,
    named: Annotated[
        Path | None,
        Option("--mentions", help="Also write sentences that name another place, agency or year."),
    ] = None,
    usual: Annotated[
        Path | None, Option("--mandated", help="Also write the phrases too usual to be a copy.")
    ] = None,
    phrases: Annotated[
        Path | None, Option(help="Further phrases that are no copy: a text, one a line.")
    ] = None,
    nearest: Annotated[
        bool, Option(help="With --copies: of every sentence the nearest in the own last report, copy or not.")
    ] = False,
    checked: Annotated[
        Path | None,
        Option(help="With --copies: a sheet of gongkai sample from it, with `checked` filled in."),
    ] = None,
    jobs: opt.Jobs = 1,
    resume: opt.Resume = False,
    scheduler: opt.Scheduler = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Measure text that was there before: at other agencies, in last year's report, in the same report.

    Example: gongkai reuse tables -o reuse.csv --copies copies.csv --network network.csv
    Example: gongkai reuse tables -o reuse.csv --copies pairs.csv --nearest --checked read.csv
    """
    from gongkai.measure.promises.pairs import copied_shares, is_found, read_checked, with_checked
    from gongkai.measure.wording.copies import THRESHOLD
    from gongkai.measure.wording.reuse import How, reused_sentences
    from gongkai.store.storage import user_text

    if copies is None and (nearest or checked is not None):
        raise GongkaiError("--nearest and --checked are about pairs: they need --copies FILE")
    read = read_checked(checked, ["sentence_id", "source_id", "kind"])
    with opt.stepwise(context, tables, phrases, checked) as (steps, overwrite):
        both = gongkai.reuse(tables, n=n, share=share, placebo=True, steps=steps)
        placebo = both[both["measure"] == "sticky_placebo"]
        found = both.drop(index=placebo.index)
        opt.write(found, output, overwrite)
        if flags is not None:
            opt.write(reused_sentences(tables, How(n=n, share=share), steps=steps), flags, overwrite)
        for name, part in found.groupby("measure"):
            typer.echo(f"  {name:<10} mean {_mean(part)}")
        typer.echo(f"  placebo, sticky to another agency's last report: mean {_mean(placebo)}")
        if named is not None:
            found = gongkai.measure.mentions(tables)
            opt.write(found, named, overwrite)
            typer.echo(f"{named}: {len(found)} names of another place, agency or year")
        if usual is not None:
            opt.write(gongkai.measure.mandated_phrases(tables), usual, overwrite)
        if copies is not None or network is not None:
            further = [] if phrases is None else user_text(phrases).split("\n")
            reports = gongkai.read(tables, "reports")
            pairs = gongkai.copied(
                tables, reports, threshold=0 if nearest else THRESHOLD, phrases=further, steps=steps
            )
            if nearest or checked is not None:
                (pairs,) = with_checked([pairs.assign(found=is_found(pairs))], read, say=typer.echo)
                _echo_shares(copied_shares(pairs), [])
            opt.write(pairs, copies, overwrite)
            if network is not None:
                opt.write(gongkai.measure.copy_network(pairs, reports, sentences=tables), network, overwrite)


def followup(
    context: typer.Context,
    tables: opt.Tables,
    predictions: opt.Predicted,
    output: opt.Output,
    by: Annotated[str, Option(help="Groups of the shares that are printed.")] = "",
    checked: Annotated[
        Path | None,
        Option(help="An earlier output, or a sheet of gongkai sample from it, with `checked` filled in."),
    ] = None,
    codebook: opt.CodebookFile = None,
    level: opt.Level = 0.95,
    seed: opt.Seed = 0,
    jobs: opt.Jobs = 1,
    resume: opt.Resume = False,
    scheduler: opt.Scheduler = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Look for each promise and problem in the agency's next report: done, again, unclear, or silence.

    Beside it a placebo: the same search in another agency's next report, where all that is found is chance.

    Example: gongkai followup tables predictions.csv -o followup.xlsx
    """
    import pandas as pd

    from gongkai.measure.promises.followup import followup_pieces
    from gongkai.measure.promises.pairs import read_checked, with_checked
    from gongkai.tables.columns import refuse_lacking
    from gongkai.tables.frames import write_frames

    book, columns = opt.codebook_of(codebook), opt.columns_of(by)
    read = read_checked(checked, ["sentence_id", "kind"])
    told: list[Table] = []
    strange: list[Table] = []

    def searched(steps: Steps) -> Iterator[Table]:
        for search, piece in followup_pieces(
            tables, opt.given_predictions(predictions, tables, book), statistics=tables, codebook=book,
            searches=[None, seed], steps=steps,
        ):  # fmt: skip
            if search is None:
                yield piece
            else:
                strange.append(piece[["kind", "outcome"]])

    def passing(steps: Steps) -> Iterator[Table]:
        kept = {*columns, "kind", "outcome", "agency", "checked", "inclusion", "review"}
        for piece in with_checked(searched(steps), read, say=typer.echo):
            refuse_lacking("rows of followup", piece, columns)
            told.append(piece[[c for c in piece.columns if c in kept]])
            yield piece

    with opt.stepwise(context, tables, predictions, checked, codebook) as (steps, overwrite):
        write_frames(passing(steps), output, overwrite=overwrite)
    found = pd.concat(told, ignore_index=True)
    _echo_shares(gongkai.measure.followup_shares(found, by=columns, level=level), columns)
    if not strange:
        typer.echo("  placebo: undefined, no two agencies have reports of the same two years")
    else:
        chance = pd.concat(strange, ignore_index=True)
        again = chance.loc[chance["kind"] == "problem", "outcome"].eq("returns")
        chance = chance[chance["kind"] != "problem"]
        typer.echo(
            "  placebo, another agency's next report: "
            f"{percent(chance['outcome'].ne('silent').mean())} found, "
            f"{percent(chance['outcome'].eq('done').mean())} done  n={len(chance)}; "
            f"problems {percent(again.mean())} return  n={len(again)}"
        )
    typer.echo(
        f"{output}: {len(found)} rows, {int(found['review'].sum())} near the threshold. Read those and all "
        "problems, fill in `checked`, and give the file to --checked: unread problems are not counted. "
        f"Or read a drawn part, which corrects all shares: gongkai sample {output} -n 200 --by kind,outcome"
    )


def _echo_shares(shares: Table, by: list[str]) -> None:

    for row in opt.records(shares):
        group = " ".join(str(row[c]) for c in by)
        share = percent(row["value"]) + interval(row, ".1%")
        method = "" if row["method"] == "count" else f"  {row['method']}"
        typer.echo(f"  {group} {row['label']:<20} {share}  n={row['n']}{method}")


def _mean(part: Table) -> str:
    known = int(part["value"].notna().sum())
    said = f"{percent(part['value'].mean())} of words, {known} reports"
    return said if known else "undefined: too few agencies or years"


def terms(
    context: typer.Context,
    tables: opt.Tables,
    output: opt.Output,
    by: Annotated[str, Option(help="Column that holds the groups; empty: frequencies.")] = "",
    first: opt.First = None,
    second: Annotated[str | None, Option(help="Group of interest.")] = None,
    top: Annotated[int, Option(help="Words to print.")] = 15,
    covariates: opt.With = None,
    codebook: opt.CodebookFile = None,
    seed: opt.Seed = 0,
    jobs: opt.Jobs = 1,
    resume: opt.Resume = False,
    scheduler: opt.Scheduler = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Count words, or rank those that set one group apart (log-odds with an informative prior).

    Example: gongkai terms tables -o words.csv --by form --first 2019 --second 2021
    Example: gongkai terms tables -o words.csv --codebook admitted
    """
    from gongkai.measure.wording.terms import frequencies

    book = opt.codebook_of(codebook)
    if by and second is None:
        raise GongkaiError("--by needs --second, the group of interest")
    with opt.stepwise(context, tables, covariates, codebook) as (steps, overwrite):
        if not by:
            found = frequencies(tables, codebook=book, steps=steps)
            shown = [f"{r.term} {r.count} ({r.agencies} agencies)" for r in found.head(top).itertuples()]
        else:
            reports = opt.group_reports(tables, covariates, output, by=by, overwrite=overwrite)
            groups: list[object] = [first, second]
            if by in reports.columns:  # as it stands there, a year as a number
                groups = [None if g is None else group_value(reports, by, g) for g in (first, second)]
            found = gongkai.keyness(
                tables, by=by, first=groups[0], second=groups[1], seed=seed, reports=reports, codebook=book,
                steps=steps,
            )  # fmt: skip
            rows = found.head(top).itertuples()
            shown = [f"{r.term}  z {r.z:.1f}, by agency {r.z_agency:.1f}" for r in rows]
        opt.write(found, output, overwrite)
    for line in shown:
        typer.echo(f"  {line}")


def show(
    tables: opt.Tables,
    predictions: opt.Predicted,
    measures: Annotated[Path, Argument(help="What gongkai measure wrote.")],
    row: Annotated[int, Argument(help="Row of it, 0 for the first.")],
    limit: Annotated[int, Option(help="Sentences to print.")] = 20,
    covariates: opt.With = None,
    codebook: opt.CodebookFile = None,
    output: Annotated[Path | None, opt.Into(help="Also write all of them.")] = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Show the sentences behind a number: those counted first, with score, file and page.

    Example: gongkai show tables predictions.csv measures.csv 0
    """
    from gongkai.tables.frames import read_frame
    from gongkai.tables.schema import SCHEMAS

    frame = read_frame(measures, ["measure", "model", "label"])
    if not 0 <= row < len(frame):
        raise GongkaiError(f"{measures}: has rows 0 to {len(frame) - 1}, not {row}")
    chosen = opt.records(frame.iloc[[row]])[0]
    by = ",".join(c for c in frame.columns if c not in SCHEMAS["measures"].names)
    reports = opt.group_reports(tables, covariates, output or measures, by=by, overwrite=overwrite)
    book = opt.codebook_of(codebook)
    given = opt.given_predictions(predictions, tables, book)
    found = gongkai.measure.sentences_behind(chosen, given, tables, reports=reports, codebook=book)
    files = gongkai.read(tables, "reports", ["report_id", "source_path"])
    found = found.merge(files, on="report_id", how="left").drop(columns="tokens")
    typer.echo("  ".join(f"{k} {v}" for k, v in chosen.items() if v == v and v is not None))
    for line in opt.records(found.head(limit)):
        page = f", page {line['page']:.0f}" if line["page"] == line["page"] else ""
        where = f"{line['source_path']}{page}, {line['section']}"
        typer.echo(f"  {'■' if line['counted'] else '□'} {line['score']:.2f} {line['text']}  ({where})")
    typer.echo(f"{int(found['counted'].sum())} of {len(found)} sentences counted (■)")
    opt.write(found, output, overwrite)


def cite(
    folders: Annotated[
        list[Path] | None, Argument(help="With --methods: folders that hold a run.json.")
    ] = None,
    model: Annotated[str, Option("--model", "-m", help="Model that was used.")] = "linear",
    methods: Annotated[
        bool, Option("--methods", help="Print a methods paragraph, in English and Chinese.")
    ] = False,
) -> None:
    """Print how to cite the package and the model, with the versions that decide the numbers.

    Example: gongkai cite --model my-model
    Example: gongkai cite --methods tables tasks my-model predictions
    """
    from gongkai.classify.methods import methods_paragraph
    from gongkai.classify.publish import citation

    if methods and not folders:
        raise GongkaiError("--methods needs the folders of the runs, e.g. tables my-model predictions")
    typer.echo(methods_paragraph(folders or ()) if methods else citation(model))


COMMANDS = (sample, agree, partition, publish, reuse, followup, terms, show, cite)
