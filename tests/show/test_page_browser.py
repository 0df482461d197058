"""The page in headless Chromium, clicked through as a reader would: no console error, no request, nothing cut off.

Driven by playwright with the system's Chromium. `GONGKAI_ARTEFACTS` keeps the screenshots of every view, size and look.
"""

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import quote

import pytest

from gongkai.classify.classifier import find_model
from gongkai.classify.predict import predict
from gongkai.measure.shares.prevalence import prevalence
from gongkai.show.page import write_page
from gongkai.tables.parts import read_table, write_part
from gongkai.tables.scheme.codebooks import read_codebook
from tests.show.test_page import codes_of, many

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
BROWSER = next((b for b in ("chromium", "chromium-browser", "google-chrome") if shutil.which(b)), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]
ARTEFACTS = os.environ.get("GONGKAI_ARTEFACTS")
"""Folder for the screenshots; a temporary one where it is not set."""
WIDTHS = (360, 390, 768, 1280, 1920, 3840)
LOOKS = (
    ("light", "en-US"),
    ("dark", "zh-CN"),
    *((("light", "zh-CN"), ("dark", "en-US")) if ARTEFACTS else ()),
)
"""Light and dark, English and Chinese; each with each where the screenshots are kept."""
READY = "html[data-ready]"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=shutil.which(str(BROWSER)), args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def file(tables, predictions, model, tmp_path_factory):
    return write_page(tables, predictions, tmp_path_factory.mktemp("page") / "页面.html", model=model)


@pytest.fixture(scope="module", params=["file", "folder"])
def address(request, file, tables, predictions, model, tmp_path_factory):
    if request.param == "file":
        return file.as_uri()
    return write_page(tables, predictions, tmp_path_factory.mktemp("page") / "页", model=model).as_uri()


@pytest.fixture
def opened(browser, address):
    """A fresh window; fails where the page said anything on the console or asked for anything but its own files."""
    with quiet(browser) as window:
        window.goto(address)
        window.wait_for_selector(READY, state="attached")
        yield window


class quiet:
    def __init__(self, browser, **settings):
        self.context = browser.new_context(**{"locale": "en-US", "accept_downloads": True} | settings)
        self.noise = []

    def __enter__(self):
        window = self.context.new_page()
        window.set_default_timeout(15_000)
        window.on("console", lambda m: self.noise.append(m.text))
        window.on("pageerror", lambda e: self.noise.append(str(e)))
        window.on(
            "request", lambda r: r.url.startswith(("file:", "data:", "blob:")) or self.noise.append(r.url)
        )
        return window

    def __exit__(self, kind, *_):
        self.context.close()
        assert kind or self.noise == []


def go(window, address, place):
    window.goto("about:blank")
    window.goto(f"{address}#/{place}")
    window.wait_for_selector(READY, state="attached")


def settled(window):
    """Waits until every chart is drawn: each is made after the one before, some while after a click."""
    window.wait_for_selector(".chart[aria-busy]", state="detached")


def saved(window, control):
    with window.expect_download() as started:
        control.click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


@pytest.fixture(scope="module")
def reports(tables):
    return read_table(tables, "reports").sort_values(["agency", "year"])


def test_the_overview_shows_the_shares_and_leads_to_an_agency(opened, reports):
    assert opened.locator("h1").inner_text() == "How 2 agencies speak about their own openness"
    assert opened.locator(".numbers-big li").count() == 3
    assert opened.locator("figure svg").count() >= 6
    point = opened.locator("figure a.point").first
    point.focus()
    assert opened.locator("#tip").is_visible()
    opened.keyboard.press("Enter")
    opened.wait_for_url("**#/agency/**")
    assert opened.locator(".view-agency h1").inner_text() in set(reports["agency"])


def test_the_program_that_draws_runs_where_a_chart_is_and_only_there(browser, address):
    with quiet(browser) as window:
        go(window, address, "search")
        assert window.evaluate("window.gongkaiVega") is None
        window.locator("nav a").first.click()
        window.wait_for_selector(".f-agencies a.point")
        assert window.evaluate("typeof gongkaiVega") == "function"


