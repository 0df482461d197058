"""What figures say, in English and Chinese: titles, names of axes, and the caption below each.

A caption tells what is drawn, from how much, by which method; each text is whole in one language.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongkai.tables.scheme.codebook import Codebook, Words

if TYPE_CHECKING:
    from gongkai.tables.schema import Measures

_SAID = {
    table: {key: Words(*said) for key, said in words.items()}
    for table, words in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}
TITLED = [tuple(name.split(".")[::-1]) for name in _SAID["titles"]]
"""Measures and labels that have a title whatever the codebook."""
NETWORK = _SAID["network"]
TERMS, NOT_FOUND = _SAID["terms"]["title"], _SAID["terms"]["not_found"]
ALL = _SAID["spread"]["all"]
GROUPS = (_SAID["terms"]["first"], _SAID["terms"]["second"])


def title_of(measure: str, label: str, scheme: Codebook) -> Words:
    """Return what a figure of one measure is called."""
    if f"{label}.{measure}" in _SAID["titles"]:
        return _SAID["titles"][f"{label}.{measure}"]
    for quantity in scheme.quantities:
        if (quantity.measure, quantity.label) == (measure, label):
            among = [scheme.title_of(name) for name in quantity.bottom]
            of = " + ".join(one.en.lower() for one in among) or "sentences"
            zh = "、".join(one.zh for one in among) or "全部句子"
            return Words(f"{quantity.title.en}: share of {of}", f"{quantity.title.zh}：占{zh}的比例")
    return Words(f"{measure} {label}")


def unplaced(n: int) -> Words:
    """Return what a figure of years says of what has none."""
    return Words(f" ({n:,} of a year not found: not drawn)", f"（年份未识别的 {n:,} 个未画出）")


def of_measures(rows: Measures, *, intervals: bool = True) -> Words:
    """Return what a reader of a figure must know of its numbers: method, model, interval, n."""
    facts: dict[str, list[Any]] = {
        c: sorted(rows[c].dropna().unique().tolist()) if c in rows.columns else []
        for c in ("method", "model", "confidence", "cluster", "year")
    }
    of_units = "、".join(_SAID["clusters"].get(u, Words(u)).said("zh") for u in facts["cluster"])
    methods = [_SAID["methods"].get(m, Words(m)) for m in facts["method"]]
    years = "–".join(str(int(y)) for y in dict.fromkeys((facts["year"] or [0])[i] for i in (0, -1)) if y)
    level = ", ".join(f"{v:.0%}" for v in facts["confidence"]) if intervals else ""
    without = int(rows["low"].isna().sum()) if level else 0
    n, model, units = int(rows["n"].sum()), ", ".join(facts["model"]), facts["cluster"]
    parts = [
        (f"Lines and bands: {level} intervals over units ({', '.join(units)})",
         f"线段和阴影：{level} 区间，以{of_units}为单位")
        if level
        else ("No intervals drawn", "未画区间"),
        without and (f"none for {without} of {len(rows)}, of too few units",
                     f"{len(rows)} 个中有 {without} 个单位太少，没有区间"),
        (f"method: {'; '.join(m.en for m in methods)}", f"方法：{'；'.join(m.said('zh') for m in methods)}"),
        model and (f"model {model}", f"模型：{model}"),
        (f"n = {n:,} in {len(rows)} estimates" + (years and f", {years}"),
         f"n = {n:,}，{len(rows)} 个估计值" + (years and f"，{years} 年")),
    ]  # fmt: skip
    english, chinese = zip(*filter(None, parts), strict=True)
    return Words("; ".join(english) + ".", "；".join(chinese) + "。")


def of_kinds(third: Words) -> Words:
    """Return what a reader of the map of two shares must know besides."""
    said = _SAID["kinds"]["fuller"]
    return Words(" " + said.en.format(third.en), said.said("zh").format(third.said("zh")))


def of_network(pairs: int, agencies: int, smallest: int, most: int, year: int | None) -> Words:
    """Return what a reader of the network must know."""
    return Words(
        f"Pairs of agencies that share at least {smallest} sentences ({pairs} pairs, {agencies} agencies, "
        f"{year or NETWORK['all'].en}); a line is as wide as their number, up to {most}; dashed: one agency "
        "stands above the other. Copies found by gongkai's `copied`; counts, no intervals.",
        f"共有至少 {smallest} 句的机关（{agencies} 个机关，{pairs} 对，{year or NETWORK['all'].zh}）；"
        f"线宽为共有句数，最多 {most} 句；虚线为上下级。由 gongkai 的 `copied` 找出；为计数，无区间。",
    )


def of_terms(drawn: int, words: int, score: str, names: tuple[Words, Words]) -> Words:
    """Return what a reader of distinctive words must know."""
    by = score == "z_agency"
    left, right = names
    zh = f"使{right.said('zh')}（右）与{left.said('zh')}（左）相区别的 {drawn} 个词。"
    return Words(
        f"The {drawn} words that set {right.en} (right) apart from {left.en} (left). {score}: log-odds "
        f"ratio with an informative Dirichlet prior in standard errors{', over agencies' if by else ''}; "
        f"of {words:,} words. Not corrected for the number of words: a ranking, no test.",
        f"{zh}{score}：带信息先验的对数优势比，"
        f"以标准误为单位{'（按机关）' if by else ''}；共 {words:,} 个词。未按词数校正：只是排序，不是检验。",
    )
