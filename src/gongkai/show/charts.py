"""The charts that papers and the page share, as Vega-Lite without data.

Each function returns a specification whose rows come under a name (`rows`, where it says so `whole`) and
whose words and ends of axes come as parameters; colours are names of the palette, as style sheets write them.
`figures.py` puts in measures and ink, `page/script/charts.js` what the page is filtered by and its look. A
share is a number in [0, 1]. Rows carry `tip`, what a pointer and a screen reader are told, and may carry
`href`.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

INK = {
    "paper": "#ffffff",
    "ink": "#1d1c1a",
    "soft": "#5e5b54",
    "hair": "#e3dfd6",
    "rail": "#d6d1c6",
    "accent": "#14647f",
    "warn": "#a03414",
}
"""Colours of a figure for print, by the names that the page's style sheet gives its own."""
_TIP = {
    "tooltip": {"field": "tip", "type": "nominal"},
    "description": {"field": "said", "type": "nominal"},
    "href": {"condition": {"test": "isValid(datum.href)", "field": "href", "type": "nominal"}},
}
_SAID = {"calculate": "replace(datum.tip, regexp('\\n', 'g'), ', ')", "as": "said"}
_OPEN = "!isValid(datum.low)"
_DOT = {
    "shape": {"condition": {"test": "datum.counted", "value": "square"}, "value": "circle"},
    "fill": {"condition": {"test": _OPEN, "value": "var(--paper)"}, "value": "var(--accent)"},
    "stroke": {
        "condition": [
            {"test": "datum.chosen", "value": "var(--ink)"},
            {"test": _OPEN, "value": "var(--accent)"},
        ],
        "value": "var(--paper)",
    },
}
"""Open without an interval; a square where others are corrected and this one is counted."""
CONFIG: Json = {
    "background": "var(--paper)",
    "view": {"stroke": None},
    "axis": {
        "aria": False,
        "domain": False,
        "ticks": False,
        "gridColor": "var(--hair)",
        "labelColor": "var(--soft)",
        "labelFlush": False,
        "labelPadding": 7,
        "labelFontSize": 11.5,
        "titleColor": "var(--ink)",
        "titleFontWeight": 600,
    },
    "axisY": {"tickCount": 5},
    "mark": {"aria": False},
    "legend": {"aria": False, "labelColor": "var(--soft)", "titleColor": "var(--ink)"},
    "text": {"fontSize": 12.5, "color": "var(--ink)"},
    "style": {
        "interval": {"color": "var(--accent)", "strokeWidth": 2, "strokeOpacity": 0.42, "strokeCap": "round"},
        "strong": {"color": "var(--accent)", "strokeWidth": 2, "strokeOpacity": 0.9, "strokeCap": "round"},
        "dot": {"filled": True, "size": 60, "strokeWidth": 1, "opacity": 1},
        "middle": {
            "color": "var(--accent)", "strokeWidth": 1.5, "strokeDash": [1, 3], "strokeCap": "round",
        },
        "band": {"color": "var(--accent)", "fillOpacity": 0.13},
        "break": {"color": "var(--soft)", "strokeDash": [4, 4], "strokeOpacity": 0.7},
        "join": {"color": "var(--accent)", "strokeWidth": 1.5, "strokeOpacity": 0.45},
        "map": {
            "filled": True,
            "color": "var(--accent)",
            "stroke": "var(--accent)",
            "strokeWidth": 1.5,
            "opacity": 1,
        },
        "tile": {"color": "transparent", "cornerRadius": 3},
        "halo": {"color": "var(--paper)", "stroke": "var(--paper)", "strokeWidth": 4, "strokeJoin": "round"},
        "corner": {"fontSize": 13, "color": "var(--soft)"},
        "strong-name": {"fontWeight": 600},
        "ring": {"color": "var(--warn)", "strokeWidth": 1.8, "filled": False, "opacity": 1, "size": 200},
        "small": {"fontSize": 11, "color": "var(--soft)"},
        "hit": {"color": "transparent", "aria": True, "cursor": "default"},
    },
}  # fmt: skip


