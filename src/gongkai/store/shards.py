"""A fixed list of inputs → shards → parts at a place. Knows no report.

Shards are cut by number of inputs, never by workers, so that the parts are the same whatever ran them. A
shard is done when its mark stands in `.unfinished/`, which the worker writes after the parts. The marks and
the plan go when the whole is finished.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import logging
import os
import platform
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import TypeVar

import filelock
from tqdm import tqdm

from gongkai.errors import GongkaiError
from gongkai.store import storage
from gongkai.store.progress import DELAY, is_terminal
from gongkai.store.run import extra, refuse_existing
from gongkai.store.storage import Place

logger = logging.getLogger(__name__)

Input = TypeVar("Input")
Mark = dict[str, int]
Share = tuple[int, int]
"""(i, n): the i-th of n machines, from 1."""

UNFINISHED = ".unfinished"
PLAN, CLEARING = "plan.json", "clearing"
AHEAD = 1000
"""Shards given to somebody else's executor at a time."""


def cut(inputs: Sequence[Input], size: int) -> list[list[Input]]:
    """Cut a list into shards of `size`."""
    return [list(inputs[i : i + size]) for i in range(0, len(inputs), size)]


def parse_share(text: str | None) -> Share | None:
    """Read `I/N`, e.g. `3/16`.

    Raises:
        GongkaiError: It is something else.
    """
    if text is None:
        return None
    first, _, second = text.partition("/")
    if not (first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second)):
        raise GongkaiError(f"--shard {text}: expected I/N with 1 ≤ I ≤ N, e.g. 3/16")
    return int(first), int(second)


@contextlib.contextmanager
def cluster(address: str | None) -> Iterator[Executor | None]:
    """Give an executor on a running Dask cluster; none without an address.

    Raises:
        GongkaiError: The extra `cluster` is not installed, or no scheduler answers there.
    """
    if address is None:
        yield None
        return
    distributed = extra("distributed", "--scheduler", "cluster")
    try:
        client = distributed.Client(address)
    except (OSError, ValueError) as error:
        raise GongkaiError(f"--scheduler {address}: no Dask scheduler answers: {error}") from error
    with client:
        yield client.get_executor()


@contextlib.contextmanager
def only_writer(folder: Place, share: Share | None = None, *, target: Place | None = None) -> Iterator[None]:
    """Hold the folder (or this share of it) for this process; the lock goes with the process.

    An object store has no locks: there nobody stops a second writer. Messages name the `target` that the
    folder is for, if it is another's.

    Raises:
        GongkaiError: Another process is writing into the folder, or its parent cannot be written.
    """
    if storage.is_url(folder):
        yield
        return
    place = Path(folder)
    name = place.name if share is None else f"{place.name}.{share[0]}-of-{share[1]}"
    path = place.parent / f".{name}.lock"
    lock = filelock.FileLock(path, timeout=0)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise GongkaiError(
            f"{target or folder}: another gongkai is writing into it; wait, or choose another name"
        ) from error
    except OSError as error:
        raise GongkaiError(f"{target or folder}: cannot write here: {error.strerror or error}") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # POSIX takes the file away while it is held, Windows only after
            path.unlink()
        lock.release()
        with contextlib.suppress(OSError):
            path.unlink()


def open_folder(
    folder: Place,
    plan: Mapping[str, object],
    *,
    overwrite: bool,
    resume: bool,
    share: Share | None = None,
    target: Place | None = None,
) -> set[int]:
    """Prepare the output folder and return the numbers of the shards that are already done.

    Args:
        folder: Where the parts go.
        plan: Everything that decides them; a resumed run must have the same.
        overwrite: Replace what an earlier run finished there.
        resume: Go on with what an interrupted run left there.
        share: This process is one of several; whichever comes first opens the folder.
        target: What the folder is for, in messages; the folder itself unless given.

    Raises:
        GongkaiError: The folder holds something else, another run's parts, or another plan's.
    """
    marks = f"{folder}/{UNFINISHED}"
    if share and overwrite:
        raise GongkaiError("--shard and --overwrite exclude each other: delete the folder first")
    if storage.exists(f"{marks}/{PLAN}") and (resume or share):
        if storage.read_json(f"{marks}/{PLAN}") != _digest(plan):
            raise GongkaiError(
                f"{target or folder}: inputs or settings changed since the interrupted run; pass --overwrite"
            )
        return _done(folder)
    present = storage.children(folder)
    if UNFINISHED not in present:
        refuse_existing(folder, overwrite=overwrite)
    elif not (resume or overwrite or (share and CLEARING not in storage.children(marks))):
        raise GongkaiError(f"{folder}: an interrupted run stands here; pass --resume to go on or --overwrite")
    if not share:
        _clear(folder)
    storage.write_json(f"{marks}/{PLAN}", _digest(plan))
    storage.delete(f"{marks}/{CLEARING}")
    return set()