def test_a_folder_without_the_program_says_so_and_keeps_its_tables(browser, tables, predictions, tmp_path):
    index = write_page(tables, predictions, tmp_path / "site")
    (index.parent / "data" / "vega.js").unlink()
    window = browser.new_page(locale="en-US")
    window.goto(index.as_uri())
    window.wait_for_selector(READY, state="attached")
    figure = window.locator(".f-agencies")
    assert "could not be loaded" in figure.locator(".chart").inner_text()
    figure.locator("button.turn").click()
    assert figure.locator(".numbers tbody tr").count() == 2
    window.close()


def test_a_chart_drawn_again_has_the_words_and_ends_of_what_is_chosen(opened):
    """What Vega-Lite made of a specification serves the next chart of that name."""
    figure = opened.locator(".f-agencies")

    def told():
        texts = figure.locator(".chart text").all_text_contents()
        return [text for text in texts if text.endswith("%")]

    before = told()
    figure.locator(".tabs button").nth(1).click()
    playwright.expect(figure.locator(".chart > svg")).to_have_attribute("aria-label", "Boilerplate")
    other = told()
    assert other != before
    big = opened.locator(".numbers-big b").nth(1).inner_text()
    assert f"whole corpus {big}" in other
    figure.locator(".tabs button").nth(0).click()
    playwright.expect(figure.locator(".chart > svg")).to_have_attribute("aria-label", "Commitment")
    assert told() == before
    opened.locator("#language").click()
    opened.wait_for_selector("html[lang^=zh]", state="attached")
    playwright.expect(opened.locator(".f-years .chart text", has_text="form of")).to_have_count(0)


def test_charts_say_their_points_in_the_page_s_language_and_nothing_else(opened):
    charts = opened.locator(".chart > svg").all()
    assert len(charts) >= 6
    for chart in charts:
        assert chart.get_attribute("aria-label")
        assert chart.locator("[aria-roledescription], [role^=graphics]").count() == 0
        read = chart.locator("text").evaluate_all(
            "(all) => all.filter((one) => !one.closest('[aria-hidden=true]')).length"
        )
        assert read == 0
    point = opened.locator(".f-agencies a.point").first
    assert point.get_attribute("aria-label") == point.get_attribute("data-tip").replace("\n", ", ")
    years = opened.locator(".f-years [role=img].point").first
    assert re.match(r"Commitment · \d{4}, [\d.]+%, ", years.get_attribute("aria-label"))


def test_a_dot_of_the_map_shows_its_intervals_by_pointer_and_by_keyboard(opened):
    points, rules = opened.locator(".f-map a.point"), opened.locator(".f-map g.mark-rule line")
    before = rules.count()
    points.first.focus()
    playwright.expect(rules).to_have_count(before + 2)
    points.first.blur()
    playwright.expect(rules).to_have_count(before)
    points.last.hover()
    playwright.expect(rules).to_have_count(before + 2)


def test_charts_change_with_the_look(opened):
    dot = opened.locator(".f-agencies g.mark-symbol path").first
    before = dot.evaluate("(one) => getComputedStyle(one).fill")
    opened.locator("#theme").click()
    assert dot.evaluate("(one) => getComputedStyle(one).fill") != before


def test_agencies_are_filtered_and_sorted_and_the_address_keeps_both(opened, address, reports):
    go(opened, address, "agencies")
    rows = opened.locator("table.agencies tbody tr")
    agencies = sorted(reports["agency"].unique())
    assert rows.count() == len(agencies)
    opened.fill("#filter", agencies[0][:2])
    assert rows.count() == 1
    assert quote(agencies[0][:2]) in opened.url
    opened.fill("#filter", "")
    head = opened.locator("table.agencies thead th").nth(2)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"

    def shares():
        return [
            float(t.rstrip("%")) for t in opened.locator("tbody td.share:nth-child(3) b").all_inner_texts()
        ]

    assert shares() == sorted(shares(), reverse=True)
    head.locator("button").click()
    assert shares() == sorted(shares())
    kept = opened.url
    opened.goto("about:blank")
    opened.goto(kept)
    assert opened.locator("table.agencies thead th").nth(2).get_attribute("aria-sort") == "ascending"
    name, content = saved(opened, opened.locator("[data-save=csv]"))
    assert name == "agencies.csv"
    assert len(content.decode("utf-8-sig").splitlines()) == 1 + len(agencies)