_LENGTHS = {"dx", "dy", "xOffset", "x2Offset", "yOffset", "y2Offset"}
"""Of a mark: they grow with the type, by the parameter `em`."""


def _layer(mark: str, style: str, encoding: Json, **more: Any) -> Json:  # noqa: ANN401
    """Return a layer: a mark in a style; what is no part of a layer is the mark's."""
    parts: Json = {key: more.pop(key) for key in ("transform", "data", "params") if key in more}
    grown = {key for key in _LENGTHS & more.keys() if not isinstance(more[key], dict)}
    more |= {key: {"expr": f"{more[key]} * em"} for key in sorted(grown)}
    return {**parts, "mark": {"type": mark, "style": style, **more}, "encoding": encoding}


def _haloed(encoding: Json, **more: Any) -> list[Json]:  # noqa: ANN401
    """Return a text, and below it what keeps it from what it crosses."""
    return [_layer("text", style, encoding, **more) for style in ("halo", "name")]


def _spec(rows: list[Json], layers: list[Json], encoding: Json, words: Json) -> Json:
    return {
        "data": {"name": "rows"},
        "transform": [*rows, _SAID],
        "params": [{"name": name, "value": value} for name, value in ({"em": 1} | words).items()],
        "encoding": encoding,
        "layer": layers,
        "config": CONFIG,
    }


def _share(field: str, axis: Json, end: str = "end") -> Json:
    """Return the channel of a share, on an axis from 0 to a parameter."""
    scale = {"domainMin": 0, "domainMax": {"expr": end}, "nice": False, "clamp": True}
    return {"field": field, "type": "quantitative", "scale": scale, "title": None, "axis": axis}


_PERCENT = {"format": "%", "tickCount": 5}


def years() -> Json:
    """Return the chart of one share over the years: joined within a form of the report, never across.

    Rows: `year`, `value`, `low`, `high`, and optionally `panel`, `corpus` (a share to compare with),
    `counted`, `ring`, `chosen`. Parameters: `end` of the axis, `years` to name, `counts` by year to stand
    below, names of the forms.
    """
    over_time = {"sort": [{"field": "year"}], "groupby": ["panel"]}
    ends = [{"op": op, "field": "year", "as": name} for op, name in (("min", "first"), ("max", "last"))]
    lags = [
        {"op": "lag", "field": f, "as": name} for f, name in (("year", "before"), ("form", "form_before"))
    ]
    form = "(datum.year < 2019 ? 0 : datum.year < 2021 ? 1 : 2) + (datum.counted ? ' counted' : '')"
    goes_on = "datum.year == datum.before + 1 && datum.form == datum.form_before"
    rows: list[Json] = [
        {"filter": "isValid(datum.value)"},
        {"joinaggregate": ends, "groupby": ["panel"]},
        {"calculate": form, "as": "form"},
        {"window": lags, **over_time},
        {"calculate": f"{goes_on} ? 0 : 1", "as": "begins"},
        {"window": [{"op": "sum", "field": "begins", "as": "run"}], **over_time},
    ]
    y = _share("value", _PERCENT)
    layers = [*_breaks(2019, -24), *_breaks(2021, -12)]
    layers += [
        _layer("line", "join", {"y": y, "detail": {"field": "run", "type": "nominal"}}),
        _layer("rule", "middle", {"y": y | {"field": "corpus"}, "x2": {"field": "year"}},
               transform=[{"filter": "isValid(datum.corpus)"}], xOffset=-11, x2Offset=11),
        _layer("rule", "interval", {"y": y | {"field": "low"}, "y2": {"field": "high"}},
               transform=[{"filter": "isValid(datum.low)"}]),
        _layer("point", "ring", {"y": y}, transform=[{"filter": "datum.ring"}]),
        _layer("point", "dot", {"y": y, **_DOT}),
        _layer("text", "name", {"y": y, "text": {"field": "value", "type": "quantitative", "format": ".0%"}},
               transform=[{"filter": "datum.year == datum.last"}], align="left", dx=10),
        _layer("rect", "hit", {"y": {"value": 0}, "y2": {"value": "height"}, "x2": {"field": "year"}, **_TIP},
               xOffset=-9, x2Offset=9),
    ]  # fmt: skip
    label = "counts[datum.label] ? [datum.label, counts[datum.label]] : datum.label"
    axis = {
        "format": "d",
        "values": {"expr": "years"},
        "grid": False,
        "labelOverlap": True,
        "labelSeparation": 8,
        "labelExpr": label,
    }
    ends_of_axis = {"domainMin": {"expr": "extent(years)[0]"}, "domainMax": {"expr": "extent(years)[1]"}}
    scale = {"zero": False, "nice": False, "padding": 14, **ends_of_axis}  # also of years without a value
    x = {"field": "year", "type": "quantitative", "title": None, "scale": scale, "axis": axis}
    words = {"end": 1, "years": [], "counts": {}, "form_2019": "", "form_2021": ""}
    return _spec(rows, layers, {"x": x}, words)


