"""Shared text and distinctive words → chart (Altair)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gongkai.errors import MeasureError
from gongkai.show.captions import GROUPS, NETWORK, TERMS, of_network, of_terms
from gongkai.show.figures import altair
from gongkai.show.style import Language, Size, place_of, styled
from gongkai.tables.scheme.codebook import Words

if TYPE_CHECKING:
    from gongkai.tables.schema import Table


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
    names: tuple[str, str] | None = None,
    size: Size | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw the words that set two groups apart, the most distinctive of each side.

    Args:
        keyness: What `terms.keyness` gave.
        top: Words of each side.
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
    ranked = keyness.sort_values("z_agency", ascending=False)
    rows = pd.concat([ranked.head(top), ranked.tail(top)]).drop_duplicates("term")
    bars = (
        alt.Chart(rows[["term", "z_agency", "count_first", "count_second", "agencies"]])
        .mark_bar()
        .encode(
            x=alt.X("z_agency:Q", title=f"{left} ←  z_agency  → {right}"),
            y=alt.Y("term:N", sort=rows["term"].tolist(), title=None),
            color=alt.condition("datum.z_agency > 0", alt.value("#c2410c"), alt.value("#1f4e79")),
            tooltip=[
                "term",
                alt.Tooltip("z_agency", format=".2f"),
                "count_first",
                "count_second",
                "agencies",
            ],
        )
        .properties(height={"step": place.font + 4 if size else 16})
    )
    return styled(bars, TERMS, of_terms(len(rows), len(keyness), "z_agency", groups), size, language)
