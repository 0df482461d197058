"""A tables folder → a folder to hand on: one file per table, described for machines.

Croissant 1.1, Frictionless Data Package 2 and DataCite 4 say the same in three languages; all is derived from
the rows of `rows.py`, the files as they were written, and what the user says about the whole.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from gongkai.errors import SchemaError
from gongkai.store.progress import progress
from gongkai.store.run import file_digest, version, whole_folder, write_json
from gongkai.tables.parts import parts_of, read_columns, read_parts, types_of
from gongkai.tables.predicted import fill_predictions, read_predictions, scheme_of
from gongkai.tables.rows import BUILT, KEYS, ROWS
from gongkai.tables.schema import SCHEMAS, Labels, Predictions

Form = Literal["csv", "parquet"]
KEYWORDS = ("政府信息公开", "government transparency", "China", "text as data")
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_CROISSANT_MEDIA = {**_MEDIA, "parquet": "application/x-parquet"}  # by this name mlcroissant 1.1 reads it
_CROISSANT = {"string": "sc:Text", "int32": "cr:Int32", "double": "cr:Float64", "bool": "sc:Boolean"}
_FRICTIONLESS = {"string": "string", "int32": "integer", "double": "number", "bool": "boolean"}


@dataclass(frozen=True, slots=True)
class About:
    """What only the owner can say of a collection; what is empty is left out, or said to be unknown."""

    title: str = "Disclosure reports of Chinese agencies as tables"
    creators: Sequence[str] = ()
    licence: str = ""
    """SPDX identifier, e.g. CC-BY-4.0."""
    publisher: str = ""
    url: str = ""
    published: str = ""
    """ISO date; today unless given."""


def export(
    tables: str | Path,
    output: str | Path,
    *,
    about: About | None = None,
    form: Form = "csv",
    predictions: str | Path | None = None,
    labels: Labels | None = None,
    overwrite: bool = False,
) -> dict[str, int]:
    """Write the tables as one file each, with croissant.json, datapackage.json and datacite.json beside them.

    Args:
        tables: Tables folder of `build`.
        output: Folder to make.
        about: What you say of the whole.
        form: `csv` (UTF-8; lists as JSON) or `parquet`.
        predictions: What `predict` wrote, to go with them.
        labels: Codes to go with them.
        overwrite: Replace an earlier export.

    Returns:
        Rows by table.

    Raises:
        SchemaError: The folder lacks a table, the format is another, or a date is none.
        GongkaiError: The output exists.
    """
    if form not in _MEDIA:
        raise SchemaError(f"format {form!r}: expected one of {', '.join(_MEDIA)}")
    about = about or About()
    try:  # a year or a month is a date too
        date.fromisoformat(f"{about.published or date.today()}-01-01"[:10])
    except ValueError as error:
        raise SchemaError(f"date {about.published!r}: expected e.g. 2026-11-27, 2026-11 or 2026") from error
    pieces: dict[str, Iterator[pa.Table]] = {
        name: (read_columns(p, None) for p in progress(parts_of(tables, name), f"writing {name}"))
        for name in BUILT
    }
    if predictions is not None:
        frames = _predictions(predictions, tables)
        pieces["predictions"] = (pa.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    if labels is not None:
        pieces["labels"] = iter([pa.Table.from_pandas(labels, preserve_index=False)])
    types = {name: types_of(tables, name) for name in BUILT}
    if predictions is not None and Path(predictions).is_dir():
        types["predictions"] = types_of(predictions, "predictions")
    with whole_folder(Path(output), overwrite=overwrite) as hidden:
        written = {n: _write(n, rows, types.get(n, {}), hidden, form) for n, rows in pieces.items()}
        schemas = {name: schema for name, (schema, _) in written.items()}
        describe(hidden, schemas, form, about)
        return {name: count for name, (_, count) in written.items()}


def _predictions(predictions: str | Path, tables: str | Path) -> Iterator[Predictions]:
    """Yield predictions as `read_predictions` gives them, of a folder part by part."""
    if not Path(predictions).is_dir():
        yield read_predictions(predictions, tables)
        return
    scheme = scheme_of(predictions)
    for part in read_parts(predictions, "predictions"):
        yield fill_predictions(part.to_pandas(), tables=tables, codebook=scheme, name=str(predictions))


def describe(folder: Path, schemas: Mapping[str, pa.Schema], form: Form, about: About) -> None:
    """Write the three descriptions of the files NAME.csv or NAME.parquet of a folder."""
    for file, made in (("croissant", croissant), ("datapackage", datapackage), ("datacite", datacite)):
        write_json(folder / f"{file}.json", made(folder, schemas, form, about))


def _write(
    name: str, pieces: Iterator[pa.Table], types: Mapping[str, pa.DataType], folder: Path, form: Form
) -> tuple[pa.Schema, int]:
    """Write the parts of a table, whose columns are of these types, into one file; return schema and rows."""
    first = next(pieces)
    held = {field.name: field.type for field in first.schema} | dict(types)
    schema = pa.schema([_described(name, pa.field(*column)) for column in held.items()])
    path, count = folder / f"{name}.{form}", 0
    lists = [f.name for f in schema if pa.types.is_list(f.type)] if form == "csv" else []
    plain = pa.schema([f.with_type(pa.string()) if f.name in lists else f for f in schema])
    is_csv = form == "csv"
    with (
        pacsv.CSVWriter(path, plain)
        if is_csv
        else pq.ParquetWriter(path, schema, compression="zstd") as writer
    ):
        for piece in itertools.chain([first], pieces):
            for field in schema:
                if field.name not in piece.column_names:
                    piece = piece.append_column(field.name, pa.nulls(len(piece), field.type))
            rows = piece.select(schema.names).cast(schema)
            for column in lists:
                at = schema.get_field_index(column)
                texts = [v if v is None else json.dumps(v, ensure_ascii=False) for v in rows[at].to_pylist()]
                rows = rows.set_column(at, column, pa.array(texts, pa.string()))
            writer.write_table(rows.cast(plain) if lists else rows)
            count += rows.num_rows
    return schema, count


def _described(name: str, field: pa.Field) -> pa.Field:
    """Return a column with its meaning; one that the rows do not know is the user's own."""
    known = SCHEMAS[name]
    if field.name in known.names:
        return known.field(field.name)
    kind = field.type if str(field.type) in _CROISSANT else pa.string()
    return pa.field(field.name, kind, metadata={"meaning": "a column of the user's own"})