def _breaks(year: int, up: int) -> list[Json]:
    """Return a line before the first year of a form, and its name above."""
    first = [
        {"filter": f"datum.year >= {year} && datum.before < {year} && isValid(datum.before)"},
        {"calculate": f"{year - 0.5}", "as": "at"},
    ]
    part = "(datum.at - datum.first) / (datum.last - datum.first)"
    late = f"{part} > {0.3 if year == 2019 else 0.8}"  # where there is room for the name
    x = {"field": "at", "type": "quantitative"}
    return [
        _layer("rule", "break", {"x": x, "y": {"value": -6}, "y2": {"value": "height"}}, transform=first),
        _layer("text", "small", {"x": x, "y": {"value": 0}, "text": {"value": {"expr": f"form_{year}"}}},
               transform=[*first, {"filter": f"form_{year} != ''"}], dy=up, dx=f"({late} ? -4 : 4)",
               align={"expr": f"{late} ? 'right' : 'left'"}),
    ]  # fmt: skip


def spread() -> Json:
    """Return the chart of groups from low to high, each a dot with its interval; all together are a band.

    Rows: `name`, `value`, `low`, `high`, and optionally `counted`; `whole`: one row of `value`, `low`, `high`
    and the `text` that names it. Parameter: `end` of the axis.
    """
    rows: list[Json] = [
        {"filter": "isValid(datum.value)"},
        {"window": [{"op": "row_number", "as": "place"}], "sort": [{"field": "value"}]},
        {"joinaggregate": [{"op": "max", "field": "place", "as": "last"}]},
        {"calculate": "datum.place - 0.5", "as": "from"},
        {"calculate": "datum.place + 0.5", "as": "to"},
        {"calculate": "format(datum.value, '.0%') + ' ' + datum.name", "as": "text"},
    ]
    y, step = _share("value", _PERCENT), "width / data('rows').length"
    whole = {"data": {"name": "whole"}}
    wide = {"x": {"value": 0}, "x2": {"value": "width"}}
    text = {"text": {"field": "text", "type": "nominal"}}
    under = {"y": {"value": "height"}, **text}
    layers = [
        _layer("rect", "band", {**wide, "y": y | {"field": "low"}, "y2": {"field": "high"}}, **whole),
        _layer("rule", "middle", {**wide, "y": y}, **whole),
        _layer("rule", "interval", {"y": y | {"field": "low"}, "y2": {"field": "high"}},
               strokeWidth={"expr": f"min(2, {step} / 2) * em"},
               transform=[{"filter": "isValid(datum.low)"}]),
        _layer("point", "dot", {"y": y, **_DOT}, size={"expr": f"pow(clamp({step} * 0.72, 3, 9) * em, 2)"}),
        *_haloed({"x": {"value": 6}, "y": y | {"field": "top"}, **text}, **whole,
                 transform=[{"calculate": "isValid(datum.high) ? datum.high : datum.value", "as": "top"}],
                 align="left", dy=-8, fontWeight=600),
        _layer("text", "name", {"x": {"value": 0}, **under}, transform=[{"filter": "datum.place == 1"}],
               align="left", dy=16, limit={"expr": "width * 0.46"}),
        _layer("text", "name", {"x": {"value": "width"}, **under},
               transform=[{"filter": "datum.place == datum.last && datum.last > 1"}],
               align="right", dy=16, limit={"expr": "width * 0.46"}),
        _layer("rect", "hit", {"x": {"field": "from", "type": "quantitative"}, "x2": {"field": "to"},
                               "y": {"value": 0}, "y2": {"value": "height"}, **_TIP}),
    ]  # fmt: skip
    scale = {"zero": False, "nice": False}
    x = {"field": "place", "type": "quantitative", "scale": scale, "axis": None}
    for layer in layers[2:4]:
        layer["encoding"] = {"x": x, **layer["encoding"]}
    return _spec(rows, layers, {}, {"end": 1})


