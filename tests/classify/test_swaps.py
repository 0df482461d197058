import random

import numpy as np
import pandas as pd
import pytest

from gongkai.classify.cues import CUES, find_cues
from gongkai.classify.swaps import _WAYS, swapped, with_particular


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
