"""Codebooks read from TOML, and checked: unknown keys, missing labels and circles are refused by line."""

from __future__ import annotations

import csv
import functools
import io
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gongkai.errors import SchemaError
from gongkai.store.run import bundled
from gongkai.store.storage import user_text
from gongkai.tables.columns import refuse_missing
from gongkai.tables.rows import SECTIONS
from gongkai.tables.scheme.codebook import EMPTY, Class, Codebook, Example, Kind, Label, Quantity, Words

SHIPPED = "codebook"
"""The scheme that is used where none is given."""
_SCHEMES = {SHIPPED, "admitted"}
"""Schemes that ship, as `corpus/NAME.toml`."""
_NAME = re.compile(r"[^\W\d][\w-]*")
_TAKEN = frozenset(
    "sentence_id annotator report_id agency year section heading lead before text text_hash rule codebook "
    "inclusion label value score predicted seen model confidence comment macro checked kind".split()
)
"""Names of columns, which a label may not have."""


def given_or_shipped(codebook: Codebook | None) -> Codebook:
    """Return the codebook, or the one that ships."""
    if codebook is not None and not isinstance(codebook, Codebook):
        kind = type(codebook).__name__
        raise SchemaError(f"codebook: expected what gongkai.read_codebook gives, not a {kind}")
    return codebook or shipped()


@functools.lru_cache(maxsize=1)
def shipped() -> Codebook:
    """Return the scheme that ships with the package."""
    return read_codebook(bundled(f"corpus/{SHIPPED}.toml"))


def inferred(labels: Iterable[tuple[str, str | None]]) -> Codebook:
    """Return the scheme of predictions that come without one: one that ships where it has their labels.

    Args:
        labels: (label, class) as predictions carry them; the class is None for a binary label.
    """
    found: dict[str, list[str]] = {}
    for name, value in labels:
        found.setdefault(name, [])
        if isinstance(value, str) and value and value not in found[name]:
            found[name].append(value)
    ours = shipped()
    if found.keys() <= set(ours.names) and not any(found.values()):
        return ours
    for scheme in map(read_codebook, sorted(_SCHEMES - {SHIPPED})):
        if {one.name: set(one.class_names) for one in scheme.labels} == {n: set(v) for n, v in found.items()}:
            return scheme
    made = tuple(Label(name, tuple(Class(v) for v in values)) for name, values in found.items())
    return Codebook("unnamed", "0", made)


def read_codebook(path: str | Path) -> Codebook:
    """Read a codebook from TOML.

    Args:
        path: The file, or the name of a scheme that ships; `gongkai codebook new` writes a template with
            comments.

    Raises:
        SchemaError: Names file, line and label: not TOML, an unknown key, a value that fits none, a label
            that is not there, a cycle in `only_if`.
    """
    source = Path(path)
    if str(path) in _SCHEMES and not source.is_file():
        source = bundled(f"corpus/{path}.toml")
    return parse_codebook(user_text(source), str(source))


