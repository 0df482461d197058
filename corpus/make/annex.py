"""Authored annexes of statistics of 2008–2018 in five layouts, with the numbers they hold.

    python -m corpus.make.annex        # truth/annexes/truth.csv anew

    truth/annexes/form-2014.tsv, form-2008.tsv    key, level, label as printed, unit: the sheets' wording
    truth/annexes/truth.csv                       annex, row, printed, value: what each authored annex holds

The places are invented, the numbers drawn from a seed. How an annex is dressed (`DRESSES`) was written before
the reader, and shares no code and no words with it.
"""

from __future__ import annotations

import csv
import html
import io
import random
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[1] / "truth" / "annexes"
TRUTH = ("annex", "row", "printed", "value")
_AMOUNTS = ("fees", "budget")


@dataclass(frozen=True)
class Dress:
    """How one annex is printed."""

    name: str
    agency: str
    year: int
    layout: str
    """grid, docx, line (a cell a line), pipes, spaces"""
    form: str = "2014"
    notes: str = "in"
    """notes in the label (`in`), on the next line (`line`), or left out (`out`)"""
    dash: str = "——"
    indent: str = "\u3000"
    marks: str = "（一）1."
    """or `(一)1、`"""
    head: str = "统计指标|单位|统计数"
    caption: str = "附件：政府信息公开情况统计表（{year}年度）"
    above: str = "填报单位（盖章）：{agency}"
    below: str = "单位负责人：陈文 审核人：赵青 填报人：李晓 联系电话：0000-8000000 填报日期：{next}年1月20日"
    blanks: str = ""
    """what is printed in the cells that are blank; such an annex has some"""
    renamed: tuple[tuple[str, str], ...] = ()
    """words printed otherwise than in the sheet"""
    added: tuple[tuple[str, str, str, str], ...] = ()
    """(row that it stands behind, label, unit, number): rows of the place's own"""
    serial: bool = False
    zero: bool = False
    """a small agency: nearly all zero"""
    thousands: bool = False
    wrap: int = 0
    """width of the label's column in the spaced layout; what is longer goes to the next line"""


DRESSES = (
    Dress("grid-1", "苇塘县人民政府", 2016, "grid"),
    Dress("grid-2", "云汀市民政局", 2014, "grid", notes="out", dash="", marks="(一)1、", zero=True,
          caption="附表\n2014年云汀市民政局政府信息公开情况统计表", above=""),
    Dress("grid-3", "霁川区人民政府", 2017, "grid", serial=True, head="序号|统计指标|单位|统计数", thousands=True,
          blanks="/", added=(("normative_issued", "主动公开行政执法信息数", "条", "318"),
                             ("by_other", "6.广播电视公开政府信息数", "条", "27"))),
    Dress("grid-4", "柏垣市人民政府", 2011, "grid", form="2008", head="指标名称|计量单位|代码|本期实际|本年累计",
          caption="附件3\n柏垣市政府信息公开情况统计报表", above="单位名称：柏垣市人民政府办公室"),
    Dress("docx-1", "槐桥县人民政府", 2015, "docx", notes="in"),
    Dress("docx-2", "禾岚县教育局", 2018, "docx", notes="line", dash="—", zero=True, blanks=" ", indent=""),
    Dress("docx-3", "衡洲市卫生和计划生育委员会", 2016, "docx", marks="(一)1、", thousands=True,
          renamed=(("网络申请数", "网上申请数"), ("统计指标", "统 计 指 标")), below="负责人：周宁 填报人：吴敏"),
    Dress("docx-4", "白沙镇人民政府", 2012, "docx", form="2008", head="指标名称|计量单位|2012年度|历年累计",
          caption="附表：政府信息公开情况统计表", above=""),
    Dress("line-1", "苇塘县财政局", 2017, "line"),
    Dress("line-2", "云汀市水利局", 2015, "line", notes="out", dash="--", marks="(一)1、", zero=True,
          caption="附件2\n政府信息公开情况统计表\n（2015年度）"),
    Dress("line-3", "槐桥县城市管理局", 2016, "line", notes="line", blanks="/"),
    Dress("line-4", "霁川区商务局", 2018, "line", indent="", below="", thousands=True,
          renamed=(("维持具体行政行为或者驳回", "维持具体行政行为或驳回"),)),
    Dress("pipes-1", "衡洲市人民政府", 2017, "pipes", thousands=True),
    Dress("pipes-2", "柏垣市审计局", 2014, "pipes", notes="out", dash="", zero=True, above=""),
    Dress("pipes-3", "禾岚县人民政府", 2016, "pipes", blanks="—", marks="(一)1、",
          added=(("complaints", "其中：办结数", "件", "2"),)),
    Dress("pipes-4", "苇塘县农业局", 2010, "pipes", form="2008", head="指标名称|计量单位|统计数"),
    Dress("spaces-1", "云汀市人民政府", 2015, "spaces"),
    Dress("spaces-2", "槐桥县环境保护局", 2018, "spaces", notes="out", dash="--", zero=True, below=""),
    Dress("spaces-3", "霁川区民政局", 2017, "spaces", wrap=14, notes="out"),
    Dress("spaces-4", "白沙镇人民政府", 2016, "spaces", notes="in", marks="(一)1、", blanks="/",
          renamed=(("同意部分公开答复数", "部分公开答复数"),)),
)  # fmt: skip