def _clear(folder: Place) -> None:
    """Empty the folder; killed in between, it is still known as gongkai's."""
    marks = f"{folder}/{UNFINISHED}"
    storage.write_bytes(f"{marks}/{CLEARING}", b"")
    storage.delete(f"{marks}/{PLAN}")
    for name in storage.children(folder):
        if name != UNFINISHED:
            storage.delete(f"{folder}/{name}")
    for name in storage.children(marks):
        if name != CLEARING:
            storage.delete(f"{marks}/{name}")


def _done(folder: Place) -> set[int]:
    names = storage.children(f"{folder}/{UNFINISHED}")
    return {int(name.removesuffix(".json")) for name in names if name.removesuffix(".json").isdecimal()}


def _digest(plan: Mapping[str, object]) -> str:
    return digest_of([plan])


def digest_of(rows: Iterable[object]) -> str:
    """Return the SHA-256 of rows as JSON, taken one by one."""
    found = hashlib.sha256()
    for row in rows:
        found.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
    return found.hexdigest()


def still_to_do(count: int, done: set[int], share: Share | None) -> list[int]:
    """Return the numbers of this share's shards (of all, without a share) that are not done."""
    first, step = (share[0] - 1, share[1]) if share else (0, 1)
    return [number for number in range(first, count, step) if number not in done]


def sum_marks(folder: Place, count: int, share: Share | None) -> Mark:
    """Add up the marks of this share's shards."""
    summed: Mark = {}
    for number in still_to_do(count, set(), share):
        for key, value in mark_of(folder, number).items():
            summed[key] = summed.get(key, 0) + value
    return summed


def close_folder(folder: Place, manifest: Mapping[str, object]) -> None:
    """Write `run.json`, then take the marks and what killed writers left away, the plan last."""
    storage.sweep(folder)
    storage.write_json(f"{folder}/run.json", manifest)
    for number in _done(folder):
        storage.delete(_mark(folder, number))
    storage.delete(f"{folder}/{UNFINISHED}")


def mark_of(folder: Place, number: int) -> Mark:
    """Return the mark of a shard that is done."""
    found: Mark = storage.read_json(_mark(folder, number))
    return found


def _mark(folder: Place, number: int) -> str:
    return f"{folder}/{UNFINISHED}/{number:05d}.json"


def run_shards(
    work: Callable[[list[Input], int, str], Mark],
    shards: Sequence[list[Input]],
    folder: Place,
    *,
    numbers: Sequence[int],
    jobs: int = 0,
    executor: Executor | None = None,
    poison: Callable[[Input], Input] | None = None,
    unit: str = "file",
    what: str | None = None,
) -> None:
    """Run `work(shard, number, folder)` on the shards of these numbers, with a progress bar on a terminal.

    A shard whose worker was killed is run once more on its own, then in halves until the input is found that
    kills; with `jobs` 0 there is no worker, and the run itself dies.

    Args:
        work: A picklable function that writes the shard's parts and returns counts.
        shards: Inputs.
        folder: What `open_folder` prepared.
        numbers: Which shards; see `still_to_do`.
        jobs: Worker processes; 0 runs in this process.
        executor: Use this one instead (`jobs` is ignored).
        poison: Turns an input that killed its worker into one that `work` only reports.
        unit: What an input is called in the progress bar.
        what: What is done with them; said in a bar that comes late and goes.

    Raises:
        GongkaiError: An input killed its worker and there is no `poison`; the executor broke.
    """
    place = str(folder)
    total = sum(len(shards[n]) for n in numbers)
    with tqdm(
        total=total, unit=unit, desc=what, delay=DELAY if what else 0, leave=what is None,
        disable=not is_terminal(), file=sys.stderr,
    ) as bar:  # fmt: skip
        if executor is None and jobs <= 0:
            for number in numbers:
                run_one(work, shards[number], number, place)
                bar.update(len(shards[number]))
            return
        for ended, lost in _pooled(work, shards, numbers, place, jobs, executor):
            if lost:
                with _apart(executor) as survives:
                    for number in lost:
                        _rescue(survives, work, shards[number], number, place, poison)
            bar.update(sum(len(shards[number]) for number in ended + lost))


