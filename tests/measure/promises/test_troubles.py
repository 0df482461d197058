"""Problems told again: by what they are about, in other words, not by the words that call them problems."""

import numpy as np
import pytest

from gongkai.measure.promises.troubles import (
    TOPICS,
    bare,
    character_codes,
    is_framing,
    meanings,
    same_trouble,
)
from gongkai.tables.scheme.codebooks import read_codebook
from tests import truth


@pytest.mark.parametrize(
    ("then", "again", "other"),
    [
        ("政策解读形式单调，群众看不懂。", "图解多是把文件换个标题，术语没有解释。", "专职人员配备不足。"),
        ("镇里只有一名兼职人员，一年换了三任。", "经办人更替频繁，新手多。", "栏目断更两个月。"),
        ("答复说理不充分，被复议机关纠正。", "依申请公开文书不规范。", "个别科室重业务、轻公开。"),
    ],
)
def test_a_problem_told_in_other_words_is_more_probable_than_another(then, again, other):
    likely = same_trouble(meanings([then]), meanings([again, other]), np.zeros((1, 2)))[0]
    assert likely[0] > 0.2 > likely[1]


def test_the_same_words_are_the_same_problem_though_none_is_known():
    unknown = meanings(["甲乙丙"])
    assert not unknown.any()
    assert same_trouble(unknown, unknown, np.array([[1.0]]))[0, 0] > 0.9


def test_words_that_call_anything_a_problem_are_left_out():
    assert bare("二是公开主动性还需进一步提高；") == "公开主动性"
    assert bare("公开渠道有待拓宽，仍需加强。") == "公开渠道"


def test_a_frame_says_that_there_are_problems_and_not_which():
    said = [
        "2021年，我局工作取得了一定成绩，但与上级要求相比还有差距。",
        "与上级要求相比，执法信息公开还有差距。",
        "11月抽测200个问题，答非所问63个。",
    ]
    assert is_framing(said).tolist() == [True, False, False]
    assert is_framing([]).tolist() == []


def test_each_character_and_pair_counts_once():
    row, code = character_codes(["公公公开", ""])
    assert row.tolist() == [0] * 4  # 公 开 公公 公开
    assert len(set(code.tolist())) == 4


def test_topics_are_those_of_the_codebook():
    (topic,) = (
        label for label in read_codebook(truth.CORPUS / "admitted.toml").labels if label.name == "topic"
    )
    assert TOPICS == tuple(sorted(one.name for one in topic.classes))
