"""What is seen without JavaScript: shares of the corpus, a chart of the years, a table of the agencies."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

MOST = 500
"""Agencies in the table; where there are more, a line says so."""
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 220, 46, 14, 28


def words() -> dict[str, list[str]]:
    """Return every word of the page: English, Chinese, and where it differs the English for one."""
    found: dict[str, list[str]] = json.loads(
        (Path(__file__).parent / "words.json").read_text(encoding="utf-8")
    )
    return found


def overview(core: dict[str, Any]) -> str:
    """Return the overview as HTML, from the data of the page."""
    said = words()
    quantities = core["scheme"]["quantities"]
    names = [_both(q["title"]) for q in quantities]
    rows = []
    for agency in core["shares"]["agency"][:MOST]:
        name = core["agencies"][agency[0]]["name"] if agency[0] >= 0 else None
        shown = name if name is not None else _both(said["agency_not_found"])
        rows.append(f'<tr><th scope="row">{escape(shown)}</th>{_cells(agency[2:], len(quantities))}</tr>')
    left_out = len(core["shares"]["agency"]) - len(rows)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    whole = core["shares"][""][0][1:] if core["shares"][""] else []
    width = len(whole) // max(1, len(names))
    charts = "".join(_years(core["shares"].get("year", []), k, name, width) for k, name in enumerate(names))
    note = (
        f"<p>{left_out:,} more; the table is cut.</p><p>另有 {left_out:,} 个未列。</p>"
        if left_out > 0
        else ""
    )
    return (
        f'<div class="static"><h1>{_both(said["tagline"])}</h1>{_about(core)}'
        f"{charts}"
        f'<div class="scroll"><table><thead><tr><th scope="col">{_both(said["agency"])}</th>{head}</tr>'
        "</thead>"
        f'<tbody><tr><th scope="row">{_both(said["all"])}</th>{_cells(whole, len(quantities))}</tr>'
        f"{''.join(rows)}</tbody></table></div>{note}</div>"
    )


def _about(core: dict[str, Any]) -> str:
    """Return what the numbers are, a paragraph in each language."""
    name, method, coded = escape(core["model"]["name"]), core["method"], core["coded"]
    how = ("counted, not corrected for its errors", "直接计数，未校正其误差")
    if method != "count":
        how = (f"corrected by {coded} coded sentences ({method}) where a group has enough of them",
               f"编码句足够处以 {coded} 个人工编码句校正（{method}）")  # fmt: skip
    reports, sentences, level = len(core["reports"]), core["sentences"], f"{core['level']:.0%}"
    return (
        f'<p lang="en">{reports:,} reports, {sentences:,} sentences, read by “{name}”; {how[0]}; {level} '
        "intervals. Switch JavaScript on to read the reports and to search.</p>"
        f'<p lang="zh">{reports:,} 份报告，{sentences:,} 句，由“{name}”判读；{how[1]}；{level} 区间。'
        "启用 JavaScript 后可阅读报告和检索。</p>"
    )


def _both(pair: list[str]) -> str:
    return " ".join(dict.fromkeys(w for w in pair[:2] if w))


def _cells(numbers: list[int | None], quantities: int) -> str:
    cells = []
    width = len(numbers) // quantities
    for k in range(quantities):
        value, low, high = (*numbers[width * k : width * k + 3], None, None, None)[:3]
        shown = "–" if value is None else f"{value / 100:.1f}%"
        span = "" if low is None or high is None else f" [{low / 100:.1f}%, {high / 100:.1f}%]"
        cells.append(f"<td>{shown}{span}</td>")
    return "".join(cells)


def _years(rows: list[list[Any]], quantity: int, name: str, width: int) -> str:
    """Return a chart: a dot with its interval for each year that is known."""
    known = [(r[0], *r[2 + width * quantity : 5 + width * quantity]) for r in rows if r[0] is not None]
    known = [row for row in known if row[1] is not None]
    if not known:
        return ""
    first, last = min(r[0] for r in known), max(r[0] for r in known)
    most = max(max(r[1], r[3] or 0) for r in known) or 1
    bottom = _HEIGHT - _BOTTOM

    def x(year: int) -> float:
        inside = _WIDTH - _LEFT - 30
        return _LEFT + 15 + (inside * (year - first) / (last - first) if last > first else inside / 2)

    def y(share: int) -> float:
        return bottom - (bottom - _TOP) * share / most

    marks = []
    for year, value, low, high in known:
        at = f"{x(year):.1f}"
        if low is not None:
            marks.append(f'<line class="interval" x1="{at}" x2="{at}" y1="{y(low):.1f}" y2="{y(high):.1f}"/>')
        marks.append(f'<circle class="dot" cx="{at}" cy="{y(value):.1f}" r="4"/>')
    ends = [(x(y_), str(y_)) for y_ in dict.fromkeys((first, last))]
    marks += [
        f'<text class="tick" x="{at:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{t}</text>' for at, t in ends
    ]
    marks += [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y(v):.1f}" y2="{y(v):.1f}"/>'
        f'<text class="tick" x="{_LEFT - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{v / 100:.0f}%</text>'
        for v in (0, most)
    ]
    return (
        f'<h2>{escape(name)}</h2><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'role="img" aria-label="{escape(name)}">{"".join(marks)}</svg>'
    )
