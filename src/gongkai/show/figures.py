"""Measures table → chart (Altair). Computes nothing but where to draw."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongkai.errors import GongkaiError, MeasureError
from gongkai.store.run import whole_file
from gongkai.tables.codebooks import given_or_shipped

if TYPE_CHECKING:
    from gongkai.tables.codebook import Codebook
    from gongkai.tables.schema import Measures, Table

FONTS = "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, SimHei, sans-serif"
TITLES = {
    ("broken_reports", "checks"): "Reports whose figures contradict each other 数字矛盾的报告",
    ("broken_rules", "checks"): "Rules of the tables that are broken 不成立的表格规则",
    ("shared", "words"): "Words shared with other agencies 与其他机关共有的文字",
    ("sticky", "words"): "Words of last year's report 沿用上年的文字",
    ("redundant", "words"): "Words said twice 重复的文字",
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
    measure: str | None = None,
    label: str | None = None,
    width: int = 420,
    codebook: Codebook | None = None,
) -> Any:  # noqa: ANN401
    """Draw one measure by agency and year: a point and its interval each, agencies ranked by their mean.

    Args:
        measures: `measures` rows with the columns `agency` and `year`, of one model.
        measure: `prevalence`, or a measure that the codebook derives; its last unless given.
        label: Label of the rows to draw; the measure's first unless given.
        width: Of the plot, in pixels.
        codebook: The scheme, for titles; the one that ships unless given.

    Returns:
        An Altair chart; undefined values are left out.

    Raises:
        MeasureError: No row fits.
        GongkaiError: Altair is not installed.
    """
    alt = altair()
    scheme = given_or_shipped(codebook)
    measure = measure or scheme.quantities[-1].measure
    label = label or _first_label(scheme, measure)
    rows = measures[(measures["measure"] == measure) & (measures["label"] == label)].dropna(subset=["value"])
    if rows.empty or not {"agency", "year"} <= set(rows.columns):
        raise MeasureError(f"nothing to draw: no defined row of {measure} for {label} by agency and year")
    rows = rows.assign(
        year=rows["year"].map(_year), agency=rows["agency"].astype(object).fillna("(not found)")
    )
    order = rows.groupby("agency")["value"].mean().sort_values(ascending=False).index.tolist()
    rows = rows.sort_values(["agency", "year"])
    rows = rows.assign(rank=rows.groupby("agency").cumcount())
    base = alt.Chart(rows[["agency", "year", "rank", "value", "low", "high", "n"]]).encode(
        y=alt.Y("agency:N", sort=order, title=None, axis=alt.Axis(labelLimit=260)),
        yOffset=alt.YOffset("rank:O"),
        color=alt.Color("year:N", legend=None, scale=alt.Scale(scheme="viridis")),
    )
    scale = alt.Scale(domain=[0, min(1.0, math.ceil(10 * rows[["value", "high"]].max().max()) / 10)])
    lines = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale, title=None, axis=alt.Axis(format="%")), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=40, opacity=1).encode(
        x=alt.X("value:Q", scale=scale, title=None, axis=alt.Axis(format="%")),
        tooltip=["agency", "year", alt.Tooltip("value", format=".1%"), alt.Tooltip("low", format=".1%"),
                 alt.Tooltip("high", format=".1%"), "n"],
    )  # fmt: skip
    names = base.mark_text(align="left", dx=4, fontSize=8).encode(
        x=alt.value(width), text="year:N", color=alt.value("#555")
    )
    chart = (lines + points + names).properties(width=width, height={"step": 9})
    return _styled(chart, _title(measure, label, scheme))


def _year(year: float | None) -> str:
    return "not found" if year is None or year != year else str(int(year))


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


def plot_change(
    measures: Measures,
    *,
    measure: str = "prevalence",
    label: str | None = None,
    by: str | None = None,
    codebook: Codebook | None = None,
) -> Any:  # noqa: ANN401
    """Draw one measure over the years: a line with its band, in a panel for each value of `by`.

    Args:
        measures: `measures` rows with the column `year`, e.g. `prevalence(predictions, by=["year",
            "level"])`.
        measure: `prevalence`, a measure that the codebook derives, `broken_reports` …
        label: Label of the rows to draw; the measure's first unless given.
        by: Column that makes a panel each; None for one.
        codebook: The scheme, for titles; the one that ships unless given.

    Raises:
        MeasureError: No row fits.
        GongkaiError: Altair is not installed.
    """
    alt = altair()
    scheme = given_or_shipped(codebook)
    label = label or _first_label(scheme, measure)
    columns = ["year", "value", "low", "high", "n", *([by] if by else [])]
    rows = _rows_of(measures, measure, label, columns)
    unplaced = int(rows.loc[rows["year"].isna(), "n"].sum())
    title = _title(measure, label, scheme) + (
        f" ({unplaced:,} of a year not found: not drawn)" if unplaced else ""
    )
    rows = rows[rows["year"].notna()]
    if rows.empty:
        raise MeasureError(f"nothing to draw: no year was found of the {unplaced:,} counted")
    rows = rows.assign(year=rows["year"].astype(int))
    axis = alt.Axis(format="d", tickMinStep=1)
    base = alt.Chart(rows).encode(x=alt.X("year:Q", axis=axis, scale=alt.Scale(zero=False), title=None))
    share = alt.Y("value:Q", title=None, axis=alt.Axis(format="%"), scale=alt.Scale(zero=True))
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title=None), y2="high:Q")
    line = base.mark_line(point=True).encode(
        y=share, tooltip=["year", alt.Tooltip("value", format=".1%"), "n"]
    )
    if by is None:
        return _styled((band + line).properties(width=420, height=240), title)
    panels = (
        (band + line).properties(width=190, height=120).facet(alt.Facet(f"{by}:N", title=None), columns=3)
    )
    return _styled(panels, title)


def plot_kinds(
    measures: Measures, *, by: str = "agency", named: int = 6, codebook: Codebook | None = None
) -> Any:  # noqa: ANN401
    """Draw the map of two labels: a point per group, coloured by the share derived from both.

    Args:
        measures: What `prevalence` gave, by one column (and possibly others, one point per row then).
        by: Column that names the points.
        named: How many of the points farthest from the middle carry their name.
        codebook: The scheme; the one that ships unless given. Its first derived measure of two labels, and
            these two, are drawn.

    Raises:
        MeasureError: Rows for one of the three are missing, or the codebook derives nothing from two labels.
        GongkaiError: Altair is not installed.
    """
    alt = altair()
    scheme = given_or_shipped(codebook)
    derived = [q for q in scheme.derived if q.label.count("+") == 1]
    if not derived:
        raise MeasureError(f"nothing to draw: {scheme.stamp} derives no measure from two labels")
    across, up = derived[0].label.split("+")
    titles = {q.label: q.title for q in scheme.quantities}
    wanted = {across: "across", up: "up", derived[0].label: "both"}
    rows = measures[measures["label"].isin(wanted)]
    if rows.empty or by not in rows.columns:
        raise MeasureError(f"nothing to draw: no measures of {across} and {up} by {by}")
    keys = [by, *(["year"] if "year" in rows.columns and by != "year" else [])]
    rows = rows.assign(label=rows["label"].map(wanted))
    wide = rows.pivot_table(index=keys, columns="label", values="value", aggfunc="first").reset_index()
    wide = wide.reindex(columns=[*keys, "across", "up", "both"])
    points = (
        alt.Chart(wide)
        .mark_circle(size=90, opacity=0.8, stroke="#555", strokeWidth=0.5)
        .encode(
            x=alt.X("across:Q", axis=alt.Axis(format="%"), title=titles[across]),
            y=alt.Y("up:Q", axis=alt.Axis(format="%"), title=titles[up]),
            color=alt.Color(
                "both:Q",
                scale=alt.Scale(scheme="orangered", domain=[0, 1]),
                legend=alt.Legend(format="%", title=derived[0].title),
            ),
            tooltip=[*keys, *(alt.Tooltip(c, format=".1%", title=n) for n, c in wanted.items())],
        )
    )
    middle = wide[["across", "up"]].median()
    spread = wide[["across", "up"]].std().replace(0, 1).fillna(1)
    distance = (((wide[["across", "up"]] - middle) / spread) ** 2).sum(axis=1)
    far = wide.loc[distance.nlargest(named).index]
    layers = points
    for rows_of_side, align in ((far[far["across"] <= middle["across"]], "left"),
                                (far[far["across"] > middle["across"]], "right")):  # fmt: skip
        text = alt.Chart(rows_of_side).mark_text(align=align, dx=8 if align == "left" else -8, fontSize=10)
        layers += text.encode(x="across:Q", y="up:Q", text=f"{by}:N")
    return _styled(layers.properties(width=480, height=360), f"{titles[across]}, {titles[up]}")


def plot_network(network: Table, *, year: int | None = None, smallest: int = 2) -> Any:  # noqa: ANN401
    """Draw which agencies share text: agencies on a circle, a line for each pair, as wide as what they share.

    Args:
        network: What `copy_network` gave.
        year: Only this year; None takes the sentences of all years together.
        smallest: Fewest shared sentences of a line.

    Raises:
        MeasureError: No pair is left.
        GongkaiError: Altair is not installed.
    """
    alt = altair()
    rows = network[network["sentences"] >= smallest]
    rows = rows[rows["year"] == year] if year is not None else rows
    if rows.empty:
        raise MeasureError(f"nothing to draw: no two agencies share {smallest} sentences")
    relation = rows["relation"].where(rows["relation"] == "peer", "one above the other 上下级")
    rows = rows.assign(relation=relation.replace("peer", "peers 同级"))
    edges = rows.groupby(["agency", "other", "relation"], as_index=False)["sentences"].sum()
    nodes = _on_a_circle(sorted({*edges["agency"], *edges["other"]}))
    place = nodes.set_index("agency")[["x", "y"]]
    edges = edges.join(place, on="agency").join(place.add_suffix("2"), on="other")
    scale = alt.Scale(domain=[-1.9, 1.9])
    x, y = (alt.X("x:Q", axis=None, scale=scale), alt.Y("y:Q", axis=None, scale=scale))
    most = max(smallest + 1, int(edges["sentences"].max()))
    widths = alt.Scale(domain=[smallest, most], range=[1, 8])
    title = alt.Title(
        "Shared text 共有文本", subtitle=f"width: sentences shared 共有句数, {smallest} to {most}"
    )
    lines = (
        alt.Chart(edges)
        .mark_rule(opacity=0.6)
        .encode(
            x=x, y=y, x2="x2:Q", y2="y2:Q",
            size=alt.Size("sentences:Q", scale=widths, legend=None),
            color=alt.Color("relation:N", title=None, legend=alt.Legend(symbolType="stroke", labelLimit=240)),
            tooltip=["agency", "other", "relation", "sentences"],
        )
    )  # fmt: skip
    layers = lines + alt.Chart(nodes).mark_circle(size=60, color="#333", opacity=1).encode(x=x, y=y)
    for side, align in ((nodes["x"] >= 0, "left"), (nodes["x"] < 0, "right")):
        text = alt.Chart(nodes[side]).mark_text(align=align, dx=9 if align == "left" else -9, fontSize=11)
        layers += text.encode(x=x, y=y, text="agency:N", angle=alt.Angle("angle:Q", scale=None, legend=None))
    return _styled(layers.properties(width=600, height=600), title)


def _on_a_circle(names: list[str]) -> Table:
    """Return a place for each name, and the angle at which its text leads outwards, never upside down."""
    import pandas as pd

    turns = [2 * math.pi * (k + 0.5) / len(names) for k in range(len(names))]
    places = [(math.cos(t), math.sin(t)) for t in turns]
    angles = [-math.degrees(math.atan2(y, x) if x >= 0 else math.atan2(-y, -x)) for x, y in places]
    rows = [(n, x, y, a) for n, (x, y), a in zip(names, places, angles, strict=True)]
    return pd.DataFrame(rows, columns=["agency", "x", "y", "angle"])


def plot_terms(
    keyness: Table,
    *,
    top: int = 15,
    score: str = "z_agency",
    names: tuple[str, str] = ("first group", "second group"),
) -> Any:  # noqa: ANN401
    """Draw the words that set two groups apart, the most distinctive of each side.

    Args:
        keyness: What `terms.keyness` gave.
        top: Words of each side.
        score: Column to draw, `z_agency` or `z`.
        names: What the two groups are called.

    Raises:
        MeasureError: The table is empty.
        GongkaiError: Altair is not installed.
    """
    import pandas as pd

    alt = altair()
    if keyness.empty:
        raise MeasureError("nothing to draw: no words")
    ranked = keyness.sort_values(score, ascending=False)
    rows = pd.concat([ranked.head(top), ranked.tail(top)]).drop_duplicates("term")
    bars = (
        alt.Chart(rows[["term", score, "count_first", "count_second", "agencies"]])
        .mark_bar()
        .encode(
            x=alt.X(f"{score}:Q", title=f"{names[0]} ←  {score}  → {names[1]}"),
            y=alt.Y("term:N", sort=rows["term"].tolist(), title=None),
            color=alt.condition(f"datum.{score} > 0", alt.value("#c2410c"), alt.value("#1f4e79")),
            tooltip=["term", alt.Tooltip(score, format=".2f"), "count_first", "count_second", "agencies"],
        )
        .properties(width=420, height={"step": 16})
    )
    return _styled(bars, "Distinctive words 特征词")


def _rows_of(measures: Measures, measure: str, label: str, columns: list[str]) -> Table:
    rows = measures[(measures["measure"] == measure) & (measures["label"] == label)].dropna(subset=["value"])
    if rows.empty or not set(columns) <= set(rows.columns):
        raise MeasureError(f"nothing to draw: no row of {measure} for {label} with {', '.join(columns)}")
    return rows[columns]


def _title(measure: str, label: str, codebook: Codebook | None = None) -> str:
    if (measure, label) in TITLES:
        return TITLES[measure, label]
    for quantity in given_or_shipped(codebook).quantities:
        if (quantity.measure, quantity.label) == (measure, label):
            return f"{quantity.title}: share of {' + '.join(quantity.bottom) or 'sentences'}"
    return f"{measure} {label}"


def _first_label(codebook: Codebook, measure: str) -> str:
    """Return the first label that has a measure; of measures that are none of labels, their own."""
    known = [(q.measure, q.label) for q in codebook.quantities] + list(TITLES)
    return next((label for name, label in known if name == measure), "")


def _styled(chart: Any, title: Any) -> Any:  # noqa: ANN401
    return chart.properties(title=title).configure(font=FONTS).configure_view(stroke=None)


_FONT_FILES = (
    *("notosanscjk", "notosanssc", "notoserifcjk", "sourcehan", "wqy", "droidsansfallback"),
    *("msyh", "simhei", "simsun", "pingfang"),
)
_FONT_FOLDERS = (
    *("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts"),
    *("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts", "C:/Windows/Fonts"),
)


def chinese_font() -> Path | None:
    """Return a font file of this machine that has Chinese characters, None where there is none."""
    for place in _FONT_FOLDERS:
        folder = Path(place).expanduser()
        for path in sorted(folder.rglob("*.[to]t[fc]")) if folder.is_dir() else ():
            if path.name.lower().replace("-", "").startswith(_FONT_FILES):
                return path
    return None


def save_chart(chart: Any, path: str | Path, *, scale: float = 2.0, overwrite: bool = False) -> Path:  # noqa: ANN401
    """Save a chart as .svg or .png, by the ending, offline.

    Args:
        chart: What a `plot_` function gave.
        path: File to write.
        scale: Pixels of the .png per pixel of the chart.
        overwrite: Replace an earlier file.

    Raises:
        GongkaiError: The ending is another, the file exists, the extra `page` is not installed, or (.png)
            no font with Chinese characters is installed: they would come out as boxes.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in (".svg", ".png"):
        raise GongkaiError(f"{target}: the ending decides the format; expected .svg or .png")
    if ending == ".png" and chinese_font() is None:
        raise GongkaiError(
            "no font with Chinese characters was found; install one "
            "(Debian: apt install fonts-noto-cjk) or save as .svg"
        )
    text = to_svg(chart)
    with whole_file(target, overwrite=overwrite) as hidden:
        if ending == ".svg":
            hidden.write_text(text, encoding="utf-8")
        else:
            import vl_convert

            hidden.write_bytes(vl_convert.svg_to_png(text, scale=scale))
    return target
