"""Speed against a named common way in the same run, on the bundled corpus; then growth and cores.

    pip install beautifulsoup4 fasttext-community && python benchmarks/bench.py [--sizes 1000,10000,100000] [--jobs 1,2] [--only pairs|scale] [--write]

Each pair is timed in turn, A B A B …, and the ratio of the medians is what counts; absolute times depend on the machine.
Results must be equal where the two ways promise the same, and are compared here too. Growth is measured on synthetic reports
(`scale.py`), each run a process of its own, the numbers of workers in turn; time per report includes the start of Python and
of the workers, and the peak is that of the largest process.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import pandas as pd
from scale import scale

from gongkai.classify.classifier import load_model
from gongkai.classify.features.features import BLOCKS, grams
from gongkai.classify.folds import split_groups
from gongkai.classify.models.linear import train_linear
from gongkai.classify.train import gold_of
from gongkai.coding.labels import read_labels
from gongkai.corpus.find import find_inputs
from gongkai.corpus.inputs import read_sentences
from gongkai.corpus.stream import predict_tables
from gongkai.readers.decode import decode
from gongkai.readers.document import Grid
from gongkai.readers.html import read_html
from gongkai.readers.printed.pdf import read_pdf
from gongkai.readers.read import read_document
from gongkai.report.file import read_file
from gongkai.tables.parts import write_part
from gongkai.tables.scheme.codebooks import shipped
from gongkai.text import tokens

HERE = Path(__file__).parent
RAW = HERE.parent / "corpus" / "raw"
ROUNDS = 5


def timed(a, b) -> tuple[list[float], list[float]]:
    """Time two functions in turn after one warm-up each."""
    a(), b()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for function, kept in ((a, times[0]), (b, times[1])):
            start = time.perf_counter()
            function()
            kept.append(time.perf_counter() - start)
    return times


def row(name: str, ours, theirs, peer: str, count: int, unit: str) -> dict[str, object]:
    """Measure one pair."""
    mine, other = timed(ours, theirs)
    a, b = statistics.median(mine), statistics.median(other)
    spread = f"{min(o / m for o, m in zip(other, mine)):.1f}–{max(o / m for o, m in zip(other, mine)):.1f}"
    print(f"{name}: {count / a:,.0f} {unit}/s, {b / a:.1f} × {peer}", file=sys.stderr)
    return {
        "what": name, "ours": f"{count / a:,.0f} {unit}/s", "peer": peer, "peer's": f"{count / b:,.0f} {unit}/s",
        "ratio": f"{b / a:.1f}", "ratio, min–max": spread,
    }  # fmt: skip


def bench_html() -> dict[str, object]:
    """Blocks and tables of every HTML page, against BeautifulSoup with lxml."""
    from bs4 import BeautifulSoup

    pages = [decode(p.read_bytes())[0] for p in sorted(RAW.rglob("*.htm*"))]

    def soup() -> list[object]:
        found = []
        for page in pages:
            tree = BeautifulSoup(page, "lxml")
            for tag in tree(["script", "style", "nav", "footer"]):
                tag.decompose()
            tables = [
                [[c.get_text(strip=True) for c in r(["td", "th"])] for r in t("tr")] for t in tree("table")
            ]
            found.append((tree.get_text("\n", strip=True), tables))
        return found

    return row(
        "HTML → blocks",
        lambda: [read_html(p) for p in pages],
        soup,
        "BeautifulSoup (lxml)",
        len(pages),
        "pages",
    )


def bench_pdf() -> dict[str, object]:
    """Text and ruled tables of every PDF, against pdfplumber."""
    import io

    import pdfplumber

    files = [p.read_bytes() for p in sorted(RAW.rglob("*.pdf"))]

    def ours() -> list[set[str]]:
        grids = [[b for b in read_pdf(f, "x.pdf")[0] if isinstance(b, Grid)] for f in files]
        return [
            {c.text for g in found for r in g.rows for c in r if c and c.text.isdigit()} for found in grids
        ]

    def theirs() -> list[set[str]]:
        found = []
        for content in files:
            with pdfplumber.open(io.BytesIO(content)) as pdf:
                for page in pdf.pages:
                    page.extract_text()
                tables = [t for page in pdf.pages for t in page.extract_tables()]
            found.append({c for t in tables for r in t for c in r if c and c.isdigit()})
        return found

    assert ours() == theirs(), "the two ways read different numbers"
    return row("PDF → text and tables", ours, theirs, "pdfplumber", len(files), "files")


def bench_tokens(sentences: pd.DataFrame) -> dict[str, object]:
    """Words of every sentence, against plain jieba with the same dictionary."""
    texts = sentences["text"].tolist() * 5
    plain = tokens.tokenizer()
    assert [tokens.tokenize(t) for t in texts] == [
        [w for w in plain.lcut(t) if not w.isspace()] for t in texts
    ]
    return row(
        f"tokens ({tokens.engine()})", lambda: [tokens.tokenize(t) for t in texts], lambda: [plain.lcut(t) for t in texts],
        "jieba", len(texts), "sentences",
    )  # fmt: skip


def varied(sentences: pd.DataFrame, copies: int) -> pd.DataFrame:
    """Repeat sentences, each copy with a mark of its own: equal texts would be scored once, which helps us alone."""
    marks = [chr(ord("甲") + k) for k in range(copies)]
    return pd.concat(
        [
            sentences.assign(text=sentences["text"] + m, tokens=[[*t, m] for t in sentences["tokens"]])
            for m in marks
        ],
        ignore_index=True,
    )


def bench_predict(sentences: pd.DataFrame) -> dict[str, object]:
    """Scores of both labels from text, against a scikit-learn pipeline that tokenises with jieba."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    many = varied(sentences, 3).drop(columns="tokens")
    model = load_model("linear")
    plain = tokens.tokenizer()
    peers = []
    for column in range(2):
        pipeline = make_pipeline(
            TfidfVectorizer(tokenizer=plain.lcut, token_pattern=None), LogisticRegression()
        )
        labels = model.scores(sentences)[:, column] > 0.5
        peers.append(pipeline.fit(sentences["text"], labels))
    return row(
        "predict, both labels, from text", lambda: model.scores(many), lambda: [p.predict_proba(many["text"]) for p in peers],
        "scikit-learn pipeline with jieba", len(many), "sentences",
    )  # fmt: skip


