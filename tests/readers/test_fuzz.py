"""Hostile input: whatever the bytes, a file is read, or refused with a reason; it never crashes a build."""

import io
import plistlib
import random
import time
import zipfile
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gongkai.errors import ReadError, ReportError
from gongkai.readers.printed import ocr
from gongkai.readers.read import parse_document
from gongkai.report.file import File, split_reports
from gongkai.report.report import parse_report
from gongkai.tables.schema import BUILT, table_of
from gongkai.text.sentences import split_sentences
from gongkai.text.tokens import tokenizer
from tests.conftest import DATA
from tests.readers.office.test_odt import odt
from tests.readers.printed.test_ofd import TABLE, ofd
from tests.readers.printed.test_ofd import text as printed
from tests.readers.test_saved import resource

SAMPLES = sorted(
    p for p in DATA.rglob("*") if p.is_file() and p.suffix != ".json" and "retold" not in p.parts
)
SPARK = [
    b"<table>", b"</td>", b"<td colspan=999999999>", b"<td rowspan=99999>", b"<!--", b"-->", b"<script>", b"\x00", b"\xff\xfe", b"&#x0;",
    "（".encode(), "”".encode(), "一、".encode(), b"| " * 50, b"\n" * 30, "五、存在的主要问题及改进情况\n".encode(),
    "本年新收".encode(), b"9" * 400, "－１，２３４．５６万元".encode(), "𠀀😀".encode(), b"%PDF-1.7", b"PK\x03\x04",
]  # fmt: skip


@pytest.fixture(autouse=True)
def without_recognition(monkeypatch):
    """Character recognition takes seconds a page; its own tests are elsewhere."""
    monkeypatch.setattr(ocr, "available", lambda: False)


def read(content: bytes, name: str) -> None:
    """Read bytes as build does; anything but a refusal with the file's name is a failure."""
    try:
        for document in split_reports(parse_document(content, name)):
            rows = File(name, (parse_report(document),)).tables()
            for table in BUILT:
                table_of(table, getattr(rows, table))
    except (ReadError, ReportError) as error:
        if name not in str(error):
            raise AssertionError(f"the refusal does not name the file: {error}") from error


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Cut, repeat, swap, overwrite and insert at random places."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        at, length = rng.randrange(len(data) + 1), rng.choice([1, 3, 20, 500])
        action = rng.randrange(5)
        if action == 0:
            del data[at : at + length]
        elif action == 1:
            data[at:at] = data[at : at + length] * rng.choice([1, 2, 20])
        elif action == 2:
            data[at : at + length] = bytes(rng.randrange(256) for _ in range(min(length, 20)))
        elif action == 3:
            data[at:at] = rng.choice(SPARK)
        else:
            other = rng.randrange(len(data) + 1)
            data[at:at] = data[other : other + length]
        if not data:
            return b"x"
    return bytes(data)


def run_mutations(count: int, seed: int) -> None:
    rng = random.Random(seed)
    contents = [(p, p.read_bytes()) for p in SAMPLES]
    for case in range(count):
        path, content = rng.choice(contents)
        mutated = mutate(content, rng)
        try:
            read(mutated, path.name)
        except Exception as error:
            raise AssertionError(f"case {case} of seed {seed} ({path.name}): {error!r}") from error