def sheet(form: str) -> list[tuple[str, int, str, str]]:
    """Return (key, level, label, unit) of a sheet's lines; a heading has no key."""
    lines = (HERE / f"form-{form}.tsv").read_text(encoding="utf-8").splitlines()
    return [(key, int(level), label, unit) for key, level, label, unit in (x.split("\t") for x in lines)]


def draw(dress: Dress, seed: int) -> dict[str, str]:
    """Draw what each row prints; the sheet's sums hold."""
    rng = random.Random(seed)
    most = 3 if dress.zero else 4000
    count = {key: rng.randrange(most) // rng.choice((1, 7, 40)) for key, *_ in sheet(dress.form) if key}
    for part, whole in (("disclosed_normative", "disclosed_items"), ("press_conferences_led", "press_conferences"), ("interviews_led", "interviews"),
                        ("disclosed_full_text", "disclosed_items")):  # fmt: skip
        if part in count:
            count[part] = min(count[part], count[whole])
    parts: dict[str, list[str]] = {}
    above: list[tuple[int, str]] = []
    for key, level, _, _ in sheet(dress.form):
        above = [a for a in above if a[0] < level]
        if key and above:
            parts.setdefault(above[-1][1], []).append(key)
        above.append((level, key))
    summed = ("refused", "received", "closed", "replied", "review", "litigation", "staff")
    for whole in summed:
        if parts.get(whole):
            count[whole] = sum(count[part] for part in parts[whole])
    printed = {key: f"{n:,}" if dress.thousands else str(n) for key, n in count.items()}
    for key in _AMOUNTS:
        if key in printed:
            printed[key] = rng.choice(("0", "0.5", "3.26", "12")) if not dress.zero else "0"
    if dress.blanks:
        leaves = [k for k in printed if k not in summed and k not in _AMOUNTS and k not in parts]
        for key in rng.sample(leaves, 5):
            printed[key] = ""
    return printed


def values(dress: Dress, printed: dict[str, str]) -> dict[str, float | None]:
    """Return the numbers that the printed cells mean: counts, and amounts in yuan."""
    found: dict[str, float | None] = {}
    for key, text in printed.items():
        number = float(text.replace(",", "")) if text else None
        found[key] = number if number is None or key not in _AMOUNTS else round(number * 10_000, 2)
    return found


def rows(dress: Dress, printed: dict[str, str]) -> list[list[str]]:
    """Return the annex's lines as cells: label (indented), unit, number(s)."""
    lines: list[list[str]] = []
    more = dress.head.count("|") - 2 - dress.serial
    rng = random.Random(dress.name)
    for number, (key, level, label, unit) in enumerate(sheet(dress.form), 1):
        label = _label(dress, label)
        text = printed[key] if key else ""
        shown = text or (dress.blanks.strip() if key else "")
        unit = unit if key else dress.dash
        cells = [shown]
        if "代码" in dress.head:
            cells = [f"{number:02d}", str(rng.randrange(9)), shown]
        elif more == 1:
            cells = [shown, str(int(text.replace(",", "") or 0) * 3 + rng.randrange(9))]
        lines.append([dress.indent * level + label, unit, *cells])
        lines += [[dress.indent * level + t, u, n] for k, t, u, n in dress.added if k == key]
    if dress.serial:
        lines = [[str(i), *line] for i, line in enumerate(lines, 1)]
    return lines


def _label(dress: Dress, label: str) -> str:
    for old, new in dress.renamed:
        label = label.replace(old, new)
    note = label.find("（不") if "（不" in label[3:] else -1
    if note > 0 and dress.notes == "out":
        label = label[:note]
    elif note > 0 and dress.notes == "line":
        label = label[:note] + "\n" + label[note:]
    if dress.marks == "(一)1、":
        label = label.replace("（", "(").replace("）", ")")
        label = label[:2].replace(".", "、") + label[2:] if label[:1].isdigit() else label
    return label


BODY = (
    "一、概述",
    "{year}年，{agency}按照上级部署推进政府信息公开工作。",
    "修订公开目录1次，补充办事指南26份。",
    "二、主动公开情况",
    "通过门户网站发布工作动态、办事指南、财政信息等内容，公众可随时查阅。",
    "三、依申请公开情况",
    "受理渠道包括当面、传真、网络和信函四种，均在规定期限内答复。",
    "四、存在的主要问题和改进措施",
    "个别科室更新不够及时。",
    "下一步，我们将建立每月检查制度。",
)


def body(dress: Dress) -> list[str]:
    """Return the report's lines before the annex, title first."""
    title = f"{dress.agency}{dress.year}年政府信息公开工作年度报告"
    return [title, *(line.format(year=dress.year, agency=dress.agency) for line in BODY)]


def sentences(dress: Dress) -> list[str]:
    """Return the report's sentences: what a reader may give as such."""
    return [line for line in body(dress)[1:] if line.endswith("。")]


def write(dress: Dress, printed: dict[str, str], folder: Path) -> Path:
    """Write the report with its annex; returns the file."""
    said = {"year": dress.year, "agency": dress.agency, "next": dress.year + 1}
    above = [
        line.format(**said) for text in (dress.caption, dress.above) if text for line in text.split("\n")
    ]
    below = [dress.below.format(**said)] if dress.below else []
    head, lines = dress.head.split("|"), rows(dress, printed)
    for old, new in dress.renamed:
        head = [cell.replace(old, new) for cell in head]
    if dress.layout == "docx":
        return _docx(dress, above, head, lines, below, folder / f"{dress.name}.docx")
    if dress.layout == "grid":
        return _html(dress, above, head, lines, below, folder / f"{dress.name}.html")
    text = {"line": _by_line, "pipes": _by_pipes, "spaces": _by_spaces}[dress.layout](dress, head, lines)
    path = folder / f"{dress.name}.txt"
    path.write_text("\n".join([*body(dress), *above, *text, *below]) + "\n", encoding="utf-8")
    return path


def _html(
    dress: Dress, above: list[str], head: list[str], lines: list[list[str]], below: list[str], path: Path
) -> Path:
    def cell(text: str) -> str:
        return f"<td>{html.escape(text).replace(chr(10), '<br>')}</td>"

    table = "".join(f"<tr>{''.join(map(cell, line))}</tr>\n" for line in (head, *lines))
    texts = "".join(f"<p>{html.escape(line)}</p>\n" for line in (*body(dress), *above))
    ends = "".join(f"<p>{html.escape(line)}</p>\n" for line in below)
    page = f"<html><head><meta charset='utf-8'></head><body>{texts}<table>{table}</table>{ends}</body></html>"
    path.write_text(page, encoding="utf-8")
    return path


def _docx(
    dress: Dress, above: list[str], head: list[str], lines: list[list[str]], below: list[str], path: Path
) -> Path:
    import docx

    document = docx.Document()
    for line in (*body(dress), *above):
        document.add_paragraph(line)
    table = document.add_table(rows=0, cols=len(head))
    for line in (head, *lines):
        for cell, text in zip(table.add_row().cells, line, strict=True):
            cell.text = text
    for line in below:
        document.add_paragraph(line)
    document.save(str(path))
    return path


def _by_line(dress: Dress, head: list[str], lines: list[list[str]]) -> list[str]:
    return [part for line in (head, *lines) for cell in line if cell.strip() for part in cell.split("\n")]


def _by_pipes(dress: Dress, head: list[str], lines: list[list[str]]) -> list[str]:
    rule = "| " + " | ".join("---" for _ in head) + " |"
    shown = ["| " + " | ".join(cell.replace("\n", "") for cell in line) + " |" for line in (head, *lines)]
    return [shown[0], rule, *shown[1:]]


def _by_spaces(dress: Dress, head: list[str], lines: list[list[str]]) -> list[str]:
    shown = []
    for line in (head, *lines):
        label, *rest = line[0].replace("\n", ""), *line[1:]
        if dress.wrap and len(label) > dress.wrap:
            shown.append("      ".join([label[: dress.wrap], *rest]).rstrip())
            shown.append(label[dress.wrap :])
        else:
            shown.append("      ".join([label.ljust(24, "\u3000"), *rest]).rstrip())
    return shown


def truth() -> dict[str, dict[str, str]]:
    """Return what each annex prints, by row."""
    found: dict[str, dict[str, str]] = {dress.name: {} for dress in DRESSES}
    with (HERE / "truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["annex"]][row["row"]] = row["printed"]
    return found


def main() -> None:
    """Write the truth."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(TRUTH)
    for seed, dress in enumerate(DRESSES, 2014):
        printed = draw(dress, seed)
        for key, value in values(dress, printed).items():
            writer.writerow([dress.name, key, printed[key], "" if value is None else f"{value:g}"])
    (HERE / "truth.csv").write_text(out.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    main()