def _meaning(field: pa.Field) -> str:
    return str(field.metadata[b"meaning"].decode())


def _purpose(name: str) -> str:
    return (ROWS[name].__doc__ or "").split("\n")[0].rstrip(".")


def _words(schemas: Mapping[str, pa.Schema]) -> str:
    return (
        "Yearly reports of Chinese agencies on government information disclosure (政府信息公开工作年度报告), "
        f"read by gongkai {version()} into the tables {', '.join(schemas)}. A null is blank or unreadable, "
        "a zero is printed."
    )


def croissant(folder: Path, schemas: Mapping[str, pa.Schema], form: Form, about: About) -> dict[str, Any]:
    """Return the description in Croissant 1.1 (JSON-LD)."""
    files = {name: f"{name}.{form}" for name in schemas}
    published = about.published or date.today().isoformat()
    context = json.loads((Path(__file__).parent / "croissant.json").read_text(encoding="utf-8"))
    known = {
        "license": f"https://spdx.org/licenses/{about.licence}.html" if about.licence else "",
        "creator": [{"@type": "sc:Person", "name": name} for name in about.creators],
        "publisher": {"@type": "sc:Organization", "name": about.publisher} if about.publisher else "",
        "url": about.url,
        "citeAs": f"{', '.join(about.creators)} ({published[:4]}): {about.title}." if about.creators else "",
    }
    return {
        "@context": context,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": about.title,
        "description": _words(schemas),
        "keywords": list(KEYWORDS),
        "inLanguage": "zh",
        "datePublished": published,
        "version": "1.0.0",
        **{key: value for key, value in known.items() if value},
        "distribution": [
            {
                "@type": "cr:FileObject", "@id": file, "name": file, "description": _purpose(name),
                "contentUrl": file, "encodingFormat": _CROISSANT_MEDIA[form],
                "sha256": file_digest(folder / file),
            }
            for name, file in files.items()
        ],
        "recordSet": [_records(name, s, files[name], "reports" in schemas) for name, s in schemas.items()],
    }  # fmt: skip


