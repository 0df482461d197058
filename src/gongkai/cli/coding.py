"""Codebooks (check, show, new), and who codes by them: a language model, or a person in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

import gongkai
from gongkai.cli import options as opt
from gongkai.cli.renamed import Renaming
from gongkai.errors import GongkaiError
from gongkai.tables.scheme.codebooks import given_or_shipped

app = typer.Typer(cls=Renaming, no_args_is_help=True, help="A scheme of labels as data: check, show, new.")
File = Annotated[Path | None, Argument(help="Codebook in TOML; the one that ships if not given.")]


def code(
    tasks: Annotated[Path, Argument(help="Task file of gongkai sample.")],
    output: Annotated[Path, opt.Into(help="Codes to write, .csv.")],
    llm: Annotated[
        str | None, Option("--llm", "-m", help="Name of the language model at the endpoint.")
    ] = None,
    interactive: Annotated[
        bool,
        Option("--interactive", "-i", help="Code it yourself, here, key by key; goes on where you left."),
    ] = False,
    endpoint: Annotated[
        str | None, Option(help="OpenAI-compatible address; without it kept answers are replayed.")
    ] = None,
    codebook: opt.CodebookFile = None,
    template: Annotated[Path | None, Option(help="Prompt of your own; see docs/coding.md.")] = None,
    cache: Annotated[Path | None, Option(help="Folder of kept answers; OUTPUT.answers if not given.")] = None,
    answer: Annotated[str, Option(help="json_schema, json_object or text.")] = "json_schema",
    passes: Annotated[int, Option(min=1, help="How often each sentence is coded.")] = 1,
    temperature: Annotated[
        float, Option(min=0.0, help="Sampling temperature of the model; 0: its likeliest answer.")
    ] = 0.0,
    max_tokens: Annotated[int, Option(min=16, help="Longest answer.")] = 800,
    jobs: Annotated[int, Option("--jobs", "-j", min=1, help="Requests at a time.")] = 8,
    retries: Annotated[int, Option(min=0, help="Of 429, 5xx and lost connections.")] = 6,
    timeout: Annotated[float, Option(min=0.1, help="Seconds for an answer.")] = 120.0,
    price: Annotated[str, Option(metavar="IN,OUT", help="Per million tokens, to show the cost.")] = "",
    dry_run: Annotated[
        bool, Option("--dry-run", help="Show the first prompt, tokens and cost; send nothing.")
    ] = False,
    obedience: Annotated[
        bool,
        Option(
            "--obedience",
            help="Test instead whether the model follows the codebook: its labels reordered, renamed, "
            "swapped, without definitions; OUTPUT is the table. Asks five times as often.",
        ),
    ] = False,
    limit: opt.Limit = None,
    overwrite: opt.Overwrite = False,
) -> None:
    """Code a task file by the codebook: a language model, or with -i you yourself.

    Answers are kept: a stopped run goes on where it was, and the same run again costs nothing. The key comes
    from the environment, GONGKAI_API_KEY or OPENAI_API_KEY.

    Example: gongkai code tasks/li.csv -o llm.csv --llm qwen3 --endpoint http://127.0.0.1:8000/v1 --dry-run
    Example: gongkai code tasks/li.csv -o llm.csv --llm qwen3 --endpoint http://127.0.0.1:8000/v1
    Example: gongkai code tasks/li.csv -o o.csv --llm qwen3 --endpoint http://127.0.0.1:8000/v1 --obedience
    Example: gongkai code tasks/li.csv -o li.csv -i
    """
    if interactive:
        _code_here(tasks, output, codebook)
        return
    if llm is None:
        raise GongkaiError("--llm NAME of the language model, or -i to code here")
    from tqdm import tqdm

    from gongkai.coding.machine import dry_run as rehearse
    from gongkai.coding.machine import template_text
    from gongkai.store.run import refuse_existing

    prices = _prices(price)
    book = opt.codebook_of(codebook)
    text = template_text(template)
    machine = gongkai.coding.Machine(
        llm, endpoint, answer=answer, temperature=temperature, max_tokens=max_tokens, jobs=jobs,
        retries=retries, timeout=timeout,
    )  # fmt: skip
    if dry_run:
        requests, sent, back = rehearse(
            tasks, machine, codebook=book, template=text, passes=passes, limit=limit
        )
        for part in requests[0]["messages"] if requests else ():
            typer.echo(f"[{part['role']}]\n{part['content']}")
        typer.echo(
            f"{len(requests) * passes:,} requests, about {sent:,} tokens in and {back:,} out"
            f"{_cost(prices, sent, back)}; nothing was sent"
        )
        return
    if output.suffix.lower() != ".csv":
        raise GongkaiError(f"{output}: codes are written as .csv")
    refuse_existing(output, overwrite=overwrite)
    with tqdm(unit="answer", disable=None) as bar:

        def say(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        place = cache or output.with_suffix(".answers")
        if obedience:
            from gongkai.coding.obedience import obedience as test

            codes, tally = test(
                tasks, machine, cache=place, codebook=book, template=text, limit=limit, say=say
            )
        else:
            codes, tally = gongkai.coding.code_by_machine(
                tasks, machine, cache=place, codebook=book, template=text, passes=passes, limit=limit, say=say
            )
    opt.write(codes, output, overwrite)
    if obedience:
        typer.echo(codes.to_string(index=False, float_format="{:.3f}".format))
    who = codes["annotator"].iloc[0] if len(codes) and not obedience else llm
    typer.echo(
        f"{output}: {len(codes)} rows by {who}; {tally.asked} answers asked for, {tally.kept} kept ones "
        f"taken; {tally.tokens_in:,} tokens in, {tally.tokens_out:,} out"
        f"{_cost(prices, tally.tokens_in, tally.tokens_out)}"
    )
    for problem, count in sorted(tally.problems.items()):
        typer.echo(f"  {count} without codes: {problem}")
    if tally.failed:
        raise typer.Exit(1)


def _code_here(tasks: Path, output: Path, codebook: Path | None) -> None:
    import click

    if not sys.stdin.isatty():
        raise GongkaiError("-i asks key by key: it needs a terminal, no pipe or file as its input")
    from gongkai.coding.terminal import code_in_terminal

    def line(name: str) -> str:
        return str(typer.prompt(name, default="", show_default=False))

    done, total = code_in_terminal(
        tasks, output, key=click.getchar, line=line, tell=typer.echo, codebook=opt.codebook_of(codebook)
    )
    typer.echo(f"{output}: {done} of {total} sentences coded")


def _prices(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError as error:
        raise GongkaiError(f"--price {text}: expected two numbers, e.g. 0.5,1.5") from error
    return first, second


def _cost(prices: tuple[float, float] | None, sent: int, back: int) -> str:
    return "" if prices is None else f", cost {(sent * prices[0] + back * prices[1]) / 1e6:.2f}"


def predict_codes(
    inputs: list[Path], codes: Path, output: Path, codebook: Path | None, overwrite: bool
) -> None:
    """Write one coder's codes as predictions."""
    from gongkai.coding.labels import predictions_from_codes

    book = opt.codebook_of(codebook)
    sentences = gongkai.read_sentences(inputs)
    found = predictions_from_codes(gongkai.read_labels(codes, book), sentences, book)
    opt.write(found, output, overwrite)
    coded = found["sentence_id"].nunique()
    typer.echo(f"{output}: {coded:,} sentences coded; {len(sentences) - coded:,} without codes are left out")


@app.command()
def check(path: File = None) -> None:
    """Check a codebook and say what it holds.

    Example: gongkai codebook check my-scheme.toml
    """
    book = given_or_shipped(opt.codebook_of(path))
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

    typer.echo(shown(given_or_shipped(opt.codebook_of(path)), language), nl=False)


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


COMMANDS = (code,)
