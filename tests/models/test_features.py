import numpy as np
import pandas as pd
import pytest

from gongkai.models.features import BLOCKS, WIDTH, features, named_columns, normalize


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "text": ["将加强培训。", "已完成3件。", ""],
            "section": ["improvements", "overview", "unknown"],
            "heading": ["改进情况", "", None],
            "lead": ["下一步：", "", ""],
            "year": [2021, 2021, None],
        }
    )


def test_each_block_has_its_columns_and_unit_rows(frame):
    for block in BLOCKS:
        matrix = features(frame, [block])
        assert matrix.shape == (3, 8 if block == "section" else WIDTH)
        norms = (
            np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
            if hasattr(matrix, "A1")
            else np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        )
        assert np.allclose(norms[norms > 0], 1)


def test_rows_do_not_depend_on_their_neighbours(frame):
    together = features(frame)
    for i in range(len(frame)):
        alone = features(frame.iloc[[i]])
        assert abs(together[i] - alone).sum() == 0


def test_missing_context_is_no_feature(frame):
    bare = frame[["text"]]
    assert features(bare, ["section", "heading", "lead"]).nnz == 0
    assert features(bare, ["characters"]).nnz > 0


def test_given_tokens_equal_those_made_here(frame):
    from gongkai.text.tokens import tokenize

    given = frame.assign(tokens=[tokenize(t) for t in frame["text"]])
    assert abs(features(given, ["words"]) - features(frame, ["words"])).sum() == 0


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2023, "Y年0件，F年将办"),
        (2024, "P年0件，Y年将办"),
        (None, "Y年0件，Y年将办"),
        (float("nan"), "Y年0件，Y年将办"),
    ],
)
def test_years_are_told_by_the_reports_own(year, expected):
    assert normalize("2023年1,234件，2024年将办", year) == expected


@pytest.mark.parametrize("block", ["characters", "words", "heading", "lead"])
def test_named_columns_are_the_columns_of_the_matrix(block):
    text = "2024年将进一步加强培训，共3件。"
    column = "text" if block in ("characters", "words") else block
    frame = pd.DataFrame({"text": [text], column: [text], "year": [2023]})
    assert set(named_columns(text, block, 2023)) == set(features(frame, [block]).indices)
