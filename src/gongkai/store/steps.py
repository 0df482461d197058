"""A long measure in steps, each of a part or a bucket: on the executors of `build`, kept until all is done.

A step is a function that gives Arrow tables. They are taken in the order of their inputs, so that who ran
them decides nothing. What is done stands in a folder beside the output, which goes when that is written.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from gongkai.errors import GongkaiError, MeasureError, SchemaError
from gongkai.store import shards, storage
from gongkai.store.progress import progress
from gongkai.store.run import libraries, refuse_existing, sweep_beside, version

Input = TypeVar("Input")
Tables = dict[str, pa.Table]
Laid = Tables | str
"""Tables for many steps: themselves, or where they stand on disk."""

LIBRARIES = ("duckdb", "numpy", "pandas", "pyarrow", "scipy")
"""Distributions that decide what a step gives."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Who runs the steps of a measure, and where what is done is kept.

    Attributes:
        jobs: Worker processes, none unless given; of what DuckDB adds up its threads, all cores unless given.
        executor: What runs the steps instead.
        folder: Where what is done is kept.
        resumed: What an interrupted run did stands there.
    """

    jobs: int | None = None
    executor: Executor | None = None
    folder: str = ""
    resumed: bool = False
    _used: Counter[str] = field(default_factory=Counter)
    _pools: list[Executor] = field(default_factory=list)


@contextlib.contextmanager
def steps(
    output: str | Path | None = None,
    plan: Mapping[str, object] | None = None,
    inputs: Iterable[str | Path] = (),
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Iterator[Steps]:
    """Let measures run in steps, on several processes or a cluster.

    `with steps(jobs=4) as s: gongkai.reuse("tables", steps=s)`. A measure without steps is taken in this
    process, and nothing is kept.

    Args:
        output: The file that is made of them: what is done is kept beside it until the block ends well.
            Unless given it is kept in a temporary folder, which always goes.
        plan: Everything but the inputs that decides the result.
        inputs: Files and folders that are read. An interrupted run goes on only with the same, and that plan.
        jobs: Worker processes, none unless given; of what DuckDB adds up its threads, all cores unless given.
            The result does not depend on it.
        executor: Any `concurrent.futures` executor to use instead of local processes.
        resume: Go on with what an interrupted run left.
        overwrite: `output` may be replaced, and what an interrupted run left.

    Raises:
        GongkaiError: `output` exists; an interrupted run stands there and neither is said; it had another
            plan; another process is at it.
    """
    if output is None:
        with (
            tempfile.TemporaryDirectory(prefix="gongkai-") as folder,
            _ended(Steps(jobs, executor, folder)) as s,
        ):
            yield s
        return
    target = Path(output)
    kept = target.parent / f".{target.name}.steps"
    whole = {
        "gongkai": version(), "libraries": libraries(LIBRARIES), "inputs": shards.digest_of(_states(inputs)),
        "plan": dict(plan or {}),
    }  # fmt: skip
    with shards.only_writer(kept, target=target):
        goes_on = resume and _stands(kept)
        if not _stands(kept):
            storage.delete(kept)  # no step of it was done
        elif not (resume or overwrite):
            raise GongkaiError(
                f"{target}: an interrupted run of it stands here; pass --resume or --overwrite"
            )
        if not goes_on:
            refuse_existing(target, overwrite=overwrite)
        sweep_beside(target)
        shards.open_folder(kept, whole, overwrite=overwrite, resume=resume, target=target)
        try:
            with _ended(Steps(jobs, executor, str(kept), goes_on)) as s:
                yield s
        except (MeasureError, SchemaError):  # of the inputs: others are another plan
            storage.delete(kept)
            raise
        except BaseException:
            if not _stands(kept):
                storage.delete(kept)
            raise
        storage.delete(kept)


@contextlib.contextmanager
def _ended(found: Steps) -> Iterator[Steps]:
    """End the worker processes with the block."""
    try:
        yield found
    finally:
        for pool in found._pools:
            pool.shutdown(cancel_futures=True)


def _stands(kept: Path) -> bool:
    """Tell whether some step was done there."""
    return any(kept.glob(f"*/{shards.UNFINISHED}/[0-9]*.json"))


def _states(inputs: Iterable[str | Path]) -> Iterator[tuple[object, ...]]:
    """Yield name, size and time of each file of the inputs."""
    for place in inputs:
        if storage.is_url(place):
            files = storage.files_below(place) if storage.is_folder(place) else [str(place)]
        else:
            below = sorted(p for p in Path(place).rglob("*") if p.is_file() and not p.name.startswith("."))
            files = [str(p) for p in below] or [str(place)]
        for file in files:
            yield (file, *storage.state(file))


def taken(
    steps: Steps | None,
    name: str,
    work: Callable[[Input], Tables],
    inputs: Iterable[Input],
    *,
    threaded: bool = False,
) -> Iterator[Tables]:
    """Yield what a function gives of each input, in their order.

    Args:
        steps: Who runs it, and where the results are kept.
        name: What is done, for the bar; the second of a name is another.
        work: A function that can be pickled, of the input and the inputs of the whole measure alone.
        inputs: Small: paths, numbers, what `laid` gave.
        threaded: It has threads of its own: no worker processes on this machine.
    """
    if steps is None:
        yield from map(work, progress(inputs, name))
        return
    given = list(inputs)
    place = _run(steps, name, work, given, jobs=0 if threaded else steps.jobs or 0, executor=steps.executor)
    for number in range(len(given)):
        yield _read(place, number)


@contextlib.contextmanager
def kept(given: Steps | None) -> Iterator[Steps]:
    """Give the steps, or where there are none some in this process, for what is too large for memory."""
    with contextlib.nullcontext(given) if given is not None else steps() as found:
        yield found


def laid(
    steps: Steps | None,
    name: str,
    make: Callable[[Input], Tables],
    inputs: Sequence[Input],
    *,
    elsewhere: bool = False,
) -> Iterable[Laid]:
    """Lay out tables for steps that follow, so that no step carries them; see `opened`.

    They are made in this process, unless an interrupted run has made them, or `elsewhere` as in `taken`. One
    alone, which many steps read, is laid out so that it is mapped into memory. Without steps they are made
    when they are asked for.
    """
    if steps is None:
        return map(make, inputs)
    jobs, executor = (steps.jobs or 0, steps.executor) if elsewhere else (0, None)
    place = _run(steps, name, make, inputs, jobs=jobs, executor=executor, mapped=len(inputs) == 1)
    return [f"{place}/{number:05d}" for number in range(len(inputs))]


def opened(tables: Laid) -> Tables:
    """Return tables that were laid out."""
    if not isinstance(tables, str):
        return tables
    place, _, number = tables.rpartition("/")
    return _read(place, int(number))


def array_of(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array, not copied where it lies in one piece: that may be on disk."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _run(
    steps: Steps,
    name: str,
    work: Callable[[Input], Tables],
    inputs: Sequence[Input],
    *,
    jobs: int = 0,
    executor: Executor | None = None,
    mapped: bool = False,
) -> str:
    """Do the steps that are not done, and return where the results stand."""
    steps._used[name] += 1
    place = f"{steps.folder}/{name.replace(' ', '-')}-{steps._used[name]}"

    def run(**how: Any) -> None:  # noqa: ANN401
        done = shards.open_folder(place, {"steps": len(inputs)}, overwrite=True, resume=True)
        numbers = shards.still_to_do(len(inputs), done, None)
        keep = functools.partial(_keep, work, mapped)
        shards.run_shards(
            keep, [[one] for one in inputs], place, numbers=numbers, unit="step", what=name, **how
        )

    if executor is None and jobs > 1 and len(inputs) > 1:
        if not steps._pools:
            steps._pools.append(shards.local_pool(jobs))
        try:
            run(executor=steps._pools[0])
        except BrokenExecutor:  # a worker was killed: with a pool of its own `run_shards` knows what to do
            steps._pools.pop().shutdown()
            run(jobs=jobs)
    else:
        run(executor=executor)
    return place


def _keep(
    work: Callable[[Input], Tables], mapped: bool, shard: list[Input], number: int, folder: str
) -> shards.Mark:
    """Write what a step gives; returns how many rows each table has. Runs in a worker."""
    found = work(shard[0])
    how = pa.ipc.IpcWriteOptions(compression=None if mapped else "lz4")
    for name, table in found.items():
        target = Path(_file(folder, number, name))
        hidden = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}{storage.WRITING}")
        with (
            pa.OSFile(str(hidden), "wb") as stream,
            pa.ipc.new_file(stream, table.schema, options=how) as one,
        ):
            one.write_table(table.combine_chunks())
        hidden.replace(target)
    return {name: len(table) for name, table in found.items()}


def _read(place: str, number: int) -> Tables:
    found = {}
    for name in shards.mark_of(place, number):
        file = _file(place, number, name)
        source = pa.memory_map(file) if os.name == "posix" else pa.OSFile(file)
        found[name] = pa.ipc.open_file(source).read_all()
    return found


def _file(place: str, number: int, name: str) -> str:
    return f"{place}/{number:05d}.{name}.arrow"
