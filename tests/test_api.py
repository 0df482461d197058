"""The public surface: names, lightness, layers."""

import ast
import subprocess
import sys
from pathlib import Path

import gongkai

SRC = Path(gongkai.__file__).parent
HEAVY = {
    "duckdb",
    "jieba",
    "sklearn",
    "pandas",
    "pyarrow",
    "torch",
    "transformers",
    "selectolax",
    "pypdfium2",
    "docx",
    "altair",
    "opencc",
}
LAYERS = [
    {"__init__", "__main__"},
    {"cli"},
    {"demo"},
    {"show"},
    {"corpus"},
    {"classify"},
    {"coding"},
    {"measure"},
    {"report"},
    {"form"},
    {"readers"},
    {"tables"},
    {"text"},
    {"store"},
    {"errors", "problem"},
]
"""Rooms from the door to the cellar: a room imports only from rooms below it."""


def test_all_names_exactly_the_public_names():
    assert gongkai.__all__ == sorted(gongkai._HOMES)
    assert len(gongkai.__all__) <= 70
    for name in gongkai.__all__:
        assert callable(getattr(gongkai, name)), name


def test_unknown_name_is_an_attribute_error():
    assert not hasattr(gongkai, "no_such_name")


def test_import_loads_nothing_heavy_and_changes_nothing():
    code = (
        "import sys, warnings, logging, os; before = (list(warnings.filters), logging.root.level, dict(os.environ))\n"
        "import gongkai\n"
        "assert before == (list(warnings.filters), logging.root.level, dict(os.environ))\n"
        f"print(sorted(set(sys.modules) & {HEAVY!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_command_line_help_loads_nothing_heavy():
    code = f"import sys, gongkai.cli.app; print(sorted(set(sys.modules) & {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _room(path: Path) -> str:
    relative = path.relative_to(SRC)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _imports(path: Path) -> set[str]:
    """Modules of gongkai imported anywhere in a file, as rooms."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("gongkai"):
            names = [node.module] if node.module != "gongkai" else [f"gongkai.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names if a.name.startswith("gongkai.")]
        rooms |= {name.split(".")[1] for name in names if "." in name}
    return rooms


def test_imports_point_down():
    level = {room: depth for depth, rooms in enumerate(LAYERS) for room in rooms}
    for path in SRC.rglob("*.py"):
        here = _room(path)
        for there in _imports(path) - {here}:
            assert level[there] > level[here], f"{path.name} ({here}) imports {there}"


def test_no_import_cycle():
    names = {p.relative_to(SRC).with_suffix("").as_posix().replace("/", "."): p for p in SRC.rglob("*.py")}
    uses = {}
    for name, path in names.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("gongkai."):
                found.add(node.module.removeprefix("gongkai."))
        uses[name] = {n for n in found if n in names} - {name}
    while leaves := [n for n, used in uses.items() if not used & uses.keys()]:
        for leaf in leaves:
            del uses[leaf]
    assert not uses, f"cycle among {sorted(uses)}"
