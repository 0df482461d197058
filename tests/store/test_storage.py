"""Addresses instead of paths, on an object store in memory that cannot rename and has no folders."""

import sys

import pytest

import gongkai
from gongkai.corpus import build as building
from gongkai.corpus.build import build
from gongkai.corpus.stream import predict_tables
from gongkai.errors import GongkaiError, ReadError
from gongkai.store import storage
from gongkai.store.shards import UNFINISHED
from gongkai.tables.parts import read_table
from gongkai.tables.schema import BUILT
from tests.conftest import DATA
from tests.corpus.test_build import contents

fsspec = pytest.importorskip("fsspec", reason="the extra cloud is not installed")


@pytest.fixture
def store(monkeypatch):
    """A fresh store, with two of our reports, a copy and a broken file in it."""
    from fsspec.implementations.memory import MemoryFileSystem

    def refuse(*_, **__):
        raise NotImplementedError("an object store does not do that")

    for name in ("mv", "mv_file", "rename", "move", "mkdir", "makedirs"):
        monkeypatch.setattr(MemoryFileSystem, name, refuse, raising=False)
    keep = MemoryFileSystem.pipe_file

    def bytes_only(self, path, value, **options):
        assert type(value) is bytes  # s3fs refuses anything that merely behaves so
        keep(self, path, value, **options)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", bytes_only)
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    monkeypatch.setattr(MemoryFileSystem, "pseudo_dirs", [""])
    monkeypatch.setattr(building, "SHARD_SIZE", 2)
    system = MemoryFileSystem()
    for name in ("云汀市民政局2021.html", "云汀市民政局2020.txt"):
        system.pipe_file(f"/bucket/r/{name}", (DATA / "mini" / name).read_bytes())
    system.pipe_file("/bucket/r/副本.html", (DATA / "mini" / "云汀市民政局2021.html").read_bytes())
    system.pipe_file("/bucket/r/坏.pdf", b"%PDF-1.4 broken")
    system.pipe_file("/bucket/r/.hidden.html", b"x")
    return system


def names(system, folder):
    return sorted(p.removeprefix(folder) for p in system.find(folder))


def test_reports_at_an_address_give_tables_at_an_address(store, model, tmp_path):
    summary = build("memory://bucket/r", "memory://bucket/t")
    assert (summary.files, summary.reports, summary.failed) == (4, 2, 1)
    assert set(names(store, "/bucket/t")) == {"/run.json"} | {
        f"/{table}/part-0000{i}.parquet" for table in BUILT for i in (0, 1)
    } | {"/checks/part-00002.parquet"}
    found = gongkai.read("memory://bucket/t", "sentences", year=2021)
    assert set(found["agency"]) == {"云汀市民政局"}
    assert read_table("memory://bucket/t", "reports")["source_path"].str.startswith("memory://").all()
    predict_tables("memory://bucket/t", "memory://bucket/p", model=model)
    assert len(read_table("memory://bucket/p", "predictions")) == 2 * summary.sentences
    with gongkai.connect("memory://bucket/t", "memory://bucket/p") as opened:
        (counted,) = opened.execute("SELECT count(*) FROM predictions").fetchone()
    assert counted == 2 * summary.sentences


def test_the_tables_are_the_bytes_that_a_local_folder_gets(store, tmp_path):
    build("memory://bucket/r", tmp_path / "t")
    build("memory://bucket/r", "memory://bucket/t")
    there = {name[1:]: store.cat_file(f"/bucket/t{name}") for name in names(store, "/bucket/t")}
    assert there == contents(tmp_path / "t")


def test_interrupted_resumed_and_refused_at_an_address(store, tmp_path):
    build("memory://bucket/r", "memory://bucket/whole")
    build("memory://bucket/r", "memory://bucket/t", share=(2, 2))
    assert names(store, f"/bucket/t/{UNFINISHED}") == ["/00001.json", "/plan.json"]
    with pytest.raises(GongkaiError, match="pass --resume"):
        build("memory://bucket/r", "memory://bucket/t")
    build("memory://bucket/r", "memory://bucket/t", resume=True)
    assert not names(store, f"/bucket/t/{UNFINISHED}")
    assert names(store, "/bucket/t") == names(store, "/bucket/whole")
    with pytest.raises(GongkaiError, match="--overwrite"):
        build("memory://bucket/r", "memory://bucket/t")
    build("memory://bucket/r", "memory://bucket/t", limit=1, overwrite=True)
    assert len(read_table("memory://bucket/t", "reports")) == 1
    store.pipe_file("/bucket/mine/thesis.docx", b"years of work")
    with pytest.raises(GongkaiError, match="did not make"):
        build("memory://bucket/r", "memory://bucket/mine", overwrite=True)


def test_missing_places_and_packages_are_said(store, monkeypatch):
    with pytest.raises(ReadError, match="no such file or folder"):
        build("memory://bucket/none", "memory://bucket/t")
    with pytest.raises(GongkaiError, match=r"gongkai\[cloud\]"):
        storage.exists("nonsense://bucket/t")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(GongkaiError, match=r"gongkai\[cloud\]"):
        storage.exists("memory://bucket/t")


def test_processes_reach_an_address_too(store, tmp_path):
    for name in ("a.html", "b.html", "c.html"):
        page = (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8")
        (tmp_path / name).write_text(page + f"<!-- {name} -->", encoding="utf-8")
    build(f"file://{tmp_path}", f"file://{tmp_path}/t", jobs=2)
    build(f"file://{tmp_path}", tmp_path / "local")
    assert contents(tmp_path / "t") == contents(tmp_path / "local")
