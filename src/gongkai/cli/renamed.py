"""Options that had another name: one word one meaning. The old ones work for one version, with a note."""

from __future__ import annotations

import itertools
from typing import Any

import typer
from typer.core import TyperGroup

from gongkai.cli import chinese
from gongkai.errors import GongkaiError

RENAMED = {
    ("panel", "--covariates"): "--with", ("rates", "--covariates"): "--with",
    ("build", "--cluster"): "--scheduler", ("predict", "--cluster"): "--scheduler",
    ("train", "--model"): "--kind", ("code", "--model"): "--llm", ("agree", "--labels"): "--output",
}  # fmt: skip
"""(command, old option) → new one. To be emptied in 0.3."""


class Renaming(TyperGroup):
    """Commands that know what their options were called, and show their examples a line each."""

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401
        """Wrap help in Chinese at half the columns: its characters are two wide."""
        if chinese.is_asked():
            extra.setdefault("max_content_width", 56)
        return super().make_context(*args, **extra)

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401
        """Return the help in the language of the terminal."""
        if not chinese.is_asked():
            return super().get_help(ctx)
        chinese.translate(self)
        return chinese.furnished(super().get_help(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """Find a command; the examples of its help stay lines of their own."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and chinese.is_asked():
            chinese.translate(command)
        if command is not None and command.help and "\b" not in command.help:
            command.help = command.help.replace("\n\nExample:", "\n\n\b\nExample:", 1)
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401
        """Find the command, and call its options by their names of today."""
        name, command, rest = super().resolve_command(ctx, args)
        _guard(command)
        return name, command, [_today(name or "", word) for word in rest]


def _guard(command: Any) -> None:  # noqa: ANN401
    """Let a command look at its output before it runs; once, however often it is called in a process."""
    run = command.invoke
    if run.__name__ == "guarded":
        return

    def guarded(inner: Any) -> Any:  # noqa: ANN401
        _refuse_output(inner)
        return run(inner)

    command.invoke = guarded


def _refuse_output(inner: Any) -> None:  # noqa: ANN401
    """Refuse an output that names nothing (an unset variable), and one that would replace what is read."""
    from gongkai.store.run import refuse_input

    params = inner.params
    if str(params.get("output")) in ("", ".", "-"):
        raise GongkaiError(
            f"-o '{params['output']}' names no file or folder; results are not written to stdout"
        )
    if params.get("overwrite") and params.get("output"):
        named = [params[p.name] for p in inner.command.params if p.param_type_name == "argument"]
        read = itertools.chain(*(one if isinstance(one, list | tuple) else [one] for one in named))
        refuse_input(params["output"], [one for one in read if one])


def _today(command: str, word: str) -> str:
    option, given, value = word.partition("=")
    new = RENAMED.get((command, option))
    if new is None:
        return word
    typer.echo(f"gongkai: {command} {option} is now {new}; the old name goes in the next version", err=True)
    return new + given + value