def rows() -> Json:
    """Return the chart of groups in rows: a name, a dot with its interval, and what stands at the end.

    Rows: `name`, `rank` among those of a name, `value`, `low`, `high`, `text` and `small` at the end, and
    optionally `counted`; `whole`: `value` of a line through all, or no row. Parameters: `end` of the axis,
    and of the name's room.
    """
    x = _share("value", {**_PERCENT, "tickCount": {"expr": "clamp(ceil(width / 70 / em), 2, 6)"}})
    ends = {"x": {"value": "width"}}
    layers = [
        {"data": {"name": "whole"}, "mark": {"type": "rule", "style": "middle"},
         "encoding": {"x": x, "y": {"value": 0}, "y2": {"value": "height"}}},
        _layer("rule", "interval", {"x": x | {"field": "low"}, "x2": {"field": "high"}},
               transform=[{"filter": "isValid(datum.low)"}]),
        _layer("point", "dot", {"x": x, **_DOT}, transform=[{"filter": "isValid(datum.value)"}]),
        _layer("text", "name", {**ends, "text": {"field": "text", "type": "nominal"}}, align="left", dx=12),
        _layer("text", "small", {**ends, "text": {"field": "small", "type": "nominal"}},
               transform=[{"filter": "isValid(datum.small)"}], align="right", dx=116),
        _layer("rect", "hit", {"x": {"value": 0}, "x2": {"value": "width"}, **_TIP}, x2Offset=50),
    ]  # fmt: skip
    axis = {
        "grid": False,
        "labelColor": "var(--ink)",
        "labelFontSize": {"expr": "12 * em"},
        "labelLimit": {"expr": "room"},
    }
    y = {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": axis,
        "scale": {"paddingInner": 0.1},
    }
    for layer in layers[1:]:
        layer["encoding"] = {"y": y, "yOffset": {"field": "rank", "type": "ordinal"}, **layer["encoding"]}
    return _spec([], layers, {}, {"end": 1, "room": 260})


