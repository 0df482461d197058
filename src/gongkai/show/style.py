"""How figures look, by the place where they stand: width, type, title."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from gongkai.errors import MeasureError
from gongkai.show.charts import Json
from gongkai.tables.scheme.codebook import Words

FONTS = "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, SimHei, sans-serif"


class Place(NamedTuple):
    """Where a figure stands."""

    width: int
    """Of the whole figure with its labels, in points (1/72 inch)."""
    font: int
    """Size of type in points."""
    titled: bool
    """The title stands in the picture, not in the caption below it."""


Size: TypeAlias = Literal["column", "page", "slide"]
Language: TypeAlias = Literal["en", "zh"]
SIZES: dict[str, Place] = {
    "column": Place(240, 7, False),  # one of two columns, 84 mm
    "page": Place(490, 8, False),  # both, 173 mm
    "slide": Place(864, 18, True),  # 12 inches of 13.33
}
SCREEN = Place(0, 10, True)
"""Without a size: each chart has its own width."""


def place_of(size: str | None) -> Place:
    """Return the place of that name, the screen for None."""
    if size is not None and size not in SIZES:
        raise MeasureError(f"size {size!r}: expected one of {', '.join(SIZES)}, or None")
    return SCREEN if size is None else SIZES[size]


def placed(
    spec: Json, title: Words, said: Words, size: str | None, language: str, *, width: int, height: int | Json
) -> Json:
    """Return a specification for its place: its type, its captions, and how wide and high it is.

    Args:
        spec: One of `charts.py`, with its rows.
        title: In the picture or the caption.
        said: What the caption says besides.
        size: Name of the place; None for the screen.
        language: `en` or `zh`.
        width: Of the plot, where no place gives that of the whole; of a panel where there are several.
        height: Of the plot, or a step a row.
    """
    place, captions = place_of(size), captions_of(title, said, language)
    config: Json = spec["config"] | {"font": FONTS}
    if size is not None:
        type_, em = {"labelFontSize": place.font, "titleFontSize": place.font}, place.font / 12
        styles: Json = {name: dict(style) for name, style in config["style"].items()}
        for style in styles.values():
            style |= {"fontSize": place.font} if "fontSize" in style else {}
            style |= {"size": round(style["size"] * em**2, 2)} if "size" in style else {}
            style |= {"strokeWidth": round(style["strokeWidth"] * em, 2)} if "strokeWidth" in style else {}
        config |= {
            "axis": config["axis"] | type_ | {"gridWidth": round(em, 2)},
            "axisY": config["axisY"] | type_,
            "header": type_,
            "text": config["text"] | {"fontSize": place.font},
            "title": {"fontSize": place.font + 2 * place.titled, "anchor": "start"},
            "style": styles,
        }
        spec = spec | {
            "params": [one | {"value": em} if one["name"] == "em" else one for one in spec["params"]]
        }
    made = spec | {"config": config, "usermeta": {"caption": captions}}
    if place.titled:
        made["title"] = title.said(language)
    if "facet" in spec:
        return made | {"spec": spec["spec"] | {"width": width, "height": height}}
    if size is not None:  # labels are part of the width that a journal gives
        made["autosize"] = {"type": "fit-x", "contains": "padding"}
    return made | {"width": place.width or width, "height": height}


def captions_of(title: Words, said: Words, language: str) -> dict[str, str]:
    """Return what stands below a figure, by language.

    Raises:
        MeasureError: The language of the figure is not known.
    """
    if language not in get_args(Language):
        raise MeasureError(f"language {language!r}: expected en or zh")
    return {"en": f"{title.en}. {said.en}", "zh": f"{title.said('zh')}。{said.zh}"}


def styled(
    chart: Any,  # noqa: ANN401
    title: Words,
    said: Words,
    size: str | None,
    language: str,
    *,
    width: int | None = 420,
    subtitle: str = "",
) -> Any:  # noqa: ANN401
    """Return the chart for its place, with its captions; `width` None: it has one already."""
    place, captions = place_of(size), captions_of(title, said, language)
    chart = chart.configure(font=FONTS).configure_view(stroke=None).properties(usermeta={"caption": captions})
    if place.titled:
        words = title.said(language)
        chart = chart.properties(title={"text": words, "subtitle": subtitle} if subtitle else words)
    if size is None:
        return chart if width is None else chart.properties(width=width)
    if width is not None:  # labels and legend are part of the width that a journal gives
        chart = chart.properties(width=place.width, autosize={"type": "fit-x", "contains": "padding"})
    kinds = {"labelFontSize": place.font, "titleFontSize": place.font}
    return (
        chart.configure_axis(**kinds, titleFontWeight="normal")
        .configure_legend(**kinds, symbolSize=place.font * 6, gradientLength=place.width // 4)
        .configure_header(**kinds)
        .configure_title(fontSize=place.font + 2 * place.titled, subtitleFontSize=place.font, anchor="start")
    )
