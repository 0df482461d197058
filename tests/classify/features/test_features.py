import numpy as np
import pandas as pd
import pytest

from gongkai.classify.features.features import (
    BLOCKS,
    WIDTH,
    WIDTHS,
    features,
    grams,
    named_columns,
    normalize,
)


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


def test_each_block_has_its_columns(frame):
    for block in BLOCKS:
        assert features(frame, [block]).shape == (3, WIDTHS.get(block, WIDTH))


def test_margins_equal_the_matrix_times_the_weights(frame):
    rng = np.random.default_rng(0)
    many = pd.concat([frame] * 3, ignore_index=True)
    for block in BLOCKS:
        made = grams(many, [block])[block]
        weights = rng.normal(size=made.width)
        assert np.allclose(made.margin(weights), made.matrix() @ weights)


def test_rows_are_binary_and_of_unit_length(frame):
    rows = features(frame, ["characters"])
    for row in rows[:2]:
        assert set(row.data) == {1 / np.sqrt(row.nnz)}


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