def parse_codebook(text: str, name: str = "codebook") -> Codebook:
    """Make a codebook from the text of its TOML; `name` is what messages call it.

    Raises:
        SchemaError: See `read_codebook`.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = (
            '; a name that is not ASCII stands in quotes: [labels."承诺"]' if "key part" in str(error) else ""
        )
        raise SchemaError(f"{name}: not TOML: {error}{hint}") from error
    return _Reader(text, name).codebook(values)


def with_examples(codebook: Codebook, path: str | Path) -> Codebook:
    """Return the codebook with further examples from a CSV file: `text`, and a column for each label.

    Raises:
        SchemaError: Names the file and line: no such file, a missing column, no text, an unknown code.
    """
    reader = csv.DictReader(io.StringIO(user_text(path), newline=""))
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise SchemaError(f"{path}, line {reader.line_num}: {error}") from error
    refuse_missing(path, ("text", *codebook.names), rows[0][1] if rows else ())
    labels = []
    for label in codebook.labels:
        found = []
        for line, row in rows:
            try:
                if None in row.values():
                    raise ValueError("has fewer cells than the header")
                code = label.code_of(row[label.name])
                if not row["text"]:
                    raise ValueError("text is empty")
            except ValueError as error:
                raise SchemaError(f"{path}, line {line}: {error}") from error
            if code is not None:
                found.append(Example(row["text"], code if isinstance(code, str) else str(int(code))))
        labels.append(replace(label, examples=(*label.examples, *found)))
    return replace(codebook, labels=tuple(labels))


_BOOK = {
    "name": str, "version": str, "unit": str, "title": Words, "uncounted_sections": list, "follow": str,
    "portable": str, "rule_baseline": str, "labels": dict, "measures": dict, "kinds": list,
}  # fmt: skip
_LABEL = {
    "type": str, "title": Words, "share": Words, "definition": Words, "rules": list, "examples": list,
    "classes": list, "only_if": str, "sections": list,
}  # fmt: skip
_CLASS = {"name": str, "title": Words, "definition": Words}
_EXAMPLE = {"text": str, "value": object, "why": str}
_MEASURE = {"title": Words, "share": Words, "all_of": list, "among": str}
_KIND = {"key": str, "title": Words, "has": list, "lacks": list, "colour": str}
_COLOURS = ("#1b7837", "#c2410c", "#1f4e79", "#8a8a8a", "#6d28d9", "#b45309", "#0f766e", "#be185d")


@dataclass(frozen=True, slots=True)
class _Reader:
    text: str
    name: str

    def wrong(self, message: str, table: str = "", key: str = "") -> SchemaError:
        """Return an error that names the line of a key in a table (or of the table)."""
        line = start = 0
        for number, written in enumerate(self.text.splitlines(), start=1):
            bare = written.strip().replace('"', "").replace("'", "")
            if table and not start and re.fullmatch(rf"\[{re.escape(table)}\]\s*(#.*)?", bare):
                line = start = number
            elif (start or not table) and key and re.match(rf"{re.escape(key)}\s*=", bare):
                line = number
                break
            elif start and number > start and bare.startswith("["):
                break
        return SchemaError(f"{self.name}{f', line {line}' if line else ''}: {message}")

    def keys(self, values: Any, known: Mapping[str, Any], what: str, table: str = "") -> dict[str, Any]:
        """Return checked values: keys and their types."""
        if not isinstance(values, dict):
            raise self.wrong(f"{what} must be a table of keys, is {values!r}", table)
        found: dict[str, Any] = {}
        for key, value in values.items():
            if key not in known:
                raise self.wrong(f"{what}: unknown key {key}; known are {', '.join(known)}", table, key)
            kind = known[key]
            if kind is Words:
                found[key] = self.words(value, f"{what}: {key}", table, key)
            elif kind is not object and not isinstance(value, kind):
                shown = {str: "a text", list: "a list", dict: "a table"}[kind]
                raise self.wrong(f"{what}: {key} must be {shown}, is {value!r}", table, key)
            else:
                found[key] = value
        return found

    def words(self, value: Any, what: str, table: str, key: str) -> Words:
        if isinstance(value, str):
            return Words(value)
        if isinstance(value, dict) and set(value) <= {"en", "zh"} and all(map(_is_text, value.values())):
            return Words(**value)
        raise self.wrong(f"{what} must be a text, or a table of en and zh; is {value!r}", table, key)

    def texts(self, values: list[Any], what: str, table: str, key: str) -> tuple[str, ...]:
        if not all(map(_is_text, values)):
            raise self.wrong(f"{what}: {key} must be a list of texts", table, key)
        return tuple(values)

    def sections(self, values: list[Any], what: str, table: str, key: str) -> tuple[str, ...]:
        found = self.texts(values, what, table, key)
        if unknown := [s for s in found if s not in SECTIONS]:
            known = ", ".join(SECTIONS)
            raise self.wrong(f"{what}: no section {unknown[0]}; there are {known}", table, key)
        return found

    def refuse_unknown(
        self, book: Codebook, named: Iterable[str], what: str, table: str = "", key: str = ""
    ) -> None:
        if unknown := [indicator for indicator in named if indicator not in book.indicators]:
            there = ", ".join(book.indicators)
            raise self.wrong(f"{what} names '{unknown[0]}'; there are {there}", table, key)

    def codebook(self, values: dict[str, Any]) -> Codebook:
        book = self.keys(values, _BOOK, "codebook")
        for key in ("name", "version"):
            if not book.get(key):
                raise self.wrong(f"codebook: {key} is missing", key=key)
        if not book.get("labels"):
            raise self.wrong("codebook: no label; expected tables [labels.NAME]")
        labels = tuple(self.label(name, part) for name, part in book["labels"].items())
        plain = {k: book[k] for k in ("unit", "title", "follow", "portable", "rule_baseline") if k in book}
        draft = Codebook(book["name"], book["version"], labels, source=self.text, file=self.name, **plain)
        if "uncounted_sections" in book:
            key = "uncounted_sections"
            draft = replace(draft, uncounted_sections=self.sections(book[key], "codebook", "", key))
        for label in labels:
            self.condition(draft, label)
        for key, indicator in (("follow", draft.follow), ("portable", draft.portable)):
            self.refuse_unknown(draft, [indicator] if indicator else [], f"codebook: {key}", key=key)
        derived = [self.measure(draft, key, part) for key, part in book.get("measures", {}).items()]
        kinds = tuple(self.kind(draft, part, k) for k, part in enumerate(book.get("kinds", [])))
        return replace(draft, derived=tuple(derived), kinds=kinds or _plain_kinds(labels[0]))

    def label(self, name: str, values: Any) -> Label:
        table, what = f"labels.{name}", f"label {name}"
        if not _NAME.fullmatch(name) or name in _TAKEN:
            reason = "is the name of a column" if name in _TAKEN else "is no name: letters, digits, _ and -"
            raise self.wrong(f"{what}: {name} {reason}", table)
        part = self.keys(values, _LABEL, what, table)
        kind = part.get("type", "binary")
        if kind not in ("binary", "choice"):
            raise self.wrong(f"{what}: type is '{kind}'; expected binary or choice", table, "type")
        classes = tuple(self.one_class(c, what, table) for c in part.get("classes", []))
        names = [c.name for c in classes]
        if kind == "binary" and classes:
            raise self.wrong(f'{what}: a binary label has no classes; say type = "choice"', table, "classes")
        if kind == "choice" and len(set(names)) < max(2, len(names)):
            raise self.wrong(f"{what}: a choice needs two classes or more, each once", table, "classes")
        rules = tuple(self.words(r, f"{what}: rules", table, "rules") for r in part.get("rules", []))
        plain = {k: part[k] for k in ("title", "share", "definition", "only_if") if k in part}
        sections = self.sections(part.get("sections", []), what, table, "sections")
        made = Label(name, classes, rules=rules, sections=sections, **plain)
        examples = tuple(self.example(made, e, table) for e in part.get("examples", []))
        return replace(made, examples=examples)

    def one_class(self, values: Any, what: str, table: str) -> Class:
        part = self.keys({"name": values} if isinstance(values, str) else values, _CLASS, what, table)
        name = part.get("name", "")
        if not name.strip() or set(name) & set("=+,\n") or name != name.strip():
            raise self.wrong(f"{what}: '{name}' is no name of a class (no = + , nor empty)", table, "classes")
        title = part.get("title", Words())
        if empty := [n for n in (name, title.en, title.zh) if n and n.strip().casefold() in EMPTY]:
            raise self.wrong(f"{what}: '{empty[0]}' as a class would read as an empty cell", table, "classes")
        return Class(name, title, part.get("definition", Words()))

    def example(self, label: Label, values: Any, table: str) -> Example:
        what = f"label {label.name}: example"
        part = self.keys(values, _EXAMPLE, what, table)
        if not part.get("text"):
            raise self.wrong(f"{what} without text", table, "examples")
        try:
            code = label.code_of(part.get("value"))
        except ValueError as error:
            raise self.wrong(f"{what}: {error}", table, "examples") from error
        shown = "" if code is None else code if isinstance(code, str) else str(int(code))
        return Example(part["text"], shown, part.get("why", ""))

    def condition(self, book: Codebook, label: Label) -> None:
        table, what = f"labels.{label.name}", f"label {label.name}"
        seen = [label.name]
        above = label.only_if
        while above:
            self.refuse_unknown(book, [above], f"{what}: only_if", table, "only_if")
            name = book.of(above).name
            if name in seen:
                circle = " → ".join([*seen, name])
                raise self.wrong(f"{what}: only_if goes in a circle: {circle}", table, "only_if")
            seen.append(name)
            above = book.of(name).only_if

    def measure(self, book: Codebook, name: str, values: Any) -> Quantity:
        table, what = f"measures.{name}", f"measure {name}"
        if not _NAME.fullmatch(name) or name in ("prevalence", "difference", "followup"):
            raise self.wrong(f"{what}: no name of a measure of one's own", table)
        part = self.keys(values, _MEASURE, what, table)
        tops = self.texts(part.get("all_of", []), what, table, "all_of")
        among = part.get("among", "")
        if not tops:
            raise self.wrong(f"{what}: all_of is missing", table, "all_of")
        self.refuse_unknown(book, tops, f"{what}: all_of", table, "all_of")
        self.refuse_unknown(book, [among] if among else [], f"{what}: among", table, "among")
        bottom = (*book.conditions(among), among) if among else ()
        top = tuple(dict.fromkeys(i for t in (*bottom, *tops) for i in (*book.conditions(t), t)))
        title, share = part.get("title", Words()), part.get("share", Words())
        return Quantity(name, "+".join(tops), top, bottom, (), title.filled(name), share)

    def kind(self, book: Codebook, values: Any, number: int) -> Kind:
        what = f"kind {number + 1}"
        part = self.keys(values, _KIND, what, "[kinds]")
        key = part.get("key", f"kind{number + 1}")
        if not _NAME.fullmatch(key):
            raise self.wrong(f"{what}: '{key}' is no name", "[kinds]", "key")
        colour = part.get("colour", _COLOURS[number % len(_COLOURS)])
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
            raise self.wrong(f"{what}: colour is '{colour}'; expected e.g. #1b7837", "[kinds]", "colour")
        has, lacks = (self.texts(part.get(k, []), what, "[kinds]", k) for k in ("has", "lacks"))
        self.refuse_unknown(book, (*has, *lacks), what, "[kinds]")
        return Kind(key, part.get("title", Words(key)), has, lacks, colour)


def _plain_kinds(label: Label) -> tuple[Kind, ...]:
    """Return a kind per class of the first label, where the codebook names none."""
    shown = {c.name: c.title for c in label.classes}
    made = []
    for number, indicator in enumerate(label.indicators):
        value = indicator.partition("=")[2]
        title = shown[value] if value else label.title
        title = title if str(title) else Words(value or label.name)
        made.append(Kind(f"kind{number + 1}", title, (indicator,), (), _COLOURS[number % len(_COLOURS)]))
    rest = Kind("rest", Words("none of these", "其他"), (), label.indicators, "#8a8a8a")
    return (*made, rest)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