def bench_fasttext(sentences: pd.DataFrame) -> dict[str, object]:
    """The same, against fastText fed with jieba's words, a model per label."""
    import fasttext

    many = varied(sentences, 3).drop(columns="tokens")
    model = load_model("linear")
    plain = tokens.tokenizer()
    scores = model.scores(sentences)
    peers = []
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as name:
        for column in range(2):
            lines = [
                f"__label__{int(s > 0.5)} {' '.join(plain.lcut(t))}"
                for s, t in zip(scores[:, column], sentences["text"])
            ]
            path = Path(name) / "train.txt"
            path.write_text("\n".join(lines), encoding="utf-8")
            peers.append(fasttext.train_supervised(str(path), wordNgrams=2, thread=1, verbose=0))

    def theirs() -> None:
        words = [" ".join(plain.lcut(t)).replace("\n", " ") for t in many["text"]]
        for peer in peers:
            peer.predict(words, k=2)

    return row(
        "predict, both labels, from text",
        lambda: model.scores(many),
        theirs,
        "fastText with jieba",
        len(many),
        "sentences",
    )


def bench_train() -> dict[str, object]:
    """Train both labels (blocks chosen, calibrated by grouped folds), against a cross-validated scikit-learn pipeline."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    gold = gold_of(read_labels(HERE.parent / "corpus" / "labels"))
    codes = {label: gold[label].to_numpy(bool) for label in shipped().names}
    groups = split_groups(gold)
    plain = tokens.tokenizer()

    def cut(text: str) -> list[str]:
        return plain.lcut(text)

    def theirs() -> None:
        for y in codes.values():
            pipeline = make_pipeline(TfidfVectorizer(tokenizer=cut, token_pattern=None), LogisticRegression())
            cross_val_predict(pipeline, gold["text"], y, groups=groups, cv=GroupKFold(5))
            pipeline.fit(gold["text"], y)

    return row(
        "train, both labels", lambda: train_linear(gold, codes, groups, name="bench"), theirs,
        "scikit-learn pipeline with jieba, 5 folds", len(gold), "sentences",
    )  # fmt: skip


def bench_build(*, pages: str = "HTML", plain: bool = False) -> dict[str, object]:
    """A whole build of reports, against its floor: the same parsing and tokenising and nothing else.

    Args:
        pages: `HTML` reports only, or those of `every format`.
        plain: As without the extra `fast`: jieba itself cuts the words of both.
    """
    accelerator = tokens._accelerator
    if plain:
        tokens._accelerator = lambda: None
    paths = [p for p in find_inputs([RAW]) if pages != "HTML" or p.endswith((".html", ".htm"))]
    sentences = [s.text for p in paths for s in read_file(p).tables().sentences]

    def floor() -> None:
        for path in paths:
            read_document(path)
        for text in sentences:
            tokens.tokenize(text)

    try:
        return row(
            f"build, {pages} → rows{' (plain jieba)' if plain else ''}", lambda: [read_file(p).tables() for p in paths], floor,
            "its floor", len(paths), "reports",
        )  # fmt: skip
    finally:
        tokens._accelerator = accelerator


def bench_stream(sentences: pd.DataFrame) -> dict[str, object]:
    """Predict built sentences from Parquet to Parquet, against its floor: the vectoriser alone on them in memory."""
    many = varied(sentences, 15)
    heads = load_model("linear").heads
    used = [block for block in BLOCKS if any(block in head.blocks for head in heads.values())]
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as name:
        write_part("sentences", many, Path(name) / "t")
        return row(
            "predict, built Parquet → Parquet",
            lambda: predict_tables(Path(name) / "t", Path(name) / "p", overwrite=True),
            lambda: grams(many, used),
            "its floor (vectoriser)", len(many), "sentences",
        )  # fmt: skip


def table_of(rows: list[dict[str, object]]) -> str:
    """Lay rows out as Markdown."""
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(r[h]) for h in head) + " |" for r in rows]) + "\n"


def machine() -> str:
    """Name the machine and the libraries' versions."""
    names = (
        "beautifulsoup4", "fasttext-community", "jieba", "lxml", "numpy", "pandas", "pdfplumber", "pyarrow", "pypdfium2", "rjieba",
        "scikit-learn", "selectolax",
    )  # fmt: skip
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; {versions}.\n"


