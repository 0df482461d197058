"""Reports made from one text are found as a group with all its pairs; agencies that share the form's words alone are not accused."""

import itertools
import random
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from gongkai.cli.app import app
from gongkai.measure.wording.copies import copied

TEXT = tomllib.loads((Path(__file__).parents[1] / "data" / "unrelated.toml").read_text("utf-8"))
YEAR = 2023


def report(
    agency: str, own: dict[str, list[str]], rng: random.Random, version: int = 0
) -> dict[str, list[str]]:
    """A report's sentences by section: its `own` among two thirds of what the form makes agencies write."""
    stock = {
        part: rng.sample(texts, -(-2 * len(texts) // 3)) for part, texts in TEXT["stock"][version].items()
    }
    parts = {
        "preamble": stock["opening"],
        "overview": stock["overview"] + own["overview"],
        "disputes": stock["disputes"],
        "problems": own["problems"],
        "improvements": own["improvements"],
        "other": stock["other"],
    }
    return {part: [t.format(agency=agency, year=YEAR) for t in texts] for part, texts in parts.items()}


def drawn(rng: random.Random, *, near: bool) -> dict[str, list[str]]:
    """The circular as one agency prints it: as it is, or with figures, words and order of its own and three sentences left out."""
    said = {part: list(TEXT["circular"][part]) for part in ("overview", "problems", "improvements")}
    if near:
        for out in rng.sample([(part, text) for part in said for text in said[part]], 3):
            said[out[0]].remove(out[1])
        rng.shuffle(said["overview"])
    numbers = {k: rng.randint(3, 400) for k in "abcdefg"} if near else dict.fromkeys("abcdefg", 37)
    swaps = [s for s in TEXT["circular"]["swaps"] if near and rng.random() < 0.5]
    for part, texts in said.items():
        for old, new in swaps:
            texts = [t.replace(old, new) for t in texts]
        said[part] = [t.format(**numbers) for t in texts]
    return said


def members(count: int) -> list[str]:
    towns = ["澧溪", "泖南", "沂岭", "滦桥", "淦江", "颍屯", "濮塘", "浈水", "泗关", "漳坪"]
    bureaus = [
        "民政局",
        "财政局",
        "司法局",
        "审计局",
        "商务局",
        "应急管理局",
        "城市管理局",
        "医疗保障局",
        "体育局",
        "信访局",
    ]
    return [f"{town}县{bureau}" for bureau, town in itertools.product(bureaus, towns)][:count]


def related(reports: dict[str, dict[str, list[str]]]) -> set[frozenset[str]]:
    """The pairs of agencies that are said to share text."""
    rows = [
        {"agency": agency, "report_id": agency, "year": YEAR, "section": section, "text": text}
        for agency, parts in reports.items() for section, texts in parts.items() for text in texts
    ]  # fmt: skip
    found = copied(pd.DataFrame(rows).reset_index(names="sentence_id").astype({"sentence_id": str}))
    return set(map(frozenset, zip(found["agency"], found["source_agency"], strict=True)))


HEADINGS = {"preamble": "", "overview": "一、总体情况", "disputes": "四、政府信息公开行政复议、行政诉讼情况",
            "problems": "五、存在的主要问题及改进情况\n存在的主要问题：", "improvements": "改进情况：", "other": "六、其他需要报告的事项"}  # fmt: skip


def related_files(reports: dict[str, dict[str, list[str]]], folder: Path) -> set[frozenset[str]]:
    """The same, of files, as `gongkai reuse --network` says it."""
    (folder / "raw").mkdir()
    for agency, parts in reports.items():
        body = "\n".join(f"{HEADINGS[part]}\n{''.join(texts)}" for part, texts in parts.items())
        text = f"{agency}{YEAR}年政府信息公开工作年度报告\n{body}"
        (folder / "raw" / f"{agency}_{YEAR}.txt").write_text(text, "utf-8")
    tables, network = folder / "t", folder / "network.csv"
    for words in (
        ["build", folder / "raw", "-o", tables],
        ["reuse", tables, "-o", folder / "r.csv", "--network", network],
    ):
        done = CliRunner().invoke(app, [str(w) for w in words])
        assert done.exit_code == 0, done.output
    found = pd.read_csv(network, encoding="utf-8-sig")
    assert set(found["cluster"]) <= {0}
    return set(map(frozenset, zip(found["agency"], found["other"], strict=True)))


def planted(size: int, *, near: bool) -> tuple[dict[str, dict[str, list[str]]], set[frozenset[str]]]:
    """The twenty agencies and a group beside them, and the group's pairs."""
    rng = random.Random(f"{size}{near}")
    group = members(size)
    reports = {a["name"]: report(a["name"], a, rng) for a in TEXT["agency"]}
    reports |= {name: report(name, drawn(rng, near=near), rng) for name in group}
    return reports, set(map(frozenset, itertools.combinations(group, 2)))


@pytest.mark.parametrize("near", [False, True], ids=["identical", "near"])
@pytest.mark.parametrize("size", [3, 10, 30, 100])
def test_a_planted_group_is_found_with_all_its_pairs(size, near):
    reports, pairs = planted(size, near=near)
    assert related(reports) == pairs


def test_a_group_of_files_is_found_on_the_command_line(tmp_path):
    reports, pairs = planted(10, near=True)
    assert related_files(reports, tmp_path) == pairs


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [2, 3, 5, 8, 20])
def test_agencies_that_share_the_forms_words_are_not_accused(count, seed, version):
    rng = random.Random(f"{count}-{seed}")
    chosen = rng.sample(TEXT["agency"], count)
    assert related({a["name"]: report(a["name"], a, rng, version) for a in chosen}) == set()
