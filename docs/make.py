"""Write the pages that derive from the code: python -m docs.make (tests/test_docs.py says when to).

docs/tables.md      the data dictionary, from the rows of tables/rows.py; docs/zh/tables.md by columns.zh.toml
docs/problems.md    every kind of problem, from problem.py; docs/zh/problems.md in Chinese
docs/reference.md   the public functions, from their docstrings
docs/commands.md    the command line, from Typer; docs/zh/commands.md by src/gongkai/cli/chinese.toml
corpus/admitted.md  the second scheme that ships, as a coder reads it
"""

from __future__ import annotations

import functools
import inspect
import operator
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

import gongkai
from gongkai.cli.app import app
from gongkai.cli.chinese import parts_of, table
from gongkai.coding.codebook import shown
from gongkai.problem import KINDS
from gongkai.tables.rows import KEYS, ROWS
from gongkai.tables.schema import SCHEMAS
from gongkai.tables.scheme.codebooks import read_codebook, shipped

HERE = Path(__file__).parent
GROUPS = {
    "corpus": "Read: files → tables",
    "coding": "Code: samples, coders, agreement",
    "classify": "Classify: labels → models → predictions",
    "measure": "Measure: predictions → estimates with intervals",
    "show": "Show: figures and the page",
}
NOTE = "<!-- made by `python -m docs.make`; do not edit -->"


WORDS = {
    "en": {
        "tables": "Tables", "problems": "Problems",
        "about tables": "A tables folder holds a folder per table with `part-*.parquet`; in the hand each is "
        "a pandas frame.",
        "about problems": "What `build` notices is a row in the table `problems`, never a silent skip. An "
        "error leaves something out, a warning asks to compare with the file, a note is for completeness.",
        "columns": ("column", "type", "may be null", "meaning"), "null": ("no", "yes"),
        "codes": ("code", "step", "severity", "what it means, what to do"), "key": " Key: {}.", "and": ", ",
    },
    "zh": {
        "tables": "表格", "problems": "问题代码",
        "about tables": "表格文件夹中每张表一个文件夹，内有 `part-*.parquet`；在 Python 中各为"
        "一个 pandas 数据框。",
        "about problems": "`build` 注意到的每件事都是表 `problems` 中的一行，不会悄悄略过。“遗漏”（error）"
        "表示有内容未收入，“请核对”（warning）表示应与原件比对，“提示”（note）仅供知悉。",
        "columns": ("列", "类型", "可为空", "含义"), "null": ("否", "是"),
        "codes": ("代码", "步骤", "轻重", "意思与办法"), "key": "主键：{}。", "and": "、",
    },
}  # fmt: skip


def _page(name: str, language: str, parts: list[str]) -> str:
    said = WORDS[language]
    head = ["---\nlang: zh\n---"] if language == "zh" else []
    return "\n\n".join([*head, f"# {said[name]}", NOTE, str(said[f"about {name}"]), *parts]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    first, *others = ("| " + " | ".join(map(str, row)) + " |" for row in (head, *rows))
    return "\n".join([first, "|---" * len(head) + "|", *others])


def tables(language: str = "en") -> str:
    """Return the data dictionary; in Chinese, where `columns.zh.toml` lacks a meaning it stays English."""
    said: dict[str, Any] = WORDS[language]
    known: dict[str, str] = {}
    if language == "zh":
        chinese = tomllib.loads((HERE / "columns.zh.toml").read_text(encoding="utf-8"))
        labels = {one.definition.said("en"): one.definition.said("zh") for one in shipped().labels}
        known = labels | chinese["columns"] | chinese["tables"]
    parts = []
    for name, schema in SCHEMAS.items():
        about = (inspect.getdoc(ROWS[name]) or "").replace("\n", " ")
        key = said["key"].format(said["and"].join(f"`{k}`" for k in KEYS[name])) if name in KEYS else ""
        meanings = {f.name: f.metadata[b"meaning"].decode() for f in schema}
        rows = [
            (f"`{f.name}`", f.type, said["null"][f.nullable], known.get(meanings[f.name], meanings[f.name]))
            for f in schema
        ]
        parts += [f"## {name}", f"{known.get(about, about)}{key}", _table(said["columns"], rows)]
    return _page("tables", language, parts)


def problems(language: str = "en") -> str:
    """Return the list of kinds of problems; in Chinese with the words of the page."""
    said: dict[str, Any] = WORDS[language]
    chinese = table()["words"]
    rows = [
        (f"`{code}`", k.step, k.severity, k.advice)
        if language == "en"
        else (f"`{code}`", chinese[k.step], chinese[k.severity], k.zh)
        for code, k in sorted(KINDS.items())
    ]
    return _page("problems", language, [_table(said["codes"], rows)])


def reference() -> str:
    """Return the public functions with their docstrings."""
    lines = [
        "# Reference",
        NOTE,
        table()["page"]["reference"],
        "What most work needs is a name of `gongkai`. What refines or checks it stands at a room's door, "
        f"where `dir` shows it: {', '.join(f'`gongkai.{room}`' for room in gongkai._GROUPS)}. The commands: "
        "[`commands.md`](commands.md). What is refused raises a `GongkaiError` of one line (`from "
        "gongkai.errors import GongkaiError`).",
    ]
    for room, names in gongkai._GROUPS.items():
        lines.append(f"## {GROUPS[room]}")
        door = getattr(gongkai, room)
        for whole in [*names, *(f"{room}.{name}" for name in door.__all__)]:
            thing = operator.attrgetter(whole)(gongkai)
            call = f"```python\ngongkai.{whole}{_signature(thing)}\n```"
            lines += [f"### `{whole}`", call, *_prose(inspect.getdoc(thing) or "")]
    return "\n\n".join(lines) + "\n"


def _signature(thing: object) -> str:
    """Return the parameters without their types, which the text explains."""
    parameters = inspect.signature(thing).parameters.values()  # type: ignore[arg-type]
    shown = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(shown))


