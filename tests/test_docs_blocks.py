"""Start and how-to pages do what they say: their code runs, and the Chinese pages show the same code."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from docs.blocks import ENGLISH, PAGES, START, Block, BlockError, blocks_of, check, language_of, shape
from docs.make import _leaves
from gongkai.cli.app import app

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def started(tmp_path_factory):
    """The folders that a reader has at the end of start.md, in English and in Chinese."""
    folders = {language_of(page): tmp_path_factory.mktemp("started") for page in START}
    for page in START:
        check(text_of(page), folders[language_of(page)], language_of(page))
    return folders


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="the blocks are for bash")
@pytest.mark.parametrize("page", [p for p in PAGES if p not in START])
def test_a_page_runs_and_prints_what_it_says(page, started, tmp_path):
    run = [b.text for b in blocks_of(text_of(page)) if b.language == "r" and not b.is_shown_only]
    if lacking := [name for name in re.findall(r"library\((\w+)\)", "".join(run)) if not has_package(name)]:
        pytest.skip(f"no Rscript with the package {lacking[0]} on this machine")
    language = language_of(page)
    check(text_of(page), Path(shutil.copytree(started[language], tmp_path / "work")), language)


def has_package(name: str) -> bool:
    script = shutil.which("Rscript")
    asked = [str(script), "-e", f"library({name})"]
    return script is not None and subprocess.run(asked, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("page", ENGLISH)
def test_a_chinese_page_shows_the_same_code(page):
    assert [bare(b) for b in blocks_of(text_of(f"zh/{page}"))] == [bare(b) for b in blocks_of(text_of(page))]


def bare(block: Block) -> tuple[str, str, str]:
    """A block without its comments and breaks of lines, what is printed and a figure's language."""
    title = "not run" if block.is_shown_only else block.title
    code = "" if block.language == "text" and not title else block.text
    code = re.sub(r" *(^| )#(?!!|SBATCH).*$|, language=\"zh\"|names=\([^)]*\)", "", code, flags=re.M)
    return block.language, title, re.sub(r"[\s,]+", "", code).replace(".zh.svg", ".svg")


def test_every_page_is_in_the_menu():
    pages = {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md")}
    assert pages == set(re.findall(r'"([\w/-]+\.md)"', (TOP / "zensical.toml").read_text(encoding="utf-8")))


def test_the_site_builds_strictly(tmp_path):
    pytest.importorskip("zensical", reason='the site needs pip install "gongkai[docs]"')
    for name in ("docs", "zensical.toml"):
        source = TOP / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    site = tmp_path / "build" / "site"
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:  # nothing is fetched from another server
        loaded = re.findall(r'(?:src|<link[^>]*href)="(https?://[^"]+)"', page.read_text(encoding="utf-8"))
        assert loaded == [], page
    assert '<html lang="zh"' in (site / "zh" / "start.html").read_text(encoding="utf-8")
    assert (site / "search.js").stat().st_size > 10_000  # the index that is read without a server
    assert not list(site.rglob("*.py"))


@pytest.mark.slow
def test_the_examples_are_typed(tmp_path):
    for page in ENGLISH:
        for number, block in enumerate(blocks_of(text_of(page))):
            if block.language == "python" and not block.is_shown_only:
                name = re.sub(r"\W", "_", page.removesuffix(".md"))
                (tmp_path / f"{name}_{number}.py").write_text(block.text, encoding="utf-8")
    assert len(list(tmp_path.iterdir())) > 20
    command = [sys.executable, "-m", "mypy", "--config-file", str(TOP / "pyproject.toml"), str(tmp_path)]
    done = subprocess.run(
        command, cwd=TOP, env={**os.environ, "MYPYPATH": "src"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_block_that_fails_or_prints_something_else_is_found(tmp_path):
    with pytest.raises(BlockError, match="exit 3"):
        check("```sh\nexit 3\n```\n", tmp_path)
    with pytest.raises(BlockError, match="it prints"):
        check("```sh\necho 5 rows\n```\n\n```text\n5 columns\n```\n", tmp_path)
    check('```csv title="a.csv"\nx\n1\n```\n\n```sh\ncat a.csv; exit 0\n```\n\n```text\nx 7\n```\n', tmp_path)


def test_numbers_are_masked_and_words_are_not():
    assert shape("F1 0.92 [.89, .95]\n") == shape("F1  0.9 [.9, 1]")
    assert shape("3 held") != shape("3 late")


def named_commands() -> list[tuple[str, str]]:
    """Every command line that a page, the README or a docstring's example shows, run or not."""
    pages = [TOP / "README.md", *DOCS.rglob("*.md")]
    found = []
    for page in pages:
        for line in page.read_text(encoding="utf-8").splitlines():
            for shown in re.findall(r"(?:^\s*|`|\| |&& |\")(gongkai [a-z].*?)(?=`|$|\||&&| > |#|…)", line):
                found.append((page.name, shown.strip()))
    return found


def test_every_command_and_option_that_is_shown_exists():
    options = {
        name: {o for p in c.params for o in p.opts}
        for name, c in _leaves(typer.main.get_command(app), "gongkai")
    }
    lines = named_commands()
    assert len(lines) > 100
    for page, line in lines:
        words = line.replace('"', " ").replace("'", " ").split()
        name = next((" ".join(words[:k]) for k in (3, 2) if " ".join(words[:k]) in options), None)
        if name is None:
            assert words[1] in ("is", "turns", "reads", "gives", "cannot", "and"), (page, line)
            continue
        given = {w for w in words if re.fullmatch(r"--[a-z][a-z-]*|-[a-z]", w)}
        assert given <= options[name] | {"-h", "--help"}, (page, line, given - options[name])
