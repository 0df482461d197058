"""Two hundred copies planted into the authored reports, from a seed: recall of each kind, false pairs.

`python -m tests.gate.test_planted` prints the values. Authored text; what was found before planting is no part of it.
"""

import re

import numpy as np
import pandas as pd
import pytest

from gongkai.corpus.build import build
from gongkai.measure.wording.background import own_length
from gongkai.measure.wording.copies import copied
from gongkai.measure.wording.mentions import mentions
from gongkai.measure.wording.similar import mask
from gongkai.report.places import split_divisions
from gongkai.tables.parts import read_table
from tests import truth

KINDS = ("verbatim", "edited", "swapped", "left", "other_year")
PASSAGE, PASSAGES = 5, 8
"""Sentences copied at once, and such passages of each kind: 5 kinds × 8 × 5 = 200."""


def plant(sentences: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sentences with planted copies, and a row per copy: its id, source and kind."""
    rng = np.random.default_rng(seed)
    usable = sentences[sentences["section"].isin(["overview", "improvements"]) & sentences["agency"].notna()]
    usable = usable[[own_length(mask(t)) >= 15 for t in usable["text"]]]
    reports = usable.groupby("report_id").filter(lambda g: len(g) >= PASSAGE + 2)
    ids = sorted(reports["report_id"].unique())
    of = reports.drop_duplicates("report_id").set_index("report_id")
    rows, marks = [], []
    for kind in KINDS:
        done = 0
        while done < PASSAGES:
            source, victim = rng.choice(ids, 2, replace=False)
            same_year = of.loc[source, "year"] == of.loc[victim, "year"]
            earlier = of.loc[source, "year"] < of.loc[victim, "year"]
            if of.loc[source, "agency"] == of.loc[victim, "agency"] or not (
                earlier if kind == "other_year" else same_year
            ):
                continue
            part = reports[reports["report_id"] == source]
            start = int(rng.integers(len(part) - PASSAGE + 1))
            own, theirs = of.loc[victim], of.loc[source]
            for k, row in enumerate(part.iloc[start : start + PASSAGE].to_dict("records")):
                text = row["text"]
                if kind == "swapped":
                    names = (split_divisions(a["agency"])[::-1] for a in (theirs, own))
                    for a, b in zip(*names, strict=False):
                        text = text.replace(a, b)
                    text = text.replace(theirs["agency"], own["agency"])
                if kind == "left":
                    text = f"{theirs['agency']}" + text
                if kind == "edited":
                    text = re.sub(r"\d+", lambda m: str(int(rng.integers(2, 99))), text)
                    clauses = text.split("，")
                    text = (
                        "，".join(clauses[:-1]) + "。"
                        if len(clauses) > 3
                        else text.replace("开展", "组织开展")
                    )
                new = f"planted-{kind}-{done}-{k}"
                rows.append(row | {"sentence_id": new, "report_id": victim, "agency": own["agency"], "year": own["year"],
                                   "region_code": own["region_code"], "text": text})  # fmt: skip
                marks.append({"sentence_id": new, "source_id": row["sentence_id"], "kind": kind,
                              "agency": own["agency"], "source_agency": theirs["agency"],
                              "elsewhere": own["agency"][:2] != theirs["agency"][:2]})  # fmt: skip
            done += 1
    return pd.concat([sentences, pd.DataFrame(rows)], ignore_index=True), pd.DataFrame(marks)


def measured(folder, seed: int = 20) -> dict[str, float]:
    build(truth.CORPUS / "raw", folder)
    before = read_table(folder, "sentences")
    after, marks = plant(before, seed)
    old, found = copied(before), copied(after)
    pairs = set(zip(found["sentence_id"], found["source_agency"], strict=True))
    hit = [(r.sentence_id, r.source_agency) in pairs for r in marks.itertuples()]
    scores = {
        f"recall_{kind}": float(np.mean([h for h, k in zip(hit, marks["kind"], strict=True) if k == kind]))
        for kind in KINDS
    }
    scores["recall"] = float(np.mean(hit))
    known = set(zip(old["sentence_id"], old["source_agency"], strict=True))
    pair = {frozenset((a, b)) for a, b in zip(marks["agency"], marks["source_agency"], strict=True)}
    pair |= {
        one ^ other for one in pair for other in pair if len(one & other) == 1
    }  # both have it from a third
    other = found[(found["kind"] == "other") & ~found["sentence_id"].str.startswith("planted")]
    columns = ("sentence_id", "agency", "source_agency", "source_id")
    false = [
        sentence for sentence, a, b, source in zip(*(other[c] for c in columns), strict=True)
        if (sentence, b) not in known and not source.startswith("planted") and frozenset((a, b)) not in pair
    ]  # fmt: skip
    scores["false_per_1000"] = 1000 * len(false) / len(before)
    named = mentions(after)
    # A name of the own place, or one above it, is none.
    left = set(marks.loc[(marks["kind"] == "left") & marks["elsewhere"], "sentence_id"])
    scores["mentions_recall"] = len(left & set(named["sentence_id"])) / len(left)
    scores["mentions_before"] = float(len(mentions(before)))
    return scores


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    return measured(tmp_path_factory.mktemp("planted") / "t")


def test_planted_copies_are_found(scores):
    assert scores["recall"] >= 0.95
    assert all(scores[f"recall_{kind}"] >= 0.9 for kind in KINDS)


def test_at_most_one_false_in_a_thousand_sentences(scores):
    assert scores["false_per_1000"] <= 1


def test_names_left_in_are_mentions(scores):
    assert scores["mentions_recall"] >= 0.85
    assert scores["mentions_before"] == 0


if __name__ == "__main__":
    import json
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measured(Path(place) / "t"), indent=2))  # noqa: T201
