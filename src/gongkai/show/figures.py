"""Measures table → chart (Altair), by the specifications that the page has too.

Nothing is computed but where to draw. Each chart speaks one language; it carries what must stand below it in
both, in `chart.usermeta["caption"]["en"]` and `["zh"]`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongkai.errors import GongkaiError, MeasureError
from gongkai.show.captions import ALL, NOT_FOUND, TITLED, of_kinds, of_measures, title_of, unplaced
from gongkai.show.charts import CHARTS, TILES, Json, inked
from gongkai.show.style import Language, Size, place_of, placed
from gongkai.store.run import whole_file
from gongkai.tables.schema import records
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
    size: Size | None = None,
    codebook: Codebook | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw one measure by agency and year: a point and its interval each, agencies ranked by their mean.

    Args:
        measures: `measures` rows with the columns `agency` and `year`, of one model.
        measure: `prevalence`, or a measure that the codebook derives; its last unless given.
        label: Label of the rows to draw; the measure's first unless given.
        size: `column`, `page` or `slide`: for print or a talk. The words below it: `usermeta["caption"]`.
        codebook: The scheme, for titles; the one that ships unless given.
        language: `en` or `zh`: of what is drawn.

    Returns:
        An Altair chart; undefined values are left out.

    Raises:
        MeasureError: No row fits.
        GongkaiError: Altair is not installed.
    """
    place = place_of(size)
    measure = measure or given_or_shipped(codebook).quantities[-1].measure
    rows, _, title, said = _asked(measures, measure, label, codebook, "agency", "year")
    unknown = NOT_FOUND.said(language)
    rows = rows.assign(
        year=[unknown if y is None or y != y else str(int(y)) for y in rows["year"]],
        agency=rows["agency"].astype(object).fillna(f"({unknown})"),
    )
    order = rows.groupby("agency")["value"].mean().sort_values(ascending=False).index.tolist()
    rows = rows.sort_values(["agency", "year"])
    rows = rows.assign(rank=rows.groupby("agency").cumcount(), name=rows["agency"], text=rows["year"])
    rows = rows.sort_values("agency", key=lambda names: names.map(order.index), kind="stable")
    drawn = [row | {"tip": _tip(f"{row['agency']} · {row['year']}", row)} for row in records(rows)]
    spec = _filled("rows", {"rows": drawn, "whole": []}, end=_end(rows), room=place.width // 2 or 260)
    step = {"step": max(9, place.font + 1)}
    return _chart(placed(spec, title, said, size, language, width=420, height=step))


def plot_spread(
    measures: Measures,
    *,
    measure: str = "prevalence",
    label: str | None = None,
    by: str = "agency",
    whole: Measures | None = None,
    size: Size | None = None,
    codebook: Codebook | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw how one measure is spread over groups: a dot with its interval each, from low to high.

    Args:
        measures: `measures` rows by one column, e.g. `prevalence(predictions, by=["agency"])`.
        measure: `prevalence`, or a measure that the codebook derives.
        label: Label of the rows to draw; the measure's first unless given.
        by: Column that names the groups; the first and the last are named.
        whole: `measures` of all together, `prevalence(predictions, by=[])`, for the band and its line; unless
            given the groups' mean, weighed by `n`, without a band.
        size: `column`, `page` or `slide`: for print or a talk. The words below it: `usermeta["caption"]`.
        codebook: The scheme, for titles; the one that ships unless given.
        language: `en` or `zh`: of what is drawn.

    Raises:
        MeasureError: No row fits.
        GongkaiError: Altair is not installed.
    """
    place = place_of(size)
    rows, label, title, said = _asked(measures, measure, label, codebook, by)
    all_together = _whole(rows, whole, measure, label)
    unknown = f"({NOT_FOUND.said(language)})"
    rows = rows.assign(name=rows[by].astype(object).fillna(unknown))
    drawn = [row | {"tip": _tip(row["name"], row)} for row in records(rows)]
    middle = all_together | {"text": f"{ALL.said(language)} {all_together['value']:.1%}"}
    spec = _filled("spread", {"rows": drawn, "whole": [middle]}, end=_end(rows))
    return _chart(placed(spec, title, said, size, language, width=640, height=place.width // 2 or 280))


def plot_provinces(
    measures: Measures,
    *,
    measure: str = "prevalence",
    label: str | None = None,
    whole: Measures | None = None,
    size: Size | None = None,
    codebook: Codebook | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw one measure on a map of the provinces: equal tiles, each a dot with its interval; no boundaries.

    Args:
        measures: `measures` rows by province, `prevalence(predictions, by=["province"], reports=reports)`.
        measure: `prevalence`, or a measure that the codebook derives.
        label: Label of the rows to draw; the measure's first unless given.
        whole: `measures` of all together, for the tick in each tile; unless given the provinces' mean,
            weighed by `n`.
        size: `column`, `page` or `slide`: for print or a talk. The words below it: `usermeta["caption"]`.
        codebook: The scheme, for titles; the one that ships unless given.
        language: `en` or `zh`: of what is drawn.

    Raises:
        MeasureError: No row fits.
        GongkaiError: Altair is not installed.
    """
    from gongkai.show.page.static import words

    place, names = place_of(size), words()
    rows, label, title, said = _asked(measures, measure, label, codebook, "province")
    all_together = _whole(rows, whole, measure, label)
    found = records(rows[rows["province"].notna()])
    drawn = []
    for code, (line, column) in TILES.items():
        pair = names[f"province_{code}"]
        name = Words(*pair[:2]).said(language)
        own = next((r for r in found if str(r["province"]).startswith(pair[1])), {})
        kept = {c: own.get(c) for c in ("value", "low", "high", "n")}
        about = {"name": name, "row": line, "column": column, "corpus": all_together["value"]}
        drawn.append(about | kept | {"tip": _tip(name, own) if own else name})
    spec = _filled("provinces", {"rows": drawn}, end=_end(rows))
    height = int(0.8 * (place.width or 640))
    return _chart(placed(spec, title, said, size, language, width=640, height=height))


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
    """Draw one measure over the years: a dot and its interval each, in a panel for each value of `by`.

    Years are joined within a form of the report (before 2019, to 2020, from 2021), never across.

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

    terms, place = words(), place_of(size)
    rows, _, title, said = _asked(measures, measure, label, codebook, "year", *([by] if by else []))
    undated = int(rows.loc[rows["year"].isna(), "n"].sum())
    title = title + unplaced(undated) if undated else title
    rows = rows[rows["year"].notna()]
    if rows.empty:
        raise MeasureError(f"nothing to draw: no year was found of the {undated:,} counted")
    rows = rows.assign(year=rows["year"].astype(int)).sort_values("year")
    if by is not None:
        rows["panel"] = [
            (Words(*terms.get(f"{by}_{v}", (str(v),))[:2]) if pd.notna(v) else NOT_FOUND).said(language)
            for v in rows[by]
        ]
    drawn = [row | {"tip": _tip(str(row["year"]), row)} for row in records(rows)]
    forms = {f"form_{year}": Words(*terms[f"form_{year}"][:2]).said(language) for year in (2019, 2021)}
    years = list(range(int(rows["year"].min()), int(rows["year"].max()) + 1))
    spec = _filled("years", {"rows": drawn}, end=_end(rows), years=years, **forms)
    width, height = 420, place.width // 2 or 240
    if by is not None:
        panels = 1 if size == "column" else 3
        width = (place.width - 8 * place.font) // panels - 4 * place.font if size else 190
        height, spec = width * 2 // 3, _in_panels(spec, panels)
    return _chart(placed(spec, title, said, size, language, width=width, height=height))


def plot_kinds(
    measures: Measures,
    *,
    by: str = "agency",
    named: int = 6,
    size: Size | None = None,
    codebook: Codebook | None = None,
    language: Language = "en",
) -> Any:  # noqa: ANN401
    """Draw the map of two labels: a dot per group, the fuller the larger the share derived from both.

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
    place, scheme = place_of(size), given_or_shipped(codebook)
    derived = [q for q in scheme.derived if q.label.count("+") == 1]
    if not derived:
        raise MeasureError(f"nothing to draw: {scheme.stamp} derives no measure from two labels")
    across, up = derived[0].label.split("+")
    titles = {q.label: q.title.said(language) for q in scheme.quantities}
    wanted = {across: "across", up: "up", derived[0].label: "both"}
    rows = measures[measures["label"].isin(wanted)]
    if rows.empty or by not in rows.columns:
        raise MeasureError(f"nothing to draw: no measures of {across} and {up} by {by}")
    said = of_measures(rows[rows["label"] == across], intervals=False) + of_kinds(derived[0].title)
    middle = {wanted[name]: _mean(rows[rows["label"] == name]) for name in (across, up)}
    keys = [by, *(["year"] if "year" in rows.columns and by != "year" else [])]
    wide = _wide(rows.assign(label=rows["label"].map(wanted)), keys)
    height = place.width * 3 // 4 if size == "column" else place.width // 2 or 360
    names = _beside(wide, middle, named, 1.7 * place.font / height * wide["up"].max())
    shown = {key: titles[label] for label, key in wanted.items()}
    drawn = [
        row | {"name": str(row[by])} | names.get(k, {}) | {"tip": _tip_of_kinds(row, keys, shown)}
        for k, row in enumerate(records(wide))
    ]
    ends = {"end": _end(wide, "across"), "top": _end(wide, "up")}
    spec = _filled(
        "kinds", {"rows": drawn, "whole": [middle]},
        **ends, across=f"{titles[across]} →", up=f"↑ {titles[up]}",
    )  # fmt: skip
    title = scheme.title_of(across) + Words(", ", "、") + scheme.title_of(up)
    return _chart(placed(spec, title, said, size, language, width=480, height=height))


def _wide(rows: Measures, keys: list[str]) -> Table:
    """Return a row per group with the value of each of three shares, and the interval of the first two."""
    import pandas as pd

    def of(column: str, shares: tuple[str, ...], ending: str) -> Table:
        found = rows.pivot_table(index=keys, columns="label", values=column, aggfunc="first", dropna=False)
        return found.reindex(columns=list(shares)).add_suffix(ending)

    parts = [of("value", ("across", "up", "both"), "")]
    parts += [of(column, ("across", "up"), f"_{column}") for column in ("low", "high")]
    made = pd.concat(parts, axis=1)
    return made[made[["across", "up"]].notna().all(axis=1)].reset_index()


def _tip_of_kinds(row: Json, keys: list[str], titles: dict[str, str]) -> str:
    values = [f"{title} {row[key]:.1%}" for key, title in titles.items() if row[key] == row[key] is not None]
    return "\n".join([" · ".join(str(row[key]) for key in keys), *values])


def _beside(points: Table, middle: Json, named: int, gap: float) -> dict[int, Json]:
    """Return what is written beside the points farthest from the middle: none over another."""
    places = points[["across", "up"]]
    spread = places.std().replace(0, 1).fillna(1)
    distance = (((places - places.median()) / spread) ** 2).sum(axis=1)
    far = _apart(points.loc[distance.nlargest(named).index], gap)
    return {
        int(k): {"label": str(name), "align": "left", "dx": 8, "dy": 0}
        if across <= middle["across"]
        else {"label": str(name), "align": "right", "dx": -8, "dy": 0}
        for k, name, across in zip(far.index, far.iloc[:, 0], far["across"], strict=True)
    }


def _apart(points: Table, gap: float) -> Table:
    """Return the points whose names do not run into that of one before them."""
    kept: list[int] = []
    heights = points["up"].tolist()
    for at, height in enumerate(heights):
        if all(abs(height - heights[other]) > gap for other in kept):
            kept.append(at)
    return points.iloc[kept]


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


def _chart(spec: Json) -> Any:  # noqa: ANN401
    """Return a specification as an Altair chart, in the colours of print."""
    return altair().Chart.from_dict(inked(spec))


def _filled(name: str, datasets: dict[str, list[Json]], **words: object) -> Json:
    """Return a chart that the page has too, with rows, words and ends of axes."""
    spec = CHARTS[name]()
    params = [one | ({"value": words[one["name"]]} if one["name"] in words else {}) for one in spec["params"]]
    return spec | {"params": params, "datasets": {key: _plain(rows) for key, rows in datasets.items()}}


def _plain(rows: list[Json]) -> list[Json]:
    """Return rows as JSON holds them: what is missing is null."""
    return [{key: None if one != one else one for key, one in row.items()} for row in rows]


def _in_panels(spec: Json, columns: int) -> Json:
    """Return a chart once for each `panel` of its rows, on the same axes."""
    inside = {key: spec[key] for key in ("encoding", "layer", "transform")}
    outside = {key: one for key, one in spec.items() if key not in inside}
    facet = {"field": "panel", "type": "nominal", "title": None}
    return outside | {"facet": facet, "columns": columns, "spec": inside}


def _end(rows: Table, value: str = "value") -> float:
    """Return a round end of an axis of shares that holds the values and intervals of these rows."""
    held = rows[[c for c in (value, "high") if c in rows.columns]].max().max()
    most = max(0.05, float(held))
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if most / s <= 5.01), 0.25)
    return round(math.ceil(round(most / step, 6)) * step, 6)


