"""What sentences are about: sums of learned vectors, and words covered by words of nearly the same meaning."""

import numpy as np

from gongkai.measure.promises.meanings import TOPICS, bare, character_codes, covered, meanings, words_of
from gongkai.tables.scheme.codebooks import read_codebook
from tests import truth

PROMISES = ["修订依申请公开办理规程，统一答复文书格式。", "升级检索功能。"]
LATER = ["修改完善了申请办理工作规则，配套印发答复书模板。", "", "举办歌咏比赛。", "网站搜索完成升级。"]


def test_a_promise_told_in_other_words_is_nearer_than_another():
    told = meanings(PROMISES).told @ meanings(LATER).told.T
    assert told[0].argmax() == 0
    assert told[1].argmax() == 3


def test_of_unknown_texts_nothing_is_told():
    assert not any(view.any() for view in meanings(["甲乙丙", ""]))


def test_words_are_covered_by_words_of_nearly_the_same_meaning():
    cover = covered(words_of(PROMISES), words_of(LATER), (2, 4))
    assert cover.then.argmax(axis=1).tolist() == [0, 3]
    assert cover.now.argmax(axis=1).tolist() == [0, 3]
    assert (cover.clause >= cover.then - 1e-6).all()  # no clause is covered less than all of them
    assert all(view[:, 1].tolist() == [0, 0] for view in cover)


def test_the_same_words_cover_all():
    words = words_of(PROMISES)
    cover = covered(words, words, (2, 2))
    for view in cover[:3]:
        np.testing.assert_allclose(np.diag(view), 1, atol=1e-5)


def test_some_texts_at_a_time_are_covered_as_all_are():
    then, now = words_of(PROMISES), words_of(LATER)
    together = covered(then, now, (2, 4))
    apart = covered(then.of(np.array([1])), now.of(np.array([1, 3])), (1, 2))
    for whole, part in zip(together, apart, strict=True):
        np.testing.assert_allclose(whole[1:, [1, 3]], part, atol=1e-6)


def test_without_known_words_nothing_is_covered():
    assert not covered(words_of(["，。"]), words_of(LATER), (1, 4)).then.any()
    assert words_of([]).word.tolist() == []


def test_words_that_call_anything_a_problem_are_left_out():
    assert bare("二是公开主动性还需进一步提高；") == "公开主动性"
    assert bare("公开渠道有待拓宽，仍需加强。") == "公开渠道"


def test_each_character_and_pair_counts_once():
    row, code = character_codes(["公公公开", ""])
    assert row.tolist() == [0] * 4  # 公 开 公公 公开
    assert len(set(code.tolist())) == 4


def test_topics_are_those_of_the_codebook():
    (topic,) = (
        label for label in read_codebook(truth.CORPUS / "admitted.toml").labels if label.name == "topic"
    )
    assert TOPICS == tuple(sorted(one.name for one in topic.classes))