def _records(name: str, schema: pa.Schema, file: str, linked: bool) -> dict[str, Any]:
    fields = []
    for field in schema:
        listed = pa.types.is_list(field.type)
        described = {
            "@type": "cr:Field", "@id": f"{name}/{field.name}", "name": field.name,
            "description": _meaning(field), "dataType": _CROISSANT["string" if listed else str(field.type)],
            "source": {"fileObject": {"@id": file}, "extract": {"column": field.name}},
        }  # fmt: skip
        if listed and file.endswith(".parquet"):
            described |= {"isArray": True, "arrayShape": "-1"}
        if field.name == "report_id" and name != "reports" and linked:
            described["references"] = {"field": {"@id": "reports/report_id"}}
        fields.append(described)
    about = {"@id": name, "name": name, "description": _purpose(name)}
    records: dict[str, Any] = {"@type": "cr:RecordSet", **about}
    if name in KEYS:
        records["key"] = [{"@id": f"{name}/{column}"} for column in KEYS[name]]
    return {**records, "field": fields}


def datapackage(folder: Path, schemas: Mapping[str, pa.Schema], form: Form, about: About) -> dict[str, Any]:
    """Return the description as a Frictionless Data Package, version 2."""
    resources = []
    for name, schema in schemas.items():
        path = folder / f"{name}.{form}"
        keys = KEYS.get(name, ())
        whole = [k for k in keys if not schema.field(k).nullable]
        fields = [_field(field, required=field.name in whole) for field in schema]
        described: dict[str, Any] = {"fields": fields}
        if keys and len(whole) == len(keys):
            described["primaryKey"] = list(keys)
        if "report_id" in schema.names and name != "reports" and "reports" in schemas:
            target = {"resource": "reports", "fields": ["report_id"]}
            described["foreignKeys"] = [{"fields": ["report_id"], "reference": target}]
        resources.append(
            {
                "name": name, "type": "table", "description": _purpose(name), "path": path.name,
                "format": form, "mediatype": _MEDIA[form], **({"encoding": "utf-8"} if form == "csv" else {}),
                "bytes": path.stat().st_size, "hash": f"sha256:{file_digest(path)}", "schema": described,
            }
        )  # fmt: skip
    known = {
        "licenses": [{"name": about.licence}] if about.licence else [],
        "contributors": [{"title": name, "roles": ["creator"]} for name in about.creators],
        "homepage": about.url,
    }
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "gongkai-tables",
        "title": about.title,
        "description": _words(schemas),
        "keywords": list(KEYWORDS),
        **{key: value for key, value in known.items() if value},
        "resources": resources,
    }


def _field(field: pa.Field, *, required: bool) -> dict[str, Any]:
    kind = "array" if pa.types.is_list(field.type) else _FRICTIONLESS[str(field.type)]
    found: dict[str, Any] = {"name": field.name, "type": kind, "description": _meaning(field)}
    if required:
        found["constraints"] = {"required": True}
    return found


def datacite(folder: Path, schemas: Mapping[str, pa.Schema], form: Form, about: About) -> dict[str, Any]:
    """Return the description for a DOI (DataCite 4); what is not known is said to be so, as DataCite asks."""
    published = about.published or date.today().isoformat()
    rights = {"rightsIdentifier": about.licence, "rightsIdentifierScheme": "SPDX", "rights": about.licence}
    return {
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Tables of reports and sentences"},
        "creators": [{"name": name} for name in about.creators] or [{"name": ":unkn"}],
        "titles": [{"title": about.title}],
        "publisher": {"name": about.publisher or ":unav"},
        "publicationYear": published[:4],
        "dates": [{"date": published, "dateType": "Issued"}],
        "language": "zh",
        "subjects": [{"subject": word} for word in KEYWORDS],
        "formats": [_MEDIA[form]],
        "sizes": [f"{sum((folder / f'{name}.{form}').stat().st_size for name in schemas)} bytes"],
        "rightsList": [rights] if about.licence else [],
        "descriptions": [
            {"description": _words(schemas), "descriptionType": "Abstract"},
            {"description": f"Made with gongkai {version()}.", "descriptionType": "TechnicalInfo"},
        ],
        "schemaVersion": "http://datacite.org/schema/kernel-4",
    }
