"""Fixtures: a tiny corpus of our own making, built once; coded sentences and a model made from a seed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gongkai.classify.kinds import TrainSettings
from gongkai.classify.predict import predict
from gongkai.classify.train import train
from gongkai.corpus.build import build
from gongkai.report.file import read_file
from gongkai.tables.parts import read_table
from gongkai.tables.schema import BUILT, KEYS, frame_of, to_arrow

os.environ["GONGKAI_LANG"] = "en"  # whatever the language of this terminal
DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[2] / "shared" / "data"


def rows_of_file(path: str | Path) -> dict[str, list[dict[str, object]]]:
    """Return what `read_file` gives, as rows of each table."""
    rows = read_file(path).tables()
    return {name: [row._asdict() for row in getattr(rows, name)] for name in BUILT}


def check_table(name: str, frame: pd.DataFrame) -> None:
    """Check a table's columns and types, and that its key is unique."""
    to_arrow(name, frame)
    key = list(KEYS.get(name, ()))
    assert not key or not frame.duplicated(key).any(), f"{name}: the key {', '.join(key)} is not unique"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not (SHARED / "truth.json").exists():
        pytest.skip(f"the real reports are not here ({SHARED})")
    return SHARED


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of three authored reports (html, txt, pdf) by two invented agencies."""
    folder = tmp_path_factory.mktemp("tiny") / "tables"
    build(DATA / "mini", folder)
    return folder


@pytest.fixture(scope="session")
def sentences(tables: Path) -> pd.DataFrame:
    return read_table(tables, "sentences")


PROMISES = ["将{}", "下一步将{}", "今后每季度{}", "计划于6月底前{}"]
FACTS = ["已{}", "全年{}12次", "完成了{}", "上半年{}共35件"]
FORMULAS = ["进一步加强{}", "不断提高{}水平", "切实抓好{}", "高度重视{}"]
PLACES = "东南西北中金木水火土山川"
THINGS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"
TOPICS = ["培训", "政策解读", "栏目更新", "依申请公开", "平台建设", "保密审查", "督促检查", "回应关切"]


@pytest.fixture(scope="session")
def labels() -> pd.DataFrame:
    """Coded sentences made from a seed: twelve invented agencies, 20 sentences each, rules that a model can learn."""
    rng = np.random.default_rng(7)
    rows = []
    for agency in range(12):
        for i in range(20):
            kind = int(rng.integers(4))
            topic = TOPICS[int(rng.integers(len(TOPICS)))]
            pattern = [PROMISES, FACTS, FORMULAS, PROMISES][kind][int(rng.integers(4))]
            text = (
                pattern.format(topic)
                + ("，进一步提升水平" if kind == 3 else "")
                + f"，涉及{PLACES[agency]}片区的{THINGS[i]}。"
            )
            rows.append(
                {
                    "sentence_id": f"r{agency}-{i}",
                    "annotator": "resolved",
                    "report_id": f"r{agency}",
                    "agency": f"第{agency}局",
                    "year": 2021,
                    "section": "improvements" if kind in (0, 3) else "overview",
                    "heading": "",
                    "lead": "",
                    "text": text,
                    "commitment": kind in (0, 3),
                    "boilerplate": kind in (2, 3),
                    "codebook": "2",
                }
            )
    return frame_of("labels", rows)


@pytest.fixture(scope="session")
def model(labels: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    train(labels, folder, settings=TrainSettings(folds=3, outer_folds=3))
    return folder


@pytest.fixture(scope="session")
def predictions(sentences: pd.DataFrame, model: Path) -> pd.DataFrame:
    return predict(sentences, model=model)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which share of worlds gave a result (`test_worlds.py`), also where workers ran them."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, text in report.user_properties if report.when == "call" else ():
            if name == "worlds":
                terminalreporter.section("worlds")
                terminalreporter.write_line(text)
