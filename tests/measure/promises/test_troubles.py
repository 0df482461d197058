"""Problems told again: by what they are about, in other words, not by the words that call them problems."""

import numpy as np
import pytest

from gongkai.measure.promises.followup import PROBLEM, likenesses
from gongkai.measure.promises.meanings import Cover, bare, covered, words_by_clause, words_of
from gongkai.measure.promises.troubles import SIGNS, is_framing, same_signs, same_trouble, troubles
from gongkai.measure.wording.similar import weigh


def seen(then, later):
    texts = [*map(bare, [*then, *later])]
    rows = np.split(np.arange(len(texts)), [len(then)])
    (likeness,) = likenesses(weigh(texts, texts), *([part] for part in rows))
    cover = covered(words_by_clause(then), words_of(texts[len(then) :]), likeness.shape)
    return likeness, troubles(then), troubles(later), cover


def likely(then, later):
    return same_trouble(*seen([then], later))[0]


@pytest.mark.parametrize(
    ("then", "again", "other"),
    [
        ("政策解读形式单调，群众看不懂。", "图解多是把文件换个标题，术语没有解释。", "专职人员配备不足。"),
        ("镇里只有一名兼职人员，一年换了三任。", "经办人更替频繁，新手多。", "栏目断更两个月。"),
        ("答复说理不充分，被复议机关纠正。", "申请答复理由不足，被撤销一件。", "个别科室重业务、轻公开。"),
        # of one thing, another fault
        ("政策解读不够通俗易懂。", "解读术语多，群众看不明白。", "政策解读的数量少。"),
        ("预算公开不细化。", "部门账本只列大类。", "预决算公布超过规定时间。"),
        ("查阅点设备陈旧。", "触摸屏经常失灵。", "查阅点位置偏僻，不好找。"),
    ],
)
def test_a_problem_told_in_other_words_is_more_probable_than_another(then, again, other):
    found = likely(then, [again, other])
    assert found[0] > PROBLEM > found[1]


def test_the_same_thing_with_another_fault_is_less_probable():
    found = likely("查阅点数量不足。", ["群众查阅场所布局偏少。", "查阅点设备老化，常出故障。"])
    assert found[0] > found[1]
    assert likely("专职人员不足。", ["培训开展得不多。"])[0] < 0.4


def test_a_problem_told_in_one_clause_of_a_longer_sentence_is_found_there():
    long = "公开栏更换慢，村民看不到新内容，从事公开的只有一名兼职人员。"
    signs = same_signs(*seen(["人手不足，由办公室人员兼办。"], [long]))
    assert tuple(signs) == SIGNS
    assert signs["clause"][0, 0] > signs["told"][0, 0]


def test_a_later_problem_is_that_of_whom_it_tells_best():
    signs = same_signs(*seen(["解读发布滞后。", "解读形式单一。"], ["解读没有与文件同步。"]))
    assert signs["rival"][0, 0] == 0 > signs["rival"][1, 0]


def test_some_problems_at_a_time_are_compared_as_all_are():
    texts = ["解读发布滞后，形式单一。", "人手不足。", "", "网站栏目不更新，错链多，检索不便。"]
    rows = np.array([3, 0])
    for whole, part in zip(troubles(texts).of(rows), troubles([texts[3], texts[0]]), strict=True):
        np.testing.assert_allclose(whole, part, atol=1e-6)
    assert troubles([]).row.tolist() == []


def test_the_same_words_are_the_same_problem_though_none_is_known():
    unknown, same = troubles(["甲乙丙"]), np.array([[1.0]])
    assert not any(view.any() for view in (unknown.told, unknown.thing, unknown.fault))
    assert same_trouble(same, unknown, unknown, Cover(*(0 * same for _ in range(4))))[0, 0] > 0.9


def test_a_frame_says_that_there_are_problems_and_not_which():
    said = [
        "2021年，我局工作取得了一定成绩，但与上级要求相比还有差距。",
        "与上级要求相比，执法信息公开还有差距。",
        "11月抽测200个问题，答非所问63个。",
    ]
    assert is_framing(said).tolist() == [True, False, False]
    assert is_framing([]).tolist() == []
