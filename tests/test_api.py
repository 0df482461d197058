"""The public surface: names, lightness, layers."""

import ast
import operator
import os
import re
import subprocess
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path

import pytest

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
    {"doors", "errors", "problem"},
]
"""Rooms from the door to the cellar: a room imports only from rooms below it."""
PLAIN = {**os.environ, "PYTHONPATH": str(SRC.parent)}
"""The environment without what `site` would load for installed packages."""


def test_all_names_exactly_the_public_names():
    assert gongkai.__all__ == sorted(gongkai._HOMES)
    assert len(gongkai.__all__) <= 38
    for name in gongkai.__all__:
        assert callable(getattr(gongkai, name)), name


ROOMS = list(gongkai._GROUPS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_door(room):
    """Its names are there, are shown, load the room's modules alone, and are known to type checkers."""
    door = getattr(gongkai, room)
    assert room in dir(gongkai)
    assert dir(door) == door.__all__ == sorted(door._HOMES)
    for name in door.__all__:
        assert getattr(door, name).__module__.startswith(f"gongkai.{room}."), name
        assert not (SRC / room / name).exists(), f"{name} would be hidden by a folder"
    assert not set(door.__all__) & set(gongkai.__all__)
    source = Path(door.__file__).read_text(encoding="utf-8")
    assert sorted(re.findall(r"import \w+ as (\w+)$", source, re.M)) == door.__all__


def test_a_door_opened_loads_nothing_heavy():
    code = "import sys, gongkai\n" + "".join(f"dir(gongkai.{room})\n" for room in ROOMS)
    code += f"print(sorted(set(sys.modules) & {HEAVY!r}))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=PLAIN
    )
    assert done.stdout.strip() == "[]"


OLD = [*((name, f"{room}.{name}") for room in ROOMS for name in dir(getattr(gongkai, room))),
       *((name, now) for name, (now, _) in gongkai._MERGED.items())]  # fmt: skip


@pytest.mark.parametrize(("old", "now"), OLD, ids=[old for old, _ in OLD])
def test_a_name_of_before_works_and_says_what_it_is_called_now(old, now):
    with pytest.warns(
        DeprecationWarning, match=rf"gongkai\.{old} is now gongkai\.{now}\b.*next version"
    ) as said:
        found = getattr(gongkai, old)
    assert said[0].filename == __file__
    assert getattr(found, "func", found) is operator.attrgetter(now)(gongkai)
    assert old not in dir(gongkai)


@pytest.mark.parametrize(
    "door", [gongkai, *(getattr(gongkai, room) for room in ROOMS)], ids=lambda d: d.__name__
)
def test_unknown_name_is_an_attribute_error(door):
    with pytest.raises(AttributeError, match=f"module '{door.__name__}' has no attribute 'no_such_name'"):
        door.no_such_name  # noqa: B018


def test_import_loads_nothing_heavy_and_changes_nothing():
    code = (
        "import sys, warnings, logging, os; before = (list(warnings.filters), logging.root.level, dict(os.environ))\n"
        "import gongkai\n"
        "assert before == (list(warnings.filters), logging.root.level, dict(os.environ))\n"
        f"print(sorted(set(sys.modules) & {HEAVY | {'email', 'zipfile'}!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=PLAIN
    )
    assert done.stdout.strip() == "[]"


def test_the_version_is_asked_of_what_is_installed():
    assert gongkai.__version__ == metadata.version("gongkai")


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


def test_one_report_goes_to_and_fro_between_modules_seldom():
    """Calls from one module into another in reading an HTML report that has been read before."""
    report = gongkai.bundled("corpus/raw") / "hengzhou-haiguan" / "2019.html"
    gongkai.read_file(report)
    calls = Counter()

    def watch(frame, event, _):
        if event == "call" and frame.f_back is not None:
            pair = tuple(f.f_globals.get("__name__", "") for f in (frame.f_back, frame))
            if pair[0] != pair[1] and all(name.startswith("gongkai.") for name in pair):
                calls[pair] += 1

    sys.setprofile(watch)
    try:
        gongkai.read_file(report)
    finally:
        sys.setprofile(None)
    assert calls.total() <= 290, calls.most_common(5)
