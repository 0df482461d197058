"""Promises reported done: in other words too; not by a list, a "not yet", another thing, or a part."""

import numpy as np
import pytest

from gongkai.measure.promises.kept import KEPT, SIGNS, Later, evidence, kept, specific
from gongkai.measure.promises.meanings import covered, meanings, words_of
from gongkai.text.lexicon import patterns


def found(promises, later, likeness):
    told = [one if isinstance(one, Later) else Later(one, False, False) for one in later]
    texts = [one.text for one in told]
    cover = covered(words_of(promises), words_of(texts), likeness.shape)
    return evidence(promises, told, likeness, meanings(promises), meanings(texts), cover)


def probability(promise, later, likeness):
    one = found([promise], [later, "无其他需要报告的事项。"], np.array([[likeness, 0]]))
    return kept(one, 1)[1][0]


@pytest.mark.parametrize(
    ("promise", "later", "likeness", "is_done"),
    [
        ("建立舆情回应台账。", "已建立舆情回应台账3本。", 0.7, True),
        ("建立舆情回应台账。", "建立校园安全隐患台账，整改230处。", 0.2, False),
        ("公开河湖采砂许可名单。", "公开预算、采购、河湖采砂许可名单等信息90条。", 0.6, False),
        ("公开河湖采砂许可名单。", "河湖采砂许可名单尚未公开，2份预算已公开。", 0.6, False),
        ("公开河湖采砂许可名单。", "河湖采砂许可名单已公开，未登记的船只另列。", 0.6, True),
        ("修订申请办理规程，统一答复格式。", "修改了申请办理工作规则，印发答复书模板9种。", 0.1, True),
        ("公开河湖采砂许可名单。", "河湖采砂许可名单公开事项正在筹备。", 0.6, False),
        (
            "修订申请办理规程，统一答复格式。",
            Later("将修订申请办理规程，统一格式。", True, False),
            0.8,
            False,
        ),
    ],
)
def test_done_needs_the_promised_thing_and_a_report_of_it(promise, later, likeness, is_done):
    assert (probability(promise, later, likeness) >= KEPT) == is_done


def test_more_than_before_is_done_only_where_it_is_told_that_it_is_more():
    promise = "提高河湖采砂许可名单的公开频次。"
    told = ["河湖采砂许可名单全年公开4次。", "河湖采砂许可名单公开次数比上年增加，全年公开8次。"]
    assert set(found([promise], told, np.array([[0.6, 0.6]])).sentence.tolist()) == {1}


def test_a_part_of_all_that_is_promised_says_less():
    promise = "对全部行政村的公示栏进行检查。"
    later = ("检查了行政村公示栏203个。", "检查了所有行政村公示栏203个。")
    some, every = (probability(promise, text, 0.3) for text in later)
    assert some < every


def test_only_the_nearest_sentences_are_weighed():
    later = ["播种油菜。", *(f"查询窗口{n}月开通。" for n in (1, 2, 3, 4, 5))]
    one = found(["开通查询窗口。"], later, np.array([[0, 0.8, 0.8, 0.8, 0.8, 0.8]]))
    assert one.promise.tolist() == [0, 0, 0]
    assert one.sentence.tolist() == [1, 2, 3]
    assert one.signs.shape == (3, len(SIGNS))


def test_without_later_sentences_nothing_is_kept():
    one = found(["开通查询窗口。"], [], np.zeros((1, 0)))
    assert [view.tolist() for view in kept(one, 1)] == [[0], [0.0]]


def test_formulas_and_the_agencys_name_are_nothing_specific():
    assert specific("甲乙丙丁局开展工作", "甲乙丙丁局印发通知", "甲乙丙丁局") == 0
    assert specific("甲乙丙丁", "甲乙丙丁", "") == 3


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("counted", "举办培训3期", "举办培训多期"),
        ("ahead", "下一步将修订指南", "修订后的指南在网站公布"),
        ("whole_promised", "每季度检查一次", "开展检查"),
        ("whole_told", "逐村检查", "开展检查"),
        ("begun", "推送系统已通过立项评审", "推送系统已上线"),
        ("formula", "不断提高工作透明度", "全年公开信息90条"),
        ("change_promised", "提高抽检公示的频次", "提高人员业务水平"),
        ("change_promised", "台账由季度更新改为月度更新", "台账由专人更新"),
        ("change_told", "公示90次，比上年多12次", "公示90次"),
    ],
)
def test_signs_in_words(name, yes, no):
    pattern = patterns("promised.signs")[name]
    assert pattern.search(yes)
    assert not pattern.search(no)
