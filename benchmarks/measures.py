"""What comes after `predict`, at size: tables of as many reports as asked for, each command a process of its own (Linux).

    python -m benchmarks.measures make FOLDER 12000        # tables and predictions, copies of the bundled corpus
    python -m benchmarks.measures run FOLDER [--only measure,terms] [--source OTHER/src]

`run` prints for each command the seconds on the clock and of the processors, and the peak of its process; `--source` runs the
package of another checkout.

A copy has other ids, places and codes. What at least eight of the 40 agencies write stays as it is; of all other texts every
second word is exchanged for another of the corpus, the same text in the same way wherever the copy has it. Three of its 120
reports take their text from the copy before.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.scale import PLACES, RAW
from corpus.make.bind import write_labels
from gongkai.corpus.build import build
from gongkai.corpus.stream import predict_tables
from gongkai.measure.shares.prevalence import prevalence
from gongkai.tables.frames import write_frame
from gongkai.tables.parts import read_table, write_part
from gongkai.tables.schema import BUILT, frame_of

KEPT, CHANGED, COPYING = 8, 0.5, 3
"""Agencies whose text is everybody's; share of the words of all others that are exchanged; reports that copy."""
CODED = 300
COMMANDS = {
    "check": "check {t} -o {o}.csv",
    "measure": "measure {p} -o {o}.csv --by agency,year",
    "terms": "terms {t} -o {o}.csv",
    "compare": "compare {t} {p} -o {o}.csv --by year --first 2020 --second 2022",
    "compare-dsl": "compare {t} {p} -o {o}.csv --by year --first 2020 --second 2022 --labels {l}",
    "ranks": "compare {t} {p} -o {o}.csv --by kind",
    "trend": "trend {t} {p} -o {o}.csv",
    "evaluate": "evaluate {p} {l} -o {o}.csv --by section",
    "plan": "plan 0.1 --agencies 40 --sentences 90 --predictions {p} --labels {l} --label commitment",
    "sample": "sample {t} -o {o} -n 300",
    "sample-label": "sample {t} -o {o} -n 300 --by year,commitment --predictions {p}",
    "sample-doubt": "sample {t} -o {o} -n 300 --predictions {p}",
    "followup": "followup {t} {p} -o {o}.csv",
    "reuse": "reuse {t} -o {o}.csv",
    "reuse-copies": "reuse {t} -o {o}.csv --copies {o}-copies.parquet --network {o}-network.csv",
    "rates": "rates {t} -o {o}.parquet",
    "coverage": "coverage {t} -o {o}.csv --years 2019-2024",
    "panel": "panel {t} {p} -o {o}.parquet",
    "show": "show {t} {p} {m} 0",
    "export": "export {t} -o {o} --predictions {p}",
    "partition": "partition {t} -o {o}",
    "page": "page {t} {p} -o {o}",
}


@contextlib.contextmanager
def copies(count: int, given: str | None = None) -> Iterator[tuple[Path, Path]]:
    """Give a folder of so many reports, made unless the one given is there, and a folder for scratch."""
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as name:
        folder = Path(given or f"{name}/made")
        if not folder.exists():
            write_copies(folder, count)
        yield folder, Path(name)


