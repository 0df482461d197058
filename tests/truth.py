"""What the authored reports say they hold, for comparison with what the package reads. Shares no code with it."""

from __future__ import annotations

import re
from pathlib import Path

from corpus.make.authored import TAG, Authored, parse, strip_tags

CORPUS = Path(__file__).parents[1] / "corpus"

TABLE_RULES = ("requests.", "disputes.")
_APPLICANTS = ("natural_person", "business", "research", "nonprofit", "legal_service", "other_org")


def reports() -> dict[str, Authored]:
    return {path.stem: parse(path) for path in sorted((CORPUS / "truth" / "reports").glob("*.md"))}


def source_of(path: str) -> str:
    """Return the id of the authored report that a file of corpus/raw was made from."""
    place = Path(path)
    return f"{place.parent.name}-{place.stem}"


def squeeze(text: str) -> str:
    """Drop what dresses change: spaces, and the width of punctuation."""
    text = re.sub(r"\s", "", text)
    return text.translate(str.maketrans(",:;()!?", "，：；（）！？"))


def section_texts(report: Authored) -> dict[str, str]:
    """Return each section's sentences as one string, headings left out, section five by its {P} and {I} marks."""
    texts: dict[str, str] = {}
    for part in report.parts:
        half = part.section
        for paragraph in part.paragraphs:
            if paragraph.startswith(("@table", "## ")):
                continue
            paragraph = _drop_headings(paragraph)
            for piece in re.split(r"(\{[PI]\})", paragraph):
                if piece in ("{P}", "{I}"):
                    half = {"{P}": "problems", "{I}": "improvements"}[piece]
                elif piece:
                    texts[half] = texts.get(half, "") + squeeze(TAG.sub("", piece))
    return texts


_NUMBER = r"(?:[（(](?:[一二三四五六七八九十]{1,3}|\d{1,2})[）)]|\d{1,2}[.、]|[一二三四五六七八九十]{1,2}、)"
_NOMINAL = r"(?![一二三四五六]是)[^。；，：！？]{0,8}(?:情况|工作|方面|公开|管理|建设|保障)[。：]?"
_LABEL = r"(?:\d{1,2}[.、])?(?:问题[一二三四五六]|不足[一二三四五六]|存在问题|改进措施|改进打算|整改措施|对策|措施|改进)："


def _drop_headings(paragraph: str) -> str:
    """Drop headings run into the paragraph: marked ones that are numbered or plainly nominal (others read as sentences),
    and by the codebook also an unmarked （一）…。 with more behind it, and labels."""
    paragraph = re.sub(rf"##({_NUMBER}.*?|{_NOMINAL})##", "", paragraph).replace("##", "")
    tags = r"((?:\{[^{}]*\})*)"
    paragraph = re.sub(
        rf"^{tags}[（(][一二三四五六七八九十]{{1,3}}[）)][^。；：！？\d]{{2,18}}。(?=.)", r"\1", paragraph
    )
    return re.sub(rf"^{tags}{_LABEL}", r"\1", paragraph)


def printed_cells(report: Authored) -> dict[tuple[str, str, str], float | None]:
    """Return the cells as printed; None where the dress prints a zero as a blank."""
    blank_zero = report.meta.get("zero_as", "0") != "0"
    return {
        (table, row, column): None if value is None or (value == 0 and blank_zero) else float(value)
        for table, rows in report.printed.items()
        for row, columns in rows.items()
        for column, value in columns.items()
    }


def broken_rules(report: Authored) -> set[str]:
    """Return the table rules that the printed cells break, by arithmetic of our own here; blanks decide nothing."""
    if not report.printed:
        return set()
    requests, disputes = report.printed["requests"], report.printed["disputes"]
    applicants = _APPLICANTS
    results = [r for r in requests if r not in ("new_requests", "carried_in", "total_handled", "carried_out")]
    rules: dict[str, tuple[list[int | None], list[int | None]]] = {}
    for row, cells in requests.items():
        rules[f"requests.row:{row}"] = ([cells[a] for a in applicants], [cells["total"]])
    for column in (*applicants, "total"):
        rules[f"requests.handled:{column}"] = (
            [requests[r][column] for r in results],
            [requests["total_handled"][column]],
        )
        rules[f"requests.balance:{column}"] = (
            [requests["new_requests"][column], requests["carried_in"][column]],
            [requests["total_handled"][column], requests["carried_out"][column]],
        )
    for block, cells in disputes.items():
        rules[f"disputes.total:{block}"] = (
            [cells[o] for o in ("upheld", "corrected", "other", "pending")],
            [cells["total"]],
        )
    blank_zero = report.meta.get("zero_as", "0") != "0"

    def has_blank(values: list[int | None]) -> bool:
        return any(v is None or (v == 0 and blank_zero) for v in values)

    return {
        name
        for name, (left, right) in rules.items()
        if sum(v or 0 for v in left) != sum(v or 0 for v in right) and not has_blank([*left, *right])
    }


NARRATED = {
    "received": {"new_requests", "carried_in"},
    "handled": {"total_handled"},
    "carried_in": {"carried_in"},
    "carried_out": {"carried_out"},
    "growth": {"new_requests"},
    "share:granted": {"granted", "total_handled"},
    "share:partly_granted": {"granted", "partly_granted", "total_handled"},
    "refused": {"state_secret", "prohibited_by_law", "security_stability", "third_party", "internal_affairs", "deliberative", "enforcement_file", "administrative_query"},
}  # fmt: skip


def told_wrong(report: Authored, before: Authored | None) -> tuple[set[str], set[str]]:
    """Return the narrative and year rules that are planted, and those that may break because a cell is planted."""
    text = report.path.read_text(encoding="utf-8")
    planted = set(re.findall(r"\{plant:(narrative\.[a-z_]+)\}", text))
    rows = {key.split(".")[1] for key in report.plants}
    last = {key.split(".")[1] for key in before.plants} if before else set()
    may = {f"narrative.{name}" for name, cells in NARRATED.items() if cells & rows}
    may |= {f"narrative.{row}" for row in rows} | (
        {"narrative.litigation"} if any("litigation" in r for r in rows) else set()
    )
    if "carried_out" in last or "carried_in" in rows:
        may |= {f"years.carry:{c}" for c in (*_APPLICANTS, "total")}
    return planted, may


def title_of(report: Authored) -> str:
    return report.meta["title"]


__all__ = [
    "broken_rules",
    "printed_cells",
    "reports",
    "section_texts",
    "source_of",
    "squeeze",
    "strip_tags",
    "title_of",
    "told_wrong",
]

HARD = ["muyuan-laodong-2009", "muyuan-zhengfu-2010"]
"""Reports with a sentence of section five on the wrong side: a lack or a remedy told without any word for it."""
