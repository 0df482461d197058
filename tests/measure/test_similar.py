import numpy as np
import pytest

from gongkai.measure.similar import mask, near_duplicates, pair_codes, weigh


def test_numbers_marks_and_enumerators_do_not_count():
    assert mask("一是2021年受理12件；") == mask("2022年受理7件。") == "0年受理0件"
    assert mask("其中，予以公开7件") == "其中予以公开0件"


def test_pairs_do_not_cross_texts():
    rows, codes = pair_codes(["甲乙丙", "", "丁", "甲乙"])
    assert rows.tolist() == [0, 0, 2, 3]
    assert codes[0] == codes[3]
    assert len(set(codes.tolist())) == 3


def test_what_everyone_says_weighs_less():
    texts = ["收到申请", "收到申请", "收到申请渣土运输", "渣土运输归并"]
    matrix = weigh(texts, ["a", "b", "c", "d"])
    stock, rare = (matrix[2] @ matrix[0].T).toarray()[0, 0], (matrix[2] @ matrix[3].T).toarray()[0, 0]
    assert rare > stock > 0
    assert np.allclose(matrix.multiply(matrix).sum(axis=1), 1)


def brute(texts, threshold):
    sets = {t: {t[i : i + 2] for i in range(max(1, len(t) - 1))} for t in set(texts)}
    ordered = sorted(sets)
    return {
        (a, b)
        for i, a in enumerate(ordered)
        for b in ordered[i + 1 :]
        if len(sets[a] & sets[b]) / len(sets[a] | sets[b]) >= threshold
    }


@pytest.mark.parametrize("seed", range(3))
def test_near_duplicates_are_all_found_and_no_others(seed):
    generator = np.random.default_rng(seed)
    alphabet = np.array(list("公开信息政府工作报告年度申请答复办理平台建设监督保障问题改进措施"))
    texts = ["".join(generator.choice(alphabet, 30)) for _ in range(150)]
    for text in texts[:60]:
        letters = list(text)
        letters[int(generator.integers(30))] = "新"
        texts.append("".join(letters))
    found = near_duplicates(texts, threshold=0.8, seed=seed)
    assert set(zip(found["left"], found["right"], strict=True)) == brute(texts, 0.8)
    assert len(found) >= 55


def test_nothing_to_compare_gives_an_empty_table():
    assert near_duplicates(["同一句", "同一句"]).empty
    assert near_duplicates([]).empty
