"""Write the counts of the data card: python -m corpus.make.card (prints them, and puts them into README.md)."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from gongkai.coding.labels import read_labels
from gongkai.corpus.build import build
from gongkai.errors import MeasureError
from gongkai.measure.shares.quality import agreement
from gongkai.tables.parts import read_table

HERE = Path(__file__).parents[1]
START, END = "<!-- counts: python -m corpus.make.card -->", "<!-- end of counts -->"


def counts() -> str:
    """Return the counts as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        build(HERE / "raw", Path(folder) / "t")
        reports, sentences = (read_table(Path(folder) / "t", name) for name in ("reports", "sentences"))
    labels = read_labels(HERE / "labels")
    gold = labels[labels["annotator"] == "resolved"]
    lines = [
        f"{len(reports)} reports by {reports['agency'].nunique()} agencies, {reports['year'].min()}–{reports['year'].max()}; "
        f"{len(sentences):,} sentences, {len(gold):,} of them coded (resolved), in {gold['report_id'].nunique()} reports by "
        f"{gold['agency'].nunique()} agencies.",
        "",
    ]
    for column in ("form", "kind", "level", "media_type"):
        shares = reports[column].fillna("not known").value_counts().sort_index()
        lines.append(f"- {column}: " + ", ".join(f"{name} {count}" for name, count in shares.items()))
    lines += ["", "| coded | sentences | commitment | boilerplate | both |", "|---|---|---|---|---|"]
    for annotator, part in labels.groupby("annotator"):
        both = (part["commitment"].astype(bool) & part["boilerplate"].astype(bool)).mean()
        lines.append(
            f"| {annotator} | {len(part):,} | {part['commitment'].mean():.1%} | {part['boilerplate'].mean():.1%} | {both:.1%} |"
        )
    lines += ["", "| section | coded | commitment | boilerplate |", "|---|---|---|---|"]
    for section, part in gold.groupby("section"):
        lines.append(
            f"| {section} | {len(part)} | {part['commitment'].mean():.1%} | {part['boilerplate'].mean():.1%} |"
        )
    try:
        lines += ["", "Agreement before resolution (Krippendorff's α, 95 % interval over reports):", ""]
        lines += [
            "| label | α | interval | raw agreement | sentences | reports | coders |",
            "|---|---|---|---|---|---|---|",
        ]
        twice = labels[labels["annotator"] != "resolved"]
        twice = twice[twice.groupby("sentence_id")["annotator"].transform("nunique") > 1]
        for row in agreement(twice).itertuples():
            lines.append(
                f"| {row.label} | {row.alpha:.3f} | [{row.low:.3f}, {row.high:.3f}] | {row.raw_agreement:.1%} | {row.n} | "
                f"{row.clusters} | {row.coders} |"
            )
    except MeasureError:
        lines[-3:] = ["", "No sentence was coded twice yet, so there is no agreement to report."]
    return "\n".join(lines)


def main() -> None:
    """Put the counts into the card."""
    card = HERE / "README.md"
    text = card.read_text(encoding="utf-8").replace("@COUNTS@", f"{START}\n{END}")
    block = f"{START}\n{counts()}\n{END}"
    card.write_text(re.sub(f"{START}.*?{END}", lambda _: block, text, flags=re.DOTALL), encoding="utf-8")
    print(block)


if __name__ == "__main__":
    main()
