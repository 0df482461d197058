import re
from html.parser import HTMLParser

import pytest

from gongkai.corpus.build import build
from gongkai.models.predict import predict
from gongkai.page import write_page
from gongkai.schema import read_table
from tests.conftest import DATA


@pytest.fixture(scope="module")
def page(tables, predictions, tmp_path_factory):
    return write_page(tables, predictions, tmp_path_factory.mktemp("page") / "page.html").read_text(
        encoding="utf-8"
    )


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "input", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_it_is_well_formed(page):
    parser = Balance()
    parser.feed(page)
    assert (parser.wrong, parser.open) == ([], [])


def test_it_needs_nothing_from_outside(page):
    without_namespaces = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", without_namespaces)
    assert "default-src 'none'" in page


def test_every_sentence_stands_in_it_with_its_kind(page, sentences):
    spans = re.findall(r'<span class="s (\w+)" data-section="(\w+)" id="([^"]+)"', page)
    assert [s[2] for s in spans] == [
        i
        for report in dict.fromkeys(re.findall(r'id="(\w{12})-', page))
        for i in sentences.loc[sentences["report_id"] == report, "sentence_id"]
    ]
    assert {kind for kind, _, _ in spans} <= {"promise", "cheap", "formula", "fact"}


def test_broken_rules_are_shown(page):
    assert "requests.row:granted: 8 ≠ 9" in page


def test_markup_in_a_report_is_shown_not_run(tmp_path, model):
    source = (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8")
    evil = "&lt;script&gt;alert(1)&lt;/script&gt;$title&lt;img src=x onerror=alert(2)&gt;"
    (tmp_path / "x.html").write_text(source.replace("坚持应公开尽公开", evil), encoding="utf-8")
    build(tmp_path / "x.html", tmp_path / "t")
    found = predict(read_table(tmp_path / "t", "sentences"), model=model)
    text = write_page(tmp_path / "t", found, tmp_path / "p.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "<img" not in text


def test_the_same_tables_give_the_same_page(tables, predictions, tmp_path, page):
    assert write_page(tables, predictions, tmp_path / "again.html").read_text(encoding="utf-8") == page
