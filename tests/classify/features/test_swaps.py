import random

import numpy as np
import pandas as pd
import pytest

from gongkai.classify.features.cues import CUES, find_cues
from gongkai.classify.features.swaps import (
    _WAYS,
    LACKING,
    swapped,
    told_as_done,
    with_particular,
    without_context,
)
from gongkai.classify.predict import predict


@pytest.mark.parametrize("way", _WAYS)
def test_each_way_gives_a_sentence_a_particular(way):
    found, _ = find_cues(
        [with_particular("进一步加强业务培训。", way, random.Random(seed)) for seed in range(20)]
    )
    assert not found[:, list(CUES).index("none")].any()


def test_copies_follow_their_originals():
    texts = [f"进一步加强第{i}类业务的培训。" for i in range(400)]
    frame = pd.DataFrame({"text": texts, "section": "improvements", "agency": "甲局"})
    y = np.arange(400) % 2 == 0
    copies, codes, origin = swapped(frame, y)
    assert y[origin].all()
    assert 10 <= codes.sum() <= 60
    assert 2 <= (~codes).sum() <= 30
    assert (copies["text"].to_numpy() != frame["text"].to_numpy()[origin]).all()
    again = swapped(frame, y)[0]
    assert again["text"].tolist() == copies["text"].tolist()
    fewer, _, _ = swapped(frame.iloc[:200], y[:200])
    assert fewer["text"].tolist() == copies["text"].tolist()[: len(fewer)]


def test_copies_lack_some_context_and_nothing_else():
    texts = [f"进一步加强第{i}类业务的培训。" for i in range(300)]
    frame = pd.DataFrame(
        {"text": texts, "section": "improvements", "heading": "二、打算", "lead": "下一步："}
    )
    copies = without_context(frame)
    assert copies["text"].tolist() == texts
    lacks = copies[["section", "heading", "lead"]].eq("")
    assert lacks.any(axis=1).all()
    assert 60 <= lacks.all(axis=1).sum() <= 180
    assert set(map(tuple, lacks.to_numpy().tolist())) == {
        tuple(c in kind for c in ("section", "heading", "lead")) for kind in LACKING
    }
    assert without_context(frame[["text"]])["text"].tolist() == texts


def test_the_bundled_model_finds_promises_in_sentences_that_come_alone():
    promises = ["下一步，我局将加强业务培训。", "2024年起，每季度对各镇栏目检查一次并通报结果。"]
    others = ["全年收到申请12件，均已按期答复。", "个别单位公开不够及时。"]
    frame = pd.DataFrame({"text": promises + others, "year": 2023})
    found = predict(frame, model="linear").query("label == 'commitment'")
    assert found["predicted"].tolist() == [True, True, False, False]


def test_promises_told_as_done_are_none_and_those_that_say_when_stay_out():
    texts = [f"加强第{i}类业务的培训。" for i in range(300)] + ["下一步将加强培训。", "2030年办好三件事。"]
    frame = pd.DataFrame({"text": texts, "section": "improvements", "lead": "下一步：", "year": 2023})
    copies, origin = told_as_done(frame, np.arange(302) % 2 == 0)
    assert 10 <= len(copies) <= 60
    assert set(origin) <= set(range(0, 300, 2))
    opened = copies["lead"] != "下一步："
    longer = copies["text"].to_numpy() != frame["text"].to_numpy()[origin]
    assert (opened.to_numpy() ^ longer).all()
    assert opened.any()
    assert longer.any()
    cues, _ = find_cues(copies["text"].tolist(), leads=copies["lead"].tolist(), years=copies["year"].tolist())
    told = cues[:, [list(CUES).index(name) for name in ("done", "lead_done")]].any(axis=1)
    assert told.mean() > 0.9


def test_the_bundled_model_does_not_take_what_was_done_for_a_promise():
    frame = pd.DataFrame(
        {"text": ["加强业务培训，提高工作水平。", "加强业务培训，提高工作水平。"], "section": "improvements", "year": 2023,
         "lead": ["针对以上问题，我局主要采取了以下措施：", "下一步，我局将从以下方面改进："]}
    )  # fmt: skip
    found = predict(frame, model="linear").query("label == 'commitment'")
    assert found["predicted"].tolist() == [False, True]
