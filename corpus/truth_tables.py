"""The marks in the authored texts as tables, bound to the sentences of a build: python corpus/truth_tables.py

    truth/copies.csv     sentence_id, source_id, agency, year, source_agency, source_year, edited
    truth/followup.csv   sentence_id, kind (commitment, problem), outcome (done, again, returns), next_id
    truth/planted.csv    agency, year, source, cell, correct, printed

A mark that finds no sentence is named, and nothing is written.
"""

from __future__ import annotations

import csv
import re
import sys
import tempfile
from pathlib import Path

import pandas as pd
from authored import TAG, Authored, parse

from gongkai.corpus.build import build
from gongkai.tables.schema import read_table

HERE = Path(__file__).parent
COPIES = ("sentence_id", "source_id", "agency", "year", "source_agency", "source_year", "edited")
FOLLOWUP = ("sentence_id", "kind", "agency", "year", "outcome", "next_id")
PLANTED = ("agency", "year", "source", "cell", "correct", "printed")
HALVES = re.compile(r"\{[PI]\}")


def squeeze(text: str) -> str:
    """Drop what dresses change: spaces, and the width of punctuation."""
    return re.sub(r"\s", "", text).translate(str.maketrans(",:;()!?", "，：；（）！？"))


def marks(report: Authored) -> list[tuple[str, str]]:
    """Return (mark, the text behind it in its paragraph) for every mark of a report."""
    found = []
    for part in report.parts:
        for paragraph in part.paragraphs:
            for match in TAG.finditer(HALVES.sub("", paragraph)):
                behind = HALVES.sub("", paragraph)[match.end() :]
                bare = re.sub(r"^((?:\{[^{}]*\})*)##[^#]+##", r"\1", behind)
                found.append((match[1], squeeze(TAG.sub("", bare).replace("##", ""))))
                if bare != behind:
                    found.append((match[1] + "?", squeeze(TAG.sub("", behind).replace("##", ""))))
    return found


def find(behind: str, sentences: pd.DataFrame) -> str | None:
    """Return the id of the sentence that a mark speaks of: the first behind it, past a heading or a label."""
    fitting = [
        (behind.find(t[:60]), -len(t), i)
        for i, t in zip(sentences["sentence_id"], sentences["_squeezed"], strict=True)
        if 0 <= behind.find(t[:60]) <= 40
    ]
    inside = [
        i for i, t in zip(sentences["sentence_id"], sentences["_squeezed"], strict=True) if behind[:10] in t
    ]
    return min(fitting)[2] if fitting else next(iter(inside), None)


def main() -> int:
    """Write the three tables."""
    authored = {path.stem: parse(path) for path in sorted((HERE / "truth" / "reports").glob("*.md"))}
    with tempfile.TemporaryDirectory() as folder:
        build(HERE / "raw", Path(folder) / "t")
        reports, sentences = (read_table(Path(folder) / "t", n) for n in ("reports", "sentences"))
    sentences["_squeezed"] = [squeeze(t) for t in sentences["text"]]
    names = {
        r.report_id: f"{Path(r.source_path).parent.name}-{Path(r.source_path).stem}"
        for r in reports.itertuples()
    }
    parts = {names[i]: part for i, part in sentences.groupby("report_id")}
    bound: dict[str, list[tuple[str, str, str]]] = {}
    lost: list[str] = []
    for name, report in authored.items():
        bound[name] = []
        pending = marks(report)
        for number, (mark, behind) in enumerate(pending):
            if mark.endswith("?") or mark.startswith("plant"):
                continue
            found = find(behind, parts[name])
            if found is None and number + 1 < len(pending) and pending[number + 1][0] == mark + "?":
                found = find(pending[number + 1][1], parts[name])
            if found is None:
                lost.append(f"{name}: {{{mark}}} {behind[:40]}")
            else:
                bound[name].append((mark, found, behind))
    text = dict(zip(sentences["sentence_id"], sentences["_squeezed"], strict=True))
    copies, followed, planted = [], [], []
    for name, found in bound.items():
        slug, year = name.rsplit("-", 1)
        meta = authored[name].meta
        own_next = {m: i for m, i, _ in bound.get(f"{slug}-{int(year) + 1}", ())}
        for mark, sentence, _ in found:
            if mark[0] in "=~":
                source, _, at = mark[1:].partition("@")
                at = at or str(int(year) - (source == "own"))
                source = slug if source == "own" else source
                other = parts.get(f"{source}-{at}")
                source_id = _closest(text[sentence], other)
                copies.append(
                    (
                        sentence,
                        source_id,
                        meta["agency"],
                        year,
                        authored[f"{source}-{at}"].meta["agency"],
                        at,
                        int(mark[0] == "~"),
                    )
                )
            kind, _, tag = mark.partition(":")
            if kind == "c":
                outcome = next((k for k in ("done", "again") if f"{k}:{tag}" in own_next), "")
                followed.append(
                    (
                        sentence,
                        "commitment",
                        meta["agency"],
                        year,
                        outcome,
                        own_next.get(f"{outcome}:{tag}", ""),
                    )
                )
            elif kind == "p":
                outcome = "returns" if f"returns:{tag}" in own_next else ""
                followed.append(
                    (sentence, "problem", meta["agency"], year, outcome, own_next.get(f"returns:{tag}", ""))
                )
        report = authored[name]
        for cell, value in report.plants.items():
            table, row, column = cell.split(".")
            planted.append(
                (
                    meta["agency"],
                    year,
                    "table",
                    cell,
                    report.cells[table][row][column],
                    "" if value is None else value,
                )
            )
        for mark, _ in marks(report):
            if mark.startswith("plant:") and not mark.endswith("?"):
                planted.append((meta["agency"], year, "prose", mark.partition(":")[2], "", ""))
    for line in lost:
        print("lost:", line)
    if lost:
        return 1
    for file, header, rows in (
        ("copies", COPIES, copies),
        ("followup", FOLLOWUP, followed),
        ("planted", PLANTED, planted),
    ):
        with (HERE / "truth" / f"{file}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerows([header, *rows])
        print(f"{file}: {len(rows)}")
    return 0


def _closest(text: str, source: pd.DataFrame | None) -> str:
    """Return the id of the source sentence with the most character pairs in common; the mark names only the report."""
    if source is None:
        return ""
    pairs = {text[i : i + 2] for i in range(len(text) - 1)}

    def shared(other: str) -> float:
        theirs = {other[i : i + 2] for i in range(len(other) - 1)}
        return len(pairs & theirs) / max(1, len(pairs | theirs))

    best = max(zip(map(shared, source["_squeezed"]), source["sentence_id"], strict=True))
    return str(best[1]) if best[0] > 0.15 else ""


if __name__ == "__main__":
    sys.exit(main())