def test_agencies_are_sorted_on_a_phone_too(browser, file):
    with quiet(browser, viewport={"width": 390, "height": 900}) as window:
        go(window, file.as_uri(), "agencies")
        names = window.locator("table.agencies tbody th a").all_inner_texts()
        window.get_by_label("Sort by").select_option("1")
        window.wait_for_url("**sort=1**")
        shares = window.locator("tbody td.share:nth-child(4) b").all_inner_texts()
        assert shares == sorted(shares, key=lambda t: -float(t.rstrip("%")))
        window.get_by_label("Sort by").select_option("name")
        assert window.locator("table.agencies tbody th a").all_inner_texts() == names


def test_an_agency_shows_years_promises_and_copied_text(opened, address, reports):
    twice = reports[reports.duplicated("agency", keep=False)].iloc[-1]
    go(opened, address, f"agency/{quote(twice['agency'])}?year={twice['year']}")
    opened.wait_for_selector(".ledger .entry")
    assert opened.locator(".strip-row").count() == (reports["agency"] == twice["agency"]).sum()
    assert opened.locator(".strip-row.chosen").get_attribute("data-year") == str(twice["year"])
    every = opened.locator(".ledger").first.locator(".entry").count()
    shown = 0
    for outcome in ("done", "again", "unclear", "silent"):
        tab = opened.locator(f".tabs button[data-key={outcome}]")
        tab.click()
        assert opened.locator(".ledger").first.locator(".entry").count() == int(tab.inner_text().split()[-1])
        shown += int(tab.inner_text().split()[-1])
    assert shown == every > 0
    opened.locator(".strip rect").first.click()
    opened.wait_for_url("**#/report/**s=0")
    assert opened.locator("#s0[aria-current=true]").count() == 1


def test_a_report_shows_sentences_in_place_last_years_beside_it_and_its_tables(
    opened, address, reports, tables
):
    twice = reports[reports.duplicated("agency", keep=False)].iloc[-1]
    sentences = read_table(tables, "sentences")
    own = sentences[sentences["report_id"] == twice["report_id"]].sort_values("position")
    go(opened, address, f"report/{twice['report_id']}")
    opened.wait_for_selector(".text .s")
    assert opened.locator(".text .s").count() == len(own)
    assert own["text"].iloc[0] in opened.locator("#s0").inner_text()
    opened.locator("#s1").click()
    assert opened.locator(".panel .scores dd").count() == 2
    assert opened.url.endswith("?s=1")
    opened.locator(".legend button").first.click()
    assert opened.locator(".s.dim").count() < len(own)
    opened.locator(".tabs button[data-key=diff]").click()
    before, after = (
        opened.locator(".pair .side:first-child:not(.void)"),
        opened.locator(".pair .side:last-child:not(.void)"),
    )
    last = sentences[(sentences["agency"] == twice["agency"]) & (sentences["year"] == twice["year"] - 1)]
    assert (before.count(), after.count()) == (len(last), len(own))
    assert opened.locator(".pair ins").count() > 0
    opened.locator(".tabs button[data-key=tables]").click()
    assert opened.locator("table.printed").count() == 3
    assert opened.url.endswith("view=tables")
    opened.keyboard.press("[")
    opened.wait_for_url(f"**#/report/{last['report_id'].iloc[0]}**")


