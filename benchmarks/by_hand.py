"""What people do by hand: shares by R's survey or pandas with a bootstrap loop, pairs of texts by datasketch (Linux).

    python -m benchmarks.by_hand shares 12000 [FOLDER]   # predictions as benchmarks.measures makes them, kept in FOLDER
    python -m benchmarks.by_hand pairs 1200 [FOLDER]     # needs datasketch

Each is a process of its own that starts, reads, and gives for each year and each of the two labels the share and an interval
with agencies as clusters; in turn. From the CSV that R must read, and ours also from the folder that `predict` writes. R needs
the package survey (Debian: r-cran-survey); without it that row is left out. The shares are compared.

Pairs: the different masked texts of the reports; ours is the search that `reuse --copies` rests on, by hand MinHash (128
permutations of runs of four characters) with locality-sensitive hashing at Jaccard .5, its candidates counted exactly.
Every tenth text stands there a second time with a tenth of its characters exchanged.
Of the pairs that are at least so alike and that either found, the share that each found is told.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measures import copies
from gongkai.measure.wording.copies import MIN_LENGTH
from gongkai.measure.wording.similar import mask
from gongkai.tables.frames import write_frame
from gongkai.tables.parts import read_table
from gongkai.tables.predicted import read_predictions

TURNS = 3
DRAWS = 1000
OURS = """
import sys, gongkai
found = gongkai.prevalence(gongkai.read_predictions(sys.argv[1]) if sys.argv[1].endswith("csv") else sys.argv[1], by=["year"])
found[found["measure"] == "prevalence"][["label", "year", "value", "low", "high"]].to_csv(sys.argv[2], index=False)
"""
BOOTSTRAP = f"""
import sys, numpy as np, pandas as pd
rows = pd.read_csv(sys.argv[1], usecols=["label", "predicted", "agency", "year", "section"])
rows = rows[rows["section"] != "preamble"]
sums = rows.groupby(["label", "year", "agency"])["predicted"].agg(["sum", "size"])
rng, found = np.random.default_rng(0), []
for (label, year), part in sums.groupby(["label", "year"]):
    top, bottom = part["sum"].to_numpy(), part["size"].to_numpy()
    draws = []
    for _ in range({DRAWS}):
        drawn = rng.integers(len(top), size=len(top))
        draws.append(top[drawn].sum() / bottom[drawn].sum())
    found.append((label, year, top.sum() / bottom.sum(), *np.percentile(draws, [2.5, 97.5])))
pd.DataFrame(found, columns=["label", "year", "value", "low", "high"]).to_csv(sys.argv[2], index=False)
"""
SURVEY = """
suppressPackageStartupMessages(library(survey))
files <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(files[1], fileEncoding = "UTF-8-BOM")
rows <- rows[rows$section != "preamble", c("label", "predicted", "agency", "year")]
rows$y <- as.numeric(rows$predicted == "True")
found <- do.call(rbind, lapply(split(rows, rows$label), function(part) {
  shares <- svyby(~y, ~year, svydesign(id = ~agency, weights = ~1, data = part), svymean)
  ends <- confint(shares)
  data.frame(label = part$label[1], year = shares$year, value = shares$y, low = ends[, 1], high = ends[, 2])
}))
write.csv(found, files[2], row.names = FALSE)
"""
"""Of all columns only four go on, and only two labels: read.csv is most of it either way."""


PAIRS = """
import sys, numpy as np, pyarrow as pa
from gongkai.measure.wording.copies import OTHERS_THRESHOLD
from gongkai.measure.wording.related import _alike
from gongkai.measure.wording.similar import owners_weights
from gongkai.tables.query import session
rows = [line.split("\\t") for line in open(sys.argv[1], encoding="utf-8").read().splitlines()]
owners, texts = np.array([row[0] for row in rows]), [row[1] for row in rows]
order = np.argsort(owners, kind="stable")
weights = owners_weights([([texts[k] for k in order], owners[order])])
laid_out = {"texts": pa.table({"text": pa.array(texts, pa.large_string())}), "pairs": weights.table()}
with session() as db:
    left, right = _alike(db, laid_out, np.arange(len(texts)), OTHERS_THRESHOLD, None)
np.savetxt(sys.argv[2], np.stack([left, right], axis=1), fmt="%d")
"""
MINHASH = """
import sys, numpy as np
from datasketch import MinHash, MinHashLSH
texts = [line.split("\\t")[1] for line in open(sys.argv[1], encoding="utf-8").read().splitlines()]
runs = [{text[k : k + 4] for k in range(max(len(text) - 3, 1))} for text in texts]
lsh, found = MinHashLSH(threshold=0.5, num_perm=128), []
for k, made in enumerate(MinHash.generator(([run.encode() for run in of] for of in runs), num_perm=128)):
    for other in lsh.query(made):
        shared = len(runs[k] & runs[other])
        if 2 * shared >= len(runs[k] | runs[other]):
            found.append((other, k))
    lsh.insert(k, made)
