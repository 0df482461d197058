import json

import pytest

from gongkai.errors import GongkaiError, MeasureError
from gongkai.figures import plot_prevalence, to_svg
from gongkai.measure.prevalence import prevalence


def test_every_defined_row_is_drawn_once(predictions):
    measures = prevalence(predictions)
    spec = json.loads(plot_prevalence(measures, measure="prevalence", label="boilerplate").to_json())
    (rows,) = spec["datasets"].values()
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


def test_a_missing_extra_is_said_with_the_line_that_installs_it(monkeypatch, tmp_path):
    import sys

    from gongkai.demo import demo

    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(GongkaiError, match=r'pip install "gongkai\[page\]"'):
        demo(tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_draw_is_said(predictions):
    with pytest.raises(MeasureError, match="nothing to draw"):
        plot_prevalence(prevalence(predictions), measure="mood")
