"""Options that several commands share."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Into = functools.partial(Option, "--output", "-o")
Tables = Annotated[Path, Argument(help="Tables folder of gongkai build.")]
Predicted = Annotated[Path, Argument(help="What gongkai predict wrote.")]
Output = Annotated[Path, Into(help=".csv, .xlsx, .jsonl or .parquet to write.")]
By = Annotated[str, Option("--by", help="Column that holds the groups, e.g. year, kind, level, form.")]
First = Annotated[str | None, Option("--first", help="Group compared with; all others if not given.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace an earlier result of gongkai.")]
Jobs = Annotated[int, Option("--jobs", "-j", min=1, help="Worker processes.")]
Threads = Annotated[int | None, Option("--jobs", "-j", min=1, help="Threads; all cores if not given.")]
Workers = Annotated[
    int | None,
    Option(
        "--jobs", "-j", min=1,
        help="Worker processes, and threads of sums; if not given no process, and all cores.",
    ),
]  # fmt: skip
Limit = Annotated[int | None, Option("--limit", min=1, help="Only the first N inputs, for a look.")]
Seed = Annotated[int, Option("--seed", help="Seed of what is drawn at random.")]
Level = Annotated[float, Option("--level", min=0.5, max=0.999, help="Coverage of the intervals.")]
Model = Annotated[str, Option("--model", "-m", help="Model folder, or the name of a bundled checkpoint.")]
Device = Annotated[
    str | None, Option("--device", help="transformer: cpu, cuda, …; unless given, a GPU where there is one.")
]
BatchSize = Annotated[int | None, Option("--batch-size", min=1, help="transformer: sentences read at once.")]
CodebookFile = Annotated[
    Path | None, Option("--codebook", help="Codebook in TOML; the one that ships if not given.")
]
FillFrom = Annotated[
    Path | None,
    Option("--tables", help="Tables folder: its reports' columns, and what the predictions lack."),
]
Resume = Annotated[bool, Option("--resume", help="Go on with an interrupted run.")]
Share = Annotated[
    str | None,
    Option("--shard", metavar="I/N", help="Only the I-th of N shares; a last run with --resume ends it."),
]
Scheduler = Annotated[
    str | None, Option("--scheduler", metavar="ADDRESS", help="Scheduler of a running Dask cluster.")
]


def columns_of(text: str) -> list[str]:
    """Return the names in a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]
