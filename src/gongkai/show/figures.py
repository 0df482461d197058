"""Measures table → chart (Altair). Computes nothing but where to draw.

Each chart speaks one language; it carries what must stand below it in both, in
`chart.usermeta["caption"]["en"]` and `["zh"]`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongkai.errors import GongkaiError, MeasureError
from gongkai.show.captions import (
    GROUPS,
    NETWORK,
    NOT_FOUND,
    TERMS,
    TITLED,
    of_measures,
    of_network,
    of_terms,
    title_of,
    unplaced,
)
from gongkai.show.style import Language, Size, place_of, styled
from gongkai.store.run import whole_file
from gongkai.tables.scheme.codebook import Codebook, Words
from gongkai.tables.scheme.codebooks import given_or_shipped

if TYPE_CHECKING:
    from gongkai.tables.schema import Measures, Table


def altair() -> Any:  # noqa: ANN401
    """Import Altair.

    Raises:
        GongkaiError: The extra `page` is not installed.
    """
    try:
        import altair
    except ImportError as error:
        raise GongkaiError('charts need the extra "charts": pip install "gongkai[charts]"') from error
    return altair


def plot_prevalence(
    measures: Measures,
    *,
    measure: str | None = None,
    label: str | None = None,
    width: int = 420,
    size: Size | None = None,
    codebook: Codebook | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw one measure by agency and year: a point and its interval each, agencies ranked by their mean.

    Args:
        measures: `measures` rows with the columns `agency` and `year`, of one model.
        measure: `prevalence`, or a measure that the codebook derives; its last unless given.
        label: Label of the rows to draw; the measure's first unless given.
        width: Of the plot, in pixels, where no size is given.
        size: `column`, `page` or `slide`: for print or a talk. The words below it: `usermeta["caption"]`.
        codebook: The scheme, for titles; the one that ships unless given.
        language: `en` or `zh`: of what is drawn.

    Returns:
        An Altair chart; undefined values are left out.

    Raises:
        MeasureError: No row fits.
        GongkaiError: Altair is not installed.
    """
    alt = altair()
    place = place_of(size)
    scheme = given_or_shipped(codebook)
    measure = measure or scheme.quantities[-1].measure
    label = label or _first_label(scheme, measure)
    columns = ["agency", "year", "value", "low", "high", "n"]
    rows = _rows_of(measures, measure, label, columns)
    said, title, rows = of_measures(rows), title_of(measure, label, scheme), rows[columns]
    unknown = NOT_FOUND.said(language)
    rows = rows.assign(
        year=[unknown if y is None or y != y else str(int(y)) for y in rows["year"]],
        agency=rows["agency"].astype(object).fillna(f"({unknown})"),
    )
    order = rows.groupby("agency")["value"].mean().sort_values(ascending=False).index.tolist()
    rows = rows.sort_values(["agency", "year"])
    rows = rows.assign(rank=rows.groupby("agency").cumcount())
    base = alt.Chart(rows[["agency", "year", "rank", "value", "low", "high", "n"]]).encode(
        y=alt.Y("agency:N", sort=order, title=None, axis=alt.Axis(labelLimit=place.width // 2 or 260)),
        yOffset=alt.YOffset("rank:O"),
        color=alt.Color("year:N", legend=None, scale=alt.Scale(scheme="viridis")),
    )
    scale = alt.Scale(domain=[0, min(1.0, math.ceil(10 * rows[["value", "high"]].max().max()) / 10)])
    named = None if place.titled else title.said(language)
    lines = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale, title=named, axis=alt.Axis(format="%")),
        x2="high:Q",
    )
    points = base.mark_point(filled=True, size=40, opacity=1).encode(
        x=alt.X("value:Q", scale=scale, title=named, axis=alt.Axis(format="%")),
        tooltip=["agency", "year", alt.Tooltip("value", format=".1%"), alt.Tooltip("low", format=".1%"),
                 alt.Tooltip("high", format=".1%"), "n"],
    )  # fmt: skip
    names = base.mark_text(align="left", dx=4, fontSize=8 if size is None else place.font).encode(
        x=alt.value("width" if size else width), text="year:N", color=alt.value("#555")
    )
    chart = (lines + points + names).properties(height={"step": max(9, place.font + 1)})
    return styled(chart, title, said, size, language, width=width)


