import json
import re
import sys

import pytest

from gongkai.classify.publish import citation, publish
from gongkai.errors import GongkaiError, ModelError


class Hub:
    """Stands in for huggingface_hub and its HfApi."""

    def __init__(self):
        self.calls, self.refuses = [], False

    def HfApi(self):
        return self

    def create_repo(self, name, *, exist_ok):
        if self.refuses:
            raise PermissionError("403 no write token")
        self.calls.append(("create", name))

    def upload_folder(self, *, repo_id, folder_path, commit_message):
        self.calls.append(("upload", repo_id, folder_path))


@pytest.fixture
def hub(monkeypatch):
    stand_in = Hub()
    monkeypatch.setitem(sys.modules, "huggingface_hub", stand_in)
    return stand_in


def test_a_hub_gets_the_whole_folder(model, hub):
    lines = publish(model, "someone/gongkai-tiny", really=True)
    assert "https://huggingface.co/someone/gongkai-tiny" in lines[0]
    assert hub.calls == [("create", "someone/gongkai-tiny"), ("upload", "someone/gongkai-tiny", str(model))]


def test_a_dry_run_calls_nobody(model, hub):
    assert "nothing was done" in publish(model, "someone/gongkai-tiny")[-1]
    assert hub.calls == []


def test_a_refusal_is_one_line(model, hub):
    hub.refuses = True
    with pytest.raises(GongkaiError, match="hub refused: 403"):
        publish(model, "someone/gongkai-tiny", really=True)


def test_an_incomplete_or_damaged_folder_is_not_published(model, tmp_path):
    publish(model, str(tmp_path / "copy"), really=True)
    with pytest.raises(GongkaiError, match="exists"):
        publish(model, str(tmp_path / "copy"), really=True)
    (tmp_path / "copy" / "model.safetensors").write_bytes(b"PK")
    with pytest.raises(ModelError):
        publish(tmp_path / "copy", str(tmp_path / "other"), really=True)
    (tmp_path / "copy" / "gold.txt").unlink()
    with pytest.raises(ModelError, match=r"lacks gold.txt"):
        publish(tmp_path / "copy", str(tmp_path / "other"))


def test_the_citation_holds_what_decides_the_numbers(model):
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    assert config["gold_digest"][:12] in citation(model)


def test_the_card_s_index_gives_the_hub_the_figures_of_the_card(model):
    card = (model / "README.md").read_text(encoding="utf-8")
    (index,) = json.loads(re.search(r"^model-index: (.*)$", card, re.M)[1])
    metrics = json.loads((model / "metrics.json").read_text(encoding="utf-8"))
    known = {
        (r["label"], r["metric"]): r["value"]
        for r in metrics
        if r["split"] == "agency" and r["model"] == index["name"]
    }
    given = {
        (r["task"]["name"], v["name"].split()[0]): v["value"]
        for r in index["results"]
        for v in r["metrics"]
        if r["dataset"]["type"].startswith("gold-")
    }
    assert given
    assert all(known[key] == pytest.approx(value, abs=1e-4) for key, value in given.items())
    hub = pytest.importorskip("huggingface_hub", reason="the hub's own reader is not installed")
    assert hub.ModelCard(card).data.eval_results