def _prose(docstring: str) -> list[str]:
    """Return the paragraphs of a docstring, its Args, Returns and Raises as lists."""
    blocks = []
    for block in re.split(r"\n\s*\n", docstring):
        head, _, rest = block.partition("\n")
        if head not in ("Args:", "Attributes:", "Returns:", "Yields:", "Raises:", "Example:"):
            code = block.startswith((" ", ">>>"))
            blocks.append(f"```text\n{inspect.cleandoc(block)}\n```" if code else _plain(block))
        elif head in ("Returns:", "Yields:", "Example:"):
            blocks.append(f"**{head[:-1]}** {_plain(inspect.cleandoc(rest))}")
        else:
            entries = re.split(r"\n(?! )", inspect.cleandoc(rest))
            named = [
                re.sub(r"^([\w*, ]+?)(?: \([^)]*\))?:\s+", r"`\1`: ", " ".join(e.split())) for e in entries
            ]
            blocks.append("\n".join([f"**{head[:-1]}**", "", *(f"- {_plain(e)}" for e in named)]))
    return blocks


def _plain(text: str) -> str:
    """Return text with what Markdown would take for markup outside of code escaped."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([*_<\[])", r"\\\1", p) for p in parts)


def commands(language: str = "en") -> str:
    """Return the commands with their options; in Chinese by `cli/chinese.toml`."""
    known = table() if language == "zh" else {"commands": {}, "options": {}}
    page = known.get("page") or {
        "title": "Command line",
        "about": "Results go to stdout, progress and logs to stderr. Exit code 0: done; 1: some inputs "
        "failed, each a row in `problems`; 2: wrong usage, or nothing could be done; 70: an error in gongkai "
        "itself; 130: interrupted, what was finished is kept. `gongkai -v COMMAND` says more. In a Chinese "
        "terminal, or with `GONGKAI_LANG=zh`, help and what the main commands print is Chinese.",
        "columns": ("argument or option", "meaning"), "required": " Required.", "default": " Default: `{}`.",
    }  # fmt: skip
    head = ["---\nlang: zh\n---"] if language == "zh" else []
    lines = [*head, f"# {page['title']}", NOTE, page["about"]]
    for name, command in _leaves(typer.main.get_command(app), "gongkai"):
        text, examples = parts_of(command.help)
        lines += [f"## `{name}`", _plain(known["commands"].get(text, text))]
        if examples:
            lines.append("\n".join(["```sh", *examples, "```"]))
        if rows := [_option(p, known["options"], page) for p in command.params if p.name != "help"]:
            lines.append(_table(page["columns"], rows))
    return "\n\n".join(lines) + "\n"


def _leaves(command: object, name: str) -> list[tuple[str, Any]]:
    """Return each command that does something with its whole name."""
    below = getattr(command, "commands", None)
    if below is None:
        return [(name, command)]
    return [leaf for key, c in below.items() for leaf in _leaves(c, f"{name} {key}")]


def _option(parameter: Any, known: Mapping[str, str], page: Mapping[str, Any]) -> tuple[str, str]:  # noqa: ANN401
    """Return what stands in the row of an argument or an option."""
    name = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        name = str(parameter.name).upper() + (" …" if parameter.nargs == -1 else "")
    said = parameter.default not in (None, "", (), [], False)
    note = (
        page["required"] if parameter.required else page["default"].format(parameter.default) if said else ""
    )
    text = known.get(parameter.help or "", parameter.help or "")
    return f"`{name}`", _plain(text).replace("|", "\\|") + note


def admitted() -> str:
    """Return the scheme `admitted` as a coder reads it."""
    title, rest = shown(read_codebook("admitted")).split("\n\n", 1)
    return f"{title}\n\n{NOTE}\n\n{rest}"


PAGES = {
    "tables.md": tables,
    "zh/tables.md": functools.partial(tables, "zh"),
    "problems.md": problems,
    "zh/problems.md": functools.partial(problems, "zh"),
    "reference.md": reference,
    "commands.md": commands,
    "zh/commands.md": functools.partial(commands, "zh"),
    "../corpus/admitted.md": admitted,
}

if __name__ == "__main__":
    for page, written in PAGES.items():
        (HERE / page).write_text(written(), encoding="utf-8")
