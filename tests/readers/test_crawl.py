import base64
import gc
import gzip
import importlib.util
import io
import os
import random
import warnings
import zipfile

import fsspec
import pytest

from gongkai.corpus.build import build
from gongkai.corpus.find import find_inputs
from gongkai.errors import ReadError
from gongkai.readers import archive, crawl
from gongkai.readers.read import read_document
from gongkai.tables.parts import read_table
from tests.conftest import DATA

warcio = pytest.importorskip("warcio")
from warcio.statusandheaders import StatusAndHeaders  # noqa: E402
from warcio.warcwriter import WARCWriter  # noqa: E402

MINI = DATA / "mini"
PAGE = (MINI / "云汀市民政局2021.html").read_bytes()
PDF = next(MINI.glob("*.pdf")).read_bytes()


def warc(*answers, packed=True):
    """Write a crawl of (address, kind, status, body)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the writer leaves temporary files open
        content = written(answers, packed)
        gc.collect()
    return content


def written(answers, packed):
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "test"}))
    for address, kind, status, body in answers:
        head = StatusAndHeaders(status, [("Content-Type", kind), *([("Content-Encoding", "gzip")] if body[:2] == b"\x1f\x8b" else [])], protocol="HTTP/1.1")  # fmt: skip
        writer.write_record(
            writer.create_warc_record(address, "response", payload=io.BytesIO(body), http_headers=head)
        )
        request = StatusAndHeaders("GET / HTTP/1.1", [], is_http_request=True)
        writer.write_record(writer.create_warc_record(address, "request", http_headers=request))
    return buffer.getvalue()


ANSWERS = [
    ("http://a.gov.cn/1.html", "text/html; charset=utf-8", "200 OK", PAGE),
    ("http://a.gov.cn/x.css", "text/css", "200 OK", b"p{}"),
    ("http://a.gov.cn/2.html", "text/html", "404 Not Found", PAGE),
    ("http://a.gov.cn/3.pdf", "application/pdf", "200 OK", PDF),
    (
        "http://a.gov.cn/4.html",
        "text/html",
        "200 OK",
        gzip.compress("<p>云汀市公告，今日放假。</p>".encode()),
    ),
]


@pytest.mark.parametrize("name", ["c.warc.gz", "c.warc", "c.wacz"])
def test_each_answer_that_may_be_a_report_is_an_input_with_its_address(tmp_path, name):
    path = tmp_path / name
    content = warc(*ANSWERS, packed=name != "c.warc")
    if name == "c.wacz":
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("datapackage.json", "{}")
            made.writestr("archive/data.warc.gz", content)
    else:
        path.write_bytes(content)
    inputs = find_inputs([tmp_path])
    assert [i.startswith(f"{path.as_posix()}#") for i in inputs] == [True] * 3
    documents = [read_document(i) for i in inputs]
    assert [(d.media_type, d.url) for d in documents] == [("html", ANSWERS[0][0]), ("pdf", ANSWERS[3][0]), ("html", ANSWERS[4][0])]  # fmt: skip
    assert documents[2].blocks[0].text == "云汀市公告，今日放假。"
    summary = build(tmp_path, tmp_path / "t")
    assert (summary.files, summary.reports, summary.failed) == (3, 2, 1)
    assert set(read_table(tmp_path / "t", "reports")["source_path"]) == set(inputs[:2])


def test_a_crawl_is_read_where_it_stands_at_an_address():
    system = fsspec.filesystem("memory")
    system.pipe("/crawls/c.warc.gz", warc(*ANSWERS))
    inputs = find_inputs(["memory://crawls"])
    assert len(inputs) == 3
    assert read_document(inputs[1]).url == "http://a.gov.cn/3.pdf"
    system.rm("/crawls", recursive=True)


def test_a_crawl_cut_off_or_damaged_costs_the_record_and_no_other(tmp_path):
    noise = base64.b64encode(random.Random(3).randbytes(20_000))  # cannot be packed small
    answers = [(f"http://a.gov.cn/{i}", "text/html", "200 OK", b"<p>" + bytes([65 + i]) + b"</p><!--" + noise + b"-->") for i in range(4)]  # fmt: skip
    whole = warc(*answers)
    path = tmp_path / "c.warc.gz"
    path.write_bytes(whole[: -len(whole) // 8])
    said = [_said(i) for i in find_inputs([path])]
    assert said[:3] == ["A", "B", "C"]
    assert "cut off" in said[3]
    at = int(find_inputs([path])[1].rpartition("#")[2])
    path.write_bytes(whole[: at + 300] + b"x" * 40 + whole[at + 340 :])
    said = [_said(i) for i in find_inputs([path])]
    assert (said[0], said[-2:]) == ("A", ["C", "D"])
    assert len(said) == 4
    assert "damaged" in said[1] or "cut off" in said[1]
    path.write_bytes(whole[: at + 9000] + b"x" * 40 + whole[at + 9040 :])
    said = [_said(i) for i in find_inputs([path])]
    assert ([said[0], *said[2:]], "cut off" in said[1]) == (["A", "C", "D"], True)


def _said(path):
    try:
        return read_document(path).blocks[0].text
    except ReadError as error:
        return str(error)


def test_a_bomb_costs_its_record(tmp_path, monkeypatch):
    monkeypatch.setattr(crawl, "MAX_RECORD", 1_000_000)
    path = tmp_path / "c.warc.gz"
    path.write_bytes(warc(("http://a/b", "text/html", "200 OK", b"0" * 5_000_000), ANSWERS[0]))
    bomb, page = find_inputs([path])
    assert "not a report" in _said(bomb)
    assert read_document(page).url == ANSWERS[0][0]


def test_what_cannot_be_read_in_place_or_at_all_is_one_row(tmp_path, monkeypatch):
    path = tmp_path / "c.wacz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("archive/data.warc", warc(*ANSWERS, packed=False))
    (inside,) = find_inputs([path])
    assert "unpack the WACZ" in _said(inside)
    broken = tmp_path / "d.wacz"
    broken.write_bytes(b"PK\x03\x04" + b"\0" * 90)
    assert find_inputs([broken]) == [broken.as_posix()]
    assert "damaged WACZ" in _said(broken)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    crawl._entries.cache_clear()
    assert "gongkai[web]" in _said(path)


def test_a_record_changes_with_its_archive_and_is_as_long_as_it_says(tmp_path):
    path = tmp_path / "c.warc.gz"
    path.write_bytes(warc(*ANSWERS))
    before = archive.state(find_inputs([path])[0])
    assert before[0] > len(PAGE)
    os.utime(path, (1, 1))
    assert archive.state(find_inputs([path])[0]) != before
