"""Each pattern knows its examples; words stand in the lexicon and in the grammar, and are loaded in one place."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import gongkai
from gongkai.text.lexicon import patterns, table

SRC = Path(gongkai.__file__).parent
EXAMPLES = tomllib.loads((Path(__file__).parents[1] / "data" / "lexicon.toml").read_text(encoding="utf-8"))
FILES = ("agencies", "columns", "dates", "form", "furniture", "narrative", "sections")
NO_PATTERNS = {"parts", "labels", "cells", "flattened"}
HAN = re.compile("[\u4e00-\u9fff]")


def _tables(path):
    """Paths of the tables of a file whose values are patterns."""
    found = {key: value for key, value in table(path).items() if key not in NO_PATTERNS}
    if not any(isinstance(value, dict) for value in found.values()):
        yield path
    for key, value in found.items():
        if isinstance(value, dict):
            yield from _tables(f"{path}.{key}")


PATTERNS = [(path, key) for file in FILES for path in _tables(file) for key in table(path)]


@pytest.mark.parametrize(("path", "key"), PATTERNS)
def test_pattern_knows_its_examples(path, key):
    example, pattern = EXAMPLES[path][key], patterns(path)[key]
    found = getattr(pattern, example.get("how", "search"))
    assert example["yes"]
    assert example["no"]
    assert [text for text in example["yes"] if not found(text)] == []
    assert [text for text in example["no"] if found(text)] == []


def test_no_example_is_left_of_a_pattern_that_went():
    assert {(path, key) for path, keys in EXAMPLES.items() for key in keys} == set(PATTERNS)


def _literals(path):
    """Texts with Chinese in a module's code; docstrings are none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in said)
    return [node.value for node in texts if isinstance(node.value, str) and HAN.search(node.value)]


def test_words_stand_in_the_lexicon():
    """What is left in code is a rule that a word or two make, or what is printed for the reader."""
    rooms = ("readers", "report", "form", "corpus", "text")
    files = (p for room in rooms for p in (SRC / room).rglob("*.py") if p.name != "grammar.py")
    found = {p.name: count for p in files if (count := len(_literals(p)))}
    assert sum(found.values()) <= 112, found
    assert all(len(_literals(p)) <= 40 for p in SRC.rglob("*.py") if p.name != "grammar.py")


def test_word_lists_are_loaded_in_one_place():
    loads = re.compile(r'bundled\((?:_FOLDER|f?"corpus/lexicon)')
    named = [p.name for p in SRC.rglob("*.py") if loads.search(p.read_text(encoding="utf-8"))]
    assert named == ["lexicon.py"]


def test_numerals_and_years_are_spelt_once():
    again = re.compile(r"一二三四五|\(19\|20\)\\d|\(\?:19\|20\)\\d")
    files = (p for p in SRC.rglob("*.py") if p.name not in ("grammar.py", "decode.py", "about.py"))
    assert [(p.name, text) for p in files for text in _literals(p) if again.search(text)] == []
