"""Tables → one self-contained HTML page: no external link, everything from a report escaped."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from gongkai.measure.prevalence import prevalence
from gongkai.show.figures import plot_prevalence, to_svg
from gongkai.store.run import version, whole_file
from gongkai.tables.codebooks import given_or_shipped
from gongkai.tables.predicted import by_indicator, scheme_of
from gongkai.tables.schema import SECTIONS, read_table, records

if TYPE_CHECKING:
    import pandas as pd

    from gongkai.tables.codebook import Codebook, Kind
    from gongkai.tables.schema import Measures, Predictions

MAX_REPORTS = 400
"""Reports shown with their sentences, evenly drawn where there are more; the measures always cover all."""
MAX_CHARTED = 60
"""Agencies in the chart; the table has all."""
MARKS = "●◆○■▲▼□△▽◇"
"""Signs before sentences of a kind, for those who see no colour."""
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
    overwrite: bool = False,
    codebook: Codebook | None = None,
) -> Path:
    """Write the page that shows a corpus: comparison, table, each report with its sentences by kind.

    Args:
        tables: Tables folder of `build`.
        predictions: `predictions` rows of one model on those tables.
        output: HTML file to write.
        level: Coverage of the intervals.
        overwrite: Replace an existing file.
        codebook: The scheme; unless given the one that ships, where the predictions' labels are its.

    Returns:
        The path written.

    Raises:
        SchemaError: The tables folder is not one.
        MeasureError: The predictions do not belong to the tables or lack a label.
        GongkaiError: The extra `page` is not installed, or the file may not be written.
    """
    reports = read_table(tables, "reports")
    reports = reports[reports["same_as"].isna()]  # the same report twice is shown once
    sentences = read_table(tables, "sentences")
    checks = read_table(tables, "checks")
    scheme = scheme_of(predictions, codebook)
    measures = prevalence(predictions, by=("agency", "year"), level=level, codebook=scheme)
    whole = prevalence(predictions, by=(), level=level, codebook=scheme)
    first = scheme.quantities[0]
    names = [a if isinstance(a, str) else NO_AGENCY for a in ordered_names(reports)]
    places = {name: f"agency-{k}" for k, name in enumerate(names)}
    template = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    ordered = reports.sort_values(["agency", "year", "source_path"])
    evenly = sorted({round(k * (len(ordered) - 1) / max(1, MAX_REPORTS - 1)) for k in range(MAX_REPORTS)})
    shown = ordered if len(ordered) <= MAX_REPORTS else ordered.iloc[evenly]
    charted = measures["agency"].drop_duplicates()
    charted = charted.iloc[:: -(-len(charted) // MAX_CHARTED)] if len(charted) > MAX_CHARTED else charted
    text = template.substitute(
        title="公开 · How agencies speak about their openness",
        subtitle=escape(_subtitle(reports, sentences, predictions, len(shown))),
        numbers="".join(
            f"<li><b>{escape(value)}</b>{escape(name)}</li>" for name, value in key_numbers(whole, scheme)
        ),
        chart=to_svg(
            plot_prevalence(
                measures[measures["agency"].isin(charted)],
                measure="prevalence",
                label=first.label,
                width=260,
                codebook=scheme,
            )
        ),
        chart_label=escape(
            f"{first.title}: share by agency and year, with intervals; numbers in the table below"
        ),
        styles="\n".join(_style(kind, k) for k, kind in enumerate(scheme.kinds)),
        key=" ".join(f'<span class="s {k.key}">{escape(str(k.title))}</span>' for k in scheme.kinds),
        kind_options="".join(
            f'<option value="{k.key}">{escape(str(k.title))}</option>' for k in scheme.kinds
        ),
        chart_note=_chart_note(len(charted), int(measures["agency"].nunique())),
        level=f"{level:.0%}",
        table_head="".join(f"<th{_numeric(c)}>{escape(c)}</th>" for c in _COLUMNS),
        table_body="".join(_measure_row(row, places) for row in records(measures)),
        agency_options=_options(reports["agency"].dropna().unique()),
        year_options=_options(reports["year"].dropna().astype(int).unique()),
        section_options="".join(f'<option value="{s}">{escape(SECTION_NAMES[s])}</option>' for s in SECTIONS),
        reports=_agencies(shown, sentences, predictions, checks, measures, places, scheme),
        footer=escape(f"gongkai {version()} · model {', '.join(sorted(predictions['model'].unique()))}"),
    )
    target = Path(output)
    with whole_file(target, overwrite=overwrite) as hidden:
        hidden.write_text(text, encoding="utf-8")
    return target


def _style(kind: Kind, number: int) -> str:
    """Return how sentences of a kind look; the text after / is read aloud."""
    name = kind.title.said("en").replace("\\", "").replace('"', "").replace("<", "")
    if not kind.has:
        return f".s.{kind.key} {{ border-bottom: 2px dotted {kind.colour}66 }}"
    sign = MARKS[number % len(MARKS)]
    return (
        f".s.{kind.key} {{ border-color: {kind.colour}; background: {kind.colour}14 }} "
        f'.s.{kind.key}::before {{ content: "{sign}"; content: "{sign}" / "{name}: " }}'
    )


def key_numbers(whole: Measures, codebook: Codebook | None = None) -> list[tuple[str, str]]:
    """Return (name, value with interval) of each measure of all sentences together."""
    names = {
        (q.measure, q.label): q.share or f"{q.title} ({' + '.join(q.bottom) or 'of all sentences'})"
        for q in given_or_shipped(codebook).quantities
    }
    kept = [((str(row["measure"]), str(row["label"])), _share(row)) for row in records(whole)]
    return [(names.get(key, " ".join(key)), share) for key, share in kept]


def _share(row: dict[str, object]) -> str:
    value, low, high = (row[k] for k in ("value", "low", "high"))
    if not isinstance(value, float) or value != value:
        return "undefined"
    if low != low or low is None:
        return f"{value:.1%}"  # too few units for an interval
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"


def _subtitle(reports: pd.DataFrame, sentences: pd.DataFrame, predictions: Predictions, shown: int) -> str:
    years = reports["year"].dropna().astype(int)
    span = f", {years.min()}–{years.max()}" if len(years) else ""
    note = "" if shown == len(reports) else f" {shown} of them, evenly drawn, are shown in full."
    return (
        f"{len(reports)} reports by {reports['agency'].nunique()} agencies{span}; {len(sentences):,} "
        f"sentences, tagged by “{', '.join(sorted(predictions['model'].unique()))}”. "
        f"Preambles are not counted.{note}"
    )


_COLUMNS = ("agency", "year", "measure", "label", "value", "low", "high", "n", "clusters", "cluster")


def _chart_note(charted: int, agencies: int) -> str:
    note = f"<p>{charted} of {agencies} agencies, evenly drawn; the table has all.</p>"
    return note if charted < agencies else ""


def _numeric(column: str) -> str:
    return ' class="n"' if column in ("year", "value", "low", "high", "n", "clusters") else ""


def _measure_row(row: dict[str, object], places: dict[str, str]) -> str:
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
        text = escape(shown)
        if column == "agency" and shown in places:
            text = f'<a href="#{places[shown]}">{text}</a>'
        cells.append(f"<td{_numeric(column)}>{text}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _options(values: object) -> str:
    return "".join(f'<option value="{escape(str(v))}">{escape(str(v))}</option>' for v in sorted(values))  # type: ignore[call-overload]


NO_AGENCY = "(agency not found)"


def ordered_names(reports: pd.DataFrame) -> list[object]:
    """Return the agencies in the order of the page: by name, those not found last."""
    known = sorted(reports["agency"].dropna().unique())
    return [*known, *([None] if reports["agency"].isna().any() else [])]


def _agencies(
    reports: pd.DataFrame,
    sentences: pd.DataFrame,
    predictions: Predictions,
    checks: pd.DataFrame,
    measures: Measures,
    places: dict[str, str],
    codebook: Codebook,
) -> str:
    """Return a section per agency: what it is, its shares by year, its reports with their sentences."""
    marks = _marks(predictions, codebook)
    by_report = dict(tuple(sentences.groupby("report_id", sort=False)))
    checked = dict(tuple(checks.groupby("report_id", sort=False)))
    parts = []
    for agency, group in reports.assign(agency=reports["agency"].astype(object).fillna(NO_AGENCY)).groupby(
        "agency", sort=True
    ):
        name = str(agency)
        about = [
            v
            for v in (group["kind"].iloc[0], group["level"].iloc[0], group["region"].iloc[0])
            if isinstance(v, str)
        ]
        own = measures[measures["agency"].astype(object).fillna(NO_AGENCY) == name]
        shares = _shares_by_year(own, codebook)
        shown = "".join(
            _report(row, by_report.get(row["report_id"]), marks, checked.get(row["report_id"]))
            for row in records(group)
        )
        parts.append(
            f'<section class="agency" id="{places[name]}"><h3>{escape(name)} '
            f"<small>{escape(' · '.join(about))}</small></h3>{shares}{shown}</section>"
        )
    return "".join(parts)


def _shares_by_year(measures: Measures, codebook: Codebook) -> str:
    """Return a small table: a row per year, a column per measure."""
    names = [q.title if q.measure != "prevalence" else q.label for q in codebook.quantities]
    head = "".join(f'<th class="n">{escape(n)}</th>' for n in ("year", *names))
    rows = []
    labels = [q.label for q in codebook.quantities]
    by_year: dict[str, dict[object, dict[str, object]]] = {}
    for row in records(measures.sort_values("year")):
        year = "?" if row["year"] != row["year"] else f"{row['year']:.0f}"
        by_year.setdefault(year, {})[row["label"]] = row
    for year, found in by_year.items():
        cells = (year, *(_share(found[c]) if c in found else "–" for c in labels))
        rows.append("<tr>" + "".join(f'<td class="n">{escape(v)}</td>' for v in cells) + "</tr>")
    body = "".join(rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _marks(predictions: Predictions, codebook: Codebook) -> dict[object, tuple[str, str]]:
    """Return by sentence: the key of its kind, and its name with the scores."""
    flags, scores = by_indicator(predictions, codebook)
    names = list(codebook.indicators)
    found: dict[object, tuple[str, str]] = {}
    for (_, sentence), chosen, points in zip(
        flags.index, flags.to_numpy().tolist(), scores.to_numpy().tolist(), strict=True
    ):
        decided = dict(zip(names, chosen, strict=True))
        kind = next((k for k in codebook.kinds if k.fits(decided)), None)
        said = ", ".join(
            f"{n} {p:.2f}" for n, p in zip(names, points, strict=True) if "=" not in n or decided[n]
        )
        found[sentence] = (kind.key, f"{kind.title} · {said}") if kind else ("", said)
    return found


def _report(
    report: dict[str, object],
    sentences: pd.DataFrame | None,
    marks: dict[object, tuple[str, str]],
    checks: pd.DataFrame | None,
) -> str:
    agency = report["agency"] if isinstance(report["agency"], str) else NO_AGENCY
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
        kind, title = marks.get(row["sentence_id"], ("", "not tagged"))
        page = f" · page {int(row['page'])}" if row["page"] == row["page"] and row["page"] is not None else ""
        parts.append(
            f'<span class="s {kind}" data-section="{escape(row["section"])}" '
            f'id="{escape(row["sentence_id"])}" '
            f'title="{escape(title + page)}">{escape(row["text"])}</span>'
        )
    parts += _checks(checks) if checks is not None else []
    source = f"{report['source_path']} · {report['form'] or 'no form'}"
    return (
        f'<details class="report" data-agency="{escape(str(agency))}" data-year="{year}">'
        f"<summary>{escape(str(agency))} {year} <small>{escape(source)}</small></summary>"
        f"{''.join(parts)}</details>\n"
    )


def _checks(checks: pd.DataFrame) -> list[str]:
    """Return how many rules hold, and each broken one with its two sides and where they stand."""
    holds = checks["holds"].astype("boolean")
    broken = checks[(~holds).fillna(False)]
    undecided = int(holds.isna().sum())
    counts = f"{int(holds.sum())} hold 成立, {len(broken)} broken 不成立, {undecided} undecided 无法判断"
    found = [f'<p class="checks">Rules of the tables 表格核对: {escape(counts)}</p>']
    if len(broken):
        rules = "; ".join(
            f"{r['rule']}: {r['left']:g} ≠ {r['right']:g} ({r['where']})" for r in records(broken)
        )
        found.append(f'<p class="broken">Figures that contradict each other 数字矛盾: {escape(rules)}</p>')
    return found
