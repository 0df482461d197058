import numpy as np
import pytest

from gongkai.measure.troubles import is_framing, same_trouble, themes


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("政策解读照搬条文，群众看不懂。", "interpretation"),
        ("镇里只有一名兼职人员，一年换了三任。", "staff"),
        ("栏目断更两个月。", "update"),
        ("答复说理不充分，被复议机关纠正。", "reply"),
        ("个别科室重业务、轻公开。", "awareness"),
        ("公开内容与群众需求脱节。", "need"),
    ],
)
def test_a_problem_is_about_something(text, theme):
    assert theme in themes(text)


def test_a_problem_told_in_other_words_is_more_probable_than_another_of_the_same_register():
    then = ["一是政策解读形式单调，群众看不懂。"]
    now = ["图解多是把文件换个标题，术语没有解释。", "专职人员配备还需进一步加强。"]
    likely = same_trouble(then, now, np.array([[0.05, 0.05]]))[0]
    assert likely[0] > 0.15 > likely[1] == 0


def test_the_same_words_are_the_same_problem_even_without_a_theme():
    assert same_trouble(["甲乙丙"], ["甲乙丙"], np.array([[1.0]]))[0, 0] > 0.9


def test_a_frame_says_that_there_are_problems_and_not_which():
    assert is_framing("2021年，我局工作取得了一定成绩，但与上级要求相比还有差距。")
    assert not is_framing("与上级要求相比，执法信息公开还有差距。")
    assert not is_framing("11月抽测200个问题，答非所问63个。")
