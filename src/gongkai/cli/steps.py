"""The steps of a command that measures: its workers, and what an interrupted run of it left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gongkai.store.steps import Steps

_NO_PLAN = ("output", "jobs", "resume", "scheduler", "overwrite")


@contextlib.contextmanager
def stepwise(context: typer.Context, *inputs: Path | None) -> Iterator[tuple[Steps, bool]]:
    """Give the steps of a command that reads these inputs, and whether what it writes may be replaced.

    Its options are their plan, but for those that say where and how it runs. What the interrupted run had
    written is replaced when it goes on, unless one of its files was there before it.
    """
    from gongkai.store import shards, storage
    from gongkai.store.steps import steps
    from gongkai.text.lexicon import digests

    output, jobs, resume, scheduler, overwrite = (context.params[name] for name in _NO_PLAN)
    options = {k: None if v is None else str(v) for k, v in context.params.items() if k not in _NO_PLAN}
    plan = {"command": context.info_name, "options": options, "lexicon": digests()}
    read = [path for path in inputs if path is not None]
    with (
        shards.cluster(scheduler) as executor,
        steps(output, plan, read, jobs=jobs, executor=executor, resume=resume, overwrite=overwrite) as found,
    ):
        there = f"{found.folder}/there.json"
        if not found.resumed:
            files = [value for value in context.params.values() if isinstance(value, Path)]
            others = [str(file) for file in files if file not in read and file.exists()]
            storage.write_json(there, [] if overwrite else others)
        mine = found.resumed and storage.exists(there) and not storage.read_json(there)
        yield found, overwrite or mine
