import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from gongkai.errors import GongkaiError, MeasureError
from gongkai.store.steps import kept, laid, opened, steps, taken


def squared(number):
    return {"out": pa.table({"square": [number**2] * 2}), "none": pa.table({"x": pa.array([], pa.string())})}


class Squares:
    """Squares that leave a note of each time, and may end at one number."""

    def __init__(self, notes, ending=None, at=None):
        self.notes, self.ending, self.at = str(notes), ending, at

    def __call__(self, number):
        with (Path(self.notes) / str(number)).open("a") as stream:
            stream.write("x")
        if number == self.at:
            self.ending()
        return squared(number)


def kill_once(notes):
    """End the process, but only the first time."""
    mark = Path(notes) / "killed"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


class KillOnce(Squares):
    def __call__(self, number):
        if number == self.at:
            kill_once(self.notes)
        return squared(number)


def stop():
    raise KeyboardInterrupt


def refuse():
    raise MeasureError("no")


def values(found):
    return [table["out"]["square"].to_pylist() for table in found]


EXPECTED = [[0, 0], [1, 1], [4, 4], [9, 9]]


def test_steps_come_in_the_order_of_their_inputs_whoever_runs_them(tmp_path):
    assert values(taken(None, "squares", squared, range(4))) == EXPECTED
    with ThreadPoolExecutor(2) as pool:
        for how in ({}, {"jobs": 2}, {"executor": pool}, {"output": tmp_path / "o.csv"}):
            with steps(**how) as s:
                found = list(taken(s, "squares", squared, range(4)))
                assert values(found) == EXPECTED
                assert found[0]["none"].schema == pa.schema([("x", pa.string())])
    assert list(tmp_path.iterdir()) == []


def test_what_is_laid_out_is_the_same_in_memory_and_on_disk():
    with steps(jobs=2) as s:
        for how in (None, s):
            for given in ([3], [3, 2]):
                found = [
                    opened(place)["out"]["square"].to_pylist() for place in laid(how, "it", squared, given)
                ]
                assert found == [[n * n] * 2 for n in given]


def test_the_second_of_a_name_is_another():
    with steps() as s:
        assert values(taken(s, "squares", squared, [1])) == [[1, 1]]
        assert values(taken(s, "squares", squared, [2])) == [[4, 4]]


def test_what_is_done_is_not_done_again(tmp_path):
    output, notes = tmp_path / "o.csv", tmp_path / "notes"
    notes.mkdir()
    with pytest.raises(KeyboardInterrupt), steps(output, {"a": 1}) as s:
        list(taken(s, "squares", Squares(notes, stop, 2), range(4)))
    with steps(output, {"a": 1}, resume=True) as s:
        assert s.resumed
        assert values(taken(s, "squares", Squares(notes), range(4))) == EXPECTED
    assert {p.name: len(p.read_text()) for p in notes.iterdir()} == {"0": 1, "1": 1, "2": 2, "3": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["notes"]


def interrupted(output, plan, inputs=()):
    with pytest.raises(KeyboardInterrupt), steps(output, plan, inputs) as s:
        list(taken(s, "squares", Squares(output.parent, stop, 1), range(2)))


def test_another_plan_is_refused_in_one_line(tmp_path):
    output, read = tmp_path / "o.csv", tmp_path / "read"
    read.mkdir()
    (read / "part").write_text("a")
    interrupted(output, {"a": 1}, [read])
    for plan, inputs, said in [({"a": 2}, [read], "changed"), ({"a": 1}, [], "changed")]:
        with (
            pytest.raises(GongkaiError, match=rf"^{output}: .*{said}"),
            steps(output, plan, inputs, resume=True),
        ):
            pass
    (read / "part").write_text("ab")
    with pytest.raises(GongkaiError, match="changed"), steps(output, {"a": 1}, [read], resume=True):
        pass
    with (
        pytest.raises(GongkaiError, match=r"o\.csv: an interrupted run .* --resume"),
        steps(output, {"a": 1}),
    ):
        pass
    with steps(output, {"a": 2}, overwrite=True) as s:
        assert not s.resumed


def test_the_output_is_named_where_another_writes_it_or_nothing_can_be_written(tmp_path):
    output = tmp_path / "o.csv"
    with steps(output), pytest.raises(GongkaiError, match=rf"^{output}: another gongkai"), steps(output):
        pass
    output.write_text("a")
    with pytest.raises(GongkaiError, match=rf"^{output / 'p.csv'}: cannot write"), steps(output / "p.csv"):
        pass


def test_what_exists_is_refused_before_anything_is_done(tmp_path):
    (tmp_path / "o.csv").write_text("mine")
    with pytest.raises(GongkaiError, match="exists"), steps(tmp_path / "o.csv", {}):
        raise AssertionError
    assert [p.name for p in tmp_path.iterdir()] == ["o.csv"]


def test_what_the_interrupted_run_wrote_may_be_replaced(tmp_path):
    output = tmp_path / "o.csv"
    interrupted(output, {})
    output.write_text("half of the outputs")
    with steps(output, {}, resume=True) as s:
        assert s.resumed


def test_what_a_killed_writer_left_beside_the_output_goes(tmp_path):
    (tmp_path / ".o.gongkai-abcd1234.csv").touch()
    (tmp_path / ".o.20240101.csv").touch()
    with steps(tmp_path / "o.csv", {}):
        pass
    assert [p.name for p in tmp_path.iterdir()] == [".o.20240101.csv"]


def test_without_steps_there_are_some_for_what_needs_them():
    with kept(None) as s, kept(s) as same:
        assert same is s
        places = laid(s, "squares", squared, [1, 2], elsewhere=True)
        assert [opened(place)["out"]["square"][0].as_py() for place in places] == [1, 4]


def test_refused_inputs_and_runs_without_a_step_leave_nothing(tmp_path):
    with pytest.raises(MeasureError), steps(tmp_path / "o.csv", {}) as s:
        list(taken(s, "squares", Squares(tmp_path, refuse, 1), range(3)))
    with pytest.raises(KeyboardInterrupt), steps(tmp_path / "p.csv", {}) as s:
        raise KeyboardInterrupt
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0", "1"]


def test_a_second_run_of_the_same_output_is_refused(tmp_path):
    with (
        steps(tmp_path / "o.csv", {}),
        pytest.raises(GongkaiError, match="another gongkai"),
        steps(tmp_path / "o.csv", {}),
    ):
        pass


@pytest.mark.skipif(os.name != "posix", reason="kill -9 as on POSIX")
def test_a_killed_worker_costs_its_step_another_try(tmp_path):
    with steps(jobs=2) as s:
        found = taken(s, "squares", KillOnce(tmp_path, at=2), range(4))
        assert values(found) == EXPECTED
    assert (tmp_path / "killed").exists()
