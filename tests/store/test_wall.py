"""A file that hangs or eats memory costs one row, by name, with one worker and with two."""

import shutil
import time

import pytest

from gongkai.corpus import build as building
from gongkai.corpus.build import build, build_shard
from gongkai.report.file import File, read_file
from gongkai.store.wall import Wall
from gongkai.tables.parts import read_table
from tests.conftest import DATA


def poisoned(path, known):
    """Read a file; those called so hang, or take all memory. Stands in for `read_file` in the workers."""
    if "hangs" in path:
        time.sleep(600)
    if "eats" in path:
        bytearray(8 * 2**30)
    return read_file(path, known)


def shard_with_poison(inputs, number, folder, **settings):
    building.read_file = poisoned
    return build_shard(inputs, number, folder, **settings)


@pytest.mark.slow  # workers start some times
@pytest.mark.parametrize("jobs", [1, 2])
def test_poison_costs_one_row_each(tmp_path, monkeypatch, jobs):
    (tmp_path / "r").mkdir()
    good = (DATA / "mini" / "云汀市民政局2020.txt").read_bytes()
    for number, name in enumerate(["a", "hangs", "hangs-too", "z"]):
        (tmp_path / "r" / f"{name}.txt").write_bytes(good.replace(b"2020", b"202%d" % number))
    monkeypatch.setattr(building, "build_shard", shard_with_poison)
    summary = build(tmp_path / "r", tmp_path / "t", jobs=jobs, wall=Wall(seconds=15))
    assert (summary.files, summary.reports, summary.failed) == (4, 2, 2)
    problems = read_table(tmp_path / "t", "problems")
    assert (
        problems.loc[problems["code"].eq("slow"), "source_path"].str[-13:].str.contains("hangs").tolist()
        == [True] * 2
    )


def test_what_takes_too_much_memory_is_said(tmp_path, monkeypatch):
    shutil.copy(DATA / "mini" / "云汀市民政局2020.txt", tmp_path / "eats.txt")

    def eating(_):
        bytearray(8 * 2**30)

    monkeypatch.setattr("gongkai.report.file.read_document", eating)
    with Wall(memory=0.5, notes=str(tmp_path)).around("x"):
        file = read_file(tmp_path / "eats.txt")
    assert isinstance(file, File)
    assert [problem.code for problem in file.problems] == ["large"]
