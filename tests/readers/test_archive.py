"""ZIP folders: names in GBK, what is refused, and that a build reads them like a folder."""

import zipfile

import pytest

from gongkai.corpus.build import build, find_inputs
from gongkai.errors import ReadError
from gongkai.readers import archive
from gongkai.readers.read import read_document
from gongkai.tables.parts import read_table
from tests.conftest import DATA

REPORT = (DATA / "mini" / "云汀市民政局2021.html").read_bytes()


def zip_of(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


@pytest.fixture
def gbk(tmp_path, monkeypatch):
    """An archive with GBK names."""
    monkeypatch.setattr(
        zipfile.ZipInfo,
        "_encodeFilenameFlags",
        lambda self: (self.filename.encode("gb18030"), self.flag_bits & ~0x800),
    )
    path = tmp_path / "报告.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("民政局/二〇二一年.html", REPORT)
        made.writestr("说明.xlsx", b"x")
    monkeypatch.undo()
    return path


def test_gbk_names_are_read(gbk):
    inside = f"{gbk.as_posix()}/民政局/二〇二一年.html"
    assert find_inputs([gbk]) == [inside]
    assert read_document(inside).media_type == "html"


def test_a_build_reads_an_archive_like_a_folder(gbk, tmp_path):
    summary = build([gbk, DATA / "mini" / "云汀市民政局2020.txt"], tmp_path / "t")
    assert (summary.reports, summary.failed) == (2, 0)
    paths = read_table(tmp_path / "t", "reports")["source_path"]
    assert paths.str.endswith("报告.zip/民政局/二〇二一年.html").sum() == 1


def test_a_copy_outside_is_noted_once(gbk, tmp_path):
    summary = build([gbk, DATA / "mini" / "云汀市民政局2021.html"], tmp_path / "t")
    assert summary.reports == 1
    assert "same bytes as" in read_table(tmp_path / "t", "problems")["message"].iloc[0]


def test_a_bomb_and_an_archive_inside_are_refused(tmp_path):
    path = zip_of(
        tmp_path / "a.zip", {"bomb.txt": bytes(5_000_000), "b.zip": b"PK\x03\x04", "ok.html": REPORT}
    )
    with pytest.raises(ReadError, match="times its size"):
        read_document(path / "bomb.txt")
    with pytest.raises(ReadError, match="archive inside an archive"):
        read_document(path / "b.zip")
    summary = build(path, tmp_path / "t")
    assert (summary.reports, summary.failed) == (1, 2)


def test_too_many_and_too_large_are_refused_whole(tmp_path, monkeypatch):
    path = zip_of(tmp_path / "a.zip", {f"{i}.html": b"x" for i in range(5)})
    monkeypatch.setattr(archive, "MAX_MEMBERS", 4)
    with pytest.raises(ReadError, match="holds 5 files"):
        archive.members(path)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 9)
    monkeypatch.setattr(archive, "MAX_TOTAL", 3)
    with pytest.raises(ReadError, match="are refused"):
        archive.members(path)


def test_a_damaged_archive_costs_one_row(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 40)
    summary = build(path, tmp_path / "t")
    assert (summary.reports, summary.failed) == (0, 1)


def test_a_name_that_climbs_is_only_a_name(tmp_path):
    path = zip_of(tmp_path / "a.zip", {"../../evil.html": REPORT})
    assert build(path, tmp_path / "t").reports == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "t"]
