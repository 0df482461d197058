"""Problems that return: the odds of `troubles.toml` fitted, and how well they do on agencies not fitted to.

    python -m benchmarks.returns

Truth: corpus/truth/returns.csv, every problem sentence of the authored reports whose agency has a report of the
year after, read one by one by a language model before the measure was made: 1 where the next report's problems
tell it again (`next_id`), 0 where not, empty where it only frames the others ("there is still a gap"). And
corpus/truth/returns_unseen.toml, to which nothing was fitted.
"""

from __future__ import annotations

import itertools
import tempfile
import tomllib
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from gongkai.corpus.build import build
from gongkai.measure.followup import PROBLEM, likenesses
from gongkai.measure.reuse import agency_years, last_reports
from gongkai.measure.similar import mask, weigh
from gongkai.measure.troubles import alike_in_theme, same_trouble
from gongkai.tables.schema import read_table

CORPUS = Path(__file__).parents[1] / "corpus"
FOLDS = 5


def pairs(folder: Path) -> pd.DataFrame:
    """Return one row per problem and candidate of the next report: features, and whether they are the same."""
    build(CORPUS / "raw", folder)
    frame = read_table(folder, "sentences").dropna(subset=["agency", "year"]).reset_index(drop=True)
    truth = pd.read_csv(CORPUS / "truth" / "returns.csv", dtype={"next_id": str}).set_index("sentence_id")
    truth = truth[truth["returns"].notna()]
    matrix = weigh([mask(t) for t in frame["text"]], frame["agency"].tolist())
    ids, texts = frame["sentence_id"].to_numpy(object), frame["text"].to_numpy(object)
    is_problem = (frame["section"] == "problems").to_numpy()
    rows = []
    groups, report = agency_years(frame), frame["report_id"].to_numpy()
    for key, now in last_reports(groups).items():
        after = groups[key]
        if len(set(report[now])) > 1 or len(set(report[after])) > 1:
            continue
        index = now[is_problem[now] & np.isin(ids[now], truth.index)]
        pool = after[is_problem[after]]
        if not len(index) or not len(pool):
            continue
        (score,) = likenesses(matrix, [index], [pool])
        shared, dice = alike_in_theme(texts[index].tolist(), texts[pool].tolist())
        for i, row in enumerate(index):
            rows += [
                {"agency": frame["agency"].iloc[row], "id": ids[row], "root_score": np.sqrt(score[i, j]),
                 "shared": shared[i, j], "dice": dice[i, j], "returns": truth.loc[ids[row], "returns"],
                 "same": ids[column] == truth.loc[ids[row], "next_id"]}
                for j, column in enumerate(pool)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def scores(table: pd.DataFrame, probability: np.ndarray, limit: float = PROBLEM) -> dict[str, float]:
    """Return precision, recall and F1 of problems that return, by their most probable candidate."""
    best = table.assign(p=probability).groupby("id").agg(p=("p", "max"), returns=("returns", "max"))
    found, true = best["p"] >= limit, best["returns"] == 1
    hit = int((found & true).sum())
    return {
        "n": len(best), "precision": hit / found.sum(), "recall": hit / true.sum(),
        "f1": 2 * hit / (found.sum() + true.sum()),
    }  # fmt: skip


def unseen() -> dict[str, float]:
    """Return the scores, as shipped, on pairs that nothing was fitted to."""
    written = tomllib.loads((CORPUS / "truth" / "returns_unseen.toml").read_text(encoding="utf-8"))["pair"]
    lists = [texts for pair in written for texts in ([text for text, _ in pair["then"]], pair["now"])]
    ends = np.cumsum([0, *map(len, lists)])
    index = [np.arange(start, stop) for start, stop in itertools.pairwise(ends)]
    names = [f"agency {k // 2}" for k, texts in enumerate(lists) for _ in texts]
    matrix = weigh([mask(text) for texts in lists for text in texts], names)
    likeness = likenesses(matrix, index[::2], index[1::2])
    found = [
        same_trouble(*texts).max(axis=1) for texts in zip(lists[::2], lists[1::2], likeness, strict=True)
    ]
    table = pd.DataFrame({"returns": [int(to >= 0) for pair in written for _, to in pair["then"]]})
    return scores(table.assign(id=table.index), np.concatenate(found))


def main() -> None:
    """Print the odds, and the scores on agencies that were not fitted to."""
    features = ["root_score", "shared", "dice"]
    with tempfile.TemporaryDirectory() as place:
        table = pairs(Path(place) / "t")

    def fit(part: pd.DataFrame) -> LogisticRegression:
        return LogisticRegression(C=100).fit(part[features], part["same"])

    whole = fit(table)
    print("odds", dict(zip(["intercept", *features], [*whole.intercept_, *whole.coef_[0]], strict=True)))
    fold = table["agency"].map(lambda a: zlib.crc32(a.encode()) % FOLDS).to_numpy()
    apart = np.zeros(len(table))
    for one in range(FOLDS):
        apart[fold == one] = fit(table[fold != one]).predict_proba(table.loc[fold == one, features])[:, 1]
    for limit in (0.1, PROBLEM, 0.2, 0.3):
        print(f"agencies not fitted to, limit {limit}:", scores(table, apart, limit))
    print("all, as shipped:", scores(table, whole.predict_proba(table[features])[:, 1]))
    print("pairs written later, as shipped:", unseen())


if __name__ == "__main__":
    main()
