"""The page of many reports, against the same rows written by pandas and a template; each a process of its own (Linux).

    python -m benchmarks.page 12000 [FOLDER]       # tables and predictions as benchmarks.measures makes them, kept in FOLDER

The peer writes one HTML file: reports, sentences with their predictions, cells and checks by `to_json`, shares by agency and
year by `groupby`, put into a jinja2 template that draws a table. It has no intervals, no agencies one by one, no figures, no
search and no text laid out: what a reader would have to write for these is not in its time.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from benchmarks.measures import copies

TURNS = 3
MOST = 20_000
"""Reports up to which the peer is run, which holds everything twice in memory; above ours alone, once."""
OURS = """
from gongkai.show.page import write_page
write_page(f"{folder}/tables", f"{folder}/predictions", target)
"""
PEER = """
import jinja2
import pandas as pd
parts = {name: pd.read_parquet(f"{folder}/tables/{name}") for name in ("reports", "sentences", "statistics", "checks")}
parts["sentences"] = parts["sentences"].drop(columns="tokens")
found = pd.read_parquet(f"{folder}/predictions/predictions")
wide = found.pivot(index="sentence_id", columns="label", values=["score", "predicted"])
wide.columns = ["_".join(pair) for pair in wide.columns]
parts["sentences"] = parts["sentences"].merge(wide.reset_index(), on="sentence_id", how="left")
shares = found.groupby(["agency", "year", "label"])["predicted"].mean().unstack()
text = {name: frame.to_json(orient="split", force_ascii=False).replace("<", "\\\\u003c") for name, frame in parts.items()}
page = jinja2.Template(
    "<table>{% for key, row in shares %}<tr><th>{{ key }}<td>{{ row }}</tr>{% endfor %}</table>"
    "{% for name, rows in text.items() %}<script type='application/json' id='{{ name }}'>{{ rows }}</script>{% endfor %}",
)
import os
os.makedirs(target)
with open(f"{target}/index.html", "w", encoding="utf-8") as stream:
    stream.write(page.render(shares=[(k, list(r)) for k, r in zip(shares.index, shares.to_numpy())], text=text))
"""
RUN = """
import json, resource, sys, time
folder, target = sys.argv[1:]
start = time.perf_counter()
{work}
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
# Not the peak that getrusage tells: a process that is started inherits that of the one that starts it.
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print(json.dumps({{"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak": peak}}))
"""


def main() -> None:
    """Write the page of so many reports, ours and the peer's in turn, and print what each took."""
    count = int(sys.argv[1])
    with copies(count, *sys.argv[2:3]) as (folder, scratch):
        works = {"ours": OURS, "peer": PEER} if count <= MOST else {"ours": OURS}
        taken: dict[str, list[dict[str, float]]] = {who: [] for who in works}
        for turn in range(TURNS if count <= MOST else 1):
            for who, work in works.items():
                target = scratch / f"{who}{turn}"
                done = subprocess.run(
                    [sys.executable, "-c", RUN.format(work=work), str(folder), str(target)],
                    stdout=subprocess.PIPE, text=True, check=True,
                )  # fmt: skip
                size = sum(p.stat().st_size for p in target.rglob("*") if p.is_file()) / 2**20
                taken[who].append(json.loads(done.stdout) | {"MiB": size})
                print(who, taken[who][-1], file=sys.stderr)
    for who, runs in taken.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        print(
            f"{who}: {count:,} reports, {middle['seconds']:.1f} s, {middle['cpu']:.1f} s of processor time, "
            f"peak {middle['peak']:,.0f} MiB, {middle['MiB']:.0f} MiB written"
        )


if __name__ == "__main__":
    main()
