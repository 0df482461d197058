import numpy as np
import pandas as pd
import pytest

from gongkai.coding.sample import design_of, draw
from gongkai.errors import MeasureError
from gongkai.measure.inference.intervals import upper


def pool(n=400):
    sections = ["overview", "improvements", "preamble"]
    return pd.DataFrame(
        {"sentence_id": [str(i) for i in range(n)], "section": [sections[(i % 10 == 0) + 2 * (i % 10 == 1)] for i in range(n)],
         "year": 2020 + np.arange(n) % 3, "text": [f"第{chr(0x4E00 + i)}句" for i in range(n)]}
    )  # fmt: skip


def scores(sentences):
    half = np.where(np.arange(len(sentences)) % 5 == 0, 0.5, 0.99)
    rows = [
        {"sentence_id": i, "model": "m", "label": label, "score": s, "predicted": s >= 0.5}
        for i, s in zip(sentences["sentence_id"], half, strict=True)
        for label in ("commitment", "boilerplate")
    ]
    return pd.DataFrame(rows)


def test_simple_draws_give_everyone_the_same_chance():
    drawn = draw(pool(), 36, seed=3)
    assert len(drawn) == 36
    assert set(drawn["inclusion"]) == {36 / 360}
    assert "preamble" not in set(drawn["section"])
    assert drawn["sentence_id"].astype(int).is_monotonic_increasing


def test_numbers_of_numpy_are_numbers():
    assert len(draw(pool(), np.int64(7), by=np.array(["section"]), seed=3)) == 7
    assert upper(np.float32(0.5)) == 0.75


def test_more_strata_than_sentences_are_refused():
    with pytest.raises(MeasureError, match=r"3 sentences cannot be drawn from \d+ strata \(sentence_id\)"):
        draw(pool(), 3, by=["sentence_id"])


def test_small_strata_are_seen():
    drawn = draw(pool(), 60, by=["section"])
    assert drawn["section"].value_counts().to_dict() == {"overview": 30, "improvements": 30}
    assert drawn.groupby("section")["inclusion"].first().to_dict() == {
        "overview": 30 / 320,
        "improvements": 30 / 40,
    }


@pytest.mark.parametrize("how", ["simple", "strata", "uncertain"])
def test_weighting_by_inclusion_gives_the_whole(how):
    """Σ 1/π over the draw estimates the number of sentences, whatever the way of drawing (Horvitz & Thompson 1952)."""
    sentences = pool()
    options = {
        "simple": {},
        "strata": {"by": ["section", "year"]},
        "uncertain": {"predictions": scores(sentences)},
    }[how]
    totals = [(1 / draw(sentences, 60, seed=s, **options)["inclusion"]).sum() for s in range(300)]
    assert np.mean(totals) == pytest.approx(360, rel=0.03)


def test_uncertain_sentences_are_drawn_more_often():
    sentences = pool()
    drawn = pd.concat([draw(sentences, 60, predictions=scores(sentences), seed=s) for s in range(50)])
    doubtful = drawn["sentence_id"].astype(int) % 5 == 0
    assert doubtful.mean() > 0.4
    assert 50 < len(drawn) / 50 < 70


def test_the_same_seed_draws_the_same():
    assert draw(pool(), 20, seed=5).equals(draw(pool(), 20, seed=5))


def test_what_is_predicted_makes_strata():
    sentences = pool()
    predictions = scores(sentences)
    predictions["predicted"] = predictions["score"] < 0.9
    drawn = draw(sentences, 60, by=["commitment"], predictions=predictions, seed=1)
    yes = drawn["sentence_id"].astype(int) % 5 == 0
    assert yes.sum() == 30
    assert "commitment" not in drawn.columns
    assert drawn.groupby(yes)["inclusion"].nunique().tolist() == [1, 1]
    both = draw(sentences, 60, by=["section", "commitment"], predictions=predictions, seed=1)
    assert set(both["section"]) == {"overview", "improvements"}


def test_a_file_says_how_it_was_drawn():
    sentences = pool()
    assert design_of(draw(sentences, 36)["inclusion"]).startswith(
        "probability sample, simple: 36 for 360 sentences"
    )
    strata = draw(sentences, 61, by=["section", "year"])["inclusion"]
    assert design_of(strata).startswith("probability sample, by strata: 61 for 360 sentences")
    doubt = draw(
        sentences, 60, predictions=scores(sentences).assign(score=lambda f: np.linspace(0, 1, len(f)))
    )
    assert design_of(doubt["inclusion"]).startswith("training sample, by uncertainty")
    assert design_of([None, float("nan")]).startswith("no inclusion: not a probability sample")
    assert design_of([0.1, None]).startswith("1 of 2 sentences without inclusion")


def test_refusals():
    with pytest.raises(MeasureError, match="cannot draw 500 of 360"):
        draw(pool(), 500)
    with pytest.raises(MeasureError, match="no column or label 'mood' to draw by; labels: commitment"):
        draw(pool(), 5, by=["mood"], predictions=scores(pool()))
    with pytest.raises(MeasureError, match="to draw by the label commitment give predictions"):
        draw(pool(), 5, by=["commitment"])
    with pytest.raises(MeasureError, match="no prediction"):
        draw(pool(), 5, predictions=scores(pool()).head(4))