def kinds() -> Json:
    """Return the map of two shares: a dot a group, crossed by all together, the fuller by a third share.

    Rows: `name`, `across`, `up` and each with `_low` and `_high`, `both`, optionally `counted`, and what is
    written beside: `label`, `align`, `dx`, `dy`; `whole`: one row of `across` and `up`. Parameters: `end` and
    `top` of the axes, names of the axes and of the third share, and of the corners. A dot pointed at shows
    its intervals.
    """
    x = _share("across", {**_PERCENT, "tickCount": {"expr": "clamp(ceil(width / 90 / em), 3, 6)"}})
    y = _share("up", _PERCENT, "top")
    whole = {"data": {"name": "whole"}}
    left, right = {"x": {"value": 0}}, {"x": {"value": "width"}}
    low, high = {"y": {"value": "height"}}, {"y": {"value": 0}}

    def word(name: str, place: Json, align: str, dx: int, dy: int, style: str = "corner") -> Json:
        text = {"text": {"value": {"expr": name}}}
        return _layer("text", style, {**place, **text}, data={"values": [{}]}, align=align, dx=dx, dy=dy)

    over = [{"filter": {"param": "over", "empty": False}}]
    fullness = {
        "field": "both", "type": "quantitative", "scale": {"domain": [0, 1], "range": [0.05, 1]},
        "title": None, "legend": None,
    }  # fmt: skip
    layers = [
        _layer("rule", "middle", {"x": x, **high, "y2": {"value": "height"}}, **whole),
        _layer("rule", "middle", {"y": y, **left, "x2": {"value": "width"}}, **whole),
        word("up", {**left, **high}, "left", 0, -14, "strong-name"),
        word("across", {**right, **low}, "right", 0, 36, "strong-name"),
        word("less_more", {**left, **high}, "left", 8, 14),
        word("more_more", {**right, **high}, "right", -8, 14),
        word("less_less", {**left, **low}, "left", 8, -12),
        word("more_less", {**right, **low}, "right", -8, -12),
        *_haloed({"x": x, "y": y, "text": {"field": "label", "type": "nominal"}},
                 transform=[{"filter": "isValid(datum.label)"}],
                 align={"expr": "datum.align"}, dx="datum.dx", dy="datum.dy"),
        _layer("rule", "strong", {"x": x | {"field": "across_low"}, "x2": {"field": "across_high"}, "y": y},
               transform=over),
        _layer("rule", "strong", {"x": x, "y": y | {"field": "up_low"}, "y2": {"field": "up_high"}},
               transform=over),
        _layer("point", "map", {"x": x, "y": y, "fillOpacity": fullness, "shape": _DOT["shape"]},
               transform=[{"calculate": "isValid(datum.both) ? datum.both : 0", "as": "both"}],
               size={"expr": "(data('rows').length > 400 ? 25 : 90) * em * em"}),
        _layer("point", "hit", {"x": x, "y": y, **_TIP}, size=400) | {"name": "points"},
    ]  # fmt: skip
    words = dict.fromkeys(("across", "up", "less_more", "more_more", "less_less", "more_less"), "")
    made = _spec([], layers, {}, {"end": 1, "top": 1, **words})
    pointed = {"type": "point", "fields": ["name"], "on": "pointerover", "clear": "pointerout"}
    made["params"].append({"name": "over", "select": pointed, "views": ["points"]})
    return made


TILES = {
    65: (1, 0), 54: (4, 1), 63: (3, 2), 62: (2, 3), 64: (2, 4), 15: (1, 5), 61: (3, 4), 14: (2, 5), 13:
    (2, 6), 11: (1, 6), 12: (1, 7), 21: (1, 8), 22: (0, 8), 23: (0, 9), 37: (2, 7), 41: (3, 5), 32: (3,
    7), 34: (3, 6), 31: (3, 8), 42: (4, 5), 51: (4, 3), 50: (4, 4), 43: (5, 5), 36: (4, 6), 33: (4, 7),
    35: (5, 7), 52: (5, 4), 53: (5, 3), 45: (6, 4), 44: (6, 5), 46: (7, 5), 71: (5, 8), 81: (6, 6), 82:
    (7, 6),
}  # fmt: skip
"""Row and column of each province, by the two digits of its code: roughly where they lie."""


