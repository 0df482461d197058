"""What the specifications draw of rows as the page and the figures give them."""

import json
import re

import pytest

from gongkai.show.charts import CHARTS, CONFIG, INK, TILES, inked, specifications

vl_convert = pytest.importorskip("vl_convert")


def drawn(name, rows, whole=(), width=400, height=200, **words):
    """Return a chart's SVG."""
    spec = inked(CHARTS[name]())
    params = [one | ({"value": words[one["name"]]} if one["name"] in words else {}) for one in spec["params"]]
    spec |= {
        "datasets": {"rows": rows, "whole": list(whole)},
        "params": params,
        "width": width,
        "height": height,
    }
    return vl_convert.vegalite_to_svg(json.dumps(spec))


def texts(svg):
    return re.findall(r"<text[^>]*>([^<]+)</text>", svg)


def year(year, value, low=None, high=None, **more):
    return {"year": year, "value": value, "low": low, "high": high, "tip": f"{year}\n{value}"} | more


def joined(svg):
    """Return how many years each line joins."""
    lines = re.findall(r'<g class="mark-line [^>]*><path [^>]*?d="(M[^"]+)"', svg)
    return sorted(line.count("L") + 1 for line in lines if "L" in line)


def test_years_are_joined_within_a_form_and_without_a_gap():
    years = [2015, 2016, 2018, 2019, 2020, 2021, 2022, 2023]
    svg = drawn("years", [year(y, 0.2, 0.1, 0.3) for y in years], years=years)
    assert joined(svg) == [2, 2, 3]
    mixed = [year(y, 0.2, 0.1, 0.3, counted=y == 2022) for y in years]
    assert joined(drawn("years", mixed, years=years)) == [2, 2]


def test_the_break_of_form_is_named_where_there_are_years_on_both_sides():
    names = {"form_2019": "of 2019", "form_2021": "of 2021", "end": 0.5}
    rows = [year(y, 0.2) for y in (2018, 2019, 2021)]
    assert {"of 2019", "of 2021"} <= set(texts(drawn("years", rows, years=[2018, 2019, 2021], **names)))
    later = texts(drawn("years", rows[1:], years=[2019, 2021], **names))
    assert ("of 2019" in later, "of 2021" in later) == (False, True)
    assert not {"of 2019", "of 2021"} & set(texts(drawn("years", rows[2:], years=[2021], **names)))


def test_counts_stand_below_their_years():
    svg = drawn("years", [year(2020, 0.2), year(2021, 0.3)], years=[2020, 2021], counts={"2020": "7"})
    assert re.search(r"<tspan[^>]*>2020</tspan><tspan[^>]*>7</tspan>", svg)


def test_years_without_a_share_keep_their_place_on_the_axis():
    years = [2019, 2020, 2021, 2022]
    some = [year(y, None if y in (2019, 2022) else 0.2) for y in years]

    names = [one for one in texts(drawn("years", some, years=years)) if one.isdigit()]
    assert names == [str(y) for y in years]
    assert texts(drawn("years", [year(y, None) for y in years], years=years)).count("2020") == 1


def test_the_ends_of_the_spread_are_named_and_all_together():
    rows = [
        {"name": n, "value": v, "low": None, "high": None, "tip": n}
        for n, v in (("乙", 0.3), ("甲", 0.1), ("丙", 0.2))
    ]
    whole = [{"value": 0.2, "low": 0.1, "high": 0.3, "text": "全部 20%"}]
    said = texts(drawn("spread", rows, whole))
    assert {"10% 甲", "30% 乙", "全部 20%"} <= set(said)
    assert "丙" not in "".join(said)


def test_a_tile_for_each_province_with_a_share_where_there_are_reports():
    rows = [
        {"name": str(code), "row": r, "column": c, "corpus": 0.2, "tip": str(code)}
        for code, (r, c) in TILES.items()
    ]
    rows[3] |= {"value": 0.4, "low": 0.3, "high": 0.5}
    said = texts(drawn("provinces", rows, width=800, height=640))
    assert said.count("40%") == 1
    assert len(said) == len(TILES) + 1
    assert len(set(TILES.values())) == len(TILES)


@pytest.mark.parametrize("name", CHARTS)
def test_what_a_row_lacks_is_not_written(name):
    places = {"year": 2021, "across": 0.1, "up": 0.2, "row": 1, "column": 1, "place": 0}
    rows = [{"name": "甲", "value": None, "text": "10%", "mark": "●", "colour": "red", "tip": "甲"} | places]
    for some in (rows, [rows[0] | {"value": 0.1}]):
        svg = drawn(name, some)
        assert not re.search("undefined|null|NaN", re.sub(r"font-family=\"[^\"]*\"", "", svg))


def test_every_colour_is_one_that_print_has_too():
    page = specifications()
    assert page["config"] == CONFIG
    assert set(re.findall(r"var\(--([\w-]+)\)", json.dumps(page))) <= INK.keys()
    for name, spec in page.items():
        assert not re.search(r"#[0-9a-f]{3,6}", json.dumps(spec)), name
