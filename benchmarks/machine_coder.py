"""A biased machine coder, corrected and not: `python -m benchmarks.machine_coder [DRAWS]`.

`python -m benchmarks.machine_coder --killed [SENTENCES]` instead codes through the tests' own server, is killed
five times by `kill -9` at random, goes on, and counts what the server answered and what came of it.

The truth are the bundled codes (authored reports). In each draw a corpus is made of as many of their agencies, drawn
with replacement; a machine codes every sentence, wrongly in a way that depends on the sentence (it sees boilerplate in
every third sentence that is none, twice as often in section five, and misses a quarter of the promises outside it);
people code 200 sentences, drawn at random or half and half by what the machine said. Counted is the share by the
machine's codes as they are. Printed is how often each 95 % interval holds the share of the bundled corpus.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from tqdm import tqdm

import gongkai

LABELS = ("commitment", "boilerplate")
CODED = 200
FIVE = ("problems", "improvements")


def corpus(truth: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Return the sentences of agencies drawn with replacement, each drawing an agency of its own."""
    groups = dict(list(truth.groupby("agency")))
    names = list(groups)
    drawn = generator.integers(len(names), size=len(names))
    parts = [groups[names[at]].assign(agency=f"{number}", report_id=groups[names[at]]["report_id"] + f"-{number}")
             for number, at in enumerate(drawn)]  # fmt: skip
    return pd.concat(parts, ignore_index=True).assign(sentence_id=lambda f: f.index.astype(str))


def machine(sentences: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Return predictions rows: codes that err more in some sections than in others."""
    five = sentences["section"].isin(FIVE).to_numpy()
    wrong = {
        "boilerplate": np.where(sentences["boilerplate"] == 1, 0.04, np.where(five, 0.5, 0.25)),
        "commitment": np.where(sentences["commitment"] == 1, np.where(five, 0.05, 0.25), np.where(five, 0.2, 0.02)),
    }  # fmt: skip
    rows = []
    for label in LABELS:
        flipped = generator.random(len(sentences)) < wrong[label]
        code = np.where(flipped, 1 - sentences[label], sentences[label])
        rows.append(
            sentences.assign(
                label=label,
                predicted=code.astype(int),
                value=None,
                score=code.astype(float),
                model="machine",
                seen=False,
            )
        )
    return pd.concat(rows, ignore_index=True).drop(columns=list(LABELS))


def coded(
    sentences: pd.DataFrame, said: pd.DataFrame, design: str, generator: np.random.Generator
) -> pd.DataFrame:
    """Return the people's codes of a sample, with the probability each was drawn with."""
    strata = np.zeros(len(sentences), int)
    if design == "prediction":
        strata = said.loc[said["label"] == "boilerplate", "score"].to_numpy().astype(int)
    take = np.zeros(len(sentences), bool)
    inclusion = np.zeros(len(sentences))
    for stratum in np.unique(strata):
        inside = np.flatnonzero(strata == stratum)
        n = CODED // len(np.unique(strata))
        take[generator.permutation(inside)[:n]] = True
        inclusion[inside] = n / len(inside)
    return sentences.assign(annotator="people", inclusion=inclusion)[take]


def killed(n: int) -> None:
    """Print what n sentences cost whose run was killed five times, by what the server remembers."""
    from tests.coding.server import coded_with_kills, many, running_server

    print(
        "| endpoint | sentences | coded | answered | answered more than once | killed after answers |\n"
        + "|---" * 6
        + "|"
    )
    for remembers in (False, True):
        generator = np.random.default_rng([20261128, n])
        waits = generator.integers(n // 5, size=5)
        with tempfile.TemporaryDirectory() as folder, running_server() as server:
            server.remembers, server.delay = remembers, 0.02
            out = Path(folder) / "c.csv"
            coded_with_kills(server, many(Path(folder), n), out, [signal.SIGKILL] * 5, waits)
            codes = gongkai.read_labels(out)
            right = codes["sentence_id"].is_unique and codes["commitment"].eq(True).all()
            print(
                f"| {'honours' if remembers else 'knows no'} Idempotency-Key | {n:,} | {len(codes) * right:,} | {len(server.answered):,} "
                f"| {len(server.answered) - len(set(server.answered))} | {', '.join(map(str, waits))} |",
                flush=True,
            )


def main() -> None:
    """Print the coverage of counted and corrected shares."""
    if "--killed" in sys.argv:
        return killed(int((sys.argv[2:] or ["10000"])[0]))
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    file = Path(__file__).parents[1] / "corpus/labels/resolved.csv"
    truth = gongkai.read_labels(file)
    truth = truth[["sentence_id", "report_id", "agency", "year", "section", "heading", "text", *LABELS]]
    counted = truth[truth["section"] != "preamble"]
    shares = {label: counted[label].mean() for label in LABELS}
    shares["cheap_talk"] = counted.loc[counted["commitment"] == 1, "boilerplate"].mean()
    held: dict[tuple[str, str], list[tuple[bool, float]]] = {}
    for draw in tqdm(range(draws), disable=not sys.stderr.isatty()):
        generator = np.random.default_rng([20261127, draw])
        sentences = corpus(truth, generator)
        said = machine(sentences, generator)
        for name, method, design in (
            ("counted", "count", ""),
            ("ppi, at random", "ppi", "random"),
            ("dsl, at random", "dsl", "random"),
            ("dsl, half and half by the machine's codes", "dsl", "prediction"),
        ):
            labels = coded(sentences, said, design, generator) if design else None
            found = gongkai.prevalence(said, labels, by=(), method=method)
            for row in found.itertuples():
                measure = row.label if row.measure == "prevalence" else row.measure
                held.setdefault((measure, name), []).append(
                    (row.low <= shares[measure] <= row.high, row.value - shares[measure])
                )
    print("| measure | share | method | bias | coverage [95 %] |\n|---|---|---|---|---|")
    for (measure, name), rows in sorted(held.items()):
        hits = [bool(hit) for hit, _ in rows]
        low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
        bias = np.mean([error for _, error in rows])
        print(
            f"| {measure} | {shares[measure]:.3f} | {name} | {bias:+.3f} | {np.mean(hits):.3f} [{low:.3f}, {high:.3f}] |"
        )


if __name__ == "__main__":
    main()
