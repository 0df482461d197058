"""A folder to hand on: the same rows, and descriptions that the formats' own tools accept."""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from gongkai.errors import GongkaiError, SchemaError
from gongkai.store.run import file_digest
from gongkai.tables.export import About, export
from gongkai.tables.parts import read_table
from gongkai.tables.rows import BUILT
from gongkai.tables.schema import SCHEMAS

ABOUT = About(
    "年报数据", ("李文", "Wang Min"), "CC-BY-4.0", "Zenodo", "https://example.org/data", "2026-11-27"
)


def described(folder, name):
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["csv", "parquet"])
def deposit(request, tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("deposit") / request.param
    counts = export(tables, folder, about=ABOUT, form=request.param)
    assert list(counts) == list(BUILT)
    return folder


def test_every_row_and_value_is_there(deposit, tables):
    for name in BUILT:
        wanted = read_table(tables, name, copies=True)
        if deposit.name == "parquet":
            found = pd.read_parquet(deposit / f"{name}.parquet")
        else:
            types = {f.name: "str" for f in SCHEMAS[name] if str(f.type) in ("string", "list<item: string>")}
            found = pd.read_csv(deposit / f"{name}.csv", keep_default_na=False, na_values=[""], dtype=types)
        assert list(found.columns) == list(wanted.columns)
        assert len(found) == len(wanted)
        for column in set(wanted.columns) - {"tokens"}:
            left, right = (f[column].astype(object).where(f[column].notna(), "") for f in (found, wanted))
            assert left.tolist() == right.tolist(), (name, column)
        if name == "sentences":
            lists = [json.loads(v) if deposit.name == "csv" else list(v) for v in found["tokens"]]
            assert lists == [list(v) for v in wanted["tokens"]]


def test_each_file_is_described_with_its_digest_and_each_column_with_its_meaning(deposit):
    croissant, package = described(deposit, "croissant"), described(deposit, "datapackage")
    assert croissant["conformsTo"].endswith("croissant/1.1")
    for file in croissant["distribution"]:
        assert file["sha256"] == file_digest(deposit / file["contentUrl"])
    assert (
        [r["name"] for r in croissant["recordSet"]]
        == [r["name"] for r in package["resources"]]
        == list(BUILT)
    )
    for records, resource in zip(croissant["recordSet"], package["resources"], strict=True):
        meanings = {f.name: f.metadata[b"meaning"].decode() for f in SCHEMAS[records["name"]]}
        assert {f["name"]: f["description"] for f in records["field"]} == meanings
        assert {f["name"]: f["description"] for f in resource["schema"]["fields"]} == meanings
        assert resource["hash"] == f"sha256:{file_digest(deposit / resource['path'])}"


def test_what_the_owner_said_is_in_all_three_and_what_not_is_invented_by_none(deposit, tables, tmp_path):
    for name in ("croissant", "datapackage", "datacite"):
        text = (deposit / f"{name}.json").read_text(encoding="utf-8")
        assert all(word in text for word in ("年报数据", "李文", "Wang Min", "CC-BY-4.0"))
    export(tables, tmp_path / "bare")
    bare = described(tmp_path / "bare", "datacite")
    assert bare["creators"] == [{"name": ":unkn"}]
    assert bare["publisher"] == {"name": ":unav"}
    assert bare["rightsList"] == []
    assert "license" not in described(tmp_path / "bare", "croissant")
    assert "licenses" not in described(tmp_path / "bare", "datapackage")


def test_predictions_labels_and_own_columns_go_with_them(tables, predictions, labels, tmp_path):
    predictions.assign(mine="x").to_csv(tmp_path / "p.csv", index=False)
    counts = export(tables, tmp_path / "d", predictions=tmp_path / "p.csv", labels=labels)
    assert counts["predictions"] == len(predictions)
    assert counts["labels"] == len(labels)
    fields = {
        f["name"]: f["description"]
        for f in described(tmp_path / "d", "datapackage")["resources"][5]["schema"]["fields"]
    }
    assert fields["mine"] == "a column of the user's own"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_own_columns_have_the_type_that_holds_the_values_of_all_parts(form, tables, predictions, tmp_path):
    held = predictions[predictions.columns[:13]].head(6).reset_index(drop=True)
    columns = [
        {"one": [1, 2], "two": [1, 2]},
        {"one": [0.5, None], "two": ["a", None]},
        {"three": [True, False]},
    ]
    for k, own in enumerate(columns):
        (tmp_path / "p" / "predictions").mkdir(parents=True, exist_ok=True)
        part = held.iloc[2 * k : 2 * k + 2].reset_index(drop=True).assign(**own)
        part.to_parquet(tmp_path / "p" / "predictions" / f"part-{k:05d}.parquet")
    export(tables, tmp_path / "d", predictions=tmp_path / "p", form=form)
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}[form](tmp_path / "d" / f"predictions.{form}")
    assert read["one"].tolist()[:3] == [1.0, 2.0, 0.5]
    assert read["two"].astype(object).tolist()[:3] == ["1", "2", "a"]
    assert read["three"].notna().tolist() == [False] * 4 + [True] * 2


def test_refusals(tables, tmp_path):
    with pytest.raises(SchemaError, match="date '2026-13-01'"):
        export(tables, tmp_path / "x", about=About(published="2026-13-01"))
    with pytest.raises(SchemaError, match="csv, parquet"):
        export(tables, tmp_path / "d", form="xlsx")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("x")
    with pytest.raises(GongkaiError, match="there"):
        export(tables, tmp_path / "there", overwrite=True)


def tool(name):
    """The program of a format, or a skip: they need older libraries than ours, so they live in their own place."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (pipx install {name})")
    return found


def said(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_mlcroissant_validates_it_and_loads_its_rows(deposit):
    program = tool("mlcroissant")
    assert "error" not in said(program, "validate", "--jsonld", "croissant.json", cwd=deposit).lower()
    loaded = said(
        program,
        "load",
        "--jsonld",
        "croissant.json",
        "--record_set",
        "reports",
        "--num_records",
        "1",
        cwd=deposit,
    )
    assert "reports/report_id" in loaded


@pytest.mark.slow
def test_frictionless_validates_the_rows_against_their_types_and_keys(deposit):
    program = tool("frictionless")
    if deposit.name == "parquet":
        pytest.skip("frictionless reads Parquet with fastparquet only")
    out = said(program, "validate", "datapackage.json", "--json", cwd=deposit)
    assert json.loads(out)["valid"] is True


@pytest.mark.slow
def test_datacite_s_own_schema_accepts_it(deposit):
    schema = pytest.importorskip("datacite.schema45", reason="pip install datacite")
    assert list(schema.validator.iter_errors(described(deposit, "datacite"))) == []


@pytest.mark.slow
def test_the_citation_file_is_valid():
    program = tool("cffconvert")
    said(program, "--validate", cwd=Path(__file__).parents[2])