np.savetxt(sys.argv[2], sorted(found), fmt="%d")
"""


def timed(works: dict[str, list[str]], target: Path) -> Iterator[tuple[str, float, float]]:
    """Run each in turn, some times; yield whose result stands there, the seconds and those of the processors."""
    for _ in range(TURNS):
        for who, work in works.items():
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run([*work, str(target)], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            yield who, time.perf_counter() - start, cpu


def told(taken: dict[str, list[tuple[float, float]]], said: dict[str, str]) -> None:
    """Print medians of seconds and of those of the processors."""
    for who, runs in taken.items():
        seconds, cpu = (statistics.median(run[k] for run in runs) for k in (0, 1))
        print(f"{who}: {seconds:.1f} s, {cpu:.1f} s of processor time, {said[who]}")


def shares(count: int, folder: str | None) -> None:
    """Time shares by year, and compare them."""
    with copies(count, folder) as (made, scratch):
        parts, table, target = made / "predictions", made / "predictions.csv", scratch / "shares.csv"
        if not table.exists():
            write_frame(read_predictions(parts), table)
        works = {
            "ours, from the folder": [sys.executable, "-c", OURS, str(parts)],
            "ours, from CSV": [sys.executable, "-c", OURS, str(table)],
            f"pandas, {DRAWS} draws of agencies, from CSV": [sys.executable, "-c", BOOTSTRAP, str(table)],
            "R survey, svymean, from CSV": ["Rscript", "-e", SURVEY, str(table)],
        }
        asked = ["Rscript", "-e", "library(survey)"]
        if (
            shutil.which("Rscript") is None
            or subprocess.run(asked, capture_output=True, check=False).returncode
        ):
            works.popitem()
        taken: dict[str, list[tuple[float, float]]] = {who: [] for who in works}
        found = {}
        for who, *used in timed(works, target):
            taken[who].append((used[0], used[1]))
            found[who] = pd.read_csv(target).sort_values(["label", "year"])["value"].to_numpy()
    first = next(iter(found.values()))
    told(taken, {who: f"same shares: {np.allclose(values, first)}" for who, values in found.items()})


def _edited(texts: list[str]) -> list[str]:
    """Exchange a tenth of the characters of each text for those of another text."""
    rng = np.random.default_rng(0)
    strange = rng.permutation(list("".join(texts)))
    made = []
    for text in texts:
        drawn = rng.random(len(text)) < 0.1
        made.append("".join(np.where(drawn, rng.choice(strange, len(text)), list(text)).tolist()))
    return made


def pairs(count: int, folder: str | None) -> None:
    """Time the search for pairs of like texts, and say what each finds of those that are most alike."""
    with copies(count, folder) as (made, scratch):
        rows = read_table(made / "tables", "sentences", ["agency", "text"])
        rows["text"] = [mask(text.replace(str(a), "")) for a, text in zip(rows["agency"], rows["text"])]
        rows = rows[rows["text"].str.len() >= MIN_LENGTH].drop_duplicates("text").head(33 * count)
        edited = rows.iloc[::10]
        rows = pd.concat([rows, edited.assign(text=_edited(edited["text"].tolist()))]).drop_duplicates("text")
        source, target = scratch / "texts.tsv", scratch / "pairs.txt"
        source.write_text("\n".join(f"{a}\t{text}" for a, text in zip(rows["agency"], rows["text"])), "utf-8")
        works = {
            who: [sys.executable, "-c", code, str(source)]
            for who, code in (("ours", PAIRS), ("datasketch", MINHASH))
        }
        taken: dict[str, list[tuple[float, float]]] = {who: [] for who in works}
        found = {}
        for who, *used in timed(works, target):
            taken[who].append((used[0], used[1]))
            found[who] = set(map(tuple, np.loadtxt(target, int, ndmin=2).tolist()))
    texts = rows["text"].tolist()
    runs = [{text[k : k + 4] for k in range(max(len(text) - 3, 1))} for text in texts]
    alike = {
        (a, b) for a, b in set.union(*found.values()) if 2 * len(runs[a] & runs[b]) >= len(runs[a] | runs[b])
    }
    print(f"{len(texts):,} texts, {len(alike):,} pairs of Jaccard .5 that either found")
    told(
        taken,
        {who: f"{len(alike & f) / len(alike):.1%} of them, {len(f):,} in all" for who, f in found.items()},
    )


if __name__ == "__main__":
    {"shares": shares, "pairs": pairs}[sys.argv[1]](int(sys.argv[2]), *(sys.argv[3:4] or [None]))
