import json

import pandas as pd
import pytest

from gongkai.classify.classifier import FILES, find_model, load_model
from gongkai.classify.folds import outer_folds, split_groups
from gongkai.classify.kinds import TrainSettings
from gongkai.classify.train import gold_of, train
from gongkai.errors import GongkaiError, ModelError, SchemaError


def test_the_folder_is_complete_and_tells_how_it_was_made(model):
    assert {p.name for p in model.iterdir()} == {
        *FILES,
        "codebook.toml",
        "distance.safetensors",
        "model.safetensors",
    }
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    assert config["labels"] == ["commitment", "boilerplate"]
    assert config["settings"]["seed"] == 0
    assert config["groups"] == 12
    assert json.loads((model / "run.json").read_text())["libraries"]["scikit-learn"]


def test_every_number_of_the_card_stands_in_a_file(model):
    card = (model / "README.md").read_text(encoding="utf-8")
    metrics = json.loads((model / "metrics.json").read_text(encoding="utf-8"))
    for row in metrics:
        assert f"| {row['label']} | {row['metric']} | {row['value']:.3f} |" in card
    assert {row["clusters"] for row in metrics if row["low"] is not None} == {12}
    assert all(row["low"] <= row["value"] <= row["high"] for row in metrics if row["low"] is not None)


def test_training_again_gives_the_same_bytes(labels, model, tmp_path):
    train(labels, tmp_path / "tiny", settings=TrainSettings(folds=3, outer_folds=3))
    for name in ("README.md", "config.json", "metrics.json", "run.json"):
        assert (tmp_path / "tiny" / name).read_bytes() == (model / name).read_bytes()
    assert (load_model(tmp_path / "tiny").scores(labels) == load_model(model).scores(labels)).all()


def test_every_sentence_is_tested_once_by_a_model_that_never_saw_its_agency(labels):
    gold = gold_of(labels)
    groups = split_groups(gold)
    folds = outer_folds(gold, groups, TrainSettings(outer_folds=4))
    assert sorted(i for _, test in folds for i in test) == list(range(len(gold)))
    for training, test in folds:
        assert not set(gold["agency"].iloc[training]) & set(gold["agency"].iloc[test])


def test_agencies_that_copy_each_other_stay_together(labels):
    copied = labels[labels["agency"] == "第0局"].assign(
        agency="抄袭局", sentence_id=lambda f: f["sentence_id"] + "x"
    )
    gold = pd.concat([labels, copied], ignore_index=True)
    groups = dict(zip(gold["agency"], split_groups(gold), strict=True))
    assert groups["抄袭局"] == groups["第0局"]
    assert len(set(groups.values())) == 12


def test_settings_come_from_toml(labels, tmp_path):
    (tmp_path / "run.toml").write_text("folds = 2\nregularization = [10]\nsed = 3\n")
    with pytest.raises(SchemaError, match="unknown setting sed"):
        train(labels, tmp_path / "m", settings=tmp_path / "run.toml")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f[f["agency"].isin(["第0局", "第1局"])], "at least four"),
        (lambda f: f.assign(commitment=False), "commitment: positive in 0 groups"),
        (
            lambda f: f.assign(annotator="somebody"),
            "no sentence is coded by 'resolved'; the labels are by somebody",
        ),
    ],
)
def test_labels_that_cannot_be_trained_on_are_refused_and_nothing_is_left(labels, tmp_path, change, said):
    with pytest.raises(GongkaiError, match=said):
        train(change(labels), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_models_are_found_by_name_or_folder(model, tmp_path):
    assert find_model(model) == model
    assert find_model("linear").name == "linear"
    with pytest.raises(ModelError, match="no such model"):
        find_model("nonsense")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="lacks README"):
        find_model(tmp_path / "half")


def test_an_unknown_kind_is_refused(model, tmp_path):
    import shutil

    shutil.copytree(model, tmp_path / "m")
    (tmp_path / "m" / "config.json").write_text('{"kind": "oracle"}')
    with pytest.raises(ModelError, match="kind 'oracle' is not known"):
        load_model(tmp_path / "m")


def test_a_model_on_the_hub_is_named_owner_slash_name(model, monkeypatch):
    hub = pytest.importorskip("huggingface_hub", reason="needs the extra transformers")
    asked = []

    def fake(name, *, revision, allow_patterns):
        asked.append((name, revision, allow_patterns))
        if name == "someone/missing":
            raise OSError("404 not found")
        return str(model)

    monkeypatch.setattr(hub, "snapshot_download", fake)
    assert load_model("someone/tiny@abc123").labels == ("commitment", "boilerplate")
    assert asked[0][:2] == ("someone/tiny", "abc123")
    assert not any(p.endswith((".py", ".bin", ".pkl", "*")) for p in asked[0][2])
    with pytest.raises(ModelError, match="the hub does not give it: 404"):
        load_model("someone/missing")


def test_a_linear_model_takes_no_device(model):
    with pytest.raises(ModelError, match="neither device nor batch size"):
        load_model(model, device="cuda")
