"""Hostile input: whatever the bytes, a file is read, or refused with a reason; it never crashes a build."""

import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gongkai.corpus.build import rows_of
from gongkai.corpus.read import parse_document
from gongkai.corpus.report import read_report
from gongkai.errors import ReadError, ReportError
from gongkai.schema import BUILT, frame_of
from gongkai.text.sentences import split_sentences
from tests.conftest import DATA

SAMPLES = sorted(p for p in DATA.rglob("*") if p.is_file())
SPARK = [
    b"<table>", b"</td>", b"<td colspan=999999999>", b"<td rowspan=99999>", b"<!--", b"-->", b"<script>", b"\x00", b"\xff\xfe", b"&#x0;",
    "（".encode(), "”".encode(), "一、".encode(), b"| " * 50, b"\n" * 30, "五、存在的主要问题及改进情况\n".encode(),
    "本年新收".encode(), b"9" * 400, "－１，２３４．５６万元".encode(), "𠀀😀".encode(), b"%PDF-1.7", b"PK\x03\x04",
]  # fmt: skip


def read(content: bytes, name: str) -> None:
    """Read bytes as build does; anything but a refusal with the file's name is a failure."""
    try:
        document = parse_document(content, name)
        rows = rows_of(document, read_report(document))
    except (ReadError, ReportError) as error:
        if name not in str(error):
            raise AssertionError(f"the refusal does not name the file: {error}") from error
        return
    for table in BUILT:
        frame_of(table, rows.get(table, ()))


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
    run_mutations(400, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_mutated_files(seed):
    run_mutations(1250, seed=seed)


@given(
    st.text(
        alphabet=st.sampled_from("一二三、（）()是1.；。：“”《》①其首先公开问题将 \n，措施有待"), max_size=200
    )
)
@settings(max_examples=300, deadline=None)
def test_sentences_cover_every_word_of_any_text(text):
    spans = split_sentences(text)
    assert all(a < b for a, b in spans)
    assert all(x[1] <= y[0] for x, y in pairwise(spans))
    covered = "".join(text[a:b] for a, b in spans)
    assert [c for c in covered if "\u4e00" <= c <= "\u9fff"] == [c for c in text if "\u4e00" <= c <= "\u9fff"]


@given(st.binary(max_size=600))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
