"""Coding in a terminal: a sentence with its context, single keys, undo, notes; saved after each sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gongkai.coding.codebook import shown
from gongkai.coding.exchange import columns_of, task_rows, write_rows
from gongkai.errors import SchemaError
from gongkai.store.run import whole_file
from gongkai.tables.scheme.codebook import Codebook, Label
from gongkai.tables.scheme.codebooks import given_or_shipped
from gongkai.tables.scheme.coded import coded_whole

YES, NO = frozenset("1yY是"), frozenset("0nN否")
UNDO, SKIP, NOTE, HELP, QUIT = "u", "s", "c", "?", "q"
CLASS_KEYS = "123456789abdefghijklmnoprtvwxz"
"""Keys of the classes of a choice: none of them undoes, skips, notes or quits."""


def code_in_terminal(
    tasks: str | Path,
    output: str | Path,
    *,
    key: Callable[[], str],
    line: Callable[[str], str],
    tell: Callable[[str], None],
    codebook: Codebook | None = None,
) -> tuple[int, int]:
    """Code a task file, sentence by sentence.

    Args:
        tasks: A file of `write_tasks`.
        output: .csv of the same shape with the codes, saved after each sentence; what it holds already is not
            asked again.
        key: Returns the next key pressed.
        line: Asks for a line of text, a note.
        tell: Shows a text.
        codebook: The scheme; the one that ships unless given.

    Returns:
        Sentences coded, and all.

    Raises:
        SchemaError: The task file is malformed, or the output is of other tasks.
    """
    scheme = given_or_shipped(codebook)
    target = Path(output)
    if target.suffix.lower() != ".csv":
        raise SchemaError(f"{target}: codes are written as .csv")
    rows = [dict(row) for _, row in task_rows(tasks, scheme)]
    if target.exists():
        held = {str(row["sentence_id"]): row for _, row in task_rows(target, scheme)}
        if strange := set(held) - {str(row["sentence_id"]) for row in rows}:
            raise SchemaError(f"{target}: holds {min(strange)}, which is not in {tasks}")
        rows = [dict(held.get(str(row["sentence_id"]), row)) for row in rows]
    coded = _coded(rows, scheme)
    history: list[int] = []
    place = next((k for k, done in enumerate(coded) if not done), len(rows))
    while place < len(rows):
        tell(_task(rows[place], place, len(rows), sum(coded)))
        command = _code_one(rows[place], scheme, key, line, tell)
        if command == QUIT:
            break
        if command == UNDO:
            place = history.pop() if history else place
            rows[place] |= dict.fromkeys(scheme.names, "")
            coded[place] = False
            continue
        if command != SKIP:
            coded[place] = True
            _save(rows, target, scheme)
        history.append(place)
        place = next((k for k in range(place + 1, len(rows)) if not coded[k]), len(rows))
    _save(rows, target, scheme)
    return sum(coded), len(rows)


def _coded(rows: list[dict[str, Any]], codebook: Codebook) -> list[bool]:

    frame = pd.DataFrame(rows)
    for label in codebook.labels:
        frame[label.name] = pd.Series([label.code_of(row.get(label.name)) for row in rows], dtype=object)
    some = frame[list(codebook.names)].notna().any(axis=1).to_numpy()
    return [bool(v) for v in coded_whole(frame, codebook) & some] if rows else []


def _task(row: Mapping[str, Any], place: int, total: int, done: int) -> str:
    about = " · ".join(str(row[c]) for c in ("agency", "year", "section", "heading") if row.get(c))
    lead, before = (
        f"  {name}: {row[c]}\n" if row.get(c) else "" for name, c in (("⟨", "lead"), ("‹", "before"))
    )
    return f"\n[{place + 1}/{total}, {done} coded] {about}\n{lead}{before}  ▶ {row['text']}"


def _code_one(
    row: dict[str, Any],
    codebook: Codebook,
    key: Callable[[], str],
    line: Callable[[str], str],
    tell: Callable[[str], None],
) -> str:
    """Ask for the labels of one sentence; return the command that ended it, empty when it is coded."""
    codes: dict[str, str] = dict.fromkeys(codebook.names, "")
    for label in codebook.labels:
        if not _applies(label, codebook, codes, row):
            continue
        keys = dict(zip(CLASS_KEYS, label.class_names, strict=False)) if label.is_choice else {}
        asked = "  ".join(f"{k} {v}" for k, v in keys.items()) or "1 yes  0 no"
        tell(f"  {label.title or label.name}?  {asked}   (u undo, s skip, c note, ? codebook, q quit)")
        while True:
            pressed = key()
            if pressed in (UNDO, SKIP, QUIT):
                return pressed
            if pressed == NOTE:
                row["comment"] = line("note")
            elif pressed == HELP:
                tell(shown(codebook))
            elif pressed in keys:
                codes[label.name] = keys[pressed]
                break
            elif not keys and pressed in YES | NO:
                codes[label.name] = "1" if pressed in YES else "0"
                break
    row |= codes
    return ""


def _applies(label: Label, codebook: Codebook, codes: Mapping[str, str], row: Mapping[str, Any]) -> bool:
    if label.sections and row.get("section") not in label.sections:
        return False
    for condition in codebook.conditions(label.name):
        above, _, value = condition.partition("=")
        if codes[above] != (value or "1"):
            return False
    return True


def _save(rows: list[dict[str, Any]], target: Path, codebook: Codebook) -> None:
    with whole_file(target, overwrite=True) as hidden:
        write_rows(rows, columns_of(codebook), hidden)
