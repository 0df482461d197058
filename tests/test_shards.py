import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gongkai import shards
from gongkai.errors import GongkaiError


def work(inputs, number, folder):
    (Path(folder) / f"{number}.txt").write_text(" ".join(map(str, inputs)))
    return {"n": len(inputs)}


def failing(inputs, number, folder):
    if number == 2:
        raise KeyboardInterrupt
    return work(inputs, number, folder)


def test_cut_depends_on_inputs_only():
    assert shards.cut(range(7), 3) == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor(2)])
def test_every_shard_is_done_once_and_marked(tmp_path, executor):
    folder = tmp_path / "out"
    shards.open_folder(folder, {"a": 1}, overwrite=False, resume=False)
    shards.run_shards(work, shards.cut(list(range(5)), 2), folder, numbers=range(3), executor=executor)
    assert [p.read_text() for p in sorted(folder.glob("*.txt"))] == ["0 1", "2 3", "4"]
    assert shards.sum_marks(folder, 3, None) == {"n": 5}
    shards.close_folder(folder, {})
    assert not (folder / shards.UNFINISHED).exists()


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    folder, plan, parts = tmp_path / "out", {"inputs": [1, 2, 3, 4]}, [[1], [2], [3], [4]]
    shards.open_folder(folder, plan, overwrite=False, resume=False)
    with pytest.raises(KeyboardInterrupt):
        shards.run_shards(failing, parts, folder, numbers=range(4))
    with pytest.raises(GongkaiError, match="--resume"):
        shards.open_folder(folder, plan, overwrite=False, resume=False)
    done = shards.open_folder(folder, plan, overwrite=False, resume=True)
    assert done == {0, 1}
    (folder / "0.txt").write_text("not touched again")
    shards.run_shards(work, parts, folder, numbers=shards.still_to_do(4, done, None))
    assert (folder / "0.txt").read_text() == "not touched again"
    assert shards.sum_marks(folder, 4, None) == {"n": 4}


def test_resume_refuses_other_inputs(tmp_path):
    folder = tmp_path / "out"
    shards.open_folder(folder, {"a": 1}, overwrite=False, resume=False)
    with pytest.raises(GongkaiError, match="changed since"):
        shards.open_folder(folder, {"a": 2}, overwrite=False, resume=True)


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(GongkaiError):
        shards.open_folder(tmp_path / "out", {}, overwrite=True, resume=False)
    assert (tmp_path / "out" / "mine.txt").read_text() == "x"


def test_marks_are_plain_json(tmp_path):
    folder = tmp_path / "out"
    shards.open_folder(folder, {}, overwrite=False, resume=False)
    shards.run_shards(work, [[1]], folder, numbers=[0])
    assert json.loads((folder / shards.UNFINISHED / "00000.json").read_text()) == {"n": 1}


def test_a_second_writer_is_refused_and_the_lock_goes(tmp_path):
    with shards.only_writer(tmp_path / "out"):
        with (
            pytest.raises(GongkaiError, match="another gongkai is writing"),
            shards.only_writer(tmp_path / "out"),
        ):
            pass
    with shards.only_writer(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []
