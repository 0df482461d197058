import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gongkai.errors import GongkaiError
from gongkai.store import shards


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


def killing(inputs, number, folder):
    """Die as the kernel makes a process die: always at input 13, at 7 only the first time."""
    first_time = Path(folder) / "seen-7"
    if 13 in inputs or (7 in inputs and not first_time.exists()):
        first_time.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return work(inputs, number, folder)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 as on POSIX")
def test_a_killed_worker_costs_its_shard_a_retry_and_a_poison_input_is_found(tmp_path, caplog):
    folder, parts = tmp_path / "out", shards.cut(list(range(18)), 6)
    shards.open_folder(folder, {}, overwrite=False, resume=False)
    shards.run_shards(killing, parts, folder, numbers=range(3), jobs=2, poison=lambda entry: -entry)
    assert [(folder / f"{i}.txt").read_text() for i in range(3)] == [
        "0 1 2 3 4 5",
        "6 7 8 9 10 11",
        "12 -13 14 15 16 17",
    ]
    assert shards.sum_marks(folder, 3, None) == {"n": 18}
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == ["13: kills its worker"]


def test_shares_do_everything_between_them_once(tmp_path):
    folder, plan, parts = tmp_path / "out", {"a": 1}, [[i] for i in range(7)]
    for i in (3, 1, 2):
        done = shards.open_folder(folder, plan, overwrite=False, resume=False, share=(i, 3))
        mine = shards.still_to_do(7, done, (i, 3))
        assert mine == list(range(i - 1, 7, 3))
        shards.run_shards(work, parts, folder, numbers=mine)
    assert shards.still_to_do(7, shards.open_folder(folder, plan, overwrite=False, resume=True), None) == []
    with pytest.raises(GongkaiError, match="changed since"):
        shards.open_folder(folder, {"a": 2}, overwrite=False, resume=False, share=(1, 3))


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "-1/2", "1/"])
def test_a_share_that_is_none_is_refused(text):
    with pytest.raises(GongkaiError, match="expected I/N"):
        shards.parse_share(text)
    assert shards.parse_share("3/16") == (3, 16)


def test_killed_while_opening_or_closing_the_folder_is_still_ours(tmp_path):
    folder = tmp_path / "out"
    shards.open_folder(folder, {}, overwrite=False, resume=False)
    shards.run_shards(work, [[1]], folder, numbers=[0])
    (folder / shards.UNFINISHED / shards.PLAN).unlink()  # as after the first step of clearing
    with pytest.raises(GongkaiError, match="--resume"):
        shards.open_folder(folder, {}, overwrite=False, resume=False)
    assert shards.open_folder(folder, {}, overwrite=False, resume=True) == set()
    assert not (folder / "0.txt").exists()
    shards.run_shards(work, [[1]], folder, numbers=[0])
    (folder / "run.json").write_text("{}")  # as after the first step of closing
    assert shards.open_folder(folder, {}, overwrite=False, resume=True) == {0}
    shards.close_folder(folder, {})
    assert sorted(p.name for p in folder.iterdir()) == ["0.txt", "run.json"]


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path):
    with pytest.raises(GongkaiError, match="need an absolute path that all share"):
        shards.run_one(work, [1], 0, str(tmp_path / "elsewhere"))
