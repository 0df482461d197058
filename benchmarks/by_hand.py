"""Shares by year with intervals, against what people write by hand: R's survey, pandas with a bootstrap loop (Linux).

    python -m benchmarks.by_hand 12000 [FOLDER]    # predictions as benchmarks.measures makes them, kept in FOLDER

Each is a process of its own that starts, reads, and gives for each year and each of the two labels the share and an interval
with agencies as clusters; in turn. From the CSV that R must read, and ours also from the folder that `predict` writes. R needs
the package survey (Debian: r-cran-survey); without it that row is left out. The shares are compared.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from benchmarks.measures import copies
from gongkai.tables.predicted import read_predictions
from gongkai.tables.schema import write_frame

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


def main() -> None:
    """Run each in turn and print medians of seconds and processor time."""
    import pandas as pd

    count = int(sys.argv[1])
    with copies(count, *sys.argv[2:3]) as (folder, scratch):
        parts, table = folder / "predictions", folder / "predictions.csv"
        if not table.exists():
            write_frame(read_predictions(parts), table)
        works = {
            "ours, from the folder": [sys.executable, "-c", OURS, str(parts)],
            "ours, from CSV": [sys.executable, "-c", OURS, str(table)],
            f"pandas, {DRAWS} draws of agencies, from CSV": [sys.executable, "-c", BOOTSTRAP, str(table)],
            "R survey, svymean, from CSV": ["Rscript", "-e", SURVEY, str(table)],
        }
        if subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True, check=False).returncode:
            works.popitem()
        taken: dict[str, list[tuple[float, float]]] = {who: [] for who in works}
        made = {}
        for _ in range(TURNS):
            for who, work in works.items():
                target = scratch / "shares.csv"
                before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
                subprocess.run([*work, str(target)], check=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                taken[who].append((time.perf_counter() - start, cpu))
                print(who, json.dumps(taken[who][-1]), file=sys.stderr)
                made[who] = pd.read_csv(target).sort_values(["label", "year"])["value"].to_numpy()
    first = next(iter(made.values()))
    for who, runs in taken.items():
        seconds, cpu = (statistics.median(run[k] for run in runs) for k in (0, 1))
        print(
            f"{who}: {seconds:.1f} s, {cpu:.1f} s of processor time, same shares: {np.allclose(made[who], first)}"
        )


if __name__ == "__main__":
    main()
