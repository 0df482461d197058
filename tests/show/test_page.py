import re
from html.parser import HTMLParser

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gongkai.classify.predict import predict
from gongkai.corpus.build import build
from gongkai.show.page import MAX_REPORTS, write_page
from gongkai.tables.schema import SCHEMAS, read_table
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


def test_kinds_are_told_without_colour(page):
    """A sign before each sentence, with a text that screen readers say."""
    for kind, said in (("promise", "checkable promise"), ("cheap", "cheap talk"), ("formula", "formula")):
        assert re.search(rf'\.s\.{kind}::before {{[^}}]*/ "{said}: "', page)


def test_checks_are_shown_broken_ones_in_full(page, tables):
    assert "requests.row:granted: 8 ≠ 9" in page
    checks = read_table(tables, "checks")
    shown = re.findall(r"(\d+) hold 成立, (\d+) broken 不成立, (\d+) undecided", page)
    assert len(shown) == checks["report_id"].nunique()
    assert sum(sum(map(int, counts)) for counts in shown) == len(checks)


def many(tables, predictions, copies, folder):
    """Write the tiny corpus many times over, each time by agencies of another name."""
    parts = {"predictions": [], **{name: [] for name in ("reports", "sentences", "checks")}}
    for k in range(copies):
        for name, kept in parts.items():
            frame = predictions if name == "predictions" else read_table(tables, name)
            keys = {
                c: frame[c] + f"-{k}" for c in ("report_id", "sentence_id", "agency") if c in frame.columns
            }
            kept.append(frame.assign(**keys))
    whole = {name: pd.concat(kept, ignore_index=True) for name, kept in parts.items()}
    for name in ("reports", "sentences", "checks"):
        (folder / name).mkdir(parents=True)
        table = pa.Table.from_pandas(whole[name], schema=SCHEMAS[name], preserve_index=False)
        pq.write_table(table, folder / name / "part-00000.parquet")
    return whole["predictions"]


@pytest.mark.slow
def test_two_thousand_reports_are_sampled_and_it_says_so(tables, predictions, tmp_path):
    copies = -(-2000 // len(read_table(tables, "reports")))
    found = many(tables, predictions, copies, tmp_path / "t")
    page = write_page(tmp_path / "t", found, tmp_path / "p.html").read_text(encoding="utf-8")
    reports = copies * len(read_table(tables, "reports"))
    assert page.count('<details class="report"') == MAX_REPORTS
    assert f"{MAX_REPORTS} of them, evenly drawn, are shown in full" in page
    assert f"{reports} reports" in page
    assert "agencies, evenly drawn; the table has all" in page
    assert len(page.encode()) < 20e6


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