def test_search_finds_every_sentence_with_the_words_and_counts_by_facet(opened, address, tables):
    sentences = read_table(tables, "sentences")
    go(opened, address, "search")
    opened.fill("#q", "公开 申请")
    hits = sentences["text"].str.contains("公开") & sentences["text"].str.contains("申请")
    found = opened.locator("[role=status]")
    playwright.expect(found).to_have_text(re.compile(rf"^{hits.sum()} sentence"))
    assert opened.locator(".hit-line").count() == hits.sum()
    assert opened.locator(".hit-line mark").first.inner_text() == "公开"
    opened.get_by_label("Section").select_option("problems")
    opened.fill("#q", "")
    problems = int((sentences["section"] == "problems").sum())
    playwright.expect(found).to_have_text(re.compile(rf"^{problems} sentence"))
    assert "section=problems" in opened.url
    _, content = saved(opened, opened.locator("[data-save=csv]"))
    assert len(content.decode("utf-8-sig").splitlines()) == 1 + problems
    opened.locator(".hit-line a").first.click()
    opened.wait_for_url("**#/report/**")


def test_a_page_is_whole_in_one_language(opened, address):
    words = r"\b(agencies|reports|sentences|Counted|interval|Search|Overview|Problems|Share)\b"
    for place in ("", "agencies", "search?section=problems", "about"):
        go(opened, address, place)
        if not opened.locator("html").get_attribute("lang").startswith("zh"):
            opened.locator("#language").click()
            opened.wait_for_selector("html[lang^=zh]", state="attached")
        assert not re.search(words, opened.locator("main").inner_text().replace("gongkai", "")), place


def test_the_figures_follow_the_filters_and_a_dot_leads_to_its_agency(opened, address, tables, predictions):
    reports = read_table(tables, "reports")
    year = reports.groupby("year")["agency"].nunique().idxmax()
    found = prevalence(predictions, by=("year",))
    found = found[(found["measure"] == "prevalence") & (found["label"] == "commitment")]
    value = found.loc[found["year"] == year, "value"].iloc[0]
    opened.locator("#by-year").select_option(str(int(year)))
    opened.wait_for_url(f"**year={int(year)}")
    assert opened.locator(".numbers-big b").first.inner_text() == f"{100 * value:.1f}%"
    inside = reports[reports["year"] == year]
    assert f"{len(inside)} of {len(reports)} reports" in opened.locator(".filters").inner_text()
    dots = opened.locator(".f-agencies a.point")
    playwright.expect(dots).to_have_count(inside["agency"].nunique())
    assert opened.evaluate("document.activeElement.id") == "by-year"
    name = dots.first.get_attribute("data-tip").split("\n")[0]
    dots.first.click()
    opened.wait_for_selector(".view-agency")
    assert opened.locator("h1").inner_text() == name
    assert f"year={int(year)}" in opened.url
    go(opened, address, f"?year={int(year)}")
    opened.get_by_role("button", name="Clear the filters").click()
    opened.wait_for_function("!document.querySelector('.hero').innerText.includes('Clear')")
    playwright.expect(dots).to_have_count(reports["agency"].nunique())


def test_one_report_without_a_year_is_shown_without_comparisons(browser, tables, predictions, tmp_path):
    reports = read_table(tables, "reports").head(1)
    for name in ("reports", "sentences", "statistics", "checks", "problems"):
        frame = read_table(tables, name)
        frame = frame[frame["report_id"].isin(reports["report_id"])]
        frame = frame.assign(**{c: None for c in ("agency", "year") if c in frame.columns})
        write_part(name, frame, tmp_path / "t")
    found = predictions[predictions["report_id"].isin(reports["report_id"])].assign(agency=None, year=None)
    file = write_page(tmp_path / "t", found, tmp_path / "p.html")
    with quiet(browser) as window:
        for place in ("", "agencies", "agency/~", "about", f"report/{reports['report_id'].iloc[0]}"):
            go(window, file.as_uri(), place)
            assert window.evaluate(BEYOND) == []
        go(window, file.as_uri(), "")
        assert window.locator("h1").inner_text() == "What 1 report says about openness"
        assert window.locator(".f-agencies, .f-map, .f-years, .hero .filters").count() == 0


