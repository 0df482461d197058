"""Coders' parts of the scheme `admitted` → `corpus/admitted/CODER.csv`: `python -m corpus.make.admitted FOLDER CODER`.

The parts are CSV files with `sentence_id, topic, checkable_by`; commitment, text and context are those of
`corpus/labels/resolved.csv`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from gongkai.coding.labels import read_labels
from gongkai.tables.codebooks import read_codebook

ROOT = Path(__file__).parents[1]
COLUMNS = ("sentence_id", "annotator", "report_id", "agency", "year", "section", "heading", "lead", "text",
           "commitment", "topic", "checkable_by", "rule", "codebook", "inclusion")  # fmt: skip


def main() -> None:
    """Join, check by the codebook, write."""
    folder, coder = Path(sys.argv[1]), sys.argv[2]
    codebook = read_codebook(ROOT / "admitted.toml")
    codes = {}
    for part in sorted(folder.glob("part_*.csv")):
        with part.open(encoding="utf-8-sig", newline="") as stream:
            codes |= {row["sentence_id"]: row for row in csv.DictReader(stream)}
    with (ROOT / "labels/resolved.csv").open(encoding="utf-8-sig", newline="") as stream:
        sentences = [row for row in csv.DictReader(stream) if row["section"] in ("problems", "improvements")]
    missing = [row["sentence_id"] for row in sentences if row["sentence_id"] not in codes]
    if missing or len(codes) != len(sentences):
        raise SystemExit(f"{folder}: {len(codes)} codes for {len(sentences)} sentences; lacks {missing[:3]}")
    target = ROOT / "admitted" / f"{coder}.csv"
    target.parent.mkdir(exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in sentences:
            own = codes[row["sentence_id"]]
            writer.writerow(
                row | {"topic": own["topic"], "checkable_by": own["checkable_by"], "rule": own.get("rule", "")}
                | {"annotator": coder, "codebook": codebook.stamp}
            )  # fmt: skip
    read_labels(target, codebook)


if __name__ == "__main__":
    main()
