"""Coding by people: hand sentences out as files of common tools, read the codes back.

    sample.draw → write_tasks → (Excel, a text editor, Label Studio, doccano) → read_tasks → labels

Every task carries the sentence's id and the hash of its text, so that a code returns to the very sentence
that was shown. Formats, by ending: `.xlsx`, `.csv` (UTF-8 with BOM), `.json` (Label Studio), `.jsonl`
(doccano).
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pandas as pd

from gongkai.coding.labels import read_labels
from gongkai.errors import SchemaError
from gongkai.store.run import extra, whole_file
from gongkai.store.storage import NOT_UTF8
from gongkai.tables.columns import refuse_missing
from gongkai.tables.parts import read_table
from gongkai.tables.schema import Labels, Sentences, Table, frame_of, hash_text, records
from gongkai.tables.scheme.codebook import Codebook, codes_in_order
from gongkai.tables.scheme.codebooks import given_or_shipped, shipped
from gongkai.tables.spreadsheet import add_sheet, excel_text, guarded, new_book, unguarded

FORMATS = (".xlsx", ".csv", ".json", ".jsonl")
ABOUT = ("sentence_id", "text_hash", "codebook", "inclusion")
CONTEXT = ("report_id", "agency", "year", "section", "heading", "lead", "before")
NONE = "neither"
"""What doccano's coders choose to say: coded, none of the labels."""
NOTES = ("confidence", "comment")


def columns_of(codebook: Codebook | None = None) -> tuple[str, ...]:
    """Return the columns of a task file."""
    labels = given_or_shipped(codebook).names
    return (*ABOUT, *CONTEXT, "text", *labels, *NOTES)


COLUMNS = columns_of(shipped())


def label_studio(codebook: Codebook) -> str:
    """Return the labelling configuration of Label Studio for a codebook."""
    choices = []
    for label in codebook.labels:
        values = "".join(f"<Choice value={quoteattr(v)}/>" for v in label.class_names or ("1", "0"))
        required = "false" if label.only_if or label.sections else "true"
        choices.append(
            f'  <Header value={quoteattr(f"{label.title or label.name}")} size="5"/>\n'
            f'  <Choices name="{label.name}" toName="text" choice="single" required="{required}">\n'
            f"    {values}\n  </Choices>\n"
        )
    return (
        '<View>\n  <Header value="$agency $year · $section · $heading"/>\n'
        '  <Text name="lead" value="$lead"/>\n  <Text name="before" value="$before"/>\n'
        '  <Text name="text" value="$text"/>\n'
        + "".join(choices)
        + '  <Rating name="confidence" toName="text"/>\n  <TextArea name="comment" toName="text"/>\n</View>\n'
    )


def write_tasks(
    drawn: Table, path: str | Path, *, overwrite: bool = False, codebook: Codebook | None = None
) -> Path:
    """Write a task file for one coder; the codes stand empty.

    Args:
        drawn: `sentences` rows, e.g. from `sample.draw`; `inclusion` is kept where it is there. The sentence
            before each is given where it is among the rows' reports (`before`), else it stays empty.
        path: .xlsx, .csv, .json (Label Studio; its labelling configuration is written beside it) or .jsonl
            (doccano; its labels are written beside it).
        overwrite: Replace an earlier file.
        codebook: The scheme; the one that ships unless given. An .xlsx has lists of its codes to choose from
            and, as a second sheet, what they mean.

    Raises:
        SchemaError: The ending is another.
        GongkaiError: The file exists; or .xlsx without the package openpyxl.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in FORMATS:
        raise SchemaError(f"{target}: the ending decides the format; expected one of {', '.join(FORMATS)}")
    scheme = given_or_shipped(codebook)
    columns = columns_of(scheme)
    rows = [_task(row, columns) | {"codebook": scheme.stamp} for row in records(drawn)]
    with whole_file(target, overwrite=overwrite) as hidden:
        if ending == ".xlsx":
            _write_xlsx(rows, hidden, scheme)
        elif ending == ".csv":
            write_rows(rows, columns, hidden)
        elif ending == ".json":
            shown = [c for c in columns if c not in (*scheme.names, *NOTES)]
            tasks = [{"data": {c: row[c] for c in shown}} for row in rows]
            hidden.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
        else:
            kept = (*ABOUT, *CONTEXT)
            lines = [{"text": r["text"], "label": [], "meta": {k: r[k] for k in kept}} for r in rows]
            hidden.write_text(
                "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines), encoding="utf-8"
            )
    if ending == ".json":  # the labelling configuration, to paste into the project's settings
        target.with_suffix(".xml").write_text(label_studio(scheme), encoding="utf-8")
    if ending == ".jsonl":  # the labels, to import into the project's
        names = [{"text": name} for name in (*scheme.indicators, NONE)]
        target.with_suffix(".labels.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    return target


def write_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], path: Path) -> None:
    """Write tasks as CSV."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({c: guarded("" if row.get(c) is None else row[c]) for c in columns})


