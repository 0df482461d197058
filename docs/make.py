"""Write the pages that derive from the code: python -m docs.make (tests/test_docs.py says when to).

docs/tables.md      the data dictionary, from the rows of tables/rows.py
docs/problems.md    every kind of problem, from problem.py
docs/reference.md   the public functions, from their docstrings
corpus/admitted.md  the second scheme that ships, as a coder reads it
"""

from __future__ import annotations

import inspect
from pathlib import Path

import gongkai
from gongkai.coding.codebook import shown
from gongkai.problem import KINDS
from gongkai.tables.codebooks import read_codebook
from gongkai.tables.rows import KEYS, ROWS
from gongkai.tables.schema import SCHEMAS

HERE = Path(__file__).parent
GROUPS = {
    "read": "Read: files → tables",
    "code": "Code: samples, coders, agreement",
    "classify": "Classify: labels → models → predictions",
    "measure": "Measure: predictions → estimates with intervals",
    "show": "Show: figures and the page",
}
NOTE = "<!-- made by `python -m docs.make`; do not edit -->"


def tables() -> str:
    """Return the data dictionary."""
    lines = [
        "# Tables",
        NOTE,
        "A tables folder holds a folder per table with `part-*.parquet`; in the hand each is a pandas frame.",
    ]
    for name, schema in SCHEMAS.items():
        about = (inspect.getdoc(ROWS[name]) or "").replace("\n", " ")
        key = f" Key: {', '.join(f'`{k}`' for k in KEYS[name])}." if name in KEYS else ""
        rows = [
            f"| `{f.name}` | {f.type} | {'yes' if f.nullable else 'no'} | {f.metadata[b'meaning'].decode()} |"
            for f in schema
        ]
        table = "\n".join(["| column | type | may be null | meaning |", "|---|---|---|---|", *rows])
        lines += [f"## {name}", f"{about}{key}", table]
    return "\n\n".join(lines) + "\n"


def problems() -> str:
    """Return the list of kinds of problems."""
    rows = [f"| `{code}` | {k.step} | {k.severity} | {k.advice} |" for code, k in sorted(KINDS.items())]
    table = "\n".join(["| code | step | severity | what it means, what to do |", "|---|---|---|---|", *rows])
    about = (
        "What `build` notices is a row in the table `problems`, never a silent skip. An error leaves "
        "something out, a warning asks to compare with the file, a note is for completeness."
    )
    return "\n\n".join(["# Problems", NOTE, about, table]) + "\n"


def reference() -> str:
    """Return the public functions with their docstrings."""
    lines = [
        "# Reference",
        NOTE,
        "Everything public is a name of `gongkai`. On the command line: `gongkai COMMAND --help`.",
    ]
    for group, names in gongkai._GROUPS.items():
        lines.append(f"## {GROUPS[group]}")
        for name in names:
            thing = getattr(gongkai, name)
            text = inspect.getdoc(thing) or ""
            lines += [f"### `gongkai.{name}{_signature(thing)}`", f"```text\n{text}\n```"]
    return "\n\n".join(lines) + "\n"


def _signature(thing: object) -> str:
    """Return the parameters without their types, which the text explains."""
    parameters = inspect.signature(thing).parameters.values()  # type: ignore[arg-type]
    shown = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(shown))


def admitted() -> str:
    """Return the scheme `admitted` as a coder reads it."""
    title, rest = shown(read_codebook("admitted")).split("\n\n", 1)
    return f"{title}\n\n{NOTE}\n\n{rest}"


PAGES = {
    "tables.md": tables,
    "problems.md": problems,
    "reference.md": reference,
    "../corpus/admitted.md": admitted,
}

if __name__ == "__main__":
    for page, written in PAGES.items():
        (HERE / page).write_text(written(), encoding="utf-8")
