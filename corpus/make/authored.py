"""Parse and check the authored reports in corpus/truth/reports (the text every dress is made from).

    python -m corpus.make.authored corpus/truth/reports/*.md

prints one line per report and every mistake found. It shares no code with the package, so that the
truth stays independent of what is tested against it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICANTS = ("natural_person", "business", "research", "nonprofit", "legal_service", "other_org")
RESULTS_COMMON = (
    "granted", "partly_granted",
    "state_secret", "prohibited_by_law", "security_stability", "third_party",
    "internal_affairs", "deliberative", "enforcement_file", "administrative_query",
    "not_held", "would_need_creating", "unclear_after_correction",
    "petition", "repeated", "published_material", "excessive_repetition", "confirm_or_reissue",
)  # fmt: skip
RESULTS = {
    "2019": (*RESULTS_COMMON, "other_handling"),
    "2021": (*RESULTS_COMMON, "not_corrected_in_time", "fee_not_paid", "other"),
}
PROACTIVE = {
    "2019": {
        "regulations": ("made", "disclosed", "disclosed_total"),
        "normative_documents": ("made", "disclosed", "disclosed_total"),
        "licences": ("items_last_year", "change", "decisions"),
        "other_services": ("items_last_year", "change", "decisions"),
        "penalties": ("items_last_year", "change", "decisions"),
        "coercive_measures": ("items_last_year", "change", "decisions"),
        "fees": ("items_last_year", "change"),
        "procurement": ("items", "amount_yuan"),
    },
    "2021": {
        "regulations": ("issued", "repealed", "in_force"),
        "normative_documents": ("issued", "repealed", "in_force"),
        "licences": ("decisions",),
        "penalties": ("decisions",),
        "coercive_measures": ("decisions",),
        "fees": ("amount_yuan",),
    },
}
BLOCKS = ("review", "litigation_direct", "litigation_after_review")
OUTCOMES = ("upheld", "corrected", "other", "pending")
SECTIONS = (
    "preamble",
    "overview",
    "proactive",
    "requests",
    "disputes",
    "section5",
    "problems",
    "improvements",
    "other",
)
META = {"id", "agency", "kind", "level", "region", "year", "published", "form", "title", "writer"}
OPTIONAL_META = {"superior", "scope", "zero_as", "single_other"}
KINDS = {
    "government", "office", "department", "township", "street", "development_zone", "vertical",
}  # fmt: skip
TAG = re.compile(r"\{([^{}]*)\}")
KNOWN_TAG = re.compile(
    r"P|I|[=~][a-z0-9-]+(@\d{4})?|c:\w+|p:\w+|done:\w+|again:\w+|returns:\w+|plant:[a-z._]+"
)
SENTENCE_END = "。！？；"

Cells = dict[str, dict[str, dict[str, int | None]]]


@dataclass
class Part:
    """One section of a report: its key, its heading as printed, its paragraphs with tags still inside."""

    section: str
    heading: str
    paragraphs: list[str] = field(default_factory=list)


@dataclass
class Authored:
    """One authored report with its true cells (as they should be) and printed cells (with planted errors)."""

    path: Path
    meta: dict[str, str]
    parts: list[Part]
    cells: Cells
    printed: Cells
    plants: dict[str, int | None]


def strip_tags(text: str) -> str:
    """Remove every {tag} and the ## marks of run-in headings."""
    return TAG.sub("", text).replace("##", "")


def parse(path: Path) -> Authored:
    """Read one authored report; raises ValueError with the file and what is wrong."""
    text = path.read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    body, _, tables = body.partition("\n--- tables\n")
    meta = {}
    for line in head.strip().splitlines():
        key, _, value = line.partition(":")
        meta[key.strip()] = value.strip().strip('"')
    parts: list[Part] = []
    for line in body.splitlines():
        match = re.fullmatch(r"\[(\w+)\]\s*(.*)", line.strip())
        if match:
            parts.append(Part(match[1], match[2]))
        elif line.strip():
            if not parts:
                raise ValueError(f"{path}: text before the first [section]: {line[:30]}")
            parts[-1].paragraphs.append(line.strip())
    cells, plants = _parse_tables(path, meta.get("form", ""), tables)
    printed = {t: {r: dict(c) for r, c in rows.items()} for t, rows in cells.items()}
    for key, value in plants.items():
        table, row, column = key.split(".")
        if column not in printed[table][row]:
            raise ValueError(f"{path}: plant names no cell: {key}")
        printed[table][row][column] = value
    return Authored(path, meta, parts, cells, printed, plants)


def _parse_tables(path: Path, form: str, text: str) -> tuple[Cells, dict[str, int | None]]:
    if form == "pre-2019":
        return {}, {}
    given: dict[str, dict[str, dict[str, int]]] = {"proactive": {}, "requests": {}, "disputes": {}}
    plants: dict[str, int | None] = {}
    table = ""
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        if match := re.fullmatch(r"\[(\w+)\]", line):
            table = match[1]
            continue
        if table == "plant":
            key, _, value = line.partition("=")
            plants[key.strip()] = None if value.strip() == "blank" else int(value)
            continue
        row, _, rest = line.partition(":")
        if table not in given:
            raise ValueError(f"{path}: unknown table [{table}]")
        given[table][row.strip()] = {k: int(v) for k, v in (pair.split("=") for pair in rest.split())}
    results = list(RESULTS[form])
    if form == "2021" and "other_handling" in given["requests"]:
        results = [*RESULTS_COMMON, "other_handling"]
    cells: Cells = {"proactive": {}, "requests": {}, "disputes": {}}
    for row, columns in PROACTIVE[form].items():
        source = given["proactive"].pop(row, {})
        cells["proactive"][row] = {c: source.pop(c, 0) for c in columns}
        _refuse(path, row, source)
    requests = cells["requests"]
    for row in ("new_requests", "carried_in", *results):
        source = given["requests"].pop(row, {})
        values = {c: source.pop(c, 0) for c in APPLICANTS}
        requests[row] = {**values, "total": sum(values.values())}
        _refuse(path, row, source)
    columns = (*APPLICANTS, "total")
    requests["total_handled"] = {c: sum(requests[r][c] or 0 for r in results) for c in columns}
    requests["carried_out"] = {
        c: (requests["new_requests"][c] or 0)
        + (requests["carried_in"][c] or 0)
        - (requests["total_handled"][c] or 0)
        for c in columns
    }
    for block in BLOCKS:
        source = given["disputes"].pop(block, {})
        values = {c: source.pop(c, 0) for c in OUTCOMES}
        cells["disputes"][block] = {**values, "total": sum(values.values())}
        _refuse(path, block, source)
    for table, rest in given.items():
        _refuse(path, table, rest)
    return cells, plants


