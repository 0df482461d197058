"""Folders as they are found: what is no file that ends, or cannot be read, costs one row; the run goes on."""

import os
import shutil
import socket
import zipfile

import pytest

from gongkai.corpus.build import build
from gongkai.errors import GongkaiError
from gongkai.tables.parts import read_table
from tests.conftest import DATA

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes, links and names as on POSIX")
GOOD = DATA / "mini" / "云汀市民政局2020.txt"


@pytest.fixture
def folder(tmp_path):
    """A folder with one good report."""
    (tmp_path / "r").mkdir()
    shutil.copy(GOOD, tmp_path / "r" / "good.txt")
    return tmp_path / "r"


def failures(folder, tables):
    """Build, and return which files failed; the good report must be there."""
    summary = build(folder, tables)
    assert summary.reports == 1
    problems = read_table(tables, "problems")
    failed = problems[problems["severity"] == "error"]
    assert len(failed) == summary.failed
    return dict(
        zip(failed["source_path"].map(lambda p: p.rsplit("/", 1)[-1]), failed["message"], strict=True)
    )


def test_a_pipe_is_not_waited_for(folder, tmp_path):
    os.mkfifo(folder / "x.txt")
    os.mkfifo(folder / "x.zip")
    found = failures(folder, tmp_path / "t")
    assert "is a pipe, a socket or a device" in found["x.txt"]
    build([folder / "x.txt", folder / "good.txt"], tmp_path / "u")


def test_sockets_devices_and_links_that_lead_nowhere(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.txt")
        (folder / "zero.txt").symlink_to("/dev/zero")
        (folder / "null.html").symlink_to("/dev/null")
        (folder / "gone.pdf").symlink_to("nothing.pdf")
        (folder / "a.txt").symlink_to("b.txt")
        (folder / "b.txt").symlink_to("a.txt")
        (folder / "up").symlink_to(folder)
        found = failures(folder, tmp_path / "t")
    assert sorted(found) == ["a.txt", "b.txt", "gone.pdf", "null.html", "s.txt", "zero.txt"]


def test_a_folder_with_a_name_of_a_file(folder, tmp_path):
    (folder / "a.pdf").mkdir()
    (folder / "b.zip").mkdir()
    shutil.move(folder / "good.txt", folder / "a.pdf" / "good.txt")
    assert failures(folder, tmp_path / "t") == {}


def test_what_may_not_be_read(folder, tmp_path, monkeypatch):
    (folder / "shut.txt").write_text("x")
    real = type(folder).read_bytes

    def refusing(path):
        if path.name == "shut.txt":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(type(folder), "read_bytes", refusing)
    assert "Permission denied" in failures(folder, tmp_path / "t")["shut.txt"]


@pytest.mark.parametrize("name", [b"\xb9\xab\xbf\xaa.txt", b"\xff.html", "é" * 123 + ".txt"])
def test_names_not_in_utf8_and_very_long_ones(folder, tmp_path, name):
    path = os.path.join(os.fsencode(folder), os.fsencode(name))  # noqa: PTH118
    with open(path, "wb") as stream:  # noqa: PTH123
        stream.write("购物指南".encode())
    assert len(failures(folder, tmp_path / "t")) == 1
    os.remove(path)  # noqa: PTH107
    os.rename(folder / "good.txt", path)  # noqa: PTH104
    assert build(folder, tmp_path / "u").reports == 1


def test_an_input_folder_that_is_also_the_output_is_left_alone(folder):
    with pytest.raises(GongkaiError, match="exists"):
        build(folder, folder)
    with pytest.raises(GongkaiError, match="did not make"):
        build(folder, folder, overwrite=True)
    assert [p.name for p in folder.iterdir()] == ["good.txt"]
    build(folder, folder / "tables")
    assert build(folder, folder / "tables", overwrite=True).reports == 1


def test_archives_in_archives(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as inner:
        inner.write(GOOD, "x.txt")
    with zipfile.ZipFile(folder / "out.zip", "w") as outer:
        outer.write(tmp_path / "in.zip", "in.zip")
        outer.writestr("shop.txt", "购物指南")
    found = failures(folder, tmp_path / "t")
    assert "shop.txt" in found


@pytest.mark.slow
def test_twenty_thousand_files_in_one_folder(folder, tmp_path):
    for number in range(20_000):
        (folder / f"{number}.txt").write_text(f"{number}")
    assert len(failures(folder, tmp_path / "t")) == 20_000
