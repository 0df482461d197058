"""Speed against a named common way in the same run, on the bundled corpus.

    pip install beautifulsoup4 && python benchmarks/bench.py [--write]

Each pair is timed in turn, A B A B …, and the ratio of the medians is what counts; absolute times depend on the machine.
Results must be equal where the two ways promise the same, and are compared here too.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path

import pandas as pd

from gongkai.corpus.build import build_file
from gongkai.corpus.document import Grid
from gongkai.corpus.html import read_html
from gongkai.corpus.inputs import read_sentences
from gongkai.corpus.pdf import read_pdf
from gongkai.corpus.read import decode
from gongkai.models.classifier import load_model
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


def bench_predict(sentences: pd.DataFrame) -> dict[str, object]:
    """Scores of both labels from built sentences, against a scikit-learn pipeline that tokenises with jieba."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    many = pd.concat([sentences] * 10, ignore_index=True)
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
        "predict, both labels", lambda: model.scores(many), lambda: [p.predict_proba(many["text"]) for p in peers],
        "scikit-learn pipeline with jieba", len(many), "sentences",
    )  # fmt: skip


def bench_build() -> dict[str, object]:
    """A whole build of the HTML reports, against its floor: the same parsing and tokenising and nothing else."""
    paths = [str(p) for p in sorted(RAW.rglob("*.htm*"))]
    sentences = [s["text"] for p in paths for s in build_file(p)["sentences"]]

    def floor() -> None:
        for path in paths:
            read_html(decode(Path(path).read_bytes())[0])
        for text in sentences:
            tokens.tokenize(text)

    return row(
        "build, HTML → rows",
        lambda: [build_file(p) for p in paths],
        floor,
        "its floor",
        len(paths),
        "reports",
    )


def main() -> None:
    """Run all and print, or write into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    arguments = parser.parse_args()
    sentences = read_sentences(RAW)
    rows = [bench_html(), bench_pdf(), bench_tokens(sentences), bench_predict(sentences), bench_build()]
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(r[h]) for h in head) + " |" for r in rows]
    names = (
        "beautifulsoup4",
        "jieba",
        "lxml",
        "numpy",
        "pdfplumber",
        "pypdfium2",
        "rjieba",
        "scikit-learn",
        "selectolax",
    )
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    text = (
        "\n".join(lines)
        + f"\n\nPython {platform.python_version()}, {platform.machine()}, one process; {versions}.\n"
    )
    print(text)
    if arguments.write:
        intro = (__doc__ or "").strip()
        path = HERE / "README.md"
        _, mark, other = path.read_text(encoding="utf-8").partition("\n## ")  # what other commands wrote
        path.write_text(f"# Benchmarks\n\n{intro}\n\n{text}{mark}{other}", encoding="utf-8")


if __name__ == "__main__":
    main()