def provinces() -> Json:
    """Return the map of provinces as tiles, each a dot with its interval and the share of all as a tick.

    Rows: `name`, `row`, `column`, `value` (nothing where there is no report), `low`, `high`, `corpus`, and
    optionally `counted`, `chosen`. Parameter: `end` of each tile's line. As high as eight tenths of the
    width.
    """
    at = "datum.column + 0.08 + 0.8 * min(1, datum.{0} / end)"
    rows: list[Json] = [
        {"calculate": "datum.column + 0.96", "as": "right"},
        {"calculate": "datum.row + 0.96", "as": "under"},
        {"calculate": "datum.column + 0.48", "as": "middle"},
        {"calculate": "datum.row + 0.6", "as": "line"},
        *({"calculate": f"isValid(datum.{c}) ? {at.format(c)} : null", "as": f"{c}_at"}
          for c in ("value", "low", "high", "corpus")),
    ]  # fmt: skip
    x, y = (
        {"type": "quantitative", "axis": None, "scale": {"domain": domain, "nice": False, "zero": False}}
        for domain in ([0, 10], [8, 0])
    )
    held = [{"filter": "isValid(datum.value)"}]
    letters = "(test(/^[ -~]*$/, datum.name) ? 0.55 : 1) * length(datum.name)"
    cell = "width / 10"
    frame = {
        "x": x | {"field": "column"},
        "x2": {"field": "right"},
        "y": y | {"field": "row"},
        "y2": {"field": "under"},
    }
    stroke = {
        "condition": [
            {"test": "datum.chosen", "value": "var(--accent)"},
            {"test": "isValid(datum.value)", "value": "var(--rail)"},
        ],
        "value": "var(--hair)",
    }
    name = {"text": {"field": "name", "type": "nominal"}}
    colour = {"condition": {"test": "isValid(datum.value)", "value": "var(--ink)"}, "value": "var(--soft)"}
    line, middle = {"y": y | {"field": "line"}}, {"x": x | {"field": "middle"}}
    layers = [
        _layer("rect", "tile", {**frame, "stroke": stroke}),
        _layer("text", "name", {**middle, "y": y | {"field": "row"}, **name, "color": colour},
               dy={"expr": f"{cell} * 0.28"},
               fontSize={"expr": f"min(12 * em, ({cell} - 6) / ({letters}))"}),
        _layer("rule", "interval", {"x": x | {"field": "low_at"}, "x2": {"field": "high_at"}, **line},
               transform=[{"filter": "isValid(datum.low)"}]),
        _layer("rule", "middle", {"x": x | {"field": "corpus_at"}, **line, "y2": {"field": "line"}},
               transform=held, yOffset=-6, y2Offset=6),
        _layer("point", "dot", {"x": x | {"field": "value_at"}, **line, **_DOT}, transform=held,
               size={"expr": f"({cell} < 44 * em ? 30 : 60) * em * em"}),
        _layer("text", "small", {**middle, "y": y | {"field": "under"},
                                 "text": {"field": "value", "type": "quantitative", "format": ".0%"}},
               transform=[*held, {"filter": f"{cell} >= 60 * em"}], dy=-10),
        _layer("rect", "hit", {**frame, **_TIP}),
    ]  # fmt: skip
    return _spec(rows, layers, {}, {"end": 1})


def hundred() -> Json:
    """Return a hundred marks, each a sign in its colour.

    Rows: `place` (0 to 99), `mark`, `colour`. Parameter: `columns`. As high as its rows.
    """
    rows: list[Json] = [
        {"calculate": "datum.place % columns", "as": "column"},
        {"calculate": "floor(datum.place / columns)", "as": "row"},
    ]
    place = {"type": "ordinal", "axis": None, "scale": {"type": "band"}}
    encoding = {
        "x": {"field": "column", **place},
        "y": {"field": "row", **place},
        "text": {"field": "mark", "type": "nominal"},
        "color": {"field": "colour", "type": "nominal", "scale": None},
    }
    marks = [_layer("text", "mark", {}, fontSize={"expr": "width / columns * 0.72"})]
    return _spec(rows, marks, encoding, {"columns": 25})


CHARTS = {
    "years": years,
    "spread": spread,
    "rows": rows,
    "kinds": kinds,
    "provinces": provinces,
    "hundred": hundred,
}
"""Every chart that the page draws, by the name it has there."""


def specifications() -> dict[str, Json]:
    """Return each chart as the page holds it, the look that all have once, under `config`."""
    made = {name: chart() for name, chart in CHARTS.items()}
    return {name: {k: v for k, v in one.items() if k != "config"} for name, one in made.items()} | {
        "config": CONFIG
    }


def inked(spec: Json) -> Json:
    """Return a specification with the colours of print for those of the style sheet."""
    text = re.sub(r"var\(--(\w+)\)", lambda found: INK[found[1]], json.dumps(spec))
    made: Json = json.loads(text)
    return made
