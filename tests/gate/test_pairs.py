"""`done` on thirty-one authored pairs of reports: right where it is said, in each set (`corpus/truth/pairs.toml`).

`python -m tests.gate.test_pairs` prints precision and recall with Wilson's intervals.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from gongkai.classify.predict import predict
from gongkai.corpus.build import build
from gongkai.measure.promises.followup import followup
from gongkai.tables.parts import read_table
from tests import truth
from tests.gate.test_gate import MODEL

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = tomllib.loads((truth.CORPUS / "truth" / "pairs.toml").read_text("utf-8"))["pair"]
SETS = [1, 2, 3, 4]
FIFTH = ["五、存在的主要问题及改进情况", "存在的主要问题："]
THEN = ["改进情况：", "下一步，我们将从以下方面改进："]


def write(pair: dict, folder: Path) -> None:
    promises = [text for text, _ in pair["promises"]]
    this = ["本机关依法公开政府信息。", *FIFTH, "公开工作与群众的期待还有差距。", *THEN, *promises]
    after = [*pair["overview"], *FIFTH, *pair["problems"], *THEN, *pair["improvements"]]
    for year, lines in ((pair["year"], this), (pair["year"] + 1, after)):
        title = f"{pair['agency']}{year}年政府信息公开工作年度报告"
        end = ["六、其他需要报告的事项", "无其他需要报告的事项。"]
        text = "\n".join([title, "一、总体情况", *lines, *end])
        (folder / f"{pair['agency']}_{year}.txt").write_text(text, "utf-8")


def measured(folder: Path) -> pd.DataFrame:
    """Return each promise of the pairs: its set, what is true of it, what `followup` says (null: not found)."""
    (folder / "raw").mkdir()
    for pair in PAIRS:
        write(pair, folder / "raw")
    build(folder / "raw", folder / "t")
    sentences = read_table(folder / "t", "sentences")
    found = followup(sentences, predict(sentences, model=MODEL))
    found = found[found["kind"] == "commitment"].set_index(["agency", "text"])["outcome"]
    rows = [(p["set"], o, found.get((p["agency"], t))) for p in PAIRS for t, o in p["promises"]]
    return pd.DataFrame(rows, columns=["set", "true", "found"])


@pytest.fixture(scope="module")
def promises(tmp_path_factory):
    return measured(tmp_path_factory.mktemp("pairs"))


@pytest.mark.parametrize("number", SETS)
def test_done_is_right_where_it_is_said(promises, number):
    part = promises[promises["set"] == number]
    said = part["found"] == "done"
    right = (said & (part["true"] == "done")).sum()
    assert right >= 0.9 * said.sum()
    assert right >= 0.85 * (part["true"] == "done").sum()


def test_promised_again_is_found(promises):
    again = promises[promises["true"] == "again"]
    assert (again["found"].dropna() == "again").all()
    assert again.loc[again["found"].isna(), "set"].tolist() == [4]  # the model takes it for no promise


if __name__ == "__main__":
    import tempfile
    from pathlib import Path

    import numpy as np

    from gongkai.measure.inference.intervals import wilson

    with tempfile.TemporaryDirectory() as place:
        table = measured(Path(place))
    for number in SETS:
        part = table[table["set"] == number]
        both = int(((part["found"] == "done") & (part["true"] == "done")).sum())
        for name, column in (("precision", "found"), ("recall", "true")):
            of = int((part[column] == "done").sum())
            low, high = wilson(np.array([both / of]), np.array([float(of)]), 0.95)
            print(f"set {number} {name} {both}/{of} {both / of:.2f} [{low[0]:.2f}, {high[0]:.2f}]")  # noqa: T201