def _task(row: dict[str, Any], columns: Sequence[str]) -> dict[str, object]:
    task: dict[str, object] = dict.fromkeys(columns, "")
    for column in ("sentence_id", "inclusion", *CONTEXT, "text"):
        value = row.get(column)
        task[column] = "" if value is None or value != value else value
    if task["year"] != "":
        task["year"] = int(str(row["year"]).split(".")[0])
    task["text_hash"] = hash_text(_shown(row["text"]))
    return task


def _write_xlsx(rows: list[dict[str, object]], path: Path, codebook: Codebook) -> None:
    book, columns = new_book(), columns_of(codebook)
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    widths = {"text": 70, "lead": 40, "before": 40, "heading": 24, "comment": 30}
    cells = ([None if row[name] == "" else row[name] for name in columns] for row in rows)
    sheet = add_sheet(book, "tasks", [columns, *cells], widths=[widths.get(name, 13) for name in columns])
    add_sheet(book, "codebook", _guide(codebook), widths=(18, 18, 70, 40))
    codes = [(label.name, *(label.class_names or (1, 0))) for label in codebook.labels]
    # A list in the cell itself may have 255 characters; one in a sheet as many as it likes.
    add_sheet(book, "codes", itertools.zip_longest(*codes))
    for number, (name, *values) in enumerate(codes, start=1):
        listed, letter = get_column_letter(number), get_column_letter(columns.index(name) + 1)
        allowed = DataValidation(
            type="list", formula1=f"codes!${listed}$2:${listed}${len(values) + 1}", allow_blank=True
        )
        allowed.showErrorMessage = False  # 是, √ … are read too; what is not is refused by its cell
        allowed.add(f"{letter}2:{letter}{len(rows) + 1}")
        sheet.data_validations.append(allowed)
    book.save(path)


def _guide(codebook: Codebook) -> list[tuple[str, str, str, str]]:
    """Return the codebook as rows of a sheet: label, code, meaning, only where."""
    lines = [("label", "code", "meaning", "only where")]
    for label in codebook.labels:
        where = "; ".join(w for w in (label.only_if, ", ".join(label.sections)) if w)
        lines.append((label.name, "1 / 0" if not label.is_choice else "", str(label.definition), where))
        lines += [
            ("", c.name, " ".join(w for w in (str(c.title), str(c.definition)) if w), "")
            for c in label.classes
        ]
        lines += [("", "", str(rule), "") for rule in label.rules]
    return lines


