"""A real Dask cluster of two worker processes; one is killed in the middle."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from typer.testing import CliRunner

from gongkai.cli.app import app
from gongkai.corpus import build as building
from gongkai.corpus.build import build
from gongkai.corpus.stream import predict_tables
from gongkai.errors import GongkaiError
from gongkai.store import shards
from gongkai.store.run import bundled
from gongkai.tables import predicted
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


@pytest.fixture(scope="module")
def parts(model, tmp_path_factory):
    """The bundled corpus and its predictions, some parts of each."""
    place = tmp_path_factory.mktemp("parts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "SHARD_SIZE", 30)
        build(bundled("corpus/raw"), place / "tables")
    predict_tables(place / "tables", place / "predictions", model=model)
    return place


MEASURES = {
    "measure": "measure {p} -o {o}/m.csv --by agency,year",
    "compare": "compare {t} {p} -o {o}/c.csv --by year --second 2021",
    "terms": "terms {t} -o {o}/t.csv",
    "followup": "followup {t} {p} -o {o}/f.csv",
    "reuse": "reuse {t} -o {o}/r.csv --copies {o}/c.csv --network {o}/n.csv",
    "panel": "panel {t} {p} -o {o}/p.csv",
}


@pytest.mark.parametrize("name", MEASURES)
def test_measures_on_a_cluster_write_the_same_bytes(name, cluster, parts, tmp_path, monkeypatch):
    monkeypatch.setattr(predicted, "BATCH", 10)  # a part at a time
    written = {}
    for place, more in {"here": [], "dask": ["--scheduler", cluster.scheduler_address]}.items():
        output = tmp_path / place
        output.mkdir()
        words = MEASURES[name].format(t=parts / "tables", p=parts / "predictions", o=output).split()
        done = CliRunner().invoke(app, [*words, *more], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        written[place] = {path.name: path.read_bytes() for path in output.iterdir()}
    assert written["dask"] == written["here"]


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
