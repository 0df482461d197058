"""Copies and follow-up against what the authored reports mark: floors, beside a digest of the marks.

`python -m tests.gate.test_measures` prints the current values.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from gongkai.classify.predict import predict
from gongkai.corpus.build import build
from gongkai.measure.promises.followup import followup
from gongkai.measure.wording.background import is_mandated
from gongkai.measure.wording.copies import copied
from gongkai.measure.wording.similar import mask
from gongkai.tables.parts import read_table
from tests import truth
from tests.gate.test_gate import FLOORS, MODEL

TRUTH = truth.CORPUS / "truth"


def marked(name: str) -> pd.DataFrame:
    return pd.read_csv(TRUTH / f"{name}.csv", dtype=str, keep_default_na=False)


def digest() -> str:
    text = b"".join((TRUTH / f"{name}.csv").read_bytes() for name in ("copies", "followup", "returns"))
    return hashlib.sha256(text).hexdigest()


def scores(found: set[object], true: set[object]) -> dict[str, float]:
    hit = len(found & true)
    return {
        "precision": hit / len(found),
        "recall": hit / len(true),
        "f1": 2 * hit / (len(found) + len(true)),
    }


def origins(copies: pd.DataFrame) -> dict[str, str]:
    """Return for each sentence the one that it and its copies go back to."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root.setdefault(name, name) != name:
            name = root[name]
        return name

    for row in copies.itertuples():
        if row.source_id:
            root[find(row.sentence_id)] = find(row.source_id)
    return {name: find(name) for name in list(root)}


def headings() -> set[str]:
    """Return what the authors wrote as headings, `##一是主动公开。##`; where read as sentences they are no copies."""
    texts = [p.read_text(encoding="utf-8") for p in sorted((TRUTH / "reports").glob("*.md"))]
    return {heading for text in texts for heading in re.findall("##([^#]+)##", text)}


def measured(folder: Path) -> dict[str, dict[str, float]]:
    """Return precision, recall and F1 of copies, commitments that are taken up, problems that return."""
    build(truth.CORPUS / "raw", folder)
    sentences = read_table(folder, "sentences")
    copies, follow = marked("copies"), marked("followup")
    ids = set(sentences["sentence_id"])
    assert set(copies["sentence_id"]) | set(follow["sentence_id"]) <= ids, "run python -m corpus.make.truth"
    found = copied(sentences)
    own = copies[copies["agency"] == copies["source_agency"]]
    own_found = found[(found["kind"] == "own") & ~found["text"].isin(headings())]
    origin = origins(copies)
    theirs = found[found["kind"] == "other"]
    same = [
        origin.get(a, a) == origin.get(b, b)
        for a, b in zip(theirs["sentence_id"], theirs["source_id"], strict=True)
    ]
    right = {
        frozenset(p)
        for p, s in zip(zip(theirs["sentence_id"], theirs["source_id"], strict=True), same, strict=True)
        if s
    }
    all_pairs = {frozenset(p) for p in zip(theirs["sentence_id"], theirs["source_id"], strict=True)}
    other = copies[(copies["agency"] != copies["source_agency"]) & (copies["year"] == copies["source_year"])]
    text = sentences.set_index("sentence_id")["text"]
    # What the form makes everybody write is no copying (mandated.txt); three of 119 marks are such.
    true_pairs = {
        frozenset((a, b))
        for a, b in zip(other["sentence_id"], other["source_id"], strict=True)
        if b and not is_mandated([mask(text[a])])[0]
    }
    precision, recall = len(right) / len(all_pairs), len(true_pairs & all_pairs) / len(true_pairs)
    next_year = followup(sentences, predict(sentences, model=MODEL))
    promises = next_year[next_year["kind"] == "commitment"]
    taken_up = set(follow.loc[(follow["kind"] == "commitment") & (follow["outcome"] != ""), "sentence_id"])
    taken_up |= set(own["source_id"])  # repeated word for word is promised again
    asked = set(promises["sentence_id"])
    read = marked("returns")
    problems = next_year[next_year["kind"] == "problem"]
    problems = problems[problems["sentence_id"].isin(read.loc[read["returns"] != "", "sentence_id"])]
    done = set(follow.loc[(follow["kind"] == "commitment") & (follow["outcome"] == "done"), "sentence_id"])
    return {
        "own_copies": scores(set(own_found["sentence_id"]), set(own["sentence_id"])),
        "other_copies": {
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / (precision + recall),
        },
        "followup": scores(
            set(promises.loc[promises["outcome"] != "silent", "sentence_id"]), taken_up & asked
        ),
        "returns": scores(
            set(problems.loc[problems["outcome"] == "returns", "sentence_id"]),
            set(read.loc[read["returns"] == "1", "sentence_id"]) & set(problems["sentence_id"]),
        ),
        "done": scores(set(promises.loc[promises["outcome"] == "done", "sentence_id"]), done & asked),
    }


def test_copies_and_followup(tmp_path):
    assert digest() == FLOORS["truth"]["digest"], (
        "the marks changed: look at the values, then update floors.json"
    )
    found = measured(tmp_path / "t")
    for name, floors in FLOORS["truth"]["scores"].items():
        for metric, floor in floors.items():
            assert found[name][metric] >= floor, (name, metric)


@pytest.mark.parametrize("name", ["copies", "followup", "returns"])
def test_every_mark_has_a_sentence(name):
    table = marked(name)
    assert (table["sentence_id"] != "").all()
    assert len(table) > 100


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        print(json.dumps({"digest": digest(), "scores": measured(Path(place) / "t")}, indent=2))  # noqa: T201
