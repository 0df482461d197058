"""Growth and cores: build and predict on as many synthetic reports as asked for, each run a process of its own (Linux).

A synthetic report is a bundled HTML report moved to another invented place: same length and tables, other agency, other bytes.
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from gongkai.readers.decode import decode
from gongkai.report.file import read_file

RAW = Path(__file__).parents[1] / "corpus" / "raw"
PLACES = "澄沁沅汶沂泗淄湟汾洛渭泾沣滏漳淇淮颍汝湍溧滁巢浦溪浔沱涪嘉郁黔柳桂贺漓湘资沅澧郴汀漱"

LONG = 10_000
TURNS = 3
"""The median counts: another's work on the same machine slows some of them."""
RUN = """
import json, resource, sys, time
from gongkai.corpus.build import build
from gongkai.corpus.stream import predict_tables
command, source, target, jobs = sys.argv[1:]
start = time.perf_counter()
if command == "build":
    count = build(source, target, jobs=int(jobs)).reports
else:
    count = predict_tables(source, target, jobs=int(jobs))["sentences"]
seconds = time.perf_counter() - start
# Not getrusage of itself: a process that is started inherits the peak of the one that starts it.
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
print(json.dumps({"count": count, "seconds": seconds, "peak": peak}))
"""


def write_reports(folder: Path, count: int) -> None:
    """Write so many synthetic reports below a folder, a place's together."""
    pages = []
    for path in sorted(RAW.rglob("*.htm*")):
        found = read_file(path).tables().reports[0]
        pages.append((f"{path.parent.name}-{path.stem}", str(found.agency)[:2], decode(path.read_bytes())[0]))
    names = ["".join(pair) for pair in itertools.product(dict.fromkeys(PLACES), repeat=2)]
    places = (name + suffix for suffix in ("", *PLACES) for name in names)
    written = 0
    for number, place in enumerate(places):
        below = folder / f"{number:05d}"
        below.mkdir()
        for name, old, page in pages:
            if written == count:
                return
            (below / f"{name}.html").write_text(page.replace(old, place), encoding="utf-8")
            written += 1


def run(command: str, source: Path, target: Path, jobs: int) -> dict[str, float]:
    """Run one command in a fresh process; returns count, seconds and the MiB of its largest process at its peak."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, command, str(source), str(target), str(jobs)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    print(command, source, jobs, done.stdout.strip(), file=sys.stderr)
    return json.loads(done.stdout)


def scale(sizes: list[int], jobs: list[int]) -> list[dict[str, object]]:
    """Build and predict each number of reports with each number of workers in turn; above `LONG` once, with the last."""
    rows = []
    for size in sizes:
        tried, turns = (jobs, TURNS) if size <= LONG else (jobs[-1:], 1)
        with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as name:
            place = Path(name)
            (place / "r").mkdir()
            write_reports(place / "r", size)
            for command, source, unit in (
                ("build", "r", "reports"),
                ("predict", f"build-{tried[-1]}-0", "sentences"),
            ):
                runs: dict[int, list[dict[str, float]]] = {workers: [] for workers in tried}
                for turn, workers in itertools.product(range(turns), tried):
                    target = place / f"{command}-{workers}-{turn}"
                    runs[workers].append(run(command, place / source, target, workers))
                taken = {w: statistics.median(r["seconds"] for r in found) for w, found in runs.items()}
                for workers, found in runs.items():
                    gain = taken[1] / taken[workers] if 1 in taken else None
                    rows.append(
                        {
                            "what": command, "reports": f"{size:,}", "workers": workers,
                            "speed": f"{found[0]['count'] / taken[workers]:,.0f} {unit}/s",
                            "ms per report": f"{1000 * taken[workers] / size:.1f}",
                            "× one worker": f"{gain:.2f}" if gain else "",
                            "peak of a process": f"{max(r['peak'] for r in found):.0f} MiB",
                        }
                    )  # fmt: skip
    return rows