def test_a_choice_is_shown_by_its_classes(browser, tables, sentences, tmp_path):
    model = find_model("admitted")
    file = write_page(tables, predict(sentences, model=model), tmp_path / "p.html", model=model)
    with quiet(browser) as window:
        window.goto(file.as_uri())
        window.wait_for_selector(READY, state="attached")
        assert window.locator(".numbers-big li").count() == 1
        assert window.locator(".f-choice-0 h2").inner_text() == "Topic"
        rows = window.locator(".f-choice-0 .plot > .chart a.point")
        assert rows.count() == len(shipped_topics())
        window.locator(".f-agencies select").first.select_option(label="staff and ability")
        assert "Topic: staff and ability" in window.locator(".f-agencies .sub").inner_text()
        assert window.locator(".f-agencies [aria-pressed=true]").count() == 0
        rows.nth(1).click()
        window.wait_for_selector(".view-search .hit-line, .view-search .count")
        assert "label=2" in window.url
        for place in ("agencies", f"agency/{quote(sentences['agency'].iloc[0])}", "about"):
            go(window, file.as_uri(), place)
            assert window.evaluate(BEYOND) == []


def shipped_topics():
    return read_codebook("admitted").of("topic").class_names


def test_counted_shares_are_told_from_corrected_ones(browser, tables, predictions, tmp_path):
    found = many(tables, predictions, 4, tmp_path / "t")
    codes = codes_of(found)
    codes = codes[codes["section"] != "overview"]
    file = write_page(tmp_path / "t", found, tmp_path / "p.html", labels=codes)
    with quiet(browser) as window:
        window.goto(file.as_uri())
        window.wait_for_selector(READY, state="attached")
        sections = window.locator(".f-sections")
        assert "shares are corrected for the model’s errors by coded sentences (dsl)" in sections.inner_text()
        counted, corrected = (
            sections.locator(f"a.point[data-tip*='{name}']") for name in ("Overview", "Improvements")
        )
        assert counted.get_attribute("data-tip").endswith("counted, not corrected")
        assert not corrected.get_attribute("data-tip").endswith("counted, not corrected")
        shapes = sections.locator("g.mark-symbol path").evaluate_all(f"(all) => {SHAPES}")
        assert {name: one for name, one in shapes if name in ("Overview", "Improvements")} == {
            "Overview": "square",
            "Improvements": "circle",
        }


SHAPES = "all.map((one) => [one.__data__.datum.name, one.__data__.shape])"


def test_dark_is_remembered_while_the_page_is_open(opened):
    before = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    opened.locator("#theme").click()
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != before
    opened.locator("nav a").nth(1).click()
    opened.wait_for_url("**#/agencies")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_charts_and_tables_are_saved(opened):
    figure = opened.locator("figure").nth(1)
    name, svg = saved(opened, figure.locator("[data-save=svg]"))
    assert name.endswith(".svg")
    assert svg.count(b"<path") > 2
    assert b"var(--" not in svg
    assert b"<a" not in svg
    several = opened.locator("figure:has(.multiples)").first
    _, svg = saved(opened, several.locator("[data-save=svg]"))
    assert svg.count(b"<svg") == 1 + several.locator(".multiples svg").count()
    name, png = saved(opened, figure.locator("[data-save=png]"))
    assert png[:4] == b"\x89PNG"
    _, table = saved(opened, figure.locator("[data-save=csv]"))
    assert len(table.decode("utf-8-sig").splitlines()) == 3


def test_a_table_stands_in_the_place_of_its_chart_and_back(opened):
    figure = opened.locator(".f-agencies")
    turn = figure.locator("button.turn")
    turn.click()
    assert figure.locator(".plot").is_hidden()
    assert figure.locator("[data-save=svg]").is_hidden()
    assert figure.locator(".numbers tbody tr").count() == 2
    first = figure.locator(".numbers tbody tr").first.inner_text()
    assert re.search(r"\t0\.\d{4}\t", first)
    figure.locator(".tabs button").nth(1).click()
    assert figure.locator(".numbers tbody tr").first.inner_text() != first
    turn.click()
    settled(opened)
    assert figure.locator(".plot svg a.point").count() == 2
    assert figure.locator(".numbers").is_hidden()


