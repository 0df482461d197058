"""Every file of tests/data/variations, each written for one way in which reports differ, against what it holds (the .json beside it)."""

import json

import pandas as pd
import pytest

from tests.conftest import DATA, rows_of_file
from tests.truth import squeeze

EXPECTED = {p: p.with_suffix("") for p in sorted((DATA / "variations").glob("*.json"))}
IDENTITY = (
    "agency",
    "year",
    "form",
    "kind",
    "level",
    "region",
    "region_code",
    "scope",
    "title",
    "published",
    "media_type",
)


def mismatches(rows, expected):
    """Return what differs between the rows of one file and what it holds, as readable strings."""
    if "refused" in expected:
        said = [p["message"] for p in rows["problems"]]
        fine = not rows.get("reports") and any(expected["refused"] in m for m in said)
        return [] if fine else [f"refused: expected '{expected['refused']}', problems say {said}"]
    if not rows.get("reports"):
        return [f"no report: {[p['message'] for p in rows['problems']]}"]
    report = rows["reports"][0]
    wrong = []
    if "reports" in expected and expected["reports"] != (
        found := [[r["agency"], r["year"]] for r in rows["reports"]]
    ):
        wrong.append(f"reports: {found}, expected {expected['reports']}")
    wrong += [
        f"{key}: {report.get(key)!r}, expected {expected[key]!r}"
        for key in IDENTITY
        if key in expected and (report.get(key) or None) != (expected[key] or None)
    ]
    found = {}
    for row in rows["sentences"]:
        if row["report_id"] == report["report_id"]:
            found[row["section"]] = found.get(row["section"], "") + squeeze(row["text"])
    for section, text in expected.get("sections", {}).items():
        if found.get(section, "") != squeeze(text):
            wrong.append(f"{section}: {found.get(section, '')!r}, expected {squeeze(text)!r}")
    # Of a scan a few cells may stay blank or unread, but none may be wrong.
    lenient = len(expected["cells"]) // 20 if expected.get("needs") == "rapidocr" else 0
    if "cells" in expected:
        cells = {
            f"{r['table']}.{r['row']}.{r['column']}": None if pd.isna(r["value"]) else r["value"]
            for r in rows["statistics"]
            if r["report_id"] == report["report_id"]
        }
        blanks = [k for k in expected["cells"] if cells.get(k) is None]
        if len(blanks) <= lenient:
            cells |= {k: expected["cells"][k] for k in blanks}
        for key in sorted(cells.keys() | expected["cells"].keys()):
            if key not in cells or key not in expected["cells"] or cells[key] != expected["cells"][key]:
                wrong.append(
                    f"{key}: {cells.get(key, 'missing')}, expected {expected['cells'].get(key, 'no such cell')}"
                )
    said = " | ".join(p["message"] for p in rows["problems"])
    wrong += [
        f"no problem says '{part}': {said}" for part in expected.get("problems", ()) if part not in said
    ]
    return wrong


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda p: p.stem)
def test_variation(expected):
    held = json.loads(expected.read_text(encoding="utf-8"))
    if "needs" in held:
        pytest.importorskip(held["needs"], reason="the extra for this kind of file is not installed")
    assert mismatches(rows_of_file(EXPECTED[expected]), held) == []


def test_there_are_enough():
    raw = [p for p in (DATA.parents[1] / "corpus" / "raw").rglob("*") if p.is_file()]
    assert len(EXPECTED) >= 60
    assert len(raw) + len(EXPECTED) >= 120