def write_copies(folder: Path, count: int, *, seed: int = 0) -> None:
    """Write `tables` and `predictions` of so many reports below a folder, a copy of the corpus to a part."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as name:
        build(RAW, f"{name}/tables")
        predict_tables(f"{name}/tables", f"{name}/predictions")
        frames = {table: read_table(f"{name}/tables", table, copies=True) for table in BUILT}
        frames["predictions"] = read_table(f"{name}/predictions", "predictions")
        for made in ("tables", "predictions"):
            (folder / made).mkdir(parents=True)
            shutil.copy(f"{name}/{made}/run.json", folder / made)
    sentences = frames["sentences"]
    _, first, of_text = np.unique(sentences["text"].to_numpy(str), return_index=True, return_inverse=True)
    usual = sentences.groupby(of_text)["agency"].nunique().to_numpy() >= KEPT
    words = [list(tokens) for tokens in sentences["tokens"].to_numpy()[first]]
    vocabulary = np.array(list(itertools.chain.from_iterable(words)), dtype=object)
    reports = frames["reports"]["report_id"].tolist()
    stems = sorted({str(agency)[:2] for agency in frames["reports"]["agency"]})
    names = itertools.product(PLACES, repeat=3)
    codes = _codes()
    before = words
    for copy in range(-(-count // len(reports))):
        taken_over = set(reports[: count - copy * len(reports)])
        places = {stem: "".join(next(names)) for stem in stems}
        changed = [t if kept else _changed(t, vocabulary, rng) for t, kept in zip(words, usual)]
        taken = set(rng.choice(reports, COPYING, replace=False))
        copied = sentences["report_id"].isin(taken).to_numpy()
        tokens = [(before if c else changed)[t] for t, c in zip(of_text, copied)]
        before = changed
        code_of = dict(zip(stems, rng.choice(codes, len(stems))))
        for table, frame in frames.items():
            held = frame["report_id"].isin(taken_over) | frame["report_id"].isna()
            part = _renamed(frame, copy, places, code_of)
            if table == "sentences":
                part = part.assign(tokens=tokens, text=["".join(t) for t in tokens])
            if table == "predictions":
                part["score"] = np.clip(part["score"] + rng.normal(0, 0.1, len(part)), 0, 1)
                part["predicted"] = part["score"] >= 0.5
                part["seen"] = False  # codes are made from the scores, and no model learned from those
            write_part(
                table, part[held], folder / ("predictions" if table == "predictions" else "tables"), copy
            )


def _codes() -> list[str]:
    path = Path(__file__).parents[1] / "corpus" / "lexicon" / "regions.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return [row["code"] for row in csv.DictReader(stream) if row["last"] == "2024"]


def _changed(tokens: list[str], vocabulary: np.ndarray, rng: np.random.Generator) -> list[str]:
    drawn = vocabulary[rng.integers(len(vocabulary), size=len(tokens))]
    return np.where(rng.random(len(tokens)) < CHANGED, drawn, np.array(tokens, dtype=object)).tolist()


def _renamed(frame: pd.DataFrame, copy: int, places: dict[str, str], code_of: dict[str, str]) -> pd.DataFrame:
    part = frame.copy()
    mark = f"{copy:05x}"
    for column in ("report_id", "sentence_id", "same_as"):
        if column in part.columns:
            part[column] = mark + part[column].str[5:]
    if "source_path" in part.columns:
        part["source_path"] = f"{mark}/" + part["source_path"]
    if "agency" in part.columns:
        stem = part["agency"].str[:2]
        part["agency"] = stem.map(places) + part["agency"].str[2:]
        part["region_code"] = stem.map(code_of)
    return part


def write_codes(folder: Path, *, seed: int = 0) -> None:
    """Write codes of a simple random sample of the sentences, made from the scores, as `labels.csv`."""
    rng = np.random.default_rng(seed)
    held = read_table(folder / "predictions", "predictions", ["sentence_id", "label", "score", "section"])
    counted = held[held["section"] != "preamble"]
    ids = counted["sentence_id"].drop_duplicates()
    drawn = counted[counted["sentence_id"].isin(ids.sample(CODED, random_state=seed))]
    codes = drawn.assign(code=rng.random(len(drawn)) < drawn["score"]).pivot_table(
        index="sentence_id", columns="label", values="code", aggfunc="first"
    )
    columns = ["sentence_id", "report_id", "agency", "year", "section", "heading", "lead", "text"]
    about = read_table(folder / "tables", "sentences", columns)
    about = about[about["sentence_id"].isin(codes.index)]
    rows = about.merge(codes.reset_index(), on="sentence_id").assign(
        annotator="resolved", inclusion=CODED / len(ids), codebook="2"
    )
    write_labels(frame_of("labels", rows.to_dict("records")), folder / "labels.csv")


def run(folder: Path, names: list[str], source: Path) -> None:
    """Run each command in a process of its own and print what it took."""
    print("| command | seconds | of processors | peak, MiB |\n|---|---|---|---|")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as place:
            words = COMMANDS[name].format(
                t=folder / "tables", p=folder / "predictions", l=folder / "labels.csv",
                m=folder / "measures.csv", o=f"{place}/{name}",
            )  # fmt: skip
            start = time.perf_counter()
            started = subprocess.Popen(
                [sys.executable, "-m", "gongkai", *words.split()],
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": str(source)},
            )
            _, status, used = os.wait4(started.pid, 0)
            wall = time.perf_counter() - start
        failed = "" if status == 0 else f" (exit {os.waitstatus_to_exitcode(status)})"
        cpu = used.ru_utime + used.ru_stime
        print(f"| {name}{failed} | {wall:.1f} | {cpu:.1f} | {used.ru_maxrss / 1024:,.0f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    making, running = actions.add_parser("make"), actions.add_parser("run")
    making.add_argument("folder", type=Path)
    making.add_argument("count", type=int)
    running.add_argument("folder", type=Path)
    running.add_argument("--only", default=",".join(COMMANDS))
    running.add_argument("--source", type=Path, default=Path(__file__).parents[1] / "src")
    given = parser.parse_args()
    if given.action == "make":
        write_copies(given.folder, given.count)
        write_codes(given.folder)
        write_frame(prevalence(given.folder / "predictions", by=["year"]), given.folder / "measures.csv")
    else:
        run(given.folder, given.only.split(","), given.source)
