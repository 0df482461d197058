"""What went wrong, or should be looked at: values that travel beside a result, never lists to be filled.

A problem's code says what kind it is; `KINDS` says for each kind at which step it arises, how grave it is,
and what to do. The `problems` table has one row for each.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Step = Literal["read", "report", "agency", "sections", "statistics", "build"]
Severity = Literal["note", "warning", "error"]


class Where(NamedTuple):
    """A place in a file, as far as it is known; all numbers from 1."""

    page: int | None = None
    table: int | None = None
    row: int | None = None
    column: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        return _said(self)


@functools.lru_cache(maxsize=4096)
def _said(where: Where) -> str:
    """Say a place; each is asked for more than once."""
    named = zip(where._fields, where, strict=True)
    return ", ".join(f"{name} {number}" for name, number in named if number is not None)


NOWHERE = Where()


def say_places(places: Iterable[Where | str]) -> str:
    """Say several places, those of a stored table too."""
    return " … ".join(map(str, places))


class Kind(NamedTuple):
    """One kind of problem."""

    step: Step
    severity: Severity
    advice: str
    """What it means and what to do."""
    zh: str = ""
    """The same in Chinese."""


# fmt: off
KINDS: Mapping[str, Kind] = {
    "unreadable": Kind(
        "read", "error", "the file cannot be read; the message says what would help",
        "文件读不出来；提示中写明怎样做也许有用"),
    "killed": Kind(
        "read", "error", "reading the file ended its process: open and save it anew, or leave it",
        "读这个文件时进程被中止：请用原软件打开后另存，否则略过"),
    "slow": Kind(
        "read", "error", "reading took longer than --file-timeout: raise it, or save the file anew",
        "读取超过 --file-timeout 的时限：请调高时限，或另存文件"),
    "large": Kind(
        "read", "error", "reading took more memory than --file-memory: raise it, or split it",
        "读取超过 --file-memory 的内存：请调高上限，或拆分文件"),
    "copy": Kind(
        "read", "note", "the same bytes as another file, which was read instead",
        "与另一文件逐字节相同，已改读那一个"),
    "reader": Kind(
        "read", "warning", "something in the file was not read as it stands: compare with it",
        "文件中有内容未按原样读出：请与原件核对"),
    "recognised": Kind(
        "read", "warning", "characters were recognised in a picture: compare the numbers",
        "文字由图片识别而来：请核对数字"),
    "doubtful": Kind(
        "read", "warning", "a number in a picture is not certain and left blank: compare",
        "图片中的某个数字不能确定，已留空：请核对"),
    "text_layer": Kind(
        "read", "warning", "the PDF's text cannot be used; the message says what helps",
        "PDF 的文字层不能用；提示中写明办法"),
    "cut": Kind(
        "read", "warning", "only the beginning was read: look for a whole copy",
        "只读了开头：请找完整的文本"),
    "picture": Kind(
        "read", "warning", "a page is a picture and was not read: have it recognised",
        "有一页是图片，未读：请先作文字识别（OCR）"),
    "several": Kind(
        "read", "note", "the file holds several reports; each has its rows",
        "文件中有多份年报，各自成行"),
    "mended": Kind(
        "read", "note", "a wrong decoding before gongkai was undone: compare with the original",
        "文件此前被错误解码，已还原：请与原件核对"),
    "paragraph_cut": Kind(
        "read", "warning", "a paragraph is too long to be one: compare with the file",
        "有一段过长，不像一个段落：请与原件核对"),
    "characters_lost": Kind(
        "read", "warning", "a wrong decoding before gongkai: look for another copy",
        "文件此前被错误解码，字符已丢失：请另找一份"),
    "no_report": Kind(
        "report", "error", "not a disclosure report; if it is one, tell us with the message",
        "不是政府信息公开年报；如果是，请把提示告诉我们"),
    "unexpected": Kind(
        "report", "error", "an error in gongkai itself: report it, with the file if you may",
        "gongkai 自身出错：请报告，方便时附上文件"),
    "identity": Kind(
        "agency", "warning", "agency, place or year is in doubt: set it with --about",
        "机关、地区或年份存疑：请用 --about 指定"),
    "no_section_five": Kind(
        "sections", "warning", "no problems, no improvements: is the file whole?",
        "没有“问题及改进”部分：文件完整吗？"),
    "no_tables": Kind(
        "sections", "note", "the statutory tables were not found: are they pictures, or in another file?",
        "没有读到法定表格：表格是图片，还是在另一个文件里？"),
    "tables_only": Kind(
        "sections", "warning", "no narrative was found: is the file whole?",
        "没有找到正文：文件完整吗？"),
    "cell": Kind(
        "statistics", "warning", "what is printed in a cell is no number: compare with the file",
        "单元格中所印的不是数字：请与原件核对"),
    "no_cell": Kind(
        "statistics", "warning", "a row lacks a cell: compare with the file",
        "某行缺一个单元格：请与原件核对"),
    "second_cell": Kind(
        "statistics", "warning", "two cells claim one place; the first was kept",
        "两个单元格对应同一位置；保留了第一个"),
    "head": Kind(
        "statistics", "warning", "a table's head was not understood: compare with the file",
        "表头未能读懂：请与原件核对"),
    "other_form": Kind(
        "statistics", "warning", "a cell stands under a head that its form has not; it is left out: compare",
        "单元格的表头不属于所用格式，已略去：请核对"),
    "row_not_read": Kind(
        "statistics", "warning",
        "a row has not as many values as its table has columns, or most rows were not found: compare",
        "某行的数值个数与表的列数不符，或多数行没有找到：请与原件核对"),
    "annex_row": Kind(
        "statistics", "warning", "the annex has a row that its form has not; it is left out: compare",
        "附表中有格式之外的一行，已略去：请核对"),
    "annex_second": Kind(
        "statistics", "warning", "two annexes of statistics: the first was kept",
        "有两份统计附表：保留了第一份"),
    "annex_not_read": Kind(
        "statistics", "warning",
        "an annex is announced, or lines of it stand there, and none was read: is it a file of its own?",
        "正文说有附表，或有附表的行，而没有读出：它是否在另一个文件里？"),
    "recovered": Kind(
        "statistics", "note", "cells that ran together were told apart by the form's sums (how: recovered)",
        "粘连的单元格已按表内合计分开（how 为 recovered）"),
    "same_report": Kind(
        "build", "note", "held twice and counted once; reports.same_as names the other",
        "同一份年报收了两次，只计一次；reports.same_as 指向另一份"),
    "other_report": Kind(
        "build", "note", "two reports of one agency and year: which do you mean?",
        "同一机关同一年有两份不同的年报：您要哪一份？"),
    "row": Kind(
        "build", "error", "a value that its table does not allow; an error in gongkai: report it",
        "有值不为所在的表所容；这是 gongkai 的错误：请报告"),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing noticed; `code` is a key of `KINDS`."""

    code: str
    message: str
    where: Where = NOWHERE

    @property
    def step(self) -> Step:
        """Where on the way from file to tables it arose."""
        return KINDS[self.code].step

    @property
    def severity(self) -> Severity:
        """`note` (for completeness), `warning` (compare with the file), `error` (something was left out)."""
        return KINDS[self.code].severity