def _mean(rows: Measures) -> float:
    """Return the mean of groups, weighed by what each counts."""
    known = rows.dropna(subset=["value"])
    return float((known["value"] * known["n"]).sum() / max(1, known["n"].sum()))


def _whole(rows: Measures, whole: Measures | None, measure: str, label: str) -> Json:
    """Return value and interval of all together: as given, or the groups' mean."""
    if whole is None:
        return {"value": _mean(rows), "low": None, "high": None}
    found = records(_rows_of(whole, measure, label, ["value", "low", "high"]))
    return {c: found[0][c] for c in ("value", "low", "high")}


def _tip(name: str, row: Json) -> str:
    """Return what a pointer is told of a row."""
    value, low, high = (row[c] for c in ("value", "low", "high"))
    span = [] if low is None or low != low else [f"[{low:.1%}, {high:.1%}]"]
    return "\n".join([name, f"{value:.1%}", *span, f"n = {int(row['n']):,}"])


def _asked(
    measures: Measures, measure: str, label: str | None, codebook: Codebook | None, *keys: str
) -> tuple[Table, str, Words, Words]:
    """Return the rows to draw, with the columns `keys`; their label, title and what is said below."""
    scheme = given_or_shipped(codebook)
    known = [(q.measure, q.label) for q in scheme.quantities] + TITLED
    label = label or next((of for name, of in known if name == measure), "")
    columns = [*keys, "value", "low", "high", "n"]
    rows = _rows_of(measures, measure, label, columns)
    return rows[columns], label, title_of(measure, label, scheme), of_measures(rows)


def _rows_of(measures: Measures, measure: str, label: str, columns: list[str]) -> Table:
    rows = measures[(measures["measure"] == measure) & (measures["label"] == label)].dropna(subset=["value"])
    if rows.empty or not set(columns) <= set(rows.columns):
        raise MeasureError(f"nothing to draw: no row of {measure} for {label} with {', '.join(columns)}")
    return rows


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
