"""A model's card, from a template and the numbers that its run wrote."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any

from gongkai.run import version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gongkai.schema import Table

_CARD = Template("""---
license: apache-2.0
language: zh
library_name: gongkai
pipeline_tag: text-classification
tags: [government-transparency, china, text-as-data]
---

# $name

Tags each sentence of a Chinese government-information-disclosure annual report (政府信息公开工作年度报告) as
**commitment** (承诺) and/or **boilerplate** (套话); both together is cheap talk. Codebook version $codebook.

    gongkai predict REPORTS -o predictions.csv --model $name

## Model

Logistic regression on hashed n-grams, one head per label; scores calibrated by Platt's sigmoid on grouped
out-of-fold margins; thresholds chosen on those too. Each label chose its feature blocks:

$blocks

## Data

$sentences sentences of $reports reports by $agencies agencies, years $years (gold digest `$digest`).
Share of sentences: commitment $commitment, boilerplate $boilerplate.
The bundled corpus is authored: its agencies are invented and its codes are described in its data card.

## Quality

Cross-validation by agency: each sentence is predicted by a model that saw neither its agency nor one that
copies it ($groups groups of agencies in $folds folds; features, calibration and threshold chosen anew in
each). The saved model was then trained on all of them. 95 % intervals: bootstrap over agencies; with fewer
than about ten they are too narrow.

| label | metric | value | low | high | positives | agencies |
|---|---|---|---|---|---|---|
$metrics

## Limits

- Figures are for text like the training text. Real reports may differ: code a random sample of your own and
  use it to correct shares before comparing agencies.
- A commitment often shows only in its context: scores are less certain without `section`, `heading`, `lead`.
- A label is a reading of a sentence by a codebook, not a judgement of an agency.

## How to cite

gongkai $version, model `$name`. See CITATION.cff.
""")


def write_card(path: Path, name: str, about: Mapping[str, Any], metrics: Table) -> None:
    """Write README.md of a model folder; every number in it comes from `about` and `metrics`."""
    rows = [
        f"| {r.label} | {r.metric} | {_number(r.value)} | {_number(r.low)} | {_number(r.high)} "
        f"| {_count(r.positives)} | {_count(r.clusters)} |"
        for r in metrics.itertuples()
    ]
    blocks = "\n".join(f"- {label}: {', '.join(part['blocks'])}" for label, part in about["chosen"].items())
    text = _CARD.substitute(
        name=name,
        codebook=", ".join(about["codebook"]) or "not stated",
        blocks=blocks,
        sentences=f"{about['sentences']:,}",
        reports=about["reports"],
        agencies=about["agencies"],
        years="–".join(map(str, about["years"])) or "not stated",
        digest=about["gold_digest"][:12],
        commitment=f"{about['prevalence']['commitment']:.1%}",
        boilerplate=f"{about['prevalence']['boilerplate']:.1%}",
        groups=about["groups"],
        folds=about["settings"]["outer_folds"],
        metrics="\n".join(rows),
        version=version(),
    )
    path.write_text(text, encoding="utf-8")


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) and value == value else "–"


def _count(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, int | float) and value == value else "–"
