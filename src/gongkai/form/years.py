"""The rules between years over a whole tables folder, in memory that does not grow with it.

The few cells that such rules need are dealt out by agency, in one pass over the parts, into buckets on disk;
each bucket is then checked by itself.
"""

from __future__ import annotations

import contextlib
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gongkai.form.checks import check_years
from gongkai.store import storage
from gongkai.tables.parts import parts_of, write_part

BUCKET = 5_000
"""Reports per bucket, about."""
_TABLES: Mapping[str, tuple[list[str], object]] = {
    "reports": (["report_id", "agency", "region_code", "year", "form"], pc.field("same_as").is_null()),
    "statistics": (
        ["report_id", "agency", "table", "row", "column", "value", "where"],
        [
            [("table", "=", "requests"), ("row", "in", ["new_requests", "carried_in", "carried_out"])],
            [("table", "=", "proactive"), ("row", "in", ["regulations", "normative_documents"])],
        ],
    ),
    "sentences": (
        ["report_id", "agency", "section", "heading", "text"],
        pc.match_substring_regex(pc.field("text"), pattern="(增长|增加|增幅|上升|下降|减少|降低)了?[0-9]"),
    ),
}


def write_year_checks(
    folder: str | Path, *, reports: int, first_part: int, series: Callable[[str], str] = str
) -> int:
    """Write the checks between years as further parts of `checks`; returns how many there are.

    Args:
        folder: Tables folder with all its other parts.
        reports: How many reports it has; decides the number of buckets.
        first_part: Number of the first part to write, one per bucket.
        series: See `check_years`.
    """
    buckets = 1 + reports // BUCKET
    count = 0
    with tempfile.TemporaryDirectory(prefix="gongkai-") as place:
        for name in _TABLES:
            _deal(folder, name, Path(place), buckets, series)
        for bucket in range(buckets):
            rows = check_years(
                *(pa.ipc.open_stream(_bucket(Path(place), name, bucket)).read_pandas() for name in _TABLES),
                series=series,
            )
            write_part("checks", rows, folder, first_part + bucket)
            count += len(rows)
    return count


def _bucket(place: Path, name: str, number: int) -> str:
    return str(place / f"{name}-{number}.arrows")


def _deal(folder: str | Path, name: str, place: Path, buckets: int, series: Callable[[str], str]) -> None:
    """Append each part's rows to the files of their series' buckets."""
    columns, filters = _TABLES[name]
    with contextlib.ExitStack() as stack:
        writers: list[pa.RecordBatchStreamWriter] = []
        for part in parts_of(folder, name):
            system, path = storage.filesystem(part)
            rows = pq.read_table(path, columns=columns, filters=filters, filesystem=system)
            if not writers:
                for bucket in range(buckets):
                    writer = pa.ipc.new_stream(_bucket(place, name, bucket), rows.schema)
                    writers.append(stack.enter_context(writer))
            agencies = rows["agency"].to_pylist()
            numbers = pa.array([zlib.crc32(series(a or "").encode()) % buckets for a in agencies], pa.int32())
            for bucket in set(numbers.to_pylist()):
                writers[bucket].write_table(rows.filter(pa.compute.equal(numbers, bucket)))
