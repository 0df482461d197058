"""The steps of a command that measures: its workers, and what an interrupted run of it left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gongkai.store.steps import Steps

_HOW = ("output", "jobs", "resume", "scheduler", "overwrite")
_PRINTED = ("top",)


@contextlib.contextmanager
def stepwise(context: typer.Context, *inputs: Path | None) -> Iterator[tuple[Steps, bool]]:
    """Give the steps of a command that reads these inputs, and whether what it writes may be replaced.

    Its options are their plan, but for those that say where and how it runs, and what is printed; of a
    further output it counts whether there is one. What the interrupted run had written is replaced when it
    goes on.

    Raises:
        GongkaiError: A file that it is to write was there before it.
    """
    from gongkai.store import shards, storage
    from gongkai.store.run import refuse_existing
    from gongkai.store.steps import steps
    from gongkai.text.lexicon import digests

    output, jobs, resume, scheduler, overwrite = (context.params[name] for name in _HOW)
    read = [path for path in inputs if path is not None]
    files = [value for value in context.params.values() if isinstance(value, Path) and value not in read]
    options = {
        name: None if value is None else "FILE" if value in files else str(value)
        for name, value in context.params.items()
        if name not in (*_HOW, *_PRINTED)
    }
    plan = {"command": context.info_name, "options": options, "lexicon": digests()}
    with (
        shards.cluster(scheduler) as executor,
        steps(output, plan, read, jobs=jobs, executor=executor, resume=resume, overwrite=overwrite) as found,
    ):
        own = f"{found.folder}/own.json"
        mine = set(storage.read_json(own)) if found.resumed and storage.exists(own) else set()
        for file in files:
            refuse_existing(file, overwrite=overwrite or str(file) in mine)
        storage.write_json(own, sorted(mine | set(map(str, files))))
        yield found, overwrite or found.resumed
