"""What a spreadsheet may hold: texts that are no formulas, and no control characters."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongkai.store.run import extra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

_NOT_IN_EXCEL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_GUARDED = tuple(f"'{start}" for start in _FORMULA)


def guarded(value: object) -> object:
    """Keep a spreadsheet from reading a text as a formula: a `'` in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def unguarded(text: str) -> str:
    """Take away what `guarded` put in front."""
    return text[1:] if text.startswith(_GUARDED) else text


def guarded_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Guard all texts of a table."""
    return _each_text(frame, _FORMULA, guarded)


def unguarded_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Take away what `guarded_frame` put in front."""
    return _each_text(frame, _GUARDED, unguarded)


def _each_text(frame: pd.DataFrame, starts: tuple[str, ...], change: Callable[[Any], Any]) -> pd.DataFrame:
    """Change the texts that begin so; few do, so only they are touched."""
    changed: dict[Any, Any] = {}
    for column in frame.select_dtypes(["object", "string"]).columns:
        texts = frame[column]
        if texts.notna().any() and any(isinstance(value, str) for value in texts):
            meant = texts.str.startswith(starts, na=False).to_numpy(bool)
            if meant.any():
                changed[column] = texts.copy()
                changed[column][meant] = [change(text) for text in texts[meant]]
    return frame.assign(**changed)


def excel_text(text: str) -> str:
    """Leave out the control characters that no spreadsheet may hold."""
    return _NOT_IN_EXCEL.sub("", text)


def new_book() -> Any:  # noqa: ANN401
    """Return a workbook without a sheet, for `add_sheet`.

    Raises:
        GongkaiError: The extra `excel` is not installed.
    """
    return extra("openpyxl", ".xlsx", "excel").Workbook(write_only=True)


def add_sheet(
    book: Any,  # noqa: ANN401
    title: str,
    rows: Iterable[Sequence[object]],
    *,
    widths: Sequence[int] = (),
) -> Any:  # noqa: ANN401
    """Add a sheet, its head the first row; texts stay texts. Where columns have widths, lines wrap."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    sheet, wrapped = book.create_sheet(title), Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    for number, row in enumerate(rows):
        cells = []
        for value in row:
            known = value is None or isinstance(value, bool | int | float)
            cell = WriteOnlyCell(sheet, value if known else excel_text(str(value)))
            if not known:
                cell.data_type = "s"  # text, whatever it begins with
            if widths:
                cell.alignment = wrapped
                cell.font = Font(bold=not number)
            cells.append(cell)
        sheet.append(cells)
    return sheet


def write_excel(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as the only sheet of an .xlsx; texts stay texts."""
    book, plain = new_book(), frame.astype(object).where(frame.notna(), None)
    head = [str(c) for c in frame.columns]
    add_sheet(book, "table", itertools.chain([head], plain.itertuples(index=False)))
    book.save(path)
