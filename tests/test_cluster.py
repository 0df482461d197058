"""A real Dask cluster of two worker processes; one is killed in the middle."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gongkai.corpus import build as building
from gongkai.corpus.build import build
from gongkai.corpus.stream import predict_tables
from gongkai.errors import GongkaiError
from gongkai.store import shards
from gongkai.tables.parts import read_table
from tests.conftest import DATA
from tests.corpus.test_build import contents

distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="kill -9 as on POSIX"),
    pytest.mark.filterwarnings("ignore"),  # Dask's own, of sockets and event loops while workers die
]


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as started:
        yield started


@pytest.fixture
def many(tmp_path):
    source = tmp_path / "r"
    source.mkdir()
    page = (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8")
    for i in range(24):
        (source / f"{i:02d}.html").write_text(page.replace("412", str(412 + i)), encoding="utf-8")
    return source


def test_one_of_two_workers_killed_and_the_same_bytes(cluster, many, model, tmp_path, monkeypatch):
    monkeypatch.setattr(building, "SHARD_SIZE", 2)
    build(many, tmp_path / "alone")
    predict_tables(tmp_path / "alone", tmp_path / "alone-p", model=model)
    victim = cluster.workers[0].pid

    def kill_after_the_third_shard():
        while len(list((tmp_path / "dask" / shards.UNFINISHED).glob("[0-9]*.json"))) < 3:
            time.sleep(0.01)
        os.kill(victim, signal.SIGKILL)
        return len(list((tmp_path / "dask" / shards.UNFINISHED).glob("[0-9]*.json")))

    with ThreadPoolExecutor(1) as thread, shards.cluster(cluster.scheduler_address) as executor:
        killed = thread.submit(kill_after_the_third_shard)
        build(many, tmp_path / "dask", executor=executor)
        assert killed.result() < 12, "the worker was killed after the last shard"
        predict_tables(tmp_path / "alone", tmp_path / "dask-p", model=model, executor=executor)
    assert contents(tmp_path / "dask") == contents(tmp_path / "alone")
    assert contents(tmp_path / "dask-p") == contents(tmp_path / "alone-p")
    assert len(read_table(tmp_path / "dask", "reports")) == 24


def killing(inputs, number, folder):
    if 13 in inputs:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"n": len(inputs), "poison": sum(entry < 0 for entry in inputs)}


def test_a_poison_input_is_found_on_a_cluster_too(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 1)  # otherwise Dask itself tries four times
    folder = tmp_path / "out"
    shards.open_folder(folder, {}, overwrite=False, resume=False)
    with shards.cluster(cluster.scheduler_address) as executor:
        shards.run_shards(
            killing,
            [[11], [12, 13]],
            folder,
            numbers=range(2),
            executor=executor,
            poison=lambda entry: -entry,
        )
    assert shards.sum_marks(folder, 2, None) == {"n": 3, "poison": 1}


def test_no_scheduler_is_said():
    distributed_timeout = {"distributed.comm.timeouts.connect": "200ms"}
    import dask

    with (
        dask.config.set(distributed_timeout),
        pytest.raises(GongkaiError, match="no Dask scheduler answers"),
        shards.cluster("tcp://127.0.0.1:1"),
    ):
        pass
