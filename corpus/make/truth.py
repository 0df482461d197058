"""The marks in the authored texts as tables, bound to the sentences of a build.

    python -m corpus.make.truth

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
from typing import TYPE_CHECKING

import pandas as pd

from corpus.make.authored import TAG, Authored, parse
from gongkai.corpus.build import build
from gongkai.tables.parts import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parents[1]
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
    """Return the id of the sentence that a mark speaks of.

    The one that starts behind it, or in which it stands (behind an enumerator), else the first past a heading.
    """
    fitting = [
        (behind.find(t[:60]), -len(t), i)
        for i, t in zip(sentences["sentence_id"], sentences["_squeezed"], strict=True)
        if 0 <= behind.find(t[:60]) <= 40
    ]
    inside = [
        i for i, t in zip(sentences["sentence_id"], sentences["_squeezed"], strict=True) if behind[:10] in t
    ]
    starts = [found for found in fitting if found[0] == 0]
    return min(starts)[2] if starts else next(iter(inside), None) or (min(fitting)[2] if fitting else None)


def main() -> int:
    """Write the three tables."""
    authored = {path.stem: parse(path) for path in sorted((HERE / "truth" / "reports").glob("*.md"))}
    with tempfile.TemporaryDirectory() as folder:
        build(HERE / "raw", Path(folder) / "t")
        reports, sentences = (read_table(Path(folder) / "t", n) for n in ("reports", "sentences"))
    sentences["_squeezed"] = [squeeze(t) for t in sentences["text"]]
    paths = dict(zip(reports["report_id"], map(Path, reports["source_path"]), strict=True))
    parts = {f"{paths[i].parent.name}-{paths[i].stem}": part for i, part in sentences.groupby("report_id")}
    bound: dict[str, list[tuple[str, str]]] = {}
    lost: list[str] = []
    for name, report in authored.items():
        bound[name], missed = bind(marks(report), parts[name])
        lost += [f"{name}: {miss}" for miss in missed]
    for line in lost:
        print("lost:", line)
    if lost:
        return 1
    text = dict(zip(sentences["sentence_id"], sentences["_squeezed"], strict=True))
    for file, header, rows in (
        ("copies", COPIES, list(copied(bound, authored, parts, text))),
        ("followup", FOLLOWUP, list(followed(bound, authored))),
        ("planted", PLANTED, [row for name, report in authored.items() for row in planted(name, report)]),
    ):
        with (HERE / "truth" / f"{file}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerows([header, *rows])
        print(f"{file}: {len(rows)}")
    return 0


def bind(pending: list[tuple[str, str]], part: pd.DataFrame) -> tuple[list[tuple[str, str]], list[str]]:
    """Return (mark, sentence id) of one report's marks, and those that found no sentence."""
    found: list[tuple[str, str]] = []
    lost: list[str] = []
    for number, (mark, behind) in enumerate(pending):
        if mark.endswith("?") or mark.startswith("plant"):
            continue
        sentence = find(behind, part)
        if sentence is None and number + 1 < len(pending) and pending[number + 1][0] == mark + "?":
            sentence = find(pending[number + 1][1], part)
        if sentence is None:
            lost.append(f"{{{mark}}} {behind[:40]}")
        else:
            found.append((mark, sentence))
    return found, lost


def copied(
    bound: dict[str, list[tuple[str, str]]],
    authored: dict[str, Authored],
    parts: dict[str, pd.DataFrame],
    text: dict[str, str],
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of `copies.csv`."""
    for name, found in bound.items():
        slug, year = name.rsplit("-", 1)
        for mark, sentence in found:
            if mark[0] not in "=~":
                continue
            source, _, at = mark[1:].partition("@")
            at = at or str(int(year) - (source == "own"))
            of = f"{slug if source == 'own' else source}-{at}"
            source_id = _closest(text[sentence], parts.get(of))
            agencies = authored[name].meta["agency"], authored[of].meta["agency"]
            yield sentence, source_id, agencies[0], year, agencies[1], at, int(mark[0] == "~")


def followed(
    bound: dict[str, list[tuple[str, str]]], authored: dict[str, Authored]
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of `followup.csv`."""
    for name, found in bound.items():
        slug, year = name.rsplit("-", 1)
        own_next = dict(bound.get(f"{slug}-{int(year) + 1}", ()))
        for mark, sentence in found:
            kind, _, tag = mark.partition(":")
            outcomes = {"c": ("done", "again"), "p": ("returns",)}.get(kind)
            if outcomes is None:
                continue
            outcome = next((k for k in outcomes if f"{k}:{tag}" in own_next), "")
            label = "commitment" if kind == "c" else "problem"
            agency = authored[name].meta["agency"]
            yield sentence, label, agency, year, outcome, own_next.get(f"{outcome}:{tag}", "")


def planted(name: str, report: Authored) -> Iterator[tuple[object, ...]]:
    """Yield the rows of `planted.csv` for one report."""
    agency, year = report.meta["agency"], name.rsplit("-", 1)[1]
    for cell, value in report.plants.items():
        table, row, column = cell.split(".")
        printed = "" if value is None else value
        yield agency, year, "table", cell, report.cells[table][row][column], printed
    for mark, _ in marks(report):
        if mark.startswith("plant:") and not mark.endswith("?"):
            yield agency, year, "prose", mark.partition(":")[2], "", ""


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
