"""Measures table → chart (Altair). Computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gongkai.errors import GongkaiError, MeasureError

if TYPE_CHECKING:
    from gongkai.schema import Measures

FONTS = "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, SimHei, sans-serif"
TITLES = {
    ("prevalence", "commitment"): "Commitment 承诺: share of sentences",
    ("prevalence", "boilerplate"): "Boilerplate 套话: share of sentences",
    ("cheap_talk", "commitment+boilerplate"): "Cheap talk 空头承诺: share of commitments",
}


def altair() -> Any:  # noqa: ANN401
    """Import Altair.

    Raises:
        GongkaiError: The extra `page` is not installed.
    """
    try:
        import altair
    except ImportError as error:
        raise GongkaiError('charts need the extra "page": pip install "gongkai[page]"') from error
    return altair


def plot_prevalence(
    measures: Measures,
    *,
    measure: str = "cheap_talk",
    label: str = "commitment+boilerplate",
    width: int = 420,
) -> Any:  # noqa: ANN401
    """Draw one measure by agency and year: a point and its interval each, agencies ranked by their mean.

    Args:
        measures: `measures` rows with the columns `agency` and `year`, of one model.
        measure: `prevalence` or `cheap_talk`.
        label: Label of the rows to draw.
        width: Of the plot, in pixels.

    Returns:
        An Altair chart; undefined values are left out.

    Raises:
        MeasureError: No row fits.
        GongkaiError: Altair is not installed.
    """
    alt = altair()
    rows = measures[(measures["measure"] == measure) & (measures["label"] == label)].dropna(subset=["value"])
    if rows.empty or not {"agency", "year"} <= set(rows.columns):
        raise MeasureError(f"nothing to draw: no defined row of {measure} for {label} by agency and year")
    rows = rows.assign(year=rows["year"].astype(int).astype(str), agency=rows["agency"].fillna("(not found)"))
    order = rows.groupby("agency")["value"].mean().sort_values(ascending=False).index.tolist()
    rows = rows.sort_values(["agency", "year"])
    rows = rows.assign(rank=rows.groupby("agency").cumcount())
    base = alt.Chart(rows[["agency", "year", "rank", "value", "low", "high", "n"]]).encode(
        y=alt.Y("agency:N", sort=order, title=None, axis=alt.Axis(labelLimit=260)),
        yOffset=alt.YOffset("rank:O"),
        color=alt.Color("year:N", title="year", scale=alt.Scale(scheme="viridis")),
    )
    scale = alt.Scale(domain=[0, 1])
    lines = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale, title=None, axis=alt.Axis(format="%")), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=40).encode(
        x=alt.X("value:Q", scale=scale, title=None, axis=alt.Axis(format="%")),
        tooltip=["agency", "year", alt.Tooltip("value", format=".1%"), alt.Tooltip("low", format=".1%"),
                 alt.Tooltip("high", format=".1%"), "n"],
    )  # fmt: skip
    title = TITLES.get((measure, label), f"{measure} {label}")
    return (
        (lines + points)
        .properties(title=title, width=width, height={"step": 9})
        .configure(font=FONTS)
        .configure_view(stroke=None)
    )


def to_svg(chart: Any) -> str:  # noqa: ANN401
    """Render a chart to SVG, offline.

    Raises:
        GongkaiError: vl-convert is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise GongkaiError('charts need the extra "page": pip install "gongkai[page]"') from error
    return str(vl_convert.vegalite_to_svg(chart.to_json()))
