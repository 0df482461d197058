"""Coded sentences of real reports, kept without their text: joined here with a folder of saved pages.

    python -m corpus.make.real PAGES -o labels.csv

`truth/real_sentences.csv` has a row per sentence and coder: hash of the text (`gongkai.tables.ids.hash_text`), address,
agency, year, section, half (`dev` for development; `test` is looked at once, at the end), codes and the rule. A
sentence that the pages hold, cut as gongkai cuts it, gets its codes; the labels hold its text and stay outside the
repository.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from gongkai.corpus.inputs import read_sentences
from gongkai.tables.ids import hash_text

CODES = Path(__file__).parents[1] / "truth" / "real_sentences.csv"


def join(pages: Path, half: str) -> pd.DataFrame:
    """Return the labels of the coded sentences that the pages hold, one row per sentence and coder."""
    codes = pd.read_csv(CODES, dtype={"text_hash": str}).query("half == @half")
    sentences = read_sentences(pages)
    sentences = sentences.assign(text_hash=sentences["text"].map(hash_text)).drop_duplicates("text_hash")
    kept = sentences[
        ["text_hash", "sentence_id", "report_id", "agency", "year", "section", "heading", "lead", "text"]
    ]
    coded = codes[["text_hash", "annotator", "commitment", "boilerplate", "rule"]]
    return kept.merge(coded, on="text_hash").drop(columns="text_hash").assign(codebook="2")


def main() -> None:
    """Write the labels, and say how many of the coded sentences were found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--half", choices=["dev", "test"], default="dev")
    asked = parser.parse_args()
    labels = join(asked.pages, asked.half)
    labels.to_csv(asked.output, index=False, encoding="utf-8-sig")
    print(f"{labels['sentence_id'].nunique()} coded sentences found in {asked.pages}")


if __name__ == "__main__":
    main()
