"""Coding by people: hand sentences out as files of common tools, read the codes back.

    sample.draw → write_tasks → (Excel, a text editor, Label Studio, doccano) → read_tasks → labels

Every task carries the sentence's id and the hash of its text, so that a code returns to the very sentence
that was shown. Formats, by ending: `.xlsx`, `.csv` (UTF-8 with BOM), `.json` (Label Studio), `.jsonl`
(doccano).
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gongkai.errors import GongkaiError, MeasureError, SchemaError
from gongkai.store.run import whole_file
from gongkai.tables.schema import LABELS, excel, excel_text, frame_of, hash_text, records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gongkai.tables.schema import Labels, Sentences, Table

FORMATS = (".xlsx", ".csv", ".json", ".jsonl")
CONTEXT = ("report_id", "agency", "year", "section", "heading", "lead", "before")
COLUMNS = ("sentence_id", "text_hash", "inclusion", *CONTEXT, "text", *LABELS, "confidence", "comment")
_YES = {"1", "1.0", "true", "yes", "是"}
_NO = {"0", "0.0", "false", "no", "否"}
_CHOICE = """  <Choices name="{}" toName="text" choice="single" required="true">
    <Choice value="1"/><Choice value="0"/>
  </Choices>
"""
CONFIG_LABEL_STUDIO = (
    """<View>
  <Header value="$agency $year · $section · $heading"/>
  <Text name="lead" value="$lead"/>
  <Text name="before" value="$before"/>
  <Text name="text" value="$text"/>
"""
    + "".join(map(_CHOICE.format, LABELS))
    + """  <Rating name="confidence" toName="text"/>
  <TextArea name="comment" toName="text"/>
