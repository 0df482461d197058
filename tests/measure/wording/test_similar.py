import numpy as np

from gongkai.measure.wording.similar import mask, pair_codes, weigh


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
