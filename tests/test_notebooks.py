"""Notebooks run from top to bottom, are stored without outputs, and show what a reader is told to look at."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def shown(cell, kind):
    """What a cell shows of one kind, together."""
    return "".join(o["data"].get(kind, "") for o in cell.outputs if "data" in o)


@pytest.mark.notebook
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_and_shows_what_it_is_about(path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in cells)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    for cell in cells:
        said = "".join(o["text"] for o in cell.outputs if o.output_type == "stream" and o["name"] == "stderr")
        assert "Warning" not in said, said
        if isinstance(ast.parse(cell.source).body[-1], ast.Expr):
            assert cell.outputs, f"shows nothing: {cell.source}"
        if "to_svg(" in cell.source:
            drawn = re.findall('role="graphics-symbol"', shown(cell, "image/svg+xml"))
            assert len(drawn) > 5, f"a figure of {len(drawn)} marks: {cell.source}"
        values = re.findall("<td>(.*?)</td>", shown(cell, "text/html"))
        assert "<table" not in shown(cell, "text/html") or values, f"an empty table: {cell.source}"
        gaps = [value for value in values if value in ("NaN", "None", "&lt;NA&gt;", "<NA>")]
        assert 2 * len(gaps) <= len(values), f"a table of gaps: {cell.source}"
    assert any("to_svg(" in cell.source for cell in cells)


def test_there_is_a_first_look():
    assert NOTEBOOKS[0].name == "01_first_look.ipynb"