</View>
"""
)


def write_tasks(drawn: Table, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a task file for one coder; the codes stand empty.

    Args:
        drawn: `sentences` rows, e.g. from `sample.draw`; `inclusion` is kept where it is there. The sentence
            before each is given where it is among the rows' reports (`before`), else it stays empty.
        path: .xlsx, .csv, .json (Label Studio; its labelling configuration is written beside it) or .jsonl
            (doccano).
        overwrite: Replace an earlier file.

    Raises:
        SchemaError: The ending is another.
        GongkaiError: The file exists; or .xlsx without the package openpyxl.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in FORMATS:
        raise SchemaError(f"{target}: the ending decides the format; expected one of {', '.join(FORMATS)}")
    rows = [_task(row) for row in records(drawn)]
    with whole_file(target, overwrite=overwrite) as hidden:
        if ending == ".xlsx":
            _write_xlsx(rows, hidden)
        elif ending == ".csv":
            with hidden.open("w", encoding="utf-8-sig", newline="") as stream:
                writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
                writer.writeheader()
                writer.writerows({k: _guard(v) for k, v in row.items()} for row in rows)
        elif ending == ".json":
            shown = [c for c in COLUMNS if c not in (*LABELS, "confidence", "comment")]
            tasks = [{"data": {c: row[c] for c in shown}} for row in rows]
            hidden.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
        else:
            kept = ("sentence_id", "text_hash", "inclusion", *CONTEXT)
            lines = [{"text": r["text"], "label": [], "meta": {k: r[k] for k in kept}} for r in rows]
            hidden.write_text(
                "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines), encoding="utf-8"
            )
    if ending == ".json":  # the labelling configuration, to paste into the project's settings
        target.with_suffix(".xml").write_text(CONFIG_LABEL_STUDIO, encoding="utf-8")
    return target


def _task(row: dict[str, Any]) -> dict[str, object]:
    task: dict[str, object] = dict.fromkeys(COLUMNS, "")
    for column in ("sentence_id", "inclusion", *CONTEXT, "text"):
        value = row.get(column)
        task[column] = "" if value is None or value != value else value
    if task["year"] != "":
        task["year"] = int(str(row["year"]).split(".")[0])
    task["text_hash"] = hash_text(str(row["text"]))
    return task


def _guard(value: object) -> object:
    """Keep a spreadsheet from reading a sentence as a formula."""
    return "'" + value if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _unguard(value: str) -> str:
    return (
        value[1:]
        if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@", "\t", "\r") and value[1:2]
        else value
    )


def _write_xlsx(rows: list[dict[str, object]], path: Path) -> None:
    openpyxl = excel()
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "tasks"
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append([None] * len(COLUMNS))
        for column, name in enumerate(COLUMNS, start=1):
            cell = sheet.cell(sheet.max_row, column)
            value = row[name]
            cell.value = excel_text(value) if isinstance(value, str) and value else (value or None)
            if isinstance(row[name], str) and row[name]:
                cell.data_type = "s"  # text, whatever it begins with
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    widths = {"text": 70, "lead": 40, "before": 40, "heading": 24, "comment": 30}
    for column, name in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[openpyxl.utils.get_column_letter(column)].width = widths.get(name, 13)
    allowed = DataValidation(type="list", formula1='"1,0"', allow_blank=True)
    sheet.add_data_validation(allowed)
    for label in LABELS:
        letter = openpyxl.utils.get_column_letter(COLUMNS.index(label) + 1)
        allowed.add(f"{letter}2:{letter}{len(rows) + 1}")
    sheet.freeze_panes = "A2"
    book.save(path)


def read_tasks(
    path: str | Path, annotator: str, sentences: Sentences | None = None, *, codebook: str = "2"
) -> Labels:
    """Read a coder's finished file.

    Args:
        path: The file that `write_tasks` wrote, coded; or what Label Studio or doccano exported from it.
        annotator: Name of the coder.
        sentences: `sentences` rows of the build it came from; then every id must be there with the same text.
        codebook: Version coded by.

    Returns:
        `labels` rows with `inclusion`, and `confidence` and `comment` where given; uncoded sentences have
        nulls.

    Raises:
        SchemaError: Names the file and line (or task): not UTF-8, a missing column, an unknown code, an id
            twice, a text that was changed, or a sentence that the build does not have.
    """
    source = Path(path)
    readers = {".xlsx": _read_xlsx, ".csv": _read_csv, ".json": _read_label_studio, ".jsonl": _read_doccano}
    if source.suffix.lower() not in readers:
        raise SchemaError(f"{source}: the ending decides the format; expected one of {', '.join(FORMATS)}")
    try:
        raw = readers[source.suffix.lower()](source)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        reason = (
            "not UTF-8 (saved as GBK?); save it as 'CSV UTF-8'"
            if isinstance(error, UnicodeDecodeError)
            else error
        )
        raise SchemaError(f"{source}: cannot be read: {reason}") from error
    known = None if sentences is None else dict(zip(sentences["sentence_id"], sentences["text"], strict=True))
    seen: dict[str, str] = {}
    rows: list[dict[str, object]] = []
    for place, row in raw:
        where = f"{source}, {place}"
        missing = [c for c in ("sentence_id", "text_hash", "text") if not row.get(c)]
        if missing:
            raise SchemaError(f"{where}: lacks {', '.join(missing)}")
        name = str(row["sentence_id"])
        if name in seen:
            raise SchemaError(f"{where}: sentence {name} stands already in {seen[name]}")
        seen[name] = place
        if hash_text(str(row["text"])) != row["text_hash"]:
            raise SchemaError(
                f"{where}: the text of {name} was changed; a code belongs to the text that was shown"
            )
        if known is not None and known.get(name) != row["text"]:
            reason = "is not in these tables" if name not in known else "has another text in these tables"
            raise SchemaError(f"{where}: sentence {name} {reason}; build from the same files?")
        codes = {label: _code(row.get(label), where, label) for label in LABELS}
        about = {c: row.get(c) or None for c in ("report_id", "agency", "section")}
        year = str(row.get("year") or "").split(".")[0]
        inclusion = str(row.get("inclusion") or "")
        texts = {c: row.get(c) or "" for c in ("heading", "lead")}
        notes = {c: row.get(c) or None for c in ("confidence", "comment")}
        rows.append(
            {"sentence_id": name, "annotator": annotator, "text": row["text"], "codebook": codebook}
            | {
                "year": int(year) if year.isdigit() else None,
                "inclusion": float(inclusion) if inclusion else None,
            }
            | {**about, **texts, **notes, **codes}
        )
    frame = frame_of("labels", rows)
    return frame.assign(
        **{c: pd.Series([r[c] for r in rows], dtype=object) for c in ("confidence", "comment")}
    )


def _code(value: object, where: str, label: str) -> bool | None:
    text = "" if value is None else str(value).strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    if text:
        raise SchemaError(f"{where}: {label} is '{value}'; expected 1, 0 or empty")
    return None


_Raw = list[tuple[str, dict[str, Any]]]


def _columns(source: Path, found: Sequence[object]) -> None:
    if missing := [c for c in ("sentence_id", "text_hash", "text", *LABELS) if c not in found]:
        raise SchemaError(f"{source}: lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}")


def _read_csv(source: Path) -> _Raw:
    with source.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        _columns(source, reader.fieldnames or [])
        return [
            (f"line {reader.line_num}", {k: _unguard(v or "") for k, v in row.items() if k}) for row in reader
        ]


def _read_xlsx(source: Path) -> _Raw:
    try:
        book = excel().load_workbook(source, read_only=True, data_only=True)
    except GongkaiError:
        raise
    except Exception as error:
        raise SchemaError(f"{source}: not an Excel workbook, or damaged: {error}") from error
    lines = book.worksheets[0].iter_rows(values_only=True)
    head = [str(c) if c is not None else "" for c in next(lines, ())]
    _columns(source, head)
    return [
        (f"row {number}", dict(zip(head, line, strict=False)))
        for number, line in enumerate(lines, start=2)
        if any(cell is not None for cell in line)
    ]


def _read_label_studio(source: Path) -> _Raw:
    found: _Raw = []
    for number, task in enumerate(json.loads(source.read_text(encoding="utf-8-sig")), start=1):
        row = dict(task.get("data") or {})
        done = [a for a in task.get("annotations") or [] if not a.get("was_cancelled")]
        if len(done) > 1:
            raise SchemaError(f"{source}, task {number}: {len(done)} annotations; export one file per coder")
        for part in done[0].get("result", []) if done else []:
            value = part.get("value", {})
            content = value.get("choices") or value.get("text") or [value.get("rating")]
            row[part["from_name"]] = content[0] if isinstance(content, list) else content
        found.append((f"task {number}", row))
    return found


def _read_doccano(source: Path) -> _Raw:
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
        if unknown := given - {*LABELS, "neither"}:
            raise SchemaError(f"{source}, line {number}: unknown label {', '.join(sorted(unknown))}")
        if given:  # doccano knows no 'coded, none of them': the label `neither` says so
            row |= {label: str(int(label in given)) for label in LABELS}
        comments = task.get("Comments") or task.get("comments") or []
        row["comment"] = "; ".join(map(str, comments)) if isinstance(comments, list) else comments
        found.append((f"line {number}", row))
    return found


def adjudication(labels: Labels) -> Table:
    """Return the sentences on which coders differ, a column per coder and label, for a third reading.

    Args:
        labels: `labels` rows of two or more coders (`resolved` is left out).

    Returns:
        One row per disputed sentence: `sentence_id, agency, year, section, heading, lead, text, disputed`
        (labels), then
        `commitment_CODER`, `boilerplate_CODER` …, and empty `commitment`, `boilerplate`, `rule` to fill in.

    Raises:
        MeasureError: Fewer than two coders.
    """
    coded = labels[labels["annotator"] != "resolved"]
    coders = sorted(set(coded["annotator"]))
    if len(coders) < 2:
        raise MeasureError(f"adjudication needs two coders; the labels have {', '.join(coders) or 'none'}")
    wide = coded.set_index(["sentence_id", "annotator"])[list(LABELS)].unstack()  # noqa: PD010
    differs = {
        label: wide[label].apply(lambda codes: len(set(codes.dropna())) > 1, axis=1) for label in LABELS
    }
    disputed = [" ".join(label for label in LABELS if differs[label].loc[i]) for i in wide.index]
    about = coded.drop_duplicates("sentence_id").set_index("sentence_id").loc[wide.index]
    table = about[["agency", "year", "section", "heading", "lead", "text"]].assign(disputed=disputed)
    for label in LABELS:
        for coder in coders:
            table[f"{label}_{coder}"] = wide[label][coder]
    table = table[table["disputed"] != ""].reset_index()
    return table.assign(commitment=None, boilerplate=None, rule="")


def resolve(labels: Labels, decisions: Table) -> Labels:
    """Make the `resolved` rows: what the coders agree on, and the third reading's decision elsewhere.

    Args:
        labels: `labels` rows of the coders; earlier `resolved` rows are left out.
        decisions: A filled sheet of `adjudication`: `sentence_id, commitment, boilerplate, rule`.

    Returns:
        One row per coded sentence, in the order of the labels; `rule` says what decided disputed ones.

    Raises:
        SchemaError: A disputed sentence has no decision, or no rule; or a decision is not 0 or 1.
    """
    coded = labels[labels["annotator"] != "resolved"]
    decided = decisions.drop_duplicates("sentence_id").set_index("sentence_id")
    rows = coded.drop_duplicates("sentence_id").assign(annotator="resolved", rule=None)
    rows = rows.set_index("sentence_id", drop=False)
    differs: set[str] = set()
    for label in LABELS:
        several = coded.groupby("sentence_id")[label].nunique()
        disputed = several.index[several > 1]
        differs |= set(disputed)
        missing = [i for i in disputed if i not in decided.index]
        codes = decided[label].reindex(disputed)
        wrong = [i for i, c in codes.items() if i not in missing and str(c) not in _DECISIONS]
        for what, ids in (("no decision", missing), (f"{label} is neither 0 nor 1", wrong)):
            if ids:
                raise SchemaError(f"{len(ids)} disputed sentences: {what}, e.g. {ids[0]}")
        first = coded[coded[label].notna()].drop_duplicates("sentence_id").set_index("sentence_id")[label]
        rows[label] = first.reindex(rows.index).astype("boolean")
        rows.loc[list(disputed), label] = [_DECISIONS[str(c)] for c in codes]
    rules = decided["rule"].reindex(sorted(differs)).fillna("").astype(str).str.strip()
    if (rules == "").any():
        raise SchemaError(f"{(rules == '').sum()} decisions name no rule, e.g. {rules.index[rules == ''][0]}")
    rows.loc[rules.index, "rule"] = rules
    return rows.reset_index(drop=True)


_DECISIONS = {"0": False, "1": True, "0.0": False, "1.0": True, "False": False, "True": True}
