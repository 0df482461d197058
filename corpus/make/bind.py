"""Bind the labels to the sentences that a build of corpus/raw gives now: corpus/labels/*.csv → the same, with new ids.

    python -m corpus.make.bind

A label belongs to a sentence by agency, year, text and occurrence. After a change of dress the ids differ, after a
change of splitter some texts do: each label that finds no sentence is named, and nothing is written.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd

from gongkai.coding.labels import read_labels
from gongkai.corpus.build import build
from gongkai.tables.parts import read_table
from gongkai.tables.schema import labels_schema
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.codebooks import given_or_shipped

HERE = Path(__file__).parents[1]


def numbered(frame: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Return (agency, year, text, occurrence) for each row."""
    return pd.Series(
        list(
            zip(
                frame["agency"],
                frame["year"].astype(int),
                frame["text"],
                frame.groupby(keys).cumcount(),
                strict=True,
            )
        ),
        index=frame.index,
    )


def bind(labels: pd.DataFrame, sentences: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the labels with the ids and context of the sentences, in their order, and what found no sentence."""
    keys = ["agency", "year", "text"]
    sentences = sentences.reset_index(drop=True)
    place = {key: i for i, key in enumerate(numbered(sentences, keys))}
    labels = labels.assign(_key=numbered(labels, ["annotator", *keys]))
    lost = [f"{a} {y}: {t}" for (a, y, t, _) in labels.loc[~labels["_key"].isin(place), "_key"]]
    bound = labels[labels["_key"].isin(place)].copy()
    bound["_row"] = bound["_key"].map(place)
    for column in ("sentence_id", "report_id", "section", "heading", "lead"):
        bound[column] = sentences[column].to_numpy()[bound["_row"]]
    return bound.sort_values(["annotator", "_row"]).drop(columns=["_key", "_row"]), lost


def write_labels(labels: pd.DataFrame, path: Path, codebook: Codebook | None = None) -> None:
    """Write labels as UTF-8 CSV with codes 1, 0, a class, or empty, in the order given."""
    scheme = given_or_shipped(codebook)
    frame = labels[labels_schema(scheme).names].copy()
    for label in scheme.labels:
        if not label.is_choice:
            frame[label.name] = [None if v is None or v != v else int(v) for v in frame[label.name]]
            frame[label.name] = frame[label.name].astype("Int64")
    frame["year"] = frame["year"].astype("Int64")
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def main() -> int:
    """Bind every file of corpus/labels."""
    with tempfile.TemporaryDirectory() as folder:
        build(HERE / "raw", Path(folder) / "tables")
        reports = read_table(Path(folder) / "tables", "reports").sort_values(["agency", "year"])
        sentences = read_table(Path(folder) / "tables", "sentences")
    order = {report: i for i, report in enumerate(reports["report_id"])}
    sentences = sentences.assign(_o=sentences["report_id"].map(order)).sort_values(["_o", "position"])
    failed = False
    bound = {}
    for path in sorted((HERE / "labels").glob("*.csv")):
        bound[path], lost = bind(read_labels(path), sentences)
        print(f"{path.name}: {len(bound[path])} bound, {len(lost)} lost")
        for line, count in Counter(lost).items():
            failed = True
            print(f"  {count} × {line}")
    if failed:
        return 1
    for path, frame in bound.items():
        write_labels(frame, path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
