import pytest

from gongkai.readers import formats
from gongkai.readers.formats import READERS, SUFFIXES, reader_of, readers_state


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<!doctype html><p>x", "html"),
        (b"%PDF-1.7", "pdf"),
        ("普通文本".encode(), "text"),
        ("[索引号] 甲".encode(), "text"),
        ("< 返回首页>\n甲".encode(), "text"),
        (b'{"title": "x"}', "json"),
        (b"{\\rtf1 x}", "rtf"),
        (b"GIF89a", "gif"),
        (b"\0\1\2" * 9, "binary"),
    ],
)
def test_the_content_decides(content, kind):
    assert reader_of(content).name == kind


def test_each_ending_belongs_to_one_reader_and_each_name_is_used_once():
    assert len(set(SUFFIXES)) == len(SUFFIXES)
    assert len({reader.name for reader in READERS}) == len(READERS)


def test_what_is_known_and_not_read_has_no_media_type():
    assert {"zip", "binary"} <= {reader.name for reader in READERS if reader.media_type is None}
    assert not {"zip", "binary"} & readers_state().keys()


def test_the_state_names_libraries_that_are_not_installed(monkeypatch):
    monkeypatch.setattr(formats, "libraries", lambda names: dict.fromkeys(names))
    assert readers_state()["doc"] == {"version": 1, "libraries": {"olefile": None}}
