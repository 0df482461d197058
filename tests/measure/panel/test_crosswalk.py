import pytest

from gongkai.errors import SchemaError
from gongkai.form.aligned.annex import annex_data
from gongkai.measure.panel.crosswalk import crosswalk, quantities
from gongkai.tables.schema import frame_of


def test_what_continues_has_one_number_across_the_forms():
    def row(form, table, key, column, value):
        return {"report_id": form, "agency": "甲局", "year": int(form), "form": form, "table": table, "row": key,
                "column": column, "value": value, "unit": "count", "how": "printed", "raw": "", "where": ""}  # fmt: skip

    statistics = frame_of("statistics", [
        row("2014", "annex", "received", "count", 7.0),
        row("2014", "annex", "granted", "count", 3.0), row("2014", "annex", "already_public", "count", 2.0),
        row("2021", "requests", "new_requests", "total", 9.0), row("2021", "requests", "granted", "total", None),
    ])  # fmt: skip
    found = crosswalk(statistics).set_index(["form", "quantity"])
    assert found.loc[("2014", "received"), "value"] == 7
    assert found.loc[("2021", "received"), "value"] == 9
    assert found.loc[("2014", "granted"), "value"] == 5
    assert found.loc[("2021", "granted"), "value"] != found.loc[("2021", "granted"), "value"]
    assert not found.loc[("2014", "granted"), "same"]


def test_the_crosswalk_names_cells_that_the_forms_have():
    rows = {form: {row[0] for row in rows} for form, rows in annex_data()["forms"].items()}
    named = [(form, cell) for one in quantities() for form, cells in one.cells.items() for cell in cells]
    assert all(cell.split(".")[1] in rows[form] for form, cell in named if cell.startswith("annex."))


def test_a_column_that_is_missing_is_named():
    with pytest.raises(SchemaError, match="lack value"):
        crosswalk(frame_of("statistics", []).drop(columns="value"))
