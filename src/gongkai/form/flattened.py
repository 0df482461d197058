"""Tables that a page flattened to lines: one cell a line, or many on one line.

A label opens a row; the heads above it say how many values follow and what they are.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from gongkai.form.form import (
    SPACE,
    Reading,
    form_data,
    make_reading,
    match_key,
    normalize_label,
    parse_number,
    proactive_head,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gongkai.text.clean import Script


GLUED = "\0"
"""Before digits of cells that ran together."""
_HEAD = re.compile(r"本年.{2,6}?数量?|现行有效件?数|对外公开总数量|上一年项目数量|采购.{2,4}?[数金][量额]")
_HEADS = re.compile(rf"(?:信息内容)?((?:{_HEAD.pattern}){{2,4}})|信息内容((?:{_HEAD.pattern}))")


@functools.cache
def _line_vocabulary() -> re.Pattern[str]:
    """Match a whole line that can only be a cell of the statutory tables."""
    form = form_data()
    number = r"[-−+＋]?[\d,，]+(?:\.\d+)?(?:万元|元|件)?(?:[（(][^（）()]{0,20}[）)])?"
    prefix = r"(?:[一二三四]、|[（(][一二三四五六七八九][）)]、?|\d[.．、，])?"
    labels = [p for t in ("requests", "proactive") for p in form[t]["rows"].values()]
    labels += [p for t in ("requests", "disputes") for p in form[t]["columns"].values()]
    labels += [*form["requests"]["groups"].values(), *form["disputes"]["blocks"].values()]
    labels += [p for f in ("2019", "2021") for p in form["proactive"]["columns"][f].values()]
    parts = [part for pattern in labels for part in re.split(r"\|(?![^(\[]*[)\]])", pattern)]
    whole = [re.sub(r"[\^$]", "", part) for part in parts if part.startswith("^")]
    words = "|".join([*form["flattened"]["words"], *(prefix + part for part in whole)])
    label = "|".join(part for part in parts if not part.startswith("^"))
    # A label cell has a few characters around the pattern, and no clause mark but the form's own brackets.
    other = r"[^，。；：！？\d]"
    loose = rf"{prefix}{other}{{0,14}}(?:{label}){other}{{0,22}}(?:[（(][^（）()]{{0,30}}[）)])?"
    return re.compile(rf"(?:{number}|[/／—-]|{words}|{loose})")


def is_table_line(line: str) -> bool:
    """Tell whether a cleaned line is (part of) a flattened statutory table rather than prose.

    >>> is_table_line("（一）予以公开"), is_table_line("297.17万元"), is_table_line("注：职能已迁出。")
    (True, True, False)
    """
    squeezed = "".join(line.split())
    if not squeezed or len(squeezed) > 200 or squeezed.endswith("。"):
        return False
    if _line_vocabulary().fullmatch(squeezed) or _glued(squeezed):
        return True
    parts = line.split()
    numbers = sum(parse_number(part)[2] for part in parts)
    if len(parts) >= 4 and numbers >= len(parts) - 3 and numbers >= 3:
        return True
    return len(parts) > 1 and all(_line_vocabulary().fullmatch(SPACE.sub("", part)) for part in parts)


def _pieces(lines: Sequence[str], script: Script) -> list[tuple[str, int]]:
    """Cut lines into (cell text, line number): a line of several cells is cut at its spaces."""
    pieces = []
    for number, line in enumerate(lines, 1):
        squeezed = normalize_label(line, script)
        if not squeezed:
            continue
        glued = _glued(squeezed)
        if glued:
            pieces += [(piece, number) for piece in glued]
            continue
        parts = line.split()
        if len(parts) > 1 and sum(parse_number(p)[2] for p in parts) >= 2:
            head = [p for p in parts if not parse_number(p)[2]]
            if head:
                pieces.append((normalize_label("".join(head), script), number))
            pieces += [(p, number) for p in parts if parse_number(p)[2]]
        elif len(parts) > 1 and all(_short_head(normalize_label(p, script)) for p in parts):
            pieces += [(normalize_label(p, script), number) for p in parts]
        else:
            pieces.append((squeezed, number))
    return pieces


def _glued(text: str) -> list[str]:
    """Cut a line that ran its cells together: heads, or a label and its digits (规章000)."""
    if match := _HEADS.fullmatch(text):
        return _HEAD.findall(match[1] or match[2])
    match = re.fullmatch(r"([^\d]{2,40}|(?:\d[.、．])[^\d]{2,60})(\d[\d.]*)", text)
    if match and (match_key(match[1], "proactive", "rows") or match_key(match[1], "requests", "rows")):
        return [match[1], GLUED + match[2]]
    return []


def _short_head(text: str) -> bool:
    return (
        bool(
            match_key(text, "requests", "columns")
            or match_key(text, "disputes", "columns")
            or proactive_head(text)
        )
        and len(text) > 1
    )


def read_lines(lines: Sequence[str], script: Script, problems: list[str]) -> list[Reading]:
    """Read the three statutory tables from lines."""
    pieces = _pieces(lines, script)
    readings = _flat_proactive(pieces, problems)
    readings += _flat_requests(pieces, problems)
    readings += _flat_disputes(pieces, problems)
    return readings


def _is_value(text: str) -> bool:
    return bool(text) and (text.startswith(GLUED) or parse_number(text)[2])


def _unglued(values: list[tuple[str, int]], count: int) -> list[tuple[str, int]]:
    """Cut digits that ran together, if there are as many as columns, or only one column; else leave them."""
    if len(values) != 1 or not values[0][0].startswith(GLUED):
        return values
    digits, number = values[0][0][1:], values[0][1]
    if count == 1:
        return [(digits, number)]
    return [(digit, number) for digit in digits] if len(digits) == count and digits.isdigit() else values


def _values_after(pieces: Sequence[tuple[str, int]], start: int) -> list[tuple[str, int]]:
    values = []
    for text, number in pieces[start:]:
        if not _is_value(text):
            break
        values.append((text, number))
    return values


def _flat_row(
    table: str,
    row: str,
    heads: Sequence[str],
    pieces: Sequence[tuple[str, int]],
    at: int,
    problems: list[str],
    money: float = 1.0,
) -> list[Reading]:
    values = _unglued(_values_after(pieces, at + 1), len(heads))
    if not values:
        return []
    if any(text.startswith(GLUED) for text, _ in values):
        problems.append(
            f"line {pieces[at][1]} of the flattened tables: '{values[0][0][1:]}' runs the cells of "
            f"'{pieces[at][0][:20]}' together; {table}.{row} was not read"
        )
        return []
    if len(values) != len(heads):
        problems.append(
            f"line {pieces[at][1]} of the flattened tables: '{pieces[at][0][:20]}' has {len(values)} values "
            "under "
            f"{len(heads)} heads; {table}.{row} was not read"
        )
        return []
    return [
        make_reading(table, row, head, text, f"flattened tables, line {number}", problems, money=money)
        for head, (text, number) in zip(heads, values, strict=True)
    ]


def _flat_requests(pieces: Sequence[tuple[str, int]], problems: list[str]) -> list[Reading]:
    start = next(
        (i for i, (t, _) in enumerate(pieces) if match_key(t, "requests", "rows") == "new_requests"), None
    )
    if start is None:
        return []
    above = [key for text, _ in pieces[:start] if (key := match_key(text, "requests", "columns"))]
    # The head is read in reading order, where 总计 of two rowspans may come before the organisations' own
    # columns.
    heads = list(dict.fromkeys(reversed(above)))[::-1]
    if "total" in heads:
        heads.append(heads.pop(heads.index("total")))
    if len(heads) < 2:
        problems.append("the head of the flattened requests table was not found; its rows were not read")
        return []
    readings = []
    done: set[str] = set()
    for at in range(start, len(pieces)):
        text = pieces[at][0]
        if _is_value(text):
            continue
        row = match_key(text, "requests", "rows")
        if row is None or row in done:
            continue
        rows = _flat_row("requests", row, heads, pieces, at, problems)
        readings += rows
        if rows:
            done.add(row)
        if row == "carried_out":
            break
    return readings


def _flat_proactive(pieces: Sequence[tuple[str, int]], problems: list[str]) -> list[Reading]:
    readings = []
    heads: list[str] = []
    money = 1.0
    fresh = False
    for at, (text, _) in enumerate(pieces):
        if _is_value(text):
            fresh = False
            continue
        if match_key(text, "requests", "rows") == "new_requests":
            break
        head = proactive_head(text)
        if head:
            if not fresh:
                heads, money = [], 1.0
            heads.append(head)
            money = 1e4 if "万元" in text else money
            fresh = True
            continue
        row = match_key(text, "proactive", "rows")
        if row and heads and len(text) <= 24:
            readings += _flat_row("proactive", row, heads, pieces, at, problems, money)
            fresh = False
    return readings


def _flat_disputes(pieces: Sequence[tuple[str, int]], problems: list[str]) -> list[Reading]:
    starts = [
        i for i, (t, _) in enumerate(pieces) if match_key(t, "disputes", "blocks") == "review" and len(t) <= 6
    ]
    for start in starts:
        heads: list[str] = []
        at = start
        for at in range(start, len(pieces)):
            text = pieces[at][0]
            if _is_value(text):
                break
            outcome = match_key(text, "disputes", "columns")
            if outcome and len(text) <= 8:
                heads.append(outcome)
        values = _values_after(pieces, at)
        if (
            len(heads) == 15
            and len(values) == 15
            and [i for i, h in enumerate(heads) if h == "total"] == [4, 9, 14]
        ):
            blocks = ("review", "litigation_direct", "litigation_after_review")
            return [
                make_reading(
                    "disputes", blocks[k // 5], heads[k], text, f"flattened tables, line {number}", problems
                )
                for k, (text, number) in enumerate(values)
            ]
        if heads:
            problems.append(
                f"line {pieces[start][1]} of the flattened tables: the disputes table has {len(heads)} heads "
                "and "
                f"{len(values)} values, not 15; it was not read"
            )
    return []
