"""Problems told again: by what they are about, in other words, not by the words that call them problems."""

import numpy as np
import pytest

from gongkai.measure.promises.meanings import Cover, covered, meanings, words_of
from gongkai.measure.promises.troubles import is_framing, same_trouble


def likely(then, later):
    words = [words_of(texts) for texts in ([then], later)]
    unlike = np.zeros((1, len(later)))
    return same_trouble(unlike, meanings([then]), meanings(later), covered(*words, unlike.shape))[0]


@pytest.mark.parametrize(
    ("then", "again", "other"),
    [
        ("政策解读形式单调，群众看不懂。", "图解多是把文件换个标题，术语没有解释。", "专职人员配备不足。"),
        ("镇里只有一名兼职人员，一年换了三任。", "经办人更替频繁，新手多。", "栏目断更两个月。"),
        ("答复说理不充分，被复议机关纠正。", "申请答复理由不足，被撤销一件。", "个别科室重业务、轻公开。"),
    ],
)
def test_a_problem_told_in_other_words_is_more_probable_than_another(then, again, other):
    found = likely(then, [again, other])
    assert found[0] > 0.2 > found[1]


def test_the_same_thing_with_another_fault_is_less_probable():
    found = likely("查阅点数量不足。", ["群众查阅场所布局偏少。", "查阅点设备老化，常出故障。"])
    assert found[0] > found[1]
    assert likely("专职人员不足。", ["培训开展得不多。"])[0] < 0.4


def test_the_same_words_are_the_same_problem_though_none_is_known():
    unknown, same = meanings(["甲乙丙"]), np.array([[1.0]])
    assert not unknown.about.any()
    assert same_trouble(same, unknown, unknown, Cover(*(0 * same for _ in range(4))))[0, 0] > 0.9


def test_a_frame_says_that_there_are_problems_and_not_which():
    said = [
        "2021年，我局工作取得了一定成绩，但与上级要求相比还有差距。",
        "与上级要求相比，执法信息公开还有差距。",
        "11月抽测200个问题，答非所问63个。",
    ]
    assert is_framing(said).tolist() == [True, False, False]
    assert is_framing([]).tolist() == []
