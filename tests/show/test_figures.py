import json
import re
import sys

import pandas as pd
import pytest

from gongkai.errors import GongkaiError, MeasureError
from gongkai.measure.shares.prevalence import prevalence
from gongkai.show.charts import INK, specifications
from gongkai.show.figures import (
    _apart,
    plot_change,
    plot_kinds,
    plot_prevalence,
    plot_provinces,
    plot_spread,
    save_chart,
    to_svg,
)
from gongkai.show.wording import plot_network, plot_terms
from tests.show.test_wording import NETWORK, WORDS_TABLE


def test_every_defined_row_is_drawn_once(predictions):
    measures = prevalence(predictions)
    spec = json.loads(plot_prevalence(measures, measure="prevalence", label="boilerplate").to_json())
    rows = spec["datasets"]["rows"]
    drawn = {(r["agency"], r["year"], round(r["value"], 9)) for r in rows}
    wanted = measures[measures["label"] == "boilerplate"]
    assert drawn == {
        (a, str(int(y)), round(v, 9))
        for a, y, v in zip(wanted["agency"], wanted["year"], wanted["value"], strict=True)
    }


def test_svg_is_made_offline_with_chinese_labels(predictions):
    svg = to_svg(plot_prevalence(prevalence(predictions), measure="prevalence", label="commitment"))
    assert svg.startswith("<svg")
    assert "云汀市民政局" in svg


def test_a_missing_extra_is_said_with_the_line_that_installs_it(monkeypatch, predictions):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(GongkaiError, match=r'pip install "gongkai\[charts\]"'):
        plot_change(prevalence(predictions, by=["year"]))


def test_nothing_to_draw_is_said(predictions):
    with pytest.raises(MeasureError, match="nothing to draw"):
        plot_prevalence(prevalence(predictions), measure="mood")


def drawn_rows(chart):
    return json.loads(chart.to_json())["datasets"]["rows"]


def test_change_over_years_draws_each_year(predictions):
    measures = prevalence(predictions, by=["year"])
    wanted = measures[measures["label"] == "commitment"].set_index("year")["value"]
    assert {r["year"]: r["value"] for r in drawn_rows(plot_change(measures))} == wanted.to_dict()
    with pytest.raises(MeasureError, match="with year"):
        plot_change(prevalence(predictions, by=["agency"]))


def test_panels_name_each_year_once(predictions):
    rows = predictions.assign(year=predictions["report_id"].rank(method="dense").astype(int) % 3 + 2021)
    rows = rows.assign(side="甲")
    svg = to_svg(plot_change(prevalence(rows, by=["year", "side"]), by="side", size="page"))
    assert re.findall(r">(20\d\d)</text>", svg) == ["2021", "2022", "2023"]


def test_the_map_has_a_point_per_agency(predictions):
    measures = prevalence(predictions, by=["agency"])
    rows = drawn_rows(plot_kinds(measures))
    assert {r["agency"] for r in rows} == set(measures["agency"])
    assert all(0 <= r["across"] <= 1 and 0 <= r["up"] <= 1 for r in rows)
    with pytest.raises(MeasureError, match="nothing to draw"):
        plot_kinds(measures.iloc[:0])


def by_province(predictions):
    """Return measures of two provinces."""
    provinces = dict(zip(sorted(predictions["agency"].unique()), ("江苏省", "北京市"), strict=False))
    return prevalence(predictions.assign(province=predictions["agency"].map(provinces)), by=["province"])


def test_the_spread_has_a_dot_per_group_and_all_together_as_given_or_as_their_mean(predictions):
    measures, whole = prevalence(predictions, by=["agency"]), prevalence(predictions, by=())
    wanted = measures[measures["label"] == "commitment"]
    chart = json.loads(plot_spread(measures, whole=whole).to_json())["datasets"]
    assert {r["agency"]: r["value"] for r in chart["rows"]} == wanted.set_index("agency")["value"].to_dict()
    row = whole[whole["label"] == "commitment"].iloc[0]
    assert chart["whole"][0]["value"] == pytest.approx(row["value"])
    mean = json.loads(plot_spread(measures).to_json())["datasets"]["whole"][0]
    assert mean["value"] == pytest.approx(row["value"])
    assert mean["low"] is None
    with pytest.raises(MeasureError, match="nothing to draw"):
        plot_spread(measures, label="mood")


def test_provinces_stand_as_tiles_those_without_reports_empty(predictions):
    measures = by_province(predictions)
    wanted = measures[measures["label"] == "commitment"].set_index("province")["value"]
    rows = {r["name"]: r for r in drawn_rows(plot_provinces(measures))}
    assert len(rows) == 34
    assert {n for n, r in rows.items() if r["value"] is not None} == {"Jiangsu", "Beijing"}
    assert rows["Jiangsu"]["value"] == wanted["江苏省"]
    assert "北京" in to_svg(plot_provinces(measures, language="zh"))


def parts(spec):
    """Return what a specification draws: without rows, words, sizes and what stands around it."""
    kept = {key: spec[key] for key in ("data", "transform", "encoding", "layer") if spec.get(key)}
    return kept | {"params": [one["name"] for one in spec["params"] if "select" not in one]}


