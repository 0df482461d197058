"""Raw files → figure in one go on the bundled corpus; twice, identical."""

import hashlib
from pathlib import Path

import pytest

from gongkai.demo import demo


def digests(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    return demo(tmp_path_factory.mktemp("flow") / "demo")


def test_the_demo_reads_every_bundled_report(once):
    assert once.summary.failed == 0
    assert once.summary.reports >= 12
    assert once.summary.sentences >= 400
    assert len(once.numbers) == 3


def test_the_demo_tells_the_quality_of_its_own_model_on_agencies_not_seen(once):
    f1 = once.quality[once.quality["metric"] == "f1"]
    for split in ("agency", "real"):
        of_split = f1[f1["split"] == split]
        assert sorted(of_split["label"]) == ["boilerplate", "commitment", "macro"]
    f1 = f1[f1["split"] == "agency"]
    assert f1["value"].min() > 0.85


def test_the_demo_leaves_what_it_says(once):
    assert {p.name for p in once.folder.iterdir()} == {
        "tables",
        "model",
        "predictions.csv",
        "measures.csv",
        "page.html",
        "run.json",
    }


@pytest.mark.slow
def test_twice_is_identical_whatever_the_number_of_workers(once, tmp_path):
    assert digests(demo(tmp_path / "demo", jobs=2).folder) == digests(once.folder)
