"""The page in headless Chromium: filters, links, no console error; screenshots are kept as artefacts."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from gongkai.show.page import write_page

BROWSER = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
ARTEFACTS = os.environ.get("GONGKAI_ARTEFACTS")
"""Folder for the screenshots; a temporary one where it is not set."""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr")  # fmt: skip


def chromium(profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", "--virtual-time-budget=3000", *arguments],
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def address(tables, predictions, tmp_path_factory):
    return write_page(tables, predictions, tmp_path_factory.mktemp("page") / "页面.html").as_uri()


def opened(tmp_path, address, **filters):
    """Return (the page's markup after its script ran, what it wrote to the console)."""
    anchor = "#" + "&".join(f"{k}={quote(str(v))}" for k, v in filters.items()) if filters else ""
    done = chromium(tmp_path / "profile", "--dump-dom", address + anchor)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def visible(markup):
    shown = re.findall(r'<details class="report" data-agency="([^"]+)" data-year="(\d+)"([^>]*)>', markup)
    return {(agency, int(year)) for agency, year, rest in shown if "hidden" not in rest}


def test_all_reports_are_there_and_the_console_is_quiet(tmp_path, address, sentences):
    markup, console = opened(tmp_path, address)
    assert console == []
    assert visible(markup) == set(zip(sentences["agency"], sentences["year"].astype(int), strict=True))
    assert f"{sentences['report_id'].nunique()} reports 份, {len(sentences)} sentences 句" in markup


def test_filters_by_agency_year_section_kind_and_text(tmp_path, address, sentences, predictions):
    first = sentences.iloc[0]
    markup, console = opened(tmp_path, address, agency=first["agency"], year=int(first["year"]))
    assert visible(markup) == {(first["agency"], int(first["year"]))}
    assert console == []
    markup, _ = opened(tmp_path, address, section="problems", text="的")
    hits = (sentences["section"] == "problems") & sentences["text"].str.contains("的")
    assert f", {int(hits.sum())} sentences 句" in markup
    flags = predictions.pivot_table(index="sentence_id", columns="label", values="predicted", aggfunc="first")
    cheap = int((flags["commitment"].astype(bool) & flags["boilerplate"].astype(bool)).sum())
    markup, _ = opened(tmp_path, address, kind="cheap")
    assert f", {cheap} sentences 句" in markup


def test_every_link_leads_somewhere_in_the_page(tmp_path, address):
    markup, _ = opened(tmp_path, address)
    ids = set(re.findall(r'id="([^"]+)"', markup))
    targets = set(re.findall(r'href="#([^"]+)"', markup))
    assert targets
    assert targets <= ids


@pytest.mark.parametrize(("name", "size"), [("phone", "390,844"), ("desktop", "1280,900")])
def test_a_screenshot_is_kept(tmp_path, address, name, size):
    folder = Path(ARTEFACTS) if ARTEFACTS else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"page-{name}.png"
    chromium(tmp_path / "profile", f"--screenshot={target}", f"--window-size={size}", address)
    assert target.read_bytes()[:4] == b"\x89PNG"
    assert target.stat().st_size > 10_000
