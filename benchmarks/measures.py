"""What comes after `predict`, at size: tables of as many reports as asked for, each command a process of its own (Linux).

    python -m benchmarks.measures make 12000 FOLDER        # tables and predictions, copies of the bundled corpus
    python -m benchmarks.measures run 12000 100000 [--only measure,terms]

A copy has other ids, places and codes. What at least eight of the 40 agencies write stays as it is; of all other texts every
second word is exchanged for another of the corpus, the same text in the same way wherever the copy has it. Three of its 120
reports take their text from the copy before.
"""

from __future__ import annotations

import csv
import itertools
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.scale import PLACES, RAW
from gongkai.corpus.build import build
from gongkai.corpus.stream import predict_tables
from gongkai.tables.schema import BUILT, read_table, write_part

KEPT, CHANGED, COPYING = 8, 0.5, 3
"""Agencies whose text is everybody's; share of the words of all others that are exchanged; reports that copy."""


def write_copies(folder: Path, count: int, *, seed: int = 0) -> None:
    """Write `tables` and `predictions` of so many reports below a folder, a copy of the corpus to a part."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as name:
        build(RAW, f"{name}/tables")
        predict_tables(f"{name}/tables", f"{name}/predictions")
        frames = {table: read_table(f"{name}/tables", table, copies=True) for table in BUILT}
        frames["predictions"] = read_table(f"{name}/predictions", "predictions")
        for made in ("tables", "predictions"):
            (folder / made).mkdir(parents=True)
            shutil.copy(f"{name}/{made}/run.json", folder / made)
    sentences = frames["sentences"]
    _, first, of_text = np.unique(sentences["text"].to_numpy(str), return_index=True, return_inverse=True)
    usual = sentences.groupby(of_text)["agency"].nunique().to_numpy() >= KEPT
    words = [list(tokens) for tokens in sentences["tokens"].to_numpy()[first]]
    vocabulary = np.array(list(itertools.chain.from_iterable(words)), dtype=object)
    reports = frames["reports"]["report_id"].tolist()
    stems = sorted({str(agency)[:2] for agency in frames["reports"]["agency"]})
    names = itertools.product(PLACES, repeat=3)
    codes = _codes()
    before = words
    for copy in range(-(-count // len(reports))):
        taken_over = set(reports[: count - copy * len(reports)])
        places = {stem: "".join(next(names)) for stem in stems}
        changed = [t if kept else _changed(t, vocabulary, rng) for t, kept in zip(words, usual)]
        taken = set(rng.choice(reports, COPYING, replace=False))
        copied = sentences["report_id"].isin(taken).to_numpy()
        tokens = [(before if c else changed)[t] for t, c in zip(of_text, copied)]
        before = changed
        code_of = dict(zip(stems, rng.choice(codes, len(stems))))
        for table, frame in frames.items():
            held = frame["report_id"].isin(taken_over) | frame["report_id"].isna()
            part = _renamed(frame, copy, places, code_of)
            if table == "sentences":
                part = part.assign(tokens=tokens, text=["".join(t) for t in tokens])
            if table == "predictions":
                part["score"] = np.clip(part["score"] + rng.normal(0, 0.1, len(part)), 0, 1)
                part["predicted"] = part["score"] >= 0.5
            write_part(
                table, part[held], folder / ("predictions" if table == "predictions" else "tables"), copy
            )


def _codes() -> list[str]:
    path = Path(__file__).parents[1] / "corpus" / "lexicon" / "regions.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return [row["code"] for row in csv.DictReader(stream) if row["last"] == "2024"]


def _changed(tokens: list[str], vocabulary: np.ndarray, rng: np.random.Generator) -> list[str]:
    drawn = vocabulary[rng.integers(len(vocabulary), size=len(tokens))]
    return np.where(rng.random(len(tokens)) < CHANGED, drawn, np.array(tokens, dtype=object)).tolist()


def _renamed(frame: pd.DataFrame, copy: int, places: dict[str, str], code_of: dict[str, str]) -> pd.DataFrame:
    part = frame.copy()
    mark = f"{copy:05x}"
    for column in ("report_id", "sentence_id", "same_as"):
        if column in part.columns:
            part[column] = mark + part[column].str[5:]
    if "source_path" in part.columns:
        part["source_path"] = f"{mark}/" + part["source_path"]
    if "agency" in part.columns:
        stem = part["agency"].str[:2]
        part["agency"] = stem.map(places) + part["agency"].str[2:]
        part["region_code"] = stem.map(code_of)
    return part
