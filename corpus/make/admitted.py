"""Coders' parts of the scheme `admitted` → `corpus/admitted/CODER.csv`: `python -m corpus.make.admitted FOLDER CODER`.

The parts are CSV files with `sentence_id, topic, checkable_by`; commitment, text and context are those of
`corpus/labels/resolved.csv`. Without arguments `resolved.csv` is made: what two of the three coders say.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

from gongkai.coding.labels import read_labels
from gongkai.tables.scheme.codebooks import read_codebook

ROOT = Path(__file__).parents[1]
COLUMNS = ("sentence_id", "annotator", "report_id", "agency", "year", "section", "heading", "lead", "text",
           "commitment", "topic", "checkable_by", "rule", "codebook", "inclusion")  # fmt: skip
CODED = ("topic", "checkable_by", "rule")
CODERS = ("coder_d", "coder_e", "coder_f")


def main() -> None:
    """Write one coder's codes, or what most coders say."""
    if len(sys.argv) == 1:
        coders = [_read([ROOT / "admitted" / f"{name}.csv"]) for name in CODERS]
        write({key: majority([codes[key] for codes in coders]) for key in coders[0]}, "resolved")
    else:
        write(_read(sorted(Path(sys.argv[1]).glob("part_*.csv"))), sys.argv[2])


def majority(rows: list[dict[str, str]]) -> dict[str, str]:
    """Return the code that two of three give for each label; `rule` says where they were not of one mind."""
    found = {}
    for label in ("topic", "checkable_by"):
        (found[label], times), *_ = Counter(row[label] for row in rows).most_common()
        if times < 2:
            raise SystemExit(f"{rows[0]['sentence_id']}: three codes of three coders for {label}")
        if times < len(rows):
            found["rule"] = "two of three"
    return found


def write(codes: dict[str, dict[str, str]], coder: str) -> None:
    """Join with text and context, check by the codebook, write."""
    codebook = read_codebook(ROOT / "admitted.toml")
    rows = _read([ROOT / "labels/resolved.csv"])
    sentences = [row for row in rows.values() if row["section"] in ("problems", "improvements")]
    missing = [row["sentence_id"] for row in sentences if row["sentence_id"] not in codes]
    if missing or len(codes) != len(sentences):
        raise SystemExit(f"{coder}: {len(codes)} codes for {len(sentences)} sentences; lacks {missing[:3]}")
    target = ROOT / "admitted" / f"{coder}.csv"
    target.parent.mkdir(exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in sentences:
            own = {"rule": ""} | {k: v for k, v in codes[row["sentence_id"]].items() if k in CODED}
            writer.writerow(row | own | {"annotator": coder, "codebook": codebook.stamp})
    read_labels(target, codebook)


def _read(files: list[Path]) -> dict[str, dict[str, str]]:
    """Return the rows of CSV files by sentence."""
    found = {}
    for file in files:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            found |= {row["sentence_id"]: row for row in csv.DictReader(stream)}
    return found


if __name__ == "__main__":
    main()
