"""What stands below a figure, in both languages: what is drawn, from how much, by which method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gongkai.tables.schema import Measures

_METHODS = {
    "count": ("predictions counted, not corrected for the model's errors", "模型判断的计数，未校正其错误"),
    "adjusted": ("counts corrected by the model's measured error rates", "按模型的错误率校正"),
    "ppi": ("prediction-powered inference with coded sentences", "用人工编码校正（PPI）"),
    "dsl": ("design-based correction with coded sentences", "用人工编码校正（DSL）"),
}


def of_measures(rows: Measures, *, intervals: bool = True) -> tuple[str, str]:
    """Return what a reader of a figure must know of its numbers: method, model, interval, n."""
    facts: dict[str, list[Any]] = {
        c: sorted(rows[c].dropna().unique().tolist()) if c in rows.columns else []
        for c in ("method", "model", "confidence", "cluster", "year")
    }
    methods = [_METHODS.get(m, (m, m)) for m in facts["method"]]
    years = "–".join(str(int(y)) for y in dict.fromkeys((facts["year"] or [0])[i] for i in (0, -1)) if y)
    level = ", ".join(f"{v:.0%}" for v in facts["confidence"]) if intervals else ""
    without = int(rows["low"].isna().sum()) if level else 0
    n, model, unit = int(rows["n"].sum()), ", ".join(facts["model"]), ", ".join(facts["cluster"])
    parts = [
        (f"Lines and bands: {level} intervals over units ({unit})",
         f"线段和阴影：{level} 区间，以 {unit} 为单位")
        if level
        else ("No intervals drawn", "未画区间"),
        without and (f"none for {without} of {len(rows)}, of too few units",
                     f"{len(rows)} 个中有 {without} 个单位太少，没有区间"),
        (f"method: {'; '.join(m[0] for m in methods)}", f"方法：{'；'.join(m[1] for m in methods)}"),
        model and (f"model {model}", f"模型 {model}"),
        (f"n = {n:,} in {len(rows)} estimates" + (years and f", {years}"),
         f"n = {n:,}，{len(rows)} 个估计值" + (years and f"，{years} 年")),
    ]  # fmt: skip
    english, chinese = zip(*filter(None, parts), strict=True)
    return "; ".join(english) + ".", "；".join(chinese) + "。"


def of_network(pairs: int, agencies: int, smallest: int, most: int, year: int | None) -> tuple[str, str]:
    """Return what a reader of the network must know."""
    return (
        f"Pairs of agencies that share at least {smallest} sentences ({pairs} pairs, {agencies} agencies, "
        f"{year or 'all years'}); a line is as wide as their number, up to {most}; dashed: one agency "
        "stands above the other. Copies found by gongkai's `copied`; counts, no intervals.",
        f"共有至少 {smallest} 句的机关（{agencies} 个机关，{pairs} 对，{year or '各年合计'}）；"
        f"线宽为共有句数，最多 {most} 句；虚线为上下级。由 gongkai 的 `copied` 找出；为计数，无区间。",
    )


def of_terms(drawn: int, words: int, score: str, names: tuple[str, str]) -> tuple[str, str]:
    """Return what a reader of distinctive words must know."""
    by = score == "z_agency"
    return (
        f"The {drawn} words that set {names[1]} (right) apart from {names[0]} (left). {score}: log-odds "
        f"ratio with an informative Dirichlet prior in standard errors{', over agencies' if by else ''}; "
        f"of {words:,} words. Not corrected for the number of words: a ranking, no test.",
        f"使{names[1]}（右）与{names[0]}（左）相区别的 {drawn} 个词。{score}：带信息先验的对数优势比，"
        f"以标准误为单位{'（按机关）' if by else ''}；共 {words:,} 个词。未按词数校正：只是排序，不是检验。",
    )
