import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gongkai.classify.classifier import load_model
from gongkai.classify.features.features import features
from gongkai.classify.kinds import TrainSettings
from gongkai.classify.models.calibrate import calibrate, calibrated, evened
from gongkai.classify.models.choices import fit_class, told
from gongkai.classify.models.linear import LinearClassifier, train_linear
from gongkai.classify.predict import shared_out
from gongkai.classify.train import train
from gongkai.errors import ModelError, SchemaError
from gongkai.tables.scheme.codebook import Class, Codebook, Example, Label, Words
from gongkai.tables.scheme.codebooks import parse_codebook, with_examples

TOPIC = Label(
    "topic",
    classes=(
        Class("staff", Words("", "队伍"), Words("people: 人员数量, 兼职", "人员数量、培训。")),
        Class("sites", Words("", "平台"), Words("", "网站、检索")),
    ),
    examples=(Example("信息员多为兼职。", "staff"),),
)
BOOK = Codebook("x", "1", (TOPIC,))
ABCD = Codebook("abcd", "1", (Label("topic", classes=tuple(Class(k) for k in "abcd")),))


def test_what_the_codebook_says_is_a_sentence_of_its_class():
    frame, whose = told(TOPIC)
    said = dict(zip(frame["text"], whose, strict=True))
    assert said == {"队伍": "staff", "人员数量": "staff", "兼职": "staff", "培训": "staff", "信息员多为兼职。": "staff",
                    "平台": "sites", "网站": "sites", "检索": "sites"}  # fmt: skip
    assert len(told(Label("empty"))[0]) == 0