def task_rows(path: str | Path, codebook: Codebook, coder: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return the rows of a task file as they stand, each with its place in the file.

    Of an export with several people's annotations those of `coder` (see `coders_of`).

    Raises:
        SchemaError: It cannot be read, lacks a column, or was written for another codebook.
    """
    source = Path(path)
    readers = {".xlsx": _read_xlsx, ".csv": _read_csv, ".json": _read_label_studio, ".jsonl": _read_doccano}
    if source.suffix.lower() not in readers:
        raise SchemaError(f"{source}: the ending decides the format; expected one of {', '.join(FORMATS)}")
    try:
        rows = readers[source.suffix.lower()](source, codebook, coder)
    except UnicodeDecodeError as error:
        raise SchemaError(f"{source}: cannot be read: {NOT_UTF8}") from error
    except (OSError, json.JSONDecodeError) as error:
        raise SchemaError(f"{source}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    for place, row in rows:
        if not codebook.accepts(row.get("codebook")):
            raise SchemaError(
                f"{source}, {place}: written for the codebook '{row['codebook']}', not for {codebook.stamp}; "
                "give that one (--codebook FILE)"
            )
    return rows


def read_tasks(
    path: str | Path, annotator: str, sentences: Sentences | None = None, *, codebook: Codebook | None = None
) -> Labels:
    """Read a coder's finished file.

    Args:
        path: The file that `write_tasks` wrote, coded; or what Label Studio or doccano exported from it.
        annotator: Name of the coder; where a file has several people's codes, one of `coders_of`.
        sentences: `sentences` rows of the build it came from; then every id must be there with the same text.
        codebook: The scheme coded by; the one that ships unless given.

    Returns:
        `labels` rows with `inclusion`, and `confidence` and `comment` where given; uncoded sentences have
        nulls.

    Raises:
        SchemaError: Names the file and line (cell, task): not UTF-8, a missing column, an unknown code, an id
            twice, a text that was changed, or a sentence that the build does not have.
    """
    source, scheme = Path(path), given_or_shipped(codebook)
    known = None if sentences is None else dict(zip(sentences["sentence_id"], sentences["text"], strict=True))
    seen: dict[str, str] = {}
    rows: list[dict[str, object]] = []
    for place, row in task_rows(source, scheme, annotator):
        _refuse_other(row, f"{source}, {place}", known, seen)
        seen[str(row["sentence_id"])] = place
        notes = {c: row.get(c) or None for c in NOTES}
        codes = _codes(row, scheme, source, place)
        rows.append({"annotator": annotator, **about_task(row, scheme), **notes, **codes})
    frame = frame_of("labels", rows, scheme)
    return frame.assign(**{c: pd.Series([r[c] for r in rows], dtype=object) for c in NOTES})


def read_codes(
    path: str | Path, tables: str | Path | None = None, *, codebook: Codebook | None = None
) -> list[Labels]:
    """Read a file of codes, whatever it is: labels, or a task file of the coder that it is named after.

    Args:
        path: Labels (a folder, or a CSV that names its annotators), a task file, or an export.
        tables: Folder whose sentences ids and texts are checked against.
        codebook: The scheme of labels; the one that ships if not given.

    Returns:
        The codes of each coder; of a Label Studio export with several people's, each one's.

    Raises:
        SchemaError: As `read_labels` and `read_tasks`.
    """
    source = Path(path)
    is_csv = source.suffix.lower() == ".csv" and source.is_file()
    if source.is_dir() or (is_csv and b"annotator" in source.read_bytes().partition(b"\n")[0]):
        return [read_labels(source, codebook)]
    sentences = None if tables is None else read_table(tables, "sentences")
    several = coders_of(source)
    names = several if len(several) > 1 else (source.stem,)
    return [read_tasks(source, name, sentences, codebook=codebook) for name in names]


def _refuse_other(
    row: Mapping[str, Any], where: str, known: Mapping[str, str] | None, seen: Mapping[str, str]
) -> None:
    """Refuse a row that is not of the very sentence that was shown, or of one that was there before."""
    if missing := [c for c in _NEEDED if not row.get(c)]:
        raise SchemaError(f"{where}: lacks {', '.join(missing)}")
    name = str(row["sentence_id"])
    if name in seen:
        raise SchemaError(f"{where}: sentence {name} stands already in {seen[name]}")
    if row["text_hash"] not in {hash_text(str(row["text"])), hash_text(_shown(row["text"]))}:
        raise SchemaError(
            f"{where}: the text of {name} was changed; a code belongs to the text that was shown"
        )
    if known is not None and (name not in known or _shown(known[name]) != _shown(row["text"])):
        reason = "is not in these tables" if name not in known else "has another text in these tables"
        raise SchemaError(f"{where}: sentence {name} {reason}; build from the same files?")


def _shown(text: object) -> str:
    """Return a text as any program gives it back: one kind of line end, no control characters."""
    return excel_text(str(text)).replace("\r\n", "\n").replace("\r", "\n")


def about_task(row: Mapping[str, Any], codebook: Codebook) -> dict[str, object]:
    """Return what a task says of its sentence, as `labels` has it."""
    year, inclusion = str(row.get("year") or "").split(".")[0], str(row.get("inclusion") or "")
    return {
        "sentence_id": str(row["sentence_id"]),
        "text": row["text"],
        "codebook": codebook.stamp,
        "year": int(year) if year.isdigit() else None,
        "inclusion": float(inclusion) if inclusion else None,
        **{c: row.get(c) or None for c in ("report_id", "agency", "section")},
        **{c: row.get(c) or "" for c in ("heading", "lead")},
    }


def _codes(row: Mapping[str, Any], codebook: Codebook, source: Path, place: str) -> dict[str, object]:
    codes: dict[str, object] = {}
    for label in codebook.labels:
        try:
            codes[label.name] = label.code_of(row.get(label.name))
        except ValueError as error:
            cell = row.get(_CELL.format(label.name))
            raise SchemaError(f"{source}, {f'cell {cell}' if cell else place}: {error}") from error
    if wrong := codes_in_order(codebook, codes):
        raise SchemaError(f"{source}, {place}: {wrong}")
    return codes


_CELL = "cell of {}"
"""Under this key a row of a workbook knows where a code stands."""
_NEEDED = ("sentence_id", "text_hash", "text")


_Raw = list[tuple[str, dict[str, Any]]]


def _read_csv(source: Path, codebook: Codebook, coder: str) -> _Raw:
    with source.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        refuse_missing(source, (*_NEEDED, *codebook.names), reader.fieldnames or ())
        return [
            (f"line {reader.line_num}", {k: unguarded(v or "") for k, v in row.items() if k})
            for row in reader
        ]


def _read_xlsx(source: Path, codebook: Codebook, coder: str) -> _Raw:
    openpyxl = extra("openpyxl", ".xlsx", "excel")
    try:
        book = openpyxl.load_workbook(source, read_only=True, data_only=True)
    except Exception as error:
        raise SchemaError(f"{source}: not an Excel workbook, or damaged: {error}") from error
    sheet = book["tasks"] if "tasks" in book.sheetnames else book.worksheets[0]
    lines = sheet.iter_rows(values_only=True)
    head = [str(c) if c is not None else "" for c in next(lines, ())]
    refuse_missing(source, (*_NEEDED, *codebook.names), head)
    letters = {n: openpyxl.utils.get_column_letter(head.index(n) + 1) for n in codebook.names}
    found: _Raw = []
    for number, line in enumerate(lines, start=2):
        if any(cell is not None for cell in line):
            cells = {_CELL.format(name): f"{letter}{number}" for name, letter in letters.items()}
            found.append((f"row {number}", dict(zip(head, line, strict=False)) | cells))
    return found


def coders_of(path: str | Path) -> tuple[str, ...]:
    """Return whose annotations an export of Label Studio has (its numbers or addresses of users).

    Other files are of one coder each, and have none to tell.
    """
    source = Path(path)
    if source.suffix.lower() != ".json":
        return ()
    try:
        tasks = json.loads(source.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SchemaError(f"{source}: cannot be read: {error}") from error
    return tuple(sorted({_who(a) for task in tasks for a in _annotations(task)}))


def _annotations(task: dict[str, Any]) -> list[dict[str, Any]]:
    return [a for a in task.get("annotations") or [] if not a.get("was_cancelled")]


def _who(annotation: dict[str, Any]) -> str:
    who = annotation.get("completed_by")
    return str(who.get("email") or who.get("id")) if isinstance(who, dict) else str(who or "")


def _read_label_studio(source: Path, codebook: Codebook, coder: str) -> _Raw:
    found: _Raw = []
    several = coders_of(source)
    if len(several) > 1 and coder not in several:
        raise SchemaError(f"{source}: codes by {', '.join(several)}; name one of them as the coder")
    for number, task in enumerate(json.loads(source.read_text(encoding="utf-8-sig")), start=1):
        row = dict(task.get("data") or {})
        done = [a for a in _annotations(task) if len(several) < 2 or _who(a) == coder]
        if len(done) > 1:
            raise SchemaError(f"{source}, task {number}: {len(done)} annotations by one coder; keep one")
        for part in done[0].get("result", []) if done else []:
            value = part.get("value", {})
            content = value.get("choices") or value.get("text") or [value.get("rating")]
            row[part["from_name"]] = content[0] if isinstance(content, list) else content
        found.append((f"task {number}", row))
    return found


def _read_doccano(source: Path, codebook: Codebook, coder: str) -> _Raw:
    found: _Raw = []
    for number, line in enumerate(source.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        task = json.loads(line)
        row = dict(
            task.get("meta") or task.get("metadata") or {k: v for k, v in task.items() if k != "label"}
        )
        row["text"] = task.get("text", row.get("text"))
        given = set(task.get("label") or task.get("labels") or [])
        if unknown := given - {*codebook.indicators, NONE}:
            raise SchemaError(f"{source}, line {number}: unknown label {', '.join(sorted(unknown))}")
        if given:  # doccano knows no 'coded, none of them': the label `neither` says so
            row |= _codes_of(given, codebook, f"{source}, line {number}")
        comments = task.get("Comments") or task.get("comments") or []
        row["comment"] = "; ".join(map(str, comments)) if isinstance(comments, list) else comments
        found.append((f"line {number}", row))
    return found


def _codes_of(given: set[str], codebook: Codebook, where: str) -> dict[str, str]:
    """Return codes from the indicators a coder marked; what has no class, or no condition, stays empty."""
    codes = {}
    for label in codebook.labels:
        marked = [i for i in label.indicators if i in given]
        if label.is_choice and len(marked) > 1:
            raise SchemaError(f"{where}: {' and '.join(marked)} at once")
        if label.only_if and not set(codebook.conditions(label.name)) <= given and not marked:
            continue
        if label.is_choice:
            codes[label.name] = marked[0].partition("=")[2] if marked else ""
        else:
            codes[label.name] = str(int(bool(marked)))
    return codes