def test_a_view_says_how_to_cite_it_and_names_no_folder(opened, address, reports):
    go(opened, address, f"report/{reports['report_id'].iloc[0]}")
    opened.locator(".cite summary").click()
    playwright.expect(opened.locator("#cite")).to_contain_text(reports["agency"].iloc[0])
    text = opened.locator("#cite").inner_text()
    assert f".html#/report/{reports['report_id'].iloc[0]}" in text
    assert "cheap-talk 2" in text
    assert "counted, not corrected" in text
    assert "/tmp" not in text


def test_each_share_says_what_it_means(opened):
    assert (
        opened.locator(".numbers-big .def").all_inner_texts()[0].startswith("The agency, or a body under it")
    )
    assert all(opened.locator(".numbers-big .def").all_inner_texts())


def places(reports):
    twice = reports[reports.duplicated("agency", keep=False)].iloc[-1]
    return {
        "overview": "", "agencies": "agencies", "agency": f"agency/{quote(twice['agency'])}",
        "report": f"report/{twice['report_id']}?s=2", "diff": f"report/{twice['report_id']}?view=diff",
        "tables": f"report/{twice['report_id']}?view=tables", "search": f"search?q={quote('公开')}", "about": "about",
    }  # fmt: skip


BEYOND = """() => {
  const wide = document.documentElement.scrollWidth > innerWidth ? ["page"] : [];
  const cut = [...document.querySelectorAll("svg:not(.small) text")].filter((node) => {
    const a = node.getBoundingClientRect(), b = node.ownerSVGElement.getBoundingClientRect();
    return a.width && (a.left < b.left - 1.5 || a.right > b.right + 1.5);
  });
  return [...wide, ...cut.map((node) => node.textContent)];
}"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("look", "locale"), LOOKS)
def test_no_view_scrolls_sideways_or_cuts_a_label(browser, file, reports, tmp_path, width, look, locale):
    folder = Path(ARTEFACTS) if ARTEFACTS else tmp_path
    settings = {"viewport": {"width": width, "height": 900}, "color_scheme": look, "locale": locale}
    with quiet(browser, **settings) as window:
        for name, place in places(reports).items():
            go(window, file.as_uri(), place)
            window.wait_for_timeout(250)
            assert window.evaluate(BEYOND) == [], name
            window.screenshot(path=folder / f"{name}-{width}-{look}-{locale}.png", full_page=True)


def test_without_javascript_the_overview_stays(browser, file):
    with quiet(browser, java_script_enabled=False) as window:
        window.goto(file.as_uri())
        assert window.locator("main table tbody tr").count() == 3
        assert window.locator("main svg").count() == 3


def test_no_serious_finding_of_axe(browser, file, reports, tmp_path):
    packed = subprocess.run(
        ["npm", "pack", "axe-core@4"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    ) if shutil.which("npm") else None  # fmt: skip
    if packed is None or packed.returncode:
        pytest.skip("axe-core is not to be had: no npm, or no registry")
    with tarfile.open(next(tmp_path.glob("axe-core-*.tgz"))) as archive:
        axe = archive.extractfile("package/axe.min.js").read().decode("utf-8")
    found = {}
    for look, locale in LOOKS:
        with quiet(browser, color_scheme=look, locale=locale, bypass_csp=True) as window:
            for name, place in places(reports).items():
                go(window, file.as_uri(), place)
                window.wait_for_timeout(250)
                window.evaluate(axe)
                violations = window.evaluate("axe.run().then((r) => r.violations)")
                for one in violations:
                    if one["impact"] in ("serious", "critical"):
                        found[name, look, one["id"]] = [n["target"] for n in one["nodes"][:3]]
    assert found == {}