def corpus():
    rng = np.random.default_rng(3)
    things = {"staff": ["岗位", "轮换", "新手"], "sites": ["栏目", "页面", "链接"]}
    rows = [
        {"text": f"{rng.choice(['一是', '二是', '今年'])}{rng.choice(things[name])}还要{rng.choice(['改', '补'])}{k}。",
         "topic": name, "agency": k % 6, "section": "", "heading": "", "lead": ""}
        for k in range(60) for name in [("staff", "sites")[int(rng.random() < 0.25)]]
    ]  # fmt: skip
    # Words that the sentences alone do not place: in both classes as often.
    for k in range(8):
        word, name = ("网站", "兼职")[k // 2 % 2], ("staff", "sites")[k // 4]
        about = dict.fromkeys(("section", "heading", "lead"), "")
        rows.append({"text": f"{word}还要改。", "topic": name, "agency": k % 6, **about})
    return pd.DataFrame(rows)


def test_a_class_is_recognised_by_words_that_only_the_codebook_has():
    frame = corpus()
    codes = {f"topic={c}": (frame["topic"] == c).to_numpy(float) for c in ("staff", "sites")}
    options = {"name": "m", "folds": 3}
    taught, _ = train_linear(frame, codes, frame["agency"].to_numpy(), codebook=BOOK, **options)
    plain, _ = train_linear(frame, codes, frame["agency"].to_numpy(), **options)
    new = pd.DataFrame({"text": ["网站。", "兼职。"]})
    won = taught.scores(new) - plain.scores(new)
    assert won[0, 1] > 0 > won[0, 0]
    assert won[1, 0] > 0 > won[1, 1]


def test_its_head_comes_back_as_it_was_saved(tmp_path):
    frame = corpus()
    codes = {f"topic={c}": (frame["topic"] == c).to_numpy(float) for c in ("staff", "sites")}
    model, chosen = train_linear(frame, codes, frame["agency"].to_numpy(), codebook=BOOK, name="m", folds=3)
    assert {tuple(c["blocks"]) for c in chosen.values()} == {("characters", "words")}
    model.save(tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size < 100_000
    back = LinearClassifier.load(tmp_path)
    for label, head in model.heads.items():
        assert (back.heads[label].weights == head.weights).all()
    assert (back.scores(frame) == model.scores(frame)).all()


def test_an_n_gram_met_in_one_sentence_has_no_weight():
    frame = corpus()
    x = features(frame, ["words"])
    y = (frame["topic"] == "sites").to_numpy()
    fitted = fit_class(x, y, x[:0], y[:0], 10.0)
    counts = np.bincount(x.indices, minlength=x.shape[1])
    assert (fitted.coef_[0, counts < 2] == 0).all()
    assert ((fitted.decision_function(x) > 0) == y).mean() > 0.9


def test_each_class_is_chosen_as_often_as_it_was_coded():
    """Classes learned one by one, of which the frequent one is chosen too often; what was unseen stays right."""
    rng = np.random.default_rng(1)
    coded = rng.choice(4, p=[0.6, 0.2, 0.15, 0.05], size=4000)
    margins = rng.normal(size=(4000, 4)) + 1.5 * np.eye(4)[coded] + np.array([1.0, 0, 0, -0.5])
    shown, rest = slice(None, 2000), slice(2000, None)
    codes = np.eye(4, dtype=bool)[coded]
    each = [calibrate(margins[shown, k], codes[shown, k])[0] for k in range(4)]
    moved = evened(each, margins[shown], codes[shown])

    def chosen(calibrations, rows):
        odds = np.stack([calibrated(margins[rows, k], c) for k, c in enumerate(calibrations)], axis=1)
        return shared_out(odds, [f"topic={k}" for k in "abcd"], ABCD).argmax(axis=1)

    def wrong(calibrations, rows):
        return np.abs(np.bincount(chosen(calibrations, rows), minlength=4) - codes[rows].sum(axis=0)).max()

    assert wrong(each, shown) > 100
    assert wrong(moved, shown) <= 2
    assert wrong(moved, rest) < wrong(each, rest) / 4
    for old, new, k in zip(each, moved, range(4), strict=True):  # a label of its own is decided as before
        before = calibrated(margins[:, k], old) >= old.threshold
        assert (before == (calibrated(margins[:, k], new) >= new.threshold)).mean() > 0.999
        assert new.slope == old.slope


def test_scores_of_classes_are_their_odds_made_to_sum_to_1():
    scores = shared_out(
        np.array([[0.5, 0.8, 1.0, 0.0], [0.2, 0.2, 0.2, 0.2]]), [f"topic={k}" for k in "abcd"], ABCD
    )
    assert scores.sum(axis=1) == pytest.approx(1)
    assert scores[0, 1] / scores[0, 0] == pytest.approx(4)
    assert scores[0].argmax() == 2
    assert scores[1] == pytest.approx(0.25)


def test_further_examples_teach_the_classes_and_are_never_tested(labels, tmp_path):
    """A word that no coded sentence has is learned from the file; the figures are of the coded sentences alone."""
    book = parse_codebook(
        'name = "x"\nversion = "1"\n[labels.tone]\ntype = "choice"\nclasses = ["plan", "fact"]\n'
    )
    tone = np.where(labels["commitment"], "plan", "fact")
    coded = labels.drop(columns=["commitment", "boilerplate"]).assign(tone=tone, codebook=book.stamp)
    file = tmp_path / "more.csv"
    file.write_text("text,tone\n" + "拟筹谋兴办。,plan\n业已落成竣工。,fact\n" * 5, encoding="utf-8")
    settings = TrainSettings(outer_folds=2, folds=2, comparisons=False)
    train(coded, tmp_path / "plain", settings=settings, codebook=book)
    taught = replace(settings, examples=str(file))
    metrics = train(coded, tmp_path / "taught", settings=taught, codebook=book)
    assert set(metrics.loc[metrics["label"] == "tone", "n"]) == {len(labels)}
    other = replace(taught, model="transformer", encoder="x")
    with pytest.raises(ModelError, match="a transformer does not learn from examples"):
        train(coded, tmp_path / "none", settings=other, codebook=book)
    new = pd.DataFrame({"text": ["拟筹谋兴办", "业已落成竣工"]})
    plain, better = (load_model(tmp_path / name) for name in ("plain", "taught"))
    assert better.codebook == plain.codebook == book, "the scheme stays as it is"
    won = better.scores(new)[:, 0] - plain.scores(new)[:, 0]
    assert won[0] > 0 > won[1]
    run = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("plain", "taught")]
    assert [one["inputs"] for one in run] == [1, 2]


def test_wrong_examples_are_named_by_their_line(tmp_path):
    file = tmp_path / "more.csv"
    for text, said in (
        ("text,topic\n甲,staff\n乙,stuff\n", "more.csv, line 3: topic is 'stuff'; expected staff, sites"),
        ("text,topic\n,staff\n", "more.csv, line 2: text is empty"),
        ("text,topic\n甲\n", "more.csv, line 2: has fewer cells than the header"),
        ("text,tone\n甲,staff\n", "more.csv: lacks the column topic"),
        ("", "more.csv: lacks the columns text, topic"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(SchemaError, match=said):
            with_examples(BOOK, file)
    with pytest.raises(SchemaError, match="cannot be read"):
        with_examples(BOOK, tmp_path / "none.csv")
    file.write_text("text,topic\n甲,队伍\n乙,\n", encoding="utf-8")
    assert with_examples(BOOK, file).of("topic").examples == (*TOPIC.examples, Example("甲", "staff"))
    file.write_text('text,topic\n"甲\n乙",staff\n', encoding="utf-8")
    assert with_examples(BOOK, file).of("topic").examples[-1] == Example("甲\n乙", "staff")
