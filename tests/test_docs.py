"""Documentation that cannot rot: generated pages are those of the code, examples give what they say."""

import ast
import doctest
import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest
import typer

import gongkai
from docs.make import PAGES, _leaves
from gongkai.cli.app import app
from gongkai.cli.chinese import parts_of, table
from gongkai.tables.schema import SCHEMAS

TOP = Path(__file__).parents[1]
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(gongkai.__path__, "gongkai.") if not m.name.endswith("__main__")
)


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_that_of_the_code(page):
    assert (TOP / "docs" / page).read_text(encoding="utf-8") == PAGES[page](), "run python -m docs.make"


def test_every_column_is_explained_in_chinese():
    page = PAGES["zh/tables.md"]()
    assert [
        line
        for line in page.splitlines()
        if line.startswith("| `") and not re.search("[一-鿿]", line.split("|")[4])
    ] == []
    assert len(re.findall("^## ", page, re.M)) == len(SCHEMAS)


def test_every_command_and_option_is_said_in_chinese_and_nothing_else_is():
    every = [command for _, command in _leaves(typer.main.get_command(app), "gongkai")]
    options = {p.help or p.name for c in every for p in c.params if p.name != "help"}
    assert set(table()["commands"]) == {parts_of(c.help)[0] for c in every}
    assert set(table()["options"]) == options
    said = [*table()["commands"].values(), *table()["options"].values()]
    assert [words for words in said if not re.search("[一-鿿]", words)] == []


def test_examples_in_docstrings_give_what_they_say():
    attempted = 0
    for name in MODULES:
        source = (TOP / "src" / Path(*name.split("."))).with_suffix(".py")
        if not source.exists() or ">>> " not in source.read_text(encoding="utf-8"):
            continue
        result = doctest.testmod(importlib.import_module(name))
        assert result.failed == 0, name
        attempted += result.attempted
    assert attempted >= 25


def imports_of(source: str) -> set[str]:
    tree = ast.parse(source)
    found = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return found | {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}


@pytest.mark.parametrize("path", sorted((TOP / "benchmarks").glob("*.py")), ids=lambda p: p.stem)
def test_what_a_benchmark_takes_from_the_package_is_there(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("gongkai", "corpus.")):
            module = importlib.import_module(str(node.module))
            assert [a.name for a in node.names if not hasattr(module, a.name)] == []


@pytest.mark.parametrize("path", sorted((TOP / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebooks_need_the_door_only(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    assert {name for name in imports_of(source) if name.startswith("gongkai")} == {"gongkai"}
    assert set(re.findall(r"gongkai\.([\w.]+?)\(", source)) <= public_names()


def public_names() -> set[str]:
    doors = {room: getattr(gongkai, room).__all__ for room in gongkai._GROUPS}
    return set(gongkai.__all__) | {f"{room}.{name}" for room, names in doors.items() for name in names}


def test_names_in_the_readme_are_public():
    text = (TOP / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"gongkai\.([a-z_.]+)\(", text))
    assert named
    assert named <= public_names()


@pytest.mark.parametrize("page", sorted(TOP.glob("docs/**/*.md")), ids=lambda p: str(p.relative_to(TOP)))
def test_a_table_is_one(page):
    """Rows behind a blank line are no table any more, but text with bars."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for rows in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert re.search(r"^\|[\s:|-]+\|$", rows, re.M), rows
