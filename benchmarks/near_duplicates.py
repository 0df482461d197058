"""Near-duplicates among a million made sentences: seconds, peak memory, and how many planted pairs are found.

    python benchmarks/near_duplicates.py [--sentences 1000000] [--write]

Sentences are drawn clause by clause from the bundled corpus, with new numbers; one in five is an edited copy of another
(one character in twelve replaced). A planted pair counts where its exact similarity reaches the threshold.
"""

from __future__ import annotations

import argparse
import platform
import re
import resource
import sys
import time
from pathlib import Path

import numpy as np

from gongkai.corpus.inputs import read_sentences
from gongkai.measure.similar import jaccard, near_duplicates

HERE = Path(__file__).parent
THRESHOLD = 0.8


def made_sentences(count: int, *, seed: int = 0) -> tuple[list[str], list[tuple[str, str]]]:
    """Return sentences and the planted pairs."""
    generator = np.random.default_rng(seed)
    texts = read_sentences(HERE.parent / "corpus" / "raw")["text"]
    clauses = sorted({c for t in texts for c in re.split("[，；。：]", t) if len(c) > 3})
    characters = sorted(set("".join(clauses)))
    originals = []
    for size in generator.integers(2, 5, count - count // 5):
        clause = "，".join(clauses[k] for k in generator.integers(0, len(clauses), size))
        originals.append(re.sub(r"\d+", lambda _: str(generator.integers(1, 999)), clause) + "。")
    pairs = []
    for k in generator.integers(0, len(originals), count // 5):
        copy = list(originals[k])
        for place in generator.integers(0, len(copy), max(1, len(copy) // 12)):
            copy[place] = characters[generator.integers(0, len(characters))]
        pairs.append((originals[k], "".join(copy)))
    return originals + [copy for _, copy in pairs], pairs


def main() -> None:
    """Measure, print, and put the line into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true", help="put the result into benchmarks/README.md")
    arguments = parser.parse_args()
    texts, pairs = made_sentences(arguments.sentences)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.perf_counter()
    found = near_duplicates(texts, threshold=THRESHOLD)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    have = set(zip(found["left"], found["right"]))
    alike = {(min(p), max(p)) for p in pairs if p[0] != p[1] and jaccard(*p) >= THRESHOLD}
    line = (
        f"{len(texts):,} sentences of {np.mean([len(t) for t in texts]):.0f} characters on average: {seconds:,.0f} s, "
        f"peak {peak:.1f} GiB (the sentences themselves: {before:.1f} GiB), {len(found):,} pairs of similarity ≥ {THRESHOLD}; "
        f"of the {len(alike):,} planted pairs that alike {len(alike & have) / len(alike):.2%} are found. "
        f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}, one process."
    )
    print(line)
    if arguments.write:
        head, mark = "## Near-duplicates", "`python benchmarks/near_duplicates.py --write`"
        path = HERE / "README.md"
        before_it, _, behind = path.read_text(encoding="utf-8").partition(head)
        rest = "".join(behind.partition("\n## ")[1:])
        path.write_text(f"{before_it.rstrip()}\n\n{head}\n\n{mark}: {line}\n{rest}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
