"""What can go wrong while tables are written: each time the result is the undisturbed one, or a clear refusal."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gongkai.corpus import build as building
from gongkai.corpus.build import build
from gongkai.corpus.stream import predict_tables
from gongkai.errors import GongkaiError
from gongkai.store.shards import UNFINISHED
from gongkai.tables.parts import read_table
from tests.conftest import DATA
from tests.corpus.test_build import contents

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and mounts as on POSIX")

RUN = """
import sys, time
from pathlib import Path
from gongkai.corpus import build as building
from gongkai.corpus.stream import predict_tables
if __name__ == "__main__":
    building.SHARD_SIZE = 3
    command, source, target, jobs, *rest = sys.argv[1:]
    if command == "wait":
        real = building.build_shard
        def waiting(*arguments, **settings):
            while not Path(rest[0]).exists():
                time.sleep(0.01)
            return real(*arguments, **settings)
        building.build_shard = waiting
    if command == "predict":
        predict_tables(source, target, model=rest[0], jobs=int(jobs))
    else:
        building.build(source, target, jobs=int(jobs))
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    place = tmp_path_factory.mktemp("faults")
    (place / "run.py").write_text(RUN, encoding="utf-8")
    (place / "r").mkdir()
    page = (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8")
    for i in range(24):
        (place / "r" / f"{i:02d}.html").write_text(page.replace("412", str(412 + i)), encoding="utf-8")
    return place


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(building, "SHARD_SIZE", 3)


def start(here: Path, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(here / "run.py"), *map(str, arguments)])


@pytest.fixture(scope="module")
def undisturbed(here, model):
    """Both results, and how long each took from the start of Python."""
    seconds = {}
    for command, source, target in (("build", "r", "whole"), ("predict", "whole", "whole-p")):
        begin = time.monotonic()
        assert start(here, command, here / source, here / target, 1, model).wait() == 0
        seconds[command] = time.monotonic() - begin
    return seconds


def kill_and_resume(here, tmp_path, model, command, moments, seconds):
    """Kill at a moment, resume in this process, compare; some moments with two workers."""
    source, whole = (here / "r", here / "whole") if command == "build" else (here / "whole", here / "whole-p")
    for number, moment in enumerate(moments):
        target = tmp_path / f"{command}-{number}"
        process = start(here, command, source, target, 1 + number % 2, model)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment * seconds * (1 + 0.5 * (number % 2)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if not (target / "run.json").exists() or (target / UNFINISHED).exists():
            if command == "build":
                build(source, target, resume=True)
            else:
                predict_tables(source, target, model=model, resume=True)
        assert contents(target) == contents(whole), f"{command} killed at {moment:.2f}"


@pytest.mark.parametrize("command", ["build", "predict"])
def test_killed_at_some_moments_and_resumed(here, undisturbed, model, tmp_path, command):
    kill_and_resume(here, tmp_path, model, command, [0.55, 0.75, 0.95], undisturbed[command])


@pytest.mark.slow
@pytest.mark.parametrize("command", ["build", "predict"])
def test_killed_at_thirty_random_moments_and_resumed(here, undisturbed, model, tmp_path, command):
    moments = [random.Random(seed).uniform(0.05, 1.05) for seed in range(30)]
    kill_and_resume(here, tmp_path, model, command, moments, undisturbed[command])


@contextlib.contextmanager
def mounted(place: Path, options: str):
    """Mount a small file system in memory, where we may."""
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("may not mount a tmpfs here (needs root)")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("jobs", [1, 2])
def test_disk_full_is_said_and_the_run_goes_on_when_there_is_room(here, undisturbed, tmp_path, jobs):
    with mounted(tmp_path / "small", "size=256k") as small:
        with pytest.raises(GongkaiError, match="cannot be written: No space left on device"):
            build(here / "r", small / "t", jobs=jobs)
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        build(here / "r", small / "t", resume=True)
        assert contents(small / "t") == contents(here / "whole")


def test_read_only_output_is_said(here, tmp_path):
    with (
        mounted(tmp_path / "ro", "ro") as place,
        pytest.raises(GongkaiError, match=r"cannot write here: Read"),
    ):
        build(here / "r", place / "t")


def test_an_input_deleted_while_running_costs_one_row(tmp_path, here, monkeypatch):
    source = tmp_path / "r"
    source.mkdir()
    for path in sorted((here / "r").iterdir())[:6]:
        (source / path.name).write_bytes(path.read_bytes())
    real = building.build_shard

    def deleting(*arguments, **settings):
        (source / "04.html").unlink(missing_ok=True)
        return real(*arguments, **settings)

    monkeypatch.setattr(building, "build_shard", deleting)
    summary = build(source, tmp_path / "t")
    assert (summary.files, summary.reports, summary.failed) == (6, 5, 1)
    problems = read_table(tmp_path / "t", "problems")
    (said,) = problems.loc[problems["severity"] == "error", "message"]
    assert "04.html: cannot be read" in said


def test_an_input_changed_between_kill_and_resume_is_noticed(here, tmp_path, monkeypatch):
    (tmp_path / "r").mkdir()
    for path in sorted((here / "r").iterdir())[:6]:
        (tmp_path / "r" / path.name).write_bytes(path.read_bytes())
    build(tmp_path / "r", tmp_path / "t", share=(1, 2))
    os.utime(tmp_path / "r" / "05.html", (0, 0))
    with pytest.raises(GongkaiError, match="inputs or settings changed"):
        build(tmp_path / "r", tmp_path / "t", resume=True)


def test_a_clock_that_jumps_changes_nothing(here, undisturbed, tmp_path, monkeypatch):
    ticks = iter(range(10**6, 0, -1000))
    monkeypatch.setattr(time, "time", lambda: float(next(ticks)))
    build(here / "r", tmp_path / "t")
    assert contents(tmp_path / "t") == contents(here / "whole")


def test_a_second_build_into_the_folder_is_refused_and_harms_nothing(here, undisturbed, tmp_path):
    first = start(here, "wait", here / "r", tmp_path / "t", 1, tmp_path / "go")
    while not (tmp_path / "t" / UNFINISHED / "plan.json").exists():
        assert first.poll() is None
        time.sleep(0.01)
    for options in ({}, {"overwrite": True}, {"resume": True}):
        with pytest.raises(GongkaiError, match="another gongkai is writing into it"):
            build(here / "r", tmp_path / "t", **options)
    (tmp_path / "go").touch()
    assert first.wait() == 0
    assert contents(tmp_path / "t") == contents(here / "whole")
