"""Tables → one self-contained HTML page: no external link, everything from a report escaped."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from gongkai.figures import plot_prevalence, to_svg
from gongkai.measure.prevalence import prevalence
from gongkai.run import version, whole_file
from gongkai.schema import SECTIONS, read_table, records

if TYPE_CHECKING:
    import pandas as pd

    from gongkai.schema import Measures, Predictions

MAX_REPORTS = 400
"""Reports shown with their sentences; the measures always cover all."""
KINDS = {
    (True, False): ("promise", "checkable promise 可核查承诺"),
    (True, True): ("cheap", "cheap talk 空头承诺"),
    (False, True): ("formula", "formula 套话"),
    (False, False): ("fact", "report of fact 事实"),
}
SECTION_NAMES = {
    "preamble": "preamble 引言",
    "overview": "overview 总体情况",
    "proactive": "proactive disclosure 主动公开",
    "requests": "requests 依申请公开",
    "disputes": "disputes 复议诉讼",
    "problems": "problems 存在问题",
    "improvements": "improvements 改进",
    "other": "other 其他",
}


def write_page(
    tables: str | Path,
    predictions: Predictions,
    output: str | Path,
    *,
    level: float = 0.95,
    seed: int = 0,
    overwrite: bool = False,
) -> Path:
    """Write the page that shows a corpus: comparison, table, each report with its sentences by kind.

    Args:
        tables: Tables folder of `build`.
        predictions: `predictions` rows of one model on those tables.
        output: HTML file to write.
        level: Coverage of the intervals.
        seed: Of the bootstrap.
        overwrite: Replace an existing file.

    Returns:
        The path written.

    Raises:
        SchemaError: The tables folder is not one.
        MeasureError: The predictions do not belong to the tables or lack a label.
        GongkaiError: The extra `page` is not installed, or the file may not be written.
    """
    reports = read_table(tables, "reports")
    sentences = read_table(tables, "sentences")
    checks = read_table(tables, "checks")
    measures = prevalence(predictions, by=("agency", "year"), level=level, seed=seed)
    whole = prevalence(predictions, by=(), level=level, seed=seed)
    template = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    shown = reports.sort_values(["agency", "year", "source_path"]).head(MAX_REPORTS)
    text = template.substitute(
        title="公开 · How agencies speak about their openness",
        subtitle=escape(_subtitle(reports, sentences, predictions, len(shown))),
        numbers="".join(
            f"<li><b>{escape(value)}</b>{escape(name)}</li>" for name, value in key_numbers(whole)
        ),
        chart=to_svg(plot_prevalence(measures, measure="prevalence", label="commitment")),
        chart_label="Share of commitments by agency and year, with intervals; numbers in the table below",
        level=f"{level:.0%}",
        table_head="".join(f"<th{_numeric(c)}>{escape(c)}</th>" for c in _COLUMNS),
        table_body="".join(_measure_row(row) for row in records(measures)),
        agency_options=_options(reports["agency"].dropna().unique()),
        year_options=_options(reports["year"].dropna().astype(int).unique()),
        section_options="".join(f'<option value="{s}">{escape(SECTION_NAMES[s])}</option>' for s in SECTIONS),
        reports=_reports(shown, sentences, predictions, checks),
        footer=escape(f"gongkai {version()} · model {', '.join(sorted(predictions['model'].unique()))}"),
    )
    target = Path(output)
    with whole_file(target, overwrite=overwrite) as hidden:
        hidden.write_text(text, encoding="utf-8")
    return target


def key_numbers(whole: Measures) -> list[tuple[str, str]]:
    """Return (name, value with interval) of the three measures of all sentences together."""
    names = {
        "commitment": "of all sentences promise something 承诺句占比",
        "boilerplate": "of all sentences are boilerplate 套话占比",
        "commitment+boilerplate": "of the promises are cheap talk 承诺中的空头承诺",
    }
    return [(names[str(row["label"])], _share(row)) for row in records(whole)]


def _share(row: dict[str, object]) -> str:
    value, low, high = (row[k] for k in ("value", "low", "high"))
    if not isinstance(value, float) or value != value:
        return "undefined"
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"


def _subtitle(reports: pd.DataFrame, sentences: pd.DataFrame, predictions: Predictions, shown: int) -> str:
    years = reports["year"].dropna().astype(int)
    span = f", {years.min()}–{years.max()}" if len(years) else ""
    note = "" if shown == len(reports) else f" The first {shown} reports are shown in full."
    return (
        f"{len(reports)} reports by {reports['agency'].nunique()} agencies{span}; {len(sentences):,} "
        f"sentences, tagged by “{', '.join(sorted(predictions['model'].unique()))}”. "
        f"Preambles are not counted.{note}"
    )


_COLUMNS = ("agency", "year", "measure", "label", "value", "low", "high", "n", "clusters", "cluster")


def _numeric(column: str) -> str:
    return ' class="n"' if column in ("year", "value", "low", "high", "n", "clusters") else ""


def _measure_row(row: dict[str, object]) -> str:
    cells = []
    for column in _COLUMNS:
        value = row[column]
        if value is None or value != value:
            shown = "–"
        elif column in ("value", "low", "high"):
            shown = f"{value:.1%}"
        elif column in ("year", "n", "clusters"):
            shown = str(int(value))  # type: ignore[call-overload]
        else:
            shown = str(value)
        cells.append(f"<td{_numeric(column)}>{escape(shown)}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _options(values: object) -> str:
    return "".join(f'<option value="{escape(str(v))}">{escape(str(v))}</option>' for v in sorted(values))  # type: ignore[call-overload]


def _reports(
    reports: pd.DataFrame, sentences: pd.DataFrame, predictions: Predictions, checks: pd.DataFrame
) -> str:
    flags = predictions.pivot_table(index="sentence_id", columns="label", values="predicted", aggfunc="first")
    scores = predictions.pivot_table(index="sentence_id", columns="label", values="score", aggfunc="first")
    marks = {
        sentence_id: (bool(c), bool(b), sc, sb)
        for sentence_id, c, b, sc, sb in zip(
            flags.index,
            flags["commitment"],
            flags["boilerplate"],
            scores["commitment"],
            scores["boilerplate"],
            strict=True,
        )
    }
    by_report = dict(tuple(sentences.groupby("report_id", sort=False)))
    broken = checks[checks["holds"].eq(False).fillna(False)].groupby("report_id")
    broken_by_report = {key: part for key, part in broken}
    return "".join(
        _report(row, by_report.get(row["report_id"]), marks, broken_by_report.get(row["report_id"]))
        for row in records(reports)
    )


def _report(
    report: dict[str, object],
    sentences: pd.DataFrame | None,
    marks: dict[object, tuple[bool, bool, float, float]],
    broken: pd.DataFrame | None,
) -> str:
    agency = report["agency"] if isinstance(report["agency"], str) else "(agency not found)"
    year = int(report["year"]) if report["year"] == report["year"] and report["year"] is not None else "?"  # type: ignore[call-overload]
    parts = []
    heading = ""
    for row in records(sentences) if sentences is not None else ():
        place = (
            f"{SECTION_NAMES[row['section']]} · {row['heading']}"
            if row["heading"]
            else SECTION_NAMES[row["section"]]
        )
        if place != heading:
            parts.append(f"<h4>{escape(place)}</h4>")
            heading = place
        mark = marks.get(row["sentence_id"])
        kind, name = KINDS[mark[0], mark[1]] if mark else ("", "not tagged")
        title = f"{name} · commitment {mark[2]:.2f}, boilerplate {mark[3]:.2f}" if mark else name
        page = f" · page {int(row['page'])}" if row["page"] == row["page"] and row["page"] is not None else ""
        parts.append(
            f'<span class="s {kind}" data-section="{escape(row["section"])}" '
            f'id="{escape(row["sentence_id"])}" '
            f'title="{escape(title + page)}">{escape(row["text"])}</span>'
        )
    if broken is not None:
        rules = "; ".join(
            f"{r['rule']}: {r['left']:g} ≠ {r['right']:g} ({r['where']})" for r in records(broken)
        )
        parts.append(f'<p class="broken">Figures that contradict each other 数字矛盾: {escape(rules)}</p>')
    source = f"{report['source_path']} · {report['form'] or 'no form'}"
    return (
        f'<details class="report" data-agency="{escape(str(agency))}" data-year="{year}">'
        f"<summary>{escape(str(agency))} {year} <small>{escape(source)}</small></summary>"
        f"{''.join(parts)}</details>\n"
    )
