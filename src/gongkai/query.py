"""SQL over a tables folder: one DuckDB view per table, over its parts as they are; nothing is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gongkai import storage
from gongkai.errors import GongkaiError, SchemaError
from gongkai.schema import SCHEMAS, parts_of

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


def connect(*folders: str | Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB connection with a view for each table of the folders.

    Args:
        folders: A tables folder of `build`, and if you like a folder of `predict`; paths or addresses. Where
            two folders have a table of one name, the view has the rows of both.

    Returns:
        A connection in memory: `connect("tables").sql("SELECT count(*) FROM reports").df()`. The views know
        the parts that stood there when it was opened.

    Raises:
        SchemaError: A folder has none of the tables.
        GongkaiError: The extra `query` is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise GongkaiError('SQL needs the extra "query": pip install "gongkai[query]"') from error
    parts: dict[str, list[str]] = {}
    for folder in folders:
        present = [name for name in storage.children(folder) if name in SCHEMAS]
        if not present:
            raise SchemaError(f"{folder}: no tables here; expected what `gongkai build` or `predict` wrote")
        for name in present:
            parts[name] = parts.get(name, []) + parts_of(folder, name)
    opened = duckdb.connect(":memory:")
    for system in {storage.filesystem(folder)[0] for folder in folders if storage.is_url(folder)}:
        opened.register_filesystem(system)
    for name, files in parts.items():
        listing = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        opened.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listing}])")
    return opened
