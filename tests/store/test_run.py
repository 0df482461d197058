import errno
import os
from dataclasses import dataclass

import pytest

from gongkai.errors import GongkaiError, SchemaError
from gongkai.store import run


@dataclass(frozen=True)
class Settings:
    name: str = "linear"
    share: float = 0.25
    folds: int = 5
    values: tuple[float, ...] = (1.0,)


def settings_file(tmp_path, text):
    path = tmp_path / "run.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_settings_are_read_with_their_types(tmp_path):
    path = settings_file(tmp_path, 'name = "x"\nshare = 1\nvalues = [2.0, 3.0]\n')
    assert run.read_settings(path, Settings) == Settings("x", 1.0, 5, (2.0, 3.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nmae = 'x'", "unknown setting nmae"),
        ("folds = 'five'", "folds must be of type int"),
        ("= 3", "cannot read"),
    ],
)
def test_bad_settings_are_refused(tmp_path, text, said):
    with pytest.raises(SchemaError, match=said):
        run.read_settings(settings_file(tmp_path, text), Settings)


def test_missing_settings_file_is_one_clear_error(tmp_path):
    with pytest.raises(SchemaError, match=r"none\.toml: cannot be read"):
        run.read_settings(tmp_path / "none.toml", Settings)


def test_a_failed_folder_leaves_nothing_behind(tmp_path):
    def fail():
        with run.whole_folder(tmp_path / "model") as hidden:
            (hidden / "half").write_text("x")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_failed_replacement_keeps_the_old_folder(tmp_path):
    target = tmp_path / "model"
    with run.whole_folder(target) as hidden:
        (hidden / "run.json").write_text("old")

    def fail():
        with run.whole_folder(target, overwrite=True):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (target / "run.json").read_text() == "old"
    with run.whole_folder(target, overwrite=True) as hidden:
        (hidden / "run.json").write_text("new")
    assert (target / "run.json").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_gongkai_did_not_make_is_never_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.docx").write_text("years of work")
    with pytest.raises(GongkaiError, match="did not make"):
        run.refuse_existing(tmp_path / "thesis", overwrite=True)


def test_a_failed_file_leaves_nothing_behind(tmp_path):
    def fail():
        with run.whole_file(tmp_path / "x.csv") as hidden:
            hidden.write_text("half")
            raise OSError("disk full")

    with pytest.raises(GongkaiError, match=r"x\.csv: cannot be written: disk full"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_bundled_names_what_is_missing():
    with pytest.raises(GongkaiError, match="models/none: not in this installation"):
        run.bundled("models/none")


def test_manifest_is_the_same_for_the_same_run():
    one = run.manifest("build", {"seed": 0}, {"a": "1", "b": "2"})
    two = run.manifest("build", {"seed": 0}, {"b": "2", "a": "1"})
    assert one == two
    assert one != run.manifest("build", {"seed": 0}, {"a": "1", "b": "3"})


@pytest.mark.parametrize("whole", [run.whole_file, run.whole_folder])
def test_what_another_run_wrote_meanwhile_is_kept(tmp_path, whole):
    def second(target):
        with whole(target) as hidden:
            (hidden if hidden.is_file() else hidden / "a").write_text("second")
            first = target / "run.json" if hidden.is_dir() else target
            first.parent.mkdir(exist_ok=True)
            first.write_text("first")

    with pytest.raises(GongkaiError, match="exists"):
        second(tmp_path / "out")
    assert [p.read_text() for p in tmp_path.rglob("*") if p.is_file()] == ["first"]


def full(whole, target):
    with whole(target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("whole", [run.whole_file, run.whole_folder])
def test_a_full_disk_is_said_of_what_was_to_be_written(tmp_path, whole):
    with pytest.raises(GongkaiError, match="out: cannot be written: No space left"):
        full(whole, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_what_is_read_is_never_replaced(tmp_path):
    (tmp_path / "tables" / "reports").mkdir(parents=True)
    for target in (tmp_path, tmp_path / "tables", tmp_path / "tables" / ".." / "tables"):
        with pytest.raises(GongkaiError, match="would be lost"):
            run.refuse_input(target, [tmp_path / "other", tmp_path / "tables"])
    run.refuse_input(tmp_path / "tables" / "predictions", [tmp_path / "tables", None, "s3://b/tables"])


def test_only_what_a_writer_left_is_swept(tmp_path):
    own, target = tmp_path / ".notes.20240101.csv", tmp_path / "notes.csv"
    own.write_text("mine", encoding="utf-8")
    with run.whole_file(target) as hidden:
        hidden.write_text("done")
        left = hidden.with_name(f"{hidden.name[:-5]}x.csv")  # of a writer that was killed
        left.write_text("half")
    run.sweep_beside(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == [own.name, target.name]