def run_one(
    work: Callable[[list[Input], int, str], Mark], shard: list[Input], number: int, folder: str
) -> None:
    """Run one shard and leave its mark. Runs in a worker, on any machine.

    Raises:
        GongkaiError: This machine does not see the folder.
    """
    if not storage.exists(f"{folder}/{UNFINISHED}/{PLAN}"):
        raise GongkaiError(
            f"{folder}: no run is open here, seen from {platform.node()} in {Path.cwd()}; workers"
            f" elsewhere need an absolute path that all share, or an address"
        )
    with _rare_collection():
        storage.write_json(_mark(folder, number), work(shard, number, folder))


@contextlib.contextmanager
def _rare_collection() -> Iterator[None]:
    """Let the collector of cycles run less often: a shard's many rows have none (a tenth of the time)."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 20_000) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _pooled(
    work: Callable[[list[Input], int, str], Mark],
    shards: Sequence[list[Input]],
    numbers: Sequence[int],
    folder: str,
    jobs: int,
    executor: Executor | None,
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the numbers of shards that ended, and of those whose worker was killed meanwhile.

    One killed worker breaks a local pool, so all shards in hand are in doubt; a new pool goes on.
    """
    waiting = deque(numbers)
    running: dict[Future[None], int] = {}
    pool = executor or local_pool(jobs)
    try:
        while waiting or running:
            ended: list[int] = []
            lost: list[int] = []
            while waiting and len(running) < (AHEAD if executor else jobs + 1):
                number = waiting.popleft()
                try:
                    running[pool.submit(run_one, work, shards[number], number, folder)] = number
                except BrokenExecutor:
                    lost.append(number)
                    break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number = running.pop(future)
                try:
                    future.result()
                except _killed(executor):
                    lost.append(number)
                else:
                    ended.append(number)
            if lost and executor is None:
                lost += running.values()
                running.clear()
                pool.shutdown()
            yield ended, sorted(lost)
            if lost and executor is None:
                pool = local_pool(jobs)
    finally:
        for future in running:
            future.cancel()
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)


def _killed(executor: Executor | None) -> tuple[type[Exception], ...]:
    """Return the errors that say a worker died: a local pool's, or what Dask says after some trials."""
    if executor is None:
        return (BrokenExecutor,)
    if "distributed" not in sys.modules:
        return ()
    from distributed.scheduler import KilledWorker

    return (KilledWorker,)


def _rescue(
    survives: Callable[..., bool],
    work: Callable[[list[Input], int, str], Mark],
    shard: list[Input],
    number: int,
    folder: str,
    poison: Callable[[Input], Input] | None,
) -> None:
    """Run a shard whose worker was killed once more on its own, then in halves down to what kills."""

    def without_killers(entries: list[Input]) -> list[Input]:
        if len(entries) == 1 and poison is not None:
            logger.error("%s: kills its worker", entries[0])
            return [poison(entries[0])]
        half = len(entries) // 2
        kept: list[Input] = []
        for part in (entries[:half], entries[half:]):
            kept += part if survives(work, part, number, folder) else without_killers(part)
        return kept

    if storage.exists(_mark(folder, number)):
        return
    logger.warning("shard %d: its worker was killed; it is tried once more on its own", number)
    if survives(run_one, work, shard, number, folder):
        return
    if poison is None or not survives(run_one, work, without_killers(shard), number, folder):
        raise GongkaiError(
            f"shard {number} ({shard[0]} …): its worker was killed again and again; is the memory too small?"
        )


@contextlib.contextmanager
def _apart(executor: Executor | None) -> Iterator[Callable[..., bool]]:
    """Give a function that runs another in a process of its own, and says whether that was not killed.

    With somebody else's executor it is one task of that.
    """
    pools: list[ProcessPoolExecutor] = []

    def survives(function: Callable[..., object], *arguments: object) -> bool:
        if executor is None and not pools:
            pools.append(local_pool(1))
        try:
            (executor or pools[0]).submit(function, *arguments).result()
        except _killed(executor):
            if pools:
                pools.pop().shutdown()
            return False
        return True

    try:
        yield survives
    finally:
        for pool in pools:
            pool.shutdown()


def local_pool(jobs: int) -> ProcessPoolExecutor:
    """Return worker processes that leave Ctrl-C to this one and die with it."""
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start_worker)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, which lets the shard in hand end; die when the parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