def main() -> None:
    """Run all and print, or write into README.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/README.md")
    parser.add_argument("--only", choices=("pairs", "scale"), help="one of the two tables")
    parser.add_argument("--sizes", default="200,1000", help="numbers of synthetic reports")
    parser.add_argument("--jobs", default="1,2", help="numbers of workers")
    arguments = parser.parse_args()
    found: dict[str, str] = {}
    if arguments.only != "pairs":
        sizes, jobs = ([int(n) for n in text.split(",")] for text in (arguments.sizes, arguments.jobs))
        found["Growth and cores"] = table_of(scale(sizes, jobs)) + "\n" + machine()
    if arguments.only != "scale":
        sentences = read_sentences(RAW)
        rows = [
            bench_html(), bench_pdf(), bench_tokens(sentences), bench_predict(sentences), bench_fasttext(sentences), bench_train(),
            bench_stream(sentences), bench_build(), bench_build(plain=True), bench_build(pages="every format"),
            bench_build(pages="every format", plain=True),
        ]  # fmt: skip
        found["Against a common way"] = table_of(rows) + "\nOne process. " + machine()
    print("\n".join(found.values()))
    if arguments.write:
        target = HERE / "README.md"
        kept = dict(
            re.findall(r"^## (.+?)\n\n(.+?)(?=^## |\Z)", target.read_text(encoding="utf-8"), re.M | re.S)
        )
        sections = "".join(f"\n## {title}\n\n{text.strip()}\n" for title, text in (kept | found).items())
        target.write_text(f"# Benchmarks\n\n{(__doc__ or '').strip()}\n{sections}", encoding="utf-8")


if __name__ == "__main__":
    main()