@pytest.mark.parametrize("size", [None, "page"])
@pytest.mark.parametrize(
    ("name", "plot"),
    [
        ("rows", "prevalence"),
        ("years", "change"),
        ("kinds", "kinds"),
        ("spread", "spread"),
        ("provinces", "provinces"),
    ],
)
def test_the_page_draws_a_chart_as_a_paper_does(predictions, name, plot, size):
    """The page's specification, in ink, is that of the figure; type and marks of the screen are the page's."""
    page = specifications()
    ink = json.loads(re.sub(r"var\(--(\w+)\)", lambda found: INK[found[1]], json.dumps(page)))
    figure = json.loads(PLOTS[plot](predictions, size=size).to_json())
    assert parts(figure) == parts(ink[name])
    for measure in ("continuousWidth", "continuousHeight"):  # Altair's, of charts that have no size
        figure["config"]["view"].pop(measure, None)
    shared = ink["config"] if size is None else {"background": ink["config"]["background"]}
    assert {key: figure["config"][key] for key in shared} == shared
    colours = {style: look.get("color") for style, look in ink["config"]["style"].items()}
    assert {style: figure["config"]["style"][style].get("color") for style in colours} == colours


def test_panels_are_that_chart_many_times(predictions):
    page = specifications()["years"]
    panels = json.loads(PLOTS["panels"](predictions).to_json())
    assert len(panels["spec"]["layer"]) == len(page["layer"])
    assert panels["spec"]["transform"] == page["transform"]


def test_charts_are_saved_by_their_ending(predictions, tmp_path, monkeypatch):
    chart = plot_kinds(prevalence(predictions, by=["agency"]))
    assert "<svg" in save_chart(chart, tmp_path / "图.svg").read_text(encoding="utf-8")
    with pytest.raises(GongkaiError, match="exists"):
        save_chart(chart, tmp_path / "图.svg")
    with pytest.raises(GongkaiError, match=r"expected .svg, .png or .pdf"):
        save_chart(chart, tmp_path / "a.gif")
    monkeypatch.setattr("gongkai.show.figures.chinese_font", lambda: tmp_path)
    assert save_chart(chart, tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    monkeypatch.setattr("gongkai.show.figures.chinese_font", lambda: None)
    with pytest.raises(GongkaiError, match="apt install fonts-noto-cjk"):
        save_chart(chart, tmp_path / "b.png")


@pytest.mark.parametrize(("size", "points"), [("column", 240), ("page", 490), ("slide", 864)])
def test_a_figure_is_as_wide_as_its_place_with_its_labels(predictions, size, points):
    measures = prevalence(predictions)
    charts = [
        plot_prevalence(measures, measure="prevalence", label="commitment", size=size),
        plot_change(prevalence(predictions, by=["year"]), size=size),
        plot_kinds(prevalence(predictions, by=["agency"]), size=size),
    ]
    for chart in charts:
        assert float(re.search(r'<svg[^>]* width="([\d.]+)"', to_svg(chart))[1]) == pytest.approx(
            points, abs=1
        )
    with pytest.raises(MeasureError, match="expected one of column, page, slide"):
        plot_change(measures, size="poster")


def test_a_caption_says_method_model_interval_and_n(predictions):
    measures = prevalence(predictions, by=["year"])
    rows = measures[measures["label"] == "commitment"]
    chart = plot_change(measures)
    english, chinese = (chart.usermeta["caption"][c] for c in ("en", "zh"))
    for text in (english, chinese):
        assert f"n = {rows['n'].sum():,}" in text
        assert rows["model"].iloc[0] in text
    assert "not corrected" in english
    assert "未校正" in chinese
    without = rows["low"].isna().sum()
    assert (f"none for {without} of {len(rows)}" in english) == (without > 0)
    assert "No intervals drawn" in plot_kinds(measures, by="year").usermeta["caption"]["en"]


PLOTS = {
    "prevalence": lambda p, **k: plot_prevalence(prevalence(p), measure="prevalence", **k),
    "derived": lambda p, **k: plot_prevalence(prevalence(p), **k),
    "change": lambda p, **k: plot_change(prevalence(p, by=["year"]), **k),
    "panels": lambda p, **k: plot_change(prevalence(p.assign(kind="department"), by=["year", "kind"]), by="kind", **k),
    "undated": lambda p, **k: plot_change(prevalence(p.assign(year=p["year"].where(p["year"] > p["year"].min())), by=["year"]), **k),
    "kinds": lambda p, **k: plot_kinds(prevalence(p, by=["agency"]), **k),
    "spread": lambda p, **k: plot_spread(prevalence(p, by=["agency"]), **k),
    "provinces": lambda p, **k: plot_provinces(by_province(p), **k),
    "network": lambda p, **k: plot_network(NETWORK, **k),
    "terms": lambda p, **k: plot_terms(WORDS_TABLE, **k),
}  # fmt: skip
GIVEN = {"model", "linear", "gongkai", "copied", "z_agency", "PPI"}


@pytest.mark.parametrize("size", [None, "column"])
@pytest.mark.parametrize("plot", PLOTS)
def test_a_figure_and_its_captions_are_whole_in_one_language(predictions, plot, size):
    named = {*predictions["agency"], *predictions["model"], *"甲乙丙丁"} | GIVEN
    for language, other in (("en", "[\u4e00-\u9fff]"), ("zh", "[A-Za-z]{2,}")):
        chart = PLOTS[plot](predictions, language=language, size=size)
        drawn = re.findall(r"<text[^>]*>([^<]+)</text>", to_svg(chart))
        for text in [*drawn, chart.usermeta["caption"][language]]:
            for name in sorted(named, key=len, reverse=True):
                text = text.replace(name, "")
            assert not re.search(other, text), text
    with pytest.raises(MeasureError, match="expected en or zh"):
        PLOTS[plot](predictions, language="fr")


def test_names_that_would_run_into_each_other_are_left_out():
    points = pd.DataFrame({"up": [0.5, 0.51, 0.8], "across": [0.1, 0.1, 0.2]})
    assert _apart(points, 0.05).index.tolist() == [0, 2]
