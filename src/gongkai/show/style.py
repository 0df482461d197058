"""How figures look, by the place where they stand: width, type, title."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from gongkai.errors import MeasureError
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
    place = place_of(size)
    if language not in get_args(Language):
        raise MeasureError(f"language {language!r}: expected en or zh")
    captions = {"en": f"{title.en}. {said.en}", "zh": f"{title.said('zh')}。{said.zh}"}
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
