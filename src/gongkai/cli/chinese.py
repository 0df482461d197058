"""The command line in Chinese, by its English: help, the lines of the main path, the errors met most.

Chinese is said where the language of the terminal is Chinese, or GONGKAI_LANG=zh; GONGKAI_LANG=en ends it.
All its words stand in `chinese.toml`; tests look that none is missing and none left over.
"""

from __future__ import annotations

import functools
import io
import locale
import os
import re
import tomllib
from pathlib import Path
from typing import Any

_NAMES = ("GONGKAI_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


@functools.cache
def table() -> dict[str, Any]:
    """Return the Chinese of the command line, by its English."""
    return tomllib.loads((Path(__file__).parent / "chinese.toml").read_text(encoding="utf-8"))


def is_asked() -> bool:
    """Whether the terminal is to speak Chinese."""
    given = next((value for name in _NAMES if (value := os.environ.get(name))), locale.getlocale()[0])
    return (given or "").lower().startswith(("zh", "chinese"))


def say(text: str, **values: object) -> str:
    """Return a line of the main path in the language of the terminal, its values filled in."""
    return (table()["lines"][text] if is_asked() else text).format(**values)


def word(text: str) -> str:
    """Return a word that stands in such a line."""
    return str(table()["words"].get(text, text)) if is_asked() else text


def error(text: str) -> str:
    """Return an error of the main path in the language of the terminal; a rarer one stays English."""
    if not is_asked():
        return text
    for pattern, chinese in table()["errors"].items():
        if found := re.fullmatch(pattern, text):
            return str(chinese).format(**found.groupdict())
    return text


def usage(wrong: Any) -> str:  # noqa: ANN401
    """Return what Typer says of a wrong option or argument, with how the command is called."""
    shown = io.StringIO()
    wrong.show(file=shown)
    text, said = shown.getvalue().rstrip(), wrong.format_message()
    if not is_asked() or said.rstrip() == text:  # no arguments: it is the help
        return text
    return furnished(text.removesuffix(f"Error: {said}")) + f"gongkai: {error(said)}"


def parts_of(text: str | None) -> tuple[str, list[str]]:
    """Return what a command does, in one line, and its examples."""
    about, *examples = re.split(r"\n\s*Example: *", (text or "").replace("\b", ""))
    return " ".join(about.split()), [example.strip() for example in examples]


def translate(command: Any) -> None:  # noqa: ANN401
    """Let a command and its options be helped in Chinese; once."""
    known = table()["commands"] | table()["options"] | table()["groups"]
    about, examples = parts_of(command.help)
    if about not in known:
        return
    command.short_help = re.split("[。：；]", known[about])[0]
    command.help = "\n\n\b\n".join(
        [known[about], *(["\n".join(f"例：{e}" for e in examples)] if examples else [])]
    )
    for parameter in command.params:
        parameter.help = known.get(parameter.help, parameter.help)
    if not hasattr(command, "commands"):
        english = command.get_help
        command.get_help = lambda context: furnished(english(context))


def furnished(text: str) -> str:
    """Return a help text with what the library puts around it in Chinese."""
    for english, chinese in table()["furniture"].items():
        text = re.sub(r"\s+".join(map(re.escape, english.split())), chinese, text)  # it may be wrapped
    return text
