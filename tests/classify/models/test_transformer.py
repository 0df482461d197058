"""The transformer on a toy encoder of random weights; what needs torch skips with the reason where it is missing."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from corpus.make.bind import write_labels
from gongkai.classify.classifier import FILES, load_model
from gongkai.classify.kinds import TrainSettings
from gongkai.classify.models.transformer import pairs_of, train_transformer
from gongkai.classify.predict import predict
from gongkai.classify.train import train
from gongkai.cli.app import app
from gongkai.coding.labels import read_labels
from gongkai.corpus import stream
from gongkai.corpus.stream import predict_tables
from gongkai.errors import ModelError, SchemaError
from gongkai.tables.parts import read_table
from gongkai.tables.scheme.codebooks import parse_codebook
from gongkai.tables.scheme.coded import indicator_codes
from tests.corpus.test_build import contents

torch = pytest.importorskip("torch", reason="needs the extra transformers")
transformers = pytest.importorskip("transformers", reason="needs the extra transformers")
pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries' own


@pytest.fixture(scope="session")
def encoder(labels, tmp_path_factory):
    """A two-layer encoder of random weights and a tokenizer of single characters, made from a seed."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("encoder")
    characters = sorted(set("".join(labels["text"])) | set("总体情况改进措施存在问题｜往本来年"))
    vocabulary = {c: i for i, c in enumerate(["<pad>", "<unk>", "<s>", "</s>", *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=256, pad_token_id=0, hidden_dropout_prob=0.0,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def trained(labels, encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "toy"
    settings = TrainSettings(
        model="transformer", encoder=str(encoder), outer_folds=3, folds=3, tested_folds=1, seeds=2, epochs=8,
        learning_rate=3e-3,
    )  # fmt: skip
    metrics = train(labels, folder, settings=settings)
    return folder, metrics


def test_the_folder_is_complete_and_its_card_says_what_was_tested(trained):
    folder, metrics = trained
    assert {p.name for p in folder.iterdir()} >= {*FILES, "model.safetensors", "tokenizer.json"}
    assert not list(folder.glob("*.bin")) + list(folder.glob("*.pt"))
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "Of the 3 folds only 1 was run" in card
    seeds = metrics[metrics["metric"].isin(["f1_mean_of_seeds", "f1_sd_of_seeds"])]
    assert set(seeds["n"]) == {2}
    assert set(seeds["label"]) == {"commitment", "boilerplate", "macro"}


def test_it_learns(trained):
    """Chance is about a third here: half the toy's sentences are commitments."""
    f1 = trained[1].query("metric == 'f1' and label == 'commitment'")["value"].iloc[0]
    assert f1 > 0.9


def test_loading_gives_the_same_scores_in_the_order_of_the_rows(trained, labels):
    model = load_model(trained[0])
    scores = model.scores(labels)
    assert scores.shape == (len(labels), 2)
    assert ((scores > 0) & (scores < 1)).all()
    shuffled = labels.sample(frac=1, random_state=0)
    again = model.scores(shuffled)
    assert np.allclose(again, scores[shuffled.index], atol=1e-5)
    assert set(model.trained_on) >= set(labels["sentence_id"])


def test_predict_takes_it_and_works_without_context(trained, labels):
    table = predict(labels[["sentence_id", "text"]], model=trained[0])
    assert table["sentence_id"].tolist() == np.repeat(labels["sentence_id"], 2).tolist()
    assert table["seen"].all()


def test_device_and_batch_size_reach_the_workers_and_stand_in_the_manifest(
    trained, labels, tmp_path, monkeypatch
):
    loaded = []
    monkeypatch.setattr(
        stream, "load_model", lambda name, **given: loaded.append(given) or load_model(name, **given)
    )
    source, memory = tmp_path / "s.parquet", predict(labels, model=load_model(trained[0], device="cpu"))
    labels[["sentence_id", "text", "section", "heading", "lead", "year"]].to_parquet(
        source, row_group_size=100
    )
    chosen = {"model": trained[0], "device": "cpu", "batch_size": 7}
    for jobs in (1, 2):
        predict_tables(source, tmp_path / f"p{jobs}", jobs=jobs, **chosen)
    assert loaded == [{"device": "cpu", "batch_size": 7}]  # by jobs=1; with two, each worker for itself
    found = read_table(tmp_path / "p2", "predictions")
    np.testing.assert_allclose(found["score"], memory["score"], atol=1e-5)
    assert contents(tmp_path / "p1") == contents(tmp_path / "p2")
    settings = json.loads((tmp_path / "p2" / "run.json").read_text(encoding="utf-8"))["settings"]
    assert (settings["device"], settings["batch_size"]) == ("cpu", 7)
    with pytest.raises(ModelError, match="nowhere: torch cannot compute there"):
        predict_tables(source, tmp_path / "p3", **chosen | {"device": "nowhere"})


@pytest.mark.parametrize("size", [0, -1])
def test_no_batch_without_a_sentence(trained, size):
    with pytest.raises(ModelError, match="at least one sentence"):
        load_model(trained[0], batch_size=size)


def test_it_loads_in_a_plain_pipeline_with_readable_labels(trained, labels):
    pipe = transformers.pipeline("text-classification", model=str(trained[0]), top_k=None, device="cpu")
    texts, contexts = pairs_of(labels.head(3))
    found = pipe([{"text": t, "text_pair": c} for t, c in zip(texts, contexts, strict=True)])
    assert {row["label"] for row in found[0]} == {"commitment", "boilerplate"}


def test_years_are_told_by_the_report(labels):
    row = labels.head(1).assign(text="2020年已做，2021年在做，2022年将做。", year=2021)
    assert pairs_of(row)[0] == ["往年已做，本年在做，来年将做。"]


def test_a_truncated_or_foreign_folder_is_one_clear_line(trained, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(trained[0], copy)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="not a transformer of gongkai, or damaged"):
        load_model(copy)
    config = json.loads((trained[0] / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"calibration": {}}))
    with pytest.raises(ModelError):
        load_model(copy)


def test_no_encoder_is_said_before_the_work(labels, tmp_path):
    with pytest.raises(ModelError, match="needs the setting encoder"):
        train(labels, tmp_path / "m", settings=TrainSettings(model="transformer"))
    with pytest.raises(ModelError, match="no encoder that can be loaded"):
        train(labels, tmp_path / "m", settings=TrainSettings(model="transformer", encoder=str(tmp_path)))
    (tmp_path / "run.toml").write_text("encodr = 'x'")
    with pytest.raises(SchemaError):
        train(labels, tmp_path / "m", settings=tmp_path / "run.toml")
    assert not (tmp_path / "m").exists()


CHOOSES = parse_codebook(
    """
    name = "chooses"
    version = "1"
    [labels.promise]
    [labels.tone]
    type = "choice"
    classes = ["promise", "fact", "formula"]
    [labels.more]
    type = "choice"
    only_if = "promise"
    classes = ["further", "plain"]
    """
)


@pytest.fixture(scope="session")
def chooses(labels, encoder, tmp_path_factory):
    """Labels by a scheme with choices, one of them under a condition, and a model of them through the commands."""
    place = tmp_path_factory.mktemp("chooses")
    promise, formula = (labels[name].astype(bool) for name in ("commitment", "boilerplate"))
    tone = np.select([promise, formula], ["promise", "formula"], "fact")
    more = pd.Series(np.where(formula, "further", "plain"), dtype=object).where(promise, None)
    coded = labels.drop(columns=["commitment", "boilerplate"])
    coded = coded.assign(promise=promise, tone=tone, more=more, codebook=CHOOSES.stamp)
    new = coded["agency"].isin(["第9局", "第10局", "第11局"])
    write_labels(coded[~new], place / "g.csv", CHOOSES)
    write_labels(coded[new], place / "new.csv", CHOOSES)
    (place / "book.toml").write_text(CHOOSES.source, encoding="utf-8")
    (place / "s.toml").write_text(
        f'model = "transformer"\nencoder = "{encoder}"\nouter_folds = 3\nfolds = 3\ntested_folds = 1\nseeds = 1\n'
        "epochs = 8\nlearning_rate = 3e-3\n"
    )
    option = ("--codebook", place / "book.toml")
    said = [run("train", place / "g.csv", "-o", place / "m", "--settings", place / "s.toml", *option)]
    said += [run("predict", place / "new.csv", "-o", place / "p.csv", "-m", place / "m", *option)]
    said += [run("evaluate", place / "p.csv", place / "new.csv", *option)]
    return place, said


def run(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_choices_are_learned_predicted_and_evaluated(chooses):
    place, (trained, _, evaluated) = chooses
    rows = pd.read_csv(place / "p.csv")
    assert len(rows) == 60 * len(CHOOSES.indicators)
    tone = rows[rows["label"] == "tone"]
    by_sentence = tone.groupby("sentence_id", sort=False)
    assert np.allclose(by_sentence["score"].sum(), 1)
    assert (by_sentence["predicted"].sum() == 1).all()
    best = tone.loc[by_sentence["score"].idxmax(), ["sentence_id", "value"]].set_index("sentence_id")["value"]
    assert tone[tone["predicted"]].set_index("sentence_id")["value"].equals(best)
    gold = read_labels(place / "new.csv", CHOOSES).set_index("sentence_id")
    assert (best == gold.loc[best.index, "tone"]).mean() > 0.7, "by chance about a half"
    promised = rows[(rows["label"] == "promise")].set_index("sentence_id")["predicted"]
    under = rows[rows["label"] == "more"].groupby("sentence_id", sort=False)["predicted"].sum()
    assert under.eq(promised.loc[under.index].astype(int)).all(), (
        "a class where the condition holds, else none"
    )
    for said in (trained, evaluated):
        assert "macro_f1" in said
    assert "tone" in evaluated
    card = (place / "m" / "README.md").read_text(encoding="utf-8")
    assert CHOOSES.stamp in card
    assert "| tone | macro_f1 |" in card


def test_a_class_that_the_validating_fold_lacks_is_still_scored(chooses, encoder):
    """Sentences of one agency alone are of the class: a fold of others calibrates it."""
    place, _ = chooses
    gold = read_labels(place / "g.csv", CHOOSES)
    rare = gold["tone"].eq("formula") & gold["agency"].ne("第0局")
    codes = {
        name: np.where(rare, 0.0, column)
        for name, column in indicator_codes(gold, CHOOSES).items()
        if name == "tone=formula"
    } | {"promise": indicator_codes(gold, CHOOSES)["promise"].to_numpy()}
    validation = gold["agency"].isin(["第1局", "第2局"]).to_numpy()
    model, _ = train_transformer(gold, codes, validation, name="m", encoder=str(encoder), epochs=1)
    scores = model.scores(gold)
    assert np.isfinite(scores).all()
