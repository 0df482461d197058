"""Problems that return: the odds of `troubles.toml` fitted, and how well they do on what they were not fitted to.

    python -m benchmarks.returns            pairs of reports written later, as shipped
    python -m benchmarks.returns --fit      the odds, and each set by odds and limit of the others

Truth: corpus/truth/returns.csv (set 0), every problem sentence of the authored reports whose agency has a report of the
year after, read one by one by a language model before the measure was made: 1 where the next report's problems
tell it again (`next_id`), 0 where not, empty where it only frames the others ("there is still a gap"). And the sets of
corpus/truth/returns_unseen.toml. Odds and limit are fitted to the first six; how each set did at first sight: docs/methods.md.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from gongkai.corpus.build import build
from gongkai.measure.inference.intervals import wilson
from gongkai.measure.promises import meanings as meant
from gongkai.measure.promises.followup import PROBLEM, likenesses
from gongkai.measure.promises.troubles import SIGNS, same_signs, troubles
from gongkai.measure.wording.reuse import last_reports
from gongkai.measure.wording.similar import mask, owners_weights
from gongkai.tables.parts import read_table
from gongkai.text.lexicon import table as lexicon

CORPUS = Path(__file__).parents[1] / "corpus"
LIMITS, FITTED = np.arange(0.08, 0.7, 0.02), 6
"""Limits that are tried; the last set to which something is fitted."""
FEATURES = list(SIGNS)


def pairs(folder: Path) -> pd.DataFrame:
    """Return one row per problem and candidate of the next report, and whether they are the same."""
    build(CORPUS / "raw", folder)
    frame = read_table(folder, "sentences").dropna(subset=["agency", "year"]).reset_index(drop=True)
    truth = pd.read_csv(CORPUS / "truth" / "returns.csv", dtype={"next_id": str}).set_index("sentence_id")
    truth = truth[truth["returns"].notna()]
    masked = [mask(t) for t in frame["text"]]
    weights = owners_weights([(masked, frame["agency"].to_numpy(object))])
    matrix = weights.rows([meant.bare(t) for t in frame["text"]])
    ids, texts = frame["sentence_id"].to_numpy(object), frame["text"].to_numpy(object)
    is_problem = (frame["section"] == "problems").to_numpy()
    rows = []
    groups, report = (
        frame.astype({"year": int}).groupby(["agency", "year"]).indices,
        frame["report_id"].to_numpy(),
    )
    for key, now in last_reports(groups).items():
        after = groups[key]
        if len(set(report[now])) > 1 or len(set(report[after])) > 1:
            continue
        index = now[is_problem[now] & np.isin(ids[now], truth.index)]
        pool = after[is_problem[after]]
        if not len(index) or not len(pool):
            continue
        (score,) = likenesses(matrix, [index], [pool])
        for i, row in enumerate(index):
            rows += [
                {"pair": str(key), "id": ids[row], "likeness": score[i, j],
                 "then": texts[row], "now": texts[column], "returns": truth.loc[ids[row], "returns"],
                 "same": ids[column] == truth.loc[ids[row], "next_id"]}
                for j, column in enumerate(pool)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def scores(table: pd.DataFrame, probability: np.ndarray, limit: float = PROBLEM) -> str:
    """Return precision, recall and F1 of problems that return, by their most probable candidate."""
    best = table.assign(p=probability).groupby("id").agg(p=("p", "max"), returns=("returns", "max"))
    found, true = best["p"] >= limit, best["returns"] == 1
    hit = int((found & true).sum())
    told = [f"n {len(best)}"]
    for name, n in (("P", int(found.sum())), ("R", int(true.sum()))):
        low, high = wilson(np.array([hit / n]), np.array([float(n)]), 0.95)
        told.append(f"{name} {hit}/{n} {hit / n:.2f} [{low[0]:.2f}, {high[0]:.2f}]")
    return ", ".join([*told, f"F1 {2 * hit / (found.sum() + true.sum()):.2f}"])


def later() -> pd.DataFrame:
    """Return one row per problem and candidate of the pairs written later, as `pairs`, with their set."""
    written = tomllib.loads((CORPUS / "truth" / "returns_unseen.toml").read_text(encoding="utf-8"))["pair"]
    lists = [texts for pair in written for texts in ([text for text, _ in pair["then"]], pair["now"])]
    ends = np.cumsum([0, *map(len, lists)])
    index = [np.arange(start, stop) for start, stop in itertools.pairwise(ends)]
    texts = [text for texts in lists for text in texts]
    owners = np.array([f"agency {k // 2}" for k, texts in enumerate(lists) for _ in texts], object)
    weights = owners_weights([([mask(text) for text in texts], owners)])
    matrix = weights.rows([meant.bare(text) for text in texts])
    rows = []
    for k, (pair, score) in enumerate(zip(written, likenesses(matrix, index[::2], index[1::2]), strict=True)):
        rows += [
            {"pair": str(k), "id": f"{k}-{i}", "set": pair["set"], "likeness": score[i, j],
             "then": then, "now": now, "returns": int(to >= 0), "same": j == to}
            for i, (then, to) in enumerate(pair["then"]) for j, now in enumerate(pair["now"])
        ]  # fmt: skip
    return _signed(pd.DataFrame(rows))


def shipped(table: pd.DataFrame) -> np.ndarray:
    """Return the probabilities that the shipped odds give."""
    odds = lexicon("troubles.odds")
    return 1 / (1 + np.exp(-(odds["intercept"] + sum(odds[name] * table[name] for name in FEATURES))))


def _signed(table: pd.DataFrame) -> pd.DataFrame:
    """Add the signs that two problems are the same."""
    signs = []
    for _, part in table.groupby("pair", sort=False):
        now = part.loc[part["id"] == part["id"].iloc[0], "now"].tolist()
        then = part["then"].iloc[:: len(now)].tolist()
        likeness = part["likeness"].to_numpy().reshape(len(then), len(now))
        words = meant.words_of([meant.bare(text) for text in now])
        cover = meant.covered(meant.words_by_clause(then), words, likeness.shape)
        found = same_signs(likeness, troubles(then), troubles(now), cover)
        signs.append(pd.DataFrame({name: sign.ravel() for name, sign in found.items()}, index=part.index))
    return table.join(pd.concat(signs))


def fit() -> None:
    """Print the odds, and the scores on sets to which neither they nor the limit were fitted."""
    with tempfile.TemporaryDirectory() as place:
        table = pd.concat([_signed(pairs(Path(place) / "t").assign(set=0)), later()], ignore_index=True)
    table = table[table["set"] <= FITTED].reset_index(drop=True)
    for number in [None, *range(1, int(table["set"].max()) + 1)]:
        apart = (table["set"] == number).to_numpy()
        fitted = odds(table[~apart])
        probability = fitted.predict_proba(table[FEATURES])[:, 1]
        limit = best_limit(table[~apart & (table["set"] > 0)], probability[~apart & (table["set"] > 0)])
        if number is None:
            values = zip(["intercept", *FEATURES], [*fitted.intercept_, *fitted.coef_[0]], strict=True)
            print("odds", {name: round(float(value), 2) for name, value in values}, "limit", limit)
        else:
            told = scores(table[apart], probability[apart], limit)
            print(f"set {number}, fitted to the others, limit {limit:.2f}:", told)


def best_limit(table: pd.DataFrame, probability: np.ndarray) -> float:
    """Return the limit with the highest F1, averaged over five neighbours."""
    best = table.assign(p=probability).groupby("id").agg(p=("p", "max"), returns=("returns", "max"))
    true = (best["returns"] == 1).to_numpy()
    found = best["p"].to_numpy()[None] >= LIMITS[:, None]
    f1 = 2 * (found & true).sum(axis=1) / (found.sum(axis=1) + true.sum())
    return float(LIMITS[np.convolve(np.pad(f1, 2, "edge"), np.ones(5) / 5, "valid").argmax()])


def odds(table: pd.DataFrame) -> LogisticRegression:
    """Return the fitted odds."""
    return LogisticRegression(C=100, max_iter=3000).fit(table[FEATURES], table["same"])


def main() -> None:
    """Print the scores."""
    for number, part in later().groupby("set"):
        print(f"set {number} as shipped:", scores(part, shipped(part)))
    if "--fit" in sys.argv[1:]:
        fit()


if __name__ == "__main__":
    main()