def test_mutated_files():
    run_mutations(200, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_mutated_files(seed):
    run_mutations(5000, seed=seed)


@given(
    st.text(
        alphabet=st.sampled_from("一二三、（）()是1.；。：“”《》①其首先公开问题将 \n，措施有待"), max_size=200
    )
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sentences_cover_every_word_of_any_text(text):
    spans = split_sentences(text)
    assert all(a < b for a, b in spans)
    assert all(x[1] <= y[0] for x, y in pairwise(spans))
    covered = "".join(text[a:b] for a, b in spans)
    assert [c for c in covered if "\u4e00" <= c <= "\u9fff"] == [c for c in text if "\u4e00" <= c <= "\u9fff"]


@given(st.binary(max_size=600))
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_any_bytes(content):
    read(content, "x.bin")


TITLE = "云汀市民政局2021年政府信息公开工作年度报告"


@pytest.mark.parametrize(
    "content",
    [
        ("<div>" * 100_000 + TITLE).encode(),
        ("<table>" * 3000 + TITLE).encode(),
        (TITLE + "\n一、总体情况\n" + "公开" * 2_000_000).encode(),
        (TITLE + "\n" + "（一）" * 200_000).encode(),
        (TITLE + "\n一、总体情况\n" + "“" * 200_000 + "。" * 200_000).encode(),
        f"<p>{TITLE}</p><table><tr><td colspan=1000000000 rowspan=1000000000>x<td>y<tr><td>1<td>2</table>".encode(),
        ("|" * 300_000 + "\n" + TITLE).encode(),
        (TITLE + "\n" + "1 " * 500_000).encode(),
        ("一、" * 100_000 + TITLE).encode(),
    ],
    ids=["deep", "tables", "one line", "enumerators", "quotes", "spans", "pipes", "numbers", "ordinals"],
)
def test_large_and_crooked(content):
    read(content, "x.html" if content.startswith(b"<") else "x.txt")


REPEATED = [
    "$1 ", "$1" + " " * 50, " ", "1\n", "1 ", "<!--", "![", "<u ", "[a]{", "{{", "{{a|", "[[a|", "[[Category:", "{|\n", "|===\n",
    "\\begin{tabular}", "\\begin{a}[", "\\section{", "\\title{", "\\multicolumn{1}[", "\\makecell[", "\\footnote{", "\\\\[",
    "<html><body><table", "<table", "<p\n", '<p style="', "<sup", '"\\', "<script>'\\", "= = ", "| ", "||---|", "+---+\n|", "（", "《",
    "、", "公开", "（一）", "一、\n", "2021年", "第1页", "第1页 ", "答复1 ", "维持1 ", "发布时间 ", "版权1", "[{", "\x0c1\n", "●", "a\n", "★ ", "年", "甲\t",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("unit", REPEATED)
@pytest.mark.parametrize(
    "opened", ["", TITLE + "\n一、总体情况\n", "\\begin{tabular}{c}\\end{tabular}", "{|\n|}\n"]
)
def test_eight_times_as_much_takes_no_square_of_the_time(unit, opened):
    """Quadratic would be 64 times as much."""

    def seconds(times):
        before = time.process_time()
        read((opened + unit * times).encode(), "x")
        return time.process_time() - before

    few = 20_000 // len(unit.encode())
    tokenizer()
    assert seconds(8 * few) < 24 * min(seconds(few), seconds(few)) + 2.0  # slack for a busy machine


def test_fifty_megabytes_of_one_line():
    read((TITLE + "\n一、总体情况\n").encode() + b"x" * 50_000_000, "x.txt")


def test_an_encrypted_pdf_is_refused():
    with pytest.raises(ReadError, match=r"x\.pdf: is encrypted"):
        parse_document((DATA / "encrypted.pdf").read_bytes(), "x.pdf")


def word_with(document: bytes) -> bytes:
    """Return a DOCX whose text part is replaced."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(DATA / "merged-cells.docx") as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry, document if entry.filename == "word/document.xml" else old.read(entry))
    return made.getvalue()


def test_entities_in_a_docx_are_not_expanded():
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    evil = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "ha">{laughs}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    for text in ("&l9;", "&f;"):
        body = f"<w:document {space}><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
        try:
            document = parse_document(word_with((evil + body).encode()), "x.docx")
        except ReadError as error:
            assert "x.docx" in str(error)  # noqa: PT017
        else:
            assert sum(len(b.text) for b in document.blocks) < 1000
            assert "root:" not in document.blocks[0].text


def test_a_docx_that_unpacks_to_a_gigabyte_is_refused():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bomb:
        with bomb.open("word/document.xml", "w", force_zip64=True) as stream:
            for _ in range(300):
                stream.write(bytes(2**20))
    with pytest.raises(ReadError, match="unpacks to 300 MiB"):
        parse_document(made.getvalue(), "x.docx")


def test_mutated_office_files_and_archives_are_refused_or_read():
    page = odt(
        "<text:list text:style-name='L'><text:list-item><text:p>一</text:p></text:list-item></text:list>"
    )
    drawing = ofd(printed("一、总体情况", 20, 30) + TABLE)
    rich = rb"{\rtf1\ansicpg936{\fonttbl{\f0\fcharset134 x;}}\f0\'b9\'ab\trowd\cellx9\pard\intbl\u20844 ?\cell\row\pard\par}"
    archives = [
        plistlib.dumps(resource("<p>x</p>"), fmt=form) for form in (plistlib.FMT_BINARY, plistlib.FMT_XML)
    ]
    rng = random.Random(11)
    for case in range(400):
        content = mutate(rng.choice([page, drawing, rich, *archives]), rng)
        try:
            read(content, "x")
        except Exception as error:
            raise AssertionError(f"case {case}: {error!r}") from error
