"""Notebooks run from top to bottom and are stored without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.notebook
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs(path):
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    figures = [
        o for c in notebook.cells for o in c.get("outputs", []) if "image/svg+xml" in o.get("data", {})
    ]
    assert figures


def test_there_is_a_first_look():
    assert NOTEBOOKS[0].name == "01_first_look.ipynb"