def _refuse(path: Path, where: str, rest: dict) -> None:
    if rest:
        raise ValueError(f"{path}: {where}: unknown {', '.join(rest)}")


def mistakes(report: Authored, others: dict[str, Authored]) -> list[str]:
    """List what is wrong with one report; `others` maps ids to all parsed reports."""
    slug, year = report.path.stem.rsplit("-", 1)
    last = others.get(f"{slug}-{int(year) - 1}")
    found = [*_wrong_meta(report), *_wrong_parts(report)]
    for column, value in report.cells.get("requests", {}).get("carried_out", {}).items():
        if value is not None and value < 0:
            found.append(f"carried_out {column} = {value}: more handled than received")
    if last and report.cells and last.cells:
        found += _wrong_years(report, last)
    return [*found, *_wrong_tags(report, last, slug, int(year), others)]


def _wrong_meta(report: Authored) -> Iterator[str]:
    meta = report.meta
    if missing := META - meta.keys():
        yield f"front matter lacks {sorted(missing)}"
    if extra := meta.keys() - META - OPTIONAL_META:
        yield f"front matter has unknown {sorted(extra)}"
    if meta.get("id") != report.path.stem:
        yield f"id {meta.get('id')} is not the file name"
    if meta.get("kind") not in KINDS:
        yield f"unknown kind {meta.get('kind')}"


def _wrong_parts(report: Authored) -> Iterator[str]:
    for part in report.parts:
        if part.section not in SECTIONS:
            yield f"unknown section [{part.section}]"
        for paragraph in part.paragraphs:
            unknown = (tag for tag in TAG.findall(paragraph) if not KNOWN_TAG.fullmatch(tag))
            yield from (f"unknown tag {{{tag}}}" for tag in unknown)
            if paragraph.count("##") % 2 and not paragraph.startswith("## "):
                yield f"odd ## in: {paragraph[:20]}"
        if part.section == "section5" and not any("{P}" in p for p in part.paragraphs):
            yield "section5 has no {P}"


def _wrong_years(report: Authored, last: Authored) -> Iterator[str]:
    now, then = report.cells["requests"]["carried_in"], last.cells["requests"]["carried_out"]
    if now != then:
        yield f"carried_in {now} is not last year's carried_out {then}"
    for row in ("regulations", "normative_documents"):
        a, b = last.cells["proactive"][row], report.cells["proactive"][row]
        if "in_force" in a and "in_force" in b:
            expected = a["in_force"] + b["issued"] - b["repealed"]
            if b["in_force"] != expected:
                yield f"{row} in_force {b['in_force']}, but last year's and this year's give {expected}"


def _tags(report: Authored | None) -> list[str]:
    parts = report.parts if report else ()
    return [tag for part in parts for paragraph in part.paragraphs for tag in TAG.findall(paragraph)]


def _wrong_tags(
    report: Authored, last: Authored | None, slug: str, year: int, others: dict[str, Authored]
) -> Iterator[str]:
    of_last = set(_tags(last))
    for tag in _tags(report):
        kind, _, name = tag.partition(":")
        needed = {"done": "c", "again": "c", "returns": "p"}.get(kind)
        if needed and f"{needed}:{name}" not in of_last:
            yield f"{{{tag}}}: last year's report has no {{{needed}:{name}}}"
        if tag[0] in "=~":
            target = tag[1:].replace("own", slug)
            if "@" not in target:
                target += f"@{year - 1 if tag[1:] == 'own' else year}"
            if target.replace("@", "-") not in others:
                yield f"{{{tag}}}: no report {target}"


def main() -> int:
    """Check the files named on the command line."""
    failed = 0
    reports: dict[str, Authored] = {}
    for name in sys.argv[1:]:
        try:
            reports[Path(name).stem] = parse(Path(name))
        except (ValueError, KeyError) as error:
            failed += 1
            print(f"BAD   {name}: {error}")
    for name, report in sorted(reports.items()):
        plain = "".join(strip_tags(p) for part in report.parts for p in part.paragraphs)
        sentences = sum(plain.count(c) for c in SENTENCE_END)
        requests = report.printed.get("requests", {})
        note = ", ".join(
            f"{row}={requests[row]['total']}"
            for row in ("new_requests", "carried_in", "total_handled", "carried_out")
            if requests
        )
        disputes = ", ".join(f"{b}={c['total']}" for b, c in report.printed.get("disputes", {}).items())
        wrong = mistakes(report, reports)
        failed += bool(wrong)
        print(
            f"{'BAD  ' if wrong else 'ok   '} {name}: {len(plain)} characters, ~{sentences} sentences; {note}; {disputes}"
        )
        for line in wrong:
            print(f"        {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