def to_svg(chart: Any) -> str:  # noqa: ANN401
    """Render a chart to SVG, offline.

    Raises:
        GongkaiError: vl-convert is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise GongkaiError('charts need the extra "charts": pip install "gongkai[charts]"') from error
    return str(vl_convert.vegalite_to_svg(chart.to_json()))


def plot_change(
    measures: Measures,
    *,
    measure: str = "prevalence",
    label: str | None = None,
    by: str | None = None,
    size: Size | None = None,
    codebook: Codebook | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw one measure over the years: a line with its band, in a panel for each value of `by`.

    Args:
        measures: `measures` rows with the column `year`, e.g. `prevalence(predictions, by=["year",
            "level"])`.
        measure: `prevalence`, a measure that the codebook derives, `broken_reports` …
        label: Label of the rows to draw; the measure's first unless given.
        by: Column that makes a panel each; None for one.
        size: `column`, `page` or `slide`: for print or a talk. The words below it: `usermeta["caption"]`.
        codebook: The scheme, for titles; the one that ships unless given.
        language: `en` or `zh`: of what is drawn.

    Raises:
        MeasureError: No row fits.
        GongkaiError: Altair is not installed.
    """
    import pandas as pd

    from gongkai.show.page.static import words

    alt = altair()
    scheme = given_or_shipped(codebook)
    label = label or _first_label(scheme, measure)
    place = place_of(size)
    columns = ["year", "value", "low", "high", "n", *([by] if by else [])]
    rows = _rows_of(measures, measure, label, columns)
    said, rows = of_measures(rows), rows[columns]
    undated = int(rows.loc[rows["year"].isna(), "n"].sum())
    title = title_of(measure, label, scheme)
    title = title + unplaced(undated) if undated else title
    rows = rows[rows["year"].notna()]
    if rows.empty:
        raise MeasureError(f"nothing to draw: no year was found of the {undated:,} counted")
    rows = rows.assign(year=rows["year"].astype(int))
    if by is not None:
        terms = words()
        rows[by] = [
            (Words(*terms.get(f"{by}_{v}", (str(v),))[:2]) if pd.notna(v) else NOT_FOUND).said(language)
            for v in rows[by]
        ]
    years = range(rows["year"].min(), rows["year"].max() + 1)  # panels forget the least step of ticks
    axis = alt.Axis(format="d", values=list(years), labelOverlap=True)
    base = alt.Chart(rows).encode(x=alt.X("year:Q", axis=axis, scale=alt.Scale(zero=False), title=None))
    named = None if place.titled or by else title.said(language)
    share = alt.Y("value:Q", title=named, axis=alt.Axis(format="%"), scale=alt.Scale(zero=True))
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title=named), y2="high:Q")
    line = base.mark_line(point=True).encode(
        y=share, tooltip=["year", alt.Tooltip("value", format=".1%"), "n"]
    )
    last = base.transform_filter(f"datum.year == {rows['year'].max()}").mark_text(
        align="right", dy=-8 if size is None else -place.font, fontSize=place.font
    )
    layers = band + line + last.encode(y=share, text=alt.Text("value:Q", format=".0%"))
    if by is None:
        return styled(layers.properties(height=place.width // 2 or 240), title, said, size, language)
    columns_of_panels = 1 if size == "column" else 3
    width = (place.width - 8 * place.font) // columns_of_panels - 2 * place.font if size else 190
    panels = layers.properties(width=width, height=width * 2 // 3).facet(
        alt.Facet(f"{by}:N", title=None), columns=columns_of_panels
    )
    return styled(panels.properties(title=title.said(language)), title, said, size, language, width=None)


def plot_kinds(
    measures: Measures,
    *,
    by: str = "agency",
    named: int = 6,
    size: Size | None = None,
    codebook: Codebook | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw the map of two labels: a point per group, coloured by the share derived from both.

    Args:
        measures: What `prevalence` gave, by one column (and possibly others, one point per row then).
        by: Column that names the points.
        named: How many of the points farthest from the middle carry their name.
        size: `column`, `page` or `slide`: for print or a talk. The words below it: `usermeta["caption"]`.
        codebook: The scheme; the one that ships unless given. Its first derived measure of two labels, and
            these two, are drawn.
        language: `en` or `zh`: of what is drawn.

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
    place = place_of(size)
    titles = {q.label: q.title.said(language) for q in scheme.quantities}
    wanted = {across: "across", up: "up", derived[0].label: "both"}
    rows = measures[measures["label"].isin(wanted)]
    if rows.empty or by not in rows.columns:
        raise MeasureError(f"nothing to draw: no measures of {across} and {up} by {by}")
    said = of_measures(rows[rows["label"] == across], intervals=False)
    keys = [by, *(["year"] if "year" in rows.columns and by != "year" else [])]
    rows = rows.assign(label=rows["label"].map(wanted))
    wide = rows.pivot_table(index=keys, columns="label", values="value", aggfunc="first").reset_index()
    wide = wide.reindex(columns=[*keys, "across", "up", "both"])
    points = (
        alt.Chart(wide)
        .mark_circle(size=30 if size == "column" else 90, opacity=0.8, stroke="#555", strokeWidth=0.5)
        .encode(
            x=alt.X("across:Q", axis=alt.Axis(format="%", tickCount=6), title=titles[across]),
            y=alt.Y("up:Q", axis=alt.Axis(format="%"), title=titles[up]),
            color=alt.Color(
                "both:Q",
                scale=alt.Scale(scheme="orangered", domain=[0, 1]),
                legend=alt.Legend(
                    format="%", title=titles[derived[0].label], orient="top" if size == "column" else "right"
                ),
            ),
            tooltip=[*keys, *(alt.Tooltip(c, format=".1%", title=n) for n, c in wanted.items())],
        )
    )
    middle = wide[["across", "up"]].median()
    spread = wide[["across", "up"]].std().replace(0, 1).fillna(1)
    distance = (((wide[["across", "up"]] - middle) / spread) ** 2).sum(axis=1)
    height = place.width * 3 // 4 if size == "column" else place.width // 2 or 360
    far = _apart(wide.loc[distance.nlargest(named).index], 1.7 * place.font / height * wide["up"].max())
    layers = points
    for rows_of_side, align in ((far[far["across"] <= middle["across"]], "left"),
                                (far[far["across"] > middle["across"]], "right")):  # fmt: skip
        text = alt.Chart(rows_of_side).mark_text(
            align=align, dx=8 if align == "left" else -8, fontSize=place.font
        )
        layers += text.encode(x="across:Q", y="up:Q", text=f"{by}:N")
    chart = layers.properties(height=height)
    title = scheme.title_of(across) + Words(", ", "、") + scheme.title_of(up)
    return styled(chart, title, said, size, language, width=480)


def _apart(points: Table, gap: float) -> Table:
    """Return the points whose names do not run into that of one before them."""
    kept: list[int] = []
    heights = points["up"].tolist()
    for at, height in enumerate(heights):
        if all(abs(height - heights[other]) > gap for other in kept):
            kept.append(at)
    return points.iloc[kept]


def plot_network(
    network: Table,
    *,
    year: int | None = None,
    smallest: int = 2,
    size: Size | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw which agencies share text: agencies on a circle, a line for each pair, as wide as what they share.

    Args:
        network: What `copy_network` gave.
        year: Only this year; None takes the sentences of all years together.
        smallest: Fewest shared sentences of a line.
        size: `column`, `page` or `slide`: for print or a talk. The words below it: `usermeta["caption"]`.
        language: `en` or `zh`: of what is drawn.

    Raises:
        MeasureError: No pair is left.
        GongkaiError: Altair is not installed.
    """
    alt = altair()
    rows = network[network["sentences"] >= smallest]
    rows = rows[rows["year"] == year] if year is not None else rows
    if rows.empty:
        raise MeasureError(f"nothing to draw: no two agencies share {smallest} sentences")
    room = place_of(size)
    peer, above = (NETWORK[one].said(language) for one in ("peer", "above"))
    rows = rows.assign(relation=[peer if one == "peer" else above for one in rows["relation"]])
    edges = rows.groupby(["agency", "other", "relation"], as_index=False)["sentences"].sum()
    nodes = _on_a_circle(sorted({*edges["agency"], *edges["other"]}))
    place = nodes.set_index("agency")[["x", "y"]]
    edges = edges.join(place, on="agency").join(place.add_suffix("2"), on="other")
    half, longest = (room.width or 600) / 2, max(map(len, nodes["agency"])) * (room.font + 1) + 12
    edge = min(3.0, max(1.9, 1 / max(0.3, 1 - longest / half)))  # the circle has the radius 1
    scale = alt.Scale(domain=[-edge, edge])
    legend = alt.Legend(symbolType="stroke", labelLimit=240, orient="bottom")
    x, y = (alt.X("x:Q", axis=None, scale=scale), alt.Y("y:Q", axis=None, scale=scale))
    most = max(smallest + 1, int(edges["sentences"].max()))
    widths = alt.Scale(domain=[smallest, most], range=[1, 8])
    said = of_network(len(edges), len(nodes), smallest, most, year)
    lines = (
        alt.Chart(edges)
        .mark_rule(opacity=0.6)
        .encode(
            x=x, y=y, x2="x2:Q", y2="y2:Q",
            size=alt.Size("sentences:Q", scale=widths, legend=None),
            color=alt.Color("relation:N", title=None, legend=legend, scale=alt.Scale(domain=[above, peer])),
            strokeDash=alt.StrokeDash(
                "relation:N", title=None, scale=alt.Scale(domain=[above, peer], range=[[5, 3], [1, 0]])
            ),
            tooltip=["agency", "other", "relation", "sentences"],
        )
    )  # fmt: skip
    layers = lines + alt.Chart(nodes).mark_circle(size=60, color="#333", opacity=1).encode(x=x, y=y)
    for side, align in ((nodes["x"] >= 0, "left"), (nodes["x"] < 0, "right")):
        text = alt.Chart(nodes[side]).mark_text(
            align=align,
            dx=9 if align == "left" else -9,
            fontSize=room.font + (size is None),
            limit=half * (1 - 1 / edge) - 9,
        )
        layers += text.encode(x=x, y=y, text="agency:N", angle=alt.Angle("angle:Q", scale=None, legend=None))
    across = room.width or 600
    chart = layers.properties(width=across, height=across)
    subtitle = NETWORK["width"].said(language).format(smallest, most)
    return styled(chart, NETWORK["title"], said, size, language, width=None, subtitle=subtitle)


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
    names: tuple[str, str] | None = None,
    size: Size | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw the words that set two groups apart, the most distinctive of each side.

    Args:
        keyness: What `terms.keyness` gave.
        top: Words of each side.
        score: Column to draw, `z_agency` or `z`.
        names: What the two groups are called; "first group" and "second group" unless given.
        size: `column`, `page` or `slide`: for print or a talk. The words below it: `usermeta["caption"]`.
        language: `en` or `zh`: of what is drawn.

    Raises:
        MeasureError: The table is empty.
        GongkaiError: Altair is not installed.
    """
    import pandas as pd

    alt = altair()
    if keyness.empty:
        raise MeasureError("nothing to draw: no words")
    place = place_of(size)
    groups = (Words(names[0]), Words(names[1])) if names else GROUPS
    left, right = (one.said(language) for one in groups)
    ranked = keyness.sort_values(score, ascending=False)
    rows = pd.concat([ranked.head(top), ranked.tail(top)]).drop_duplicates("term")
    bars = (
        alt.Chart(rows[["term", score, "count_first", "count_second", "agencies"]])
        .mark_bar()
        .encode(
            x=alt.X(f"{score}:Q", title=f"{left} ←  {score}  → {right}"),
            y=alt.Y("term:N", sort=rows["term"].tolist(), title=None),
            color=alt.condition(f"datum.{score} > 0", alt.value("#c2410c"), alt.value("#1f4e79")),
            tooltip=["term", alt.Tooltip(score, format=".2f"), "count_first", "count_second", "agencies"],
        )
        .properties(height={"step": place.font + 4 if size else 16})
    )
    return styled(bars, TERMS, of_terms(len(rows), len(keyness), score, groups), size, language)


def _rows_of(measures: Measures, measure: str, label: str, columns: list[str]) -> Table:
    rows = measures[(measures["measure"] == measure) & (measures["label"] == label)].dropna(subset=["value"])
    if rows.empty or not set(columns) <= set(rows.columns):
        raise MeasureError(f"nothing to draw: no row of {measure} for {label} with {', '.join(columns)}")
    return rows


def _first_label(codebook: Codebook, measure: str) -> str:
    """Return the first label that has a measure; of measures that are none of labels, their own."""
    known = [(q.measure, q.label) for q in codebook.quantities] + TITLED
    return next((label for name, label in known if name == measure), "")


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
    """Save a chart as .svg, .png or .pdf, by the ending, offline.

    Args:
        chart: What a `plot_` function gave.
        path: File to write.
        scale: Pixels of the .png per point of the chart; 4.17 gives 300 dpi.
        overwrite: Replace an earlier file.

    Raises:
        GongkaiError: The ending is another, the file exists, the extra `page` is not installed, or (.png,
            .pdf) no font with Chinese characters is installed: they would come out as boxes.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in (".svg", ".png", ".pdf"):
        raise GongkaiError(f"{target}: the ending decides the format; expected .svg, .png or .pdf")
    if ending != ".svg" and chinese_font() is None:
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

            made = vl_convert.svg_to_png(text, scale) if ending == ".png" else vl_convert.svg_to_pdf(text)
            hidden.write_bytes(made)
    return target
