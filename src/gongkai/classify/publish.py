"""A model's card, written from its run's numbers; copying or pushing a folder; how to cite."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from gongkai.classify.classifier import CONFIG, RUN, find_model, load_model
from gongkai.classify.kinds import KINDS
from gongkai.errors import GongkaiError
from gongkai.store.run import version, whole_folder
from gongkai.tables.schema import Table, records
from gongkai.tables.scheme.codebook import Codebook, Label

_CARD = Template("""---
license: apache-2.0
language: zh
library_name: gongkai
pipeline_tag: text-classification
tags: [government-transparency, china, text-as-data]
model-index: $index
---

# $name

Tags each sentence of a Chinese government-information-disclosure annual report (政府信息公开工作年度报告) by
the codebook $scheme (`codebook.toml`, coded as $codebook): $title.

$labels

    gongkai predict REPORTS -o predictions.csv --model $name

## Model

$method

## Data

$sentences sentences of $reports reports by $agencies agencies, years $years (gold digest `$digest`).
Share of coded sentences: $shares.
The bundled corpus is authored: its agencies are invented and its codes are described in its data card.

## Quality on real reports

$real

## Quality on authored reports

Cross-validation by agency: each sentence is predicted by a model that saw neither its agency nor one that
copies it ($groups groups of agencies in $folds folds; features, calibration and threshold chosen anew in
each). $tested 95 % intervals are over agencies
(CR2, Satterthwaite, log-odds: gongkai's docs/methods.md).

| label | metric | value | low | high | positives | agencies |
|---|---|---|---|---|---|---|
$metrics
$beside
## Limits

- Figures are for text like the training text. Real reports may differ: code a random sample of your own and
  use it to correct shares before comparing agencies.
- Text unlike the training text is told by the column `distance` of predictions; text that is like it may
  still be read wrongly.
- What a sentence says may show only in its context: scores are less certain without `section`, `heading`,
  `lead`.
- A label is a reading of a sentence by a codebook, not a judgement of an agency.

## How to cite

gongkai $version, model `$name`. See CITATION.cff.
""")


def write_card(path: Path, name: str, about: Mapping[str, Any], metrics: Table, codebook: Codebook) -> None:
    """Write README.md of a model folder; every number in it comes from `about` and `metrics`."""
    main = metrics[(metrics["model"] == name) & (metrics["split"] == "agency")]
    rows = [
        f"| {r.label} | {r.metric} | {_number(r.value)} | {_number(r.low)} | {_number(r.high)} "
        f"| {_count(r.positives)} | {_count(r.clusters)} |"
        for r in main.itertuples()
    ]
    text = _CARD.substitute(
        name=name,
        index=json.dumps(_index(name, about["gold_digest"], metrics), ensure_ascii=False),
        codebook=", ".join(about["codebook"]) or "not stated",
        method=KINDS[about["settings"]["model"]].method(about),
        sentences=f"{about['sentences']:,}",
        reports=about["reports"],
        agencies=about["agencies"],
        years="–".join(map(str, about["years"])) or "not stated",
        digest=about["gold_digest"][:12],
        shares=", ".join(f"{label} {share:.1%}" for label, share in about["prevalence"].items()),
        scheme=codebook.stamp,
        title=str(codebook.title) or codebook.name,
        labels="\n".join(_label_line(label) for label in codebook.labels),
        groups=about["groups"],
        folds=about["settings"]["outer_folds"],
        metrics="\n".join(rows),
        beside=_beside(metrics[(metrics["split"] != "real") & ~metrics.index.isin(main.index)]),
        real=_real(metrics[metrics["split"] == "real"], main),
        tested=_tested(about["settings"]),
        version=version(),
    )
    path.write_text(text, encoding="utf-8")


_INDEXED = {"precision": "precision", "recall": "recall", "f1": "f1", "pr_auc": "average_precision"}


def _index(name: str, digest: str, metrics: Table) -> list[dict[str, Any]]:
    """Return the hub's `model-index`: each label on each set, values with their intervals in the name."""
    sets = {
        "agency": (f"gold-{digest[:12]}", "coded sentences of agencies not trained on"),
        "real": ("gongkai-real", "coded sentences of real reports, not trained on"),
    }
    rows = metrics[(metrics["model"] == name) & metrics["metric"].isin(_INDEXED) & metrics["low"].notna()]
    results = []
    for split, (kind, title) in sets.items():
        for label, part in rows[rows["split"] == split].groupby("label", sort=True):
            values = [
                {"type": _INDEXED[r["metric"]], "value": round(r["value"], 4),
                 "name": f"{r['metric']} [{_number(r['low'])}, {_number(r['high'])}], n = {r['n']:.0f}"}
                for r in records(part)
            ]  # fmt: skip
            task = {"type": "text-classification", "name": label}
            results.append({"task": task, "dataset": {"type": kind, "name": title}, "metrics": values})
    return [{"name": name, "results": results}]


def _real(real: Table, authored: Table) -> str:
    """Return the figures on real sentences beside the authored ones, or say that there are none."""
    if real.empty:
        return (
            "Not measured. The figures below are for text like the training text; on other reports they may "
            "be lower."
        )
    beside = {(r.label, r.metric): r for r in authored.itertuples()}
    lines = []
    for row in real[real["low"].notna()].itertuples():
        other = beside.get((row.label, row.metric))
        shown = f"{_number(other.value)} [{_number(other.low)}, {_number(other.high)}]" if other else "–"
        lines.append(
            f"| {row.label} | {_REAL.get(str(row.metric), row.metric)} | **{row.value:.3f}** "
            f"[{_number(row.low)}, {_number(row.high)}] | {shown} | {_count(row.positives)} |"
        )
    first = real.iloc[0]
    n, reports = _count(first["n"]), _count(first["clusters"])
    said = (
        f"**These are the figures to quote.** {n} coded sentences of {reports} real reports that no model "
        "was trained on, read by gongkai\nfrom their files; 95 % intervals over the agencies. The features "
        "were chosen\nwith these sentences in sight: reports of another kind may fare worse.\n\n"
    )
    if (real["metric"] == "macro_f1").any():
        said = (
            f"Few: {n} coded sentences of {reports} real reports, read by gongkai from their files; "
            "95 % intervals\nover the agencies. Neither model nor features were chosen by them. "
            "Too few to tell classes apart: correct shares by a coded sample of your own.\n\n"
        )
    return (
        said
        + "| label | metric | real | authored, agencies not seen | positives |\n|---|---|---|---|---|\n"
        + "\n".join(lines)
    )


_REAL = {"share_bias": "share predicted − share coded"}


def _label_line(label: Label) -> str:
    """Say in one line what a label is."""
    title = f" ({label.title})" if str(label.title) else ""
    classes = f" One of {', '.join(label.class_names)}." if label.is_choice else ""
    under = f" Coded only where {label.only_if}." if label.only_if else ""
    return f"- **{label.name}**{title}: {label.definition.said('en')}{classes}{under}"


_BESIDE = {
    "majority": "baseline: the label's share for every sentence",
    "rule": "baseline: section and word lists (`corpus/lexicon/rule.toml`), nothing learned",
    "words": "baseline: words of the sentence alone",
    "random": "this procedure, split at random by sentence: flatters, not to be quoted",
    "forward": "this procedure, trained on earlier years, tested on later ones",
}


def _beside(others: Table) -> str:
    """Return the lines that say how hard the data is: baselines, and other ways to split."""
    if others.empty:
        return ""
    lines = [
        f"| {_BESIDE.get(str(r.model)) or _BESIDE[str(r.split)]} | {r.label} | {r.metric} "
        f"| {_number(r.value)} | {_number(r.low)} | {_number(r.high)} |"
        for r in others.itertuples()
    ]
    head = "For comparison, F1 of what is simpler and of splits that ask less:\n\n"
    return "\n".join(
        ["", head + "| | label | metric | value | low | high |", "|---|---|---|---|---|---|", *lines, ""]
    )


def _tested(settings: Mapping[str, Any]) -> str:
    """Say which of the folds were tested."""
    if not 0 < settings["tested_folds"] < settings["outer_folds"]:
        return "The saved model was then made in the same way from all of them."
    return (
        f"Of the {settings['outer_folds']} folds only {settings['tested_folds']} was run, because training "
        "is slow; the saved\nmodel was then made in the same way from all agencies."
    )


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) and value == value else "–"


def _count(value: object) -> str:
    return "–" if value is None or value != value else f"{value:.0f}"


def publish(model: str | Path, target: str, *, really: bool = False, overwrite: bool = False) -> list[str]:
    """Copy a complete model folder to a path, or push it to a hub.

    Args:
        model: Model folder.
        target: `OWNER/NAME` is a repository of the hub; anything that exists, starts with `.`, `/` or `~`,
            or has more than one slash, is a path.
        really: Do it; otherwise only say what would be done.
        overwrite: Replace an earlier folder.

    Returns:
        What was done, or would be, in lines.

    Raises:
        ModelError: The folder is incomplete, or the model does not load.
        GongkaiError: The target exists; or the hub is needed and huggingface_hub is not installed, or
            refuses.
    """
    folder = find_model(model)
    load_model(folder)  # what does not load is not published
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    size = sum(p.stat().st_size for p in files) / 1e6
    on_hub = re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", target) is not None and not Path(target).exists()
    where = f"https://huggingface.co/{target}" if on_hub else str(Path(target).expanduser())
    lines = [f"{folder} → {where}", *(f"  {p.relative_to(folder)}" for p in files), f"  {size:.1f} MB"]
    if not really:
        return [*lines, "nothing was done; --really does it"]
    if not on_hub:
        with whole_folder(Path(target).expanduser(), overwrite=overwrite) as hidden:
            for path in files:
                (hidden / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, hidden / path.relative_to(folder))
        return lines
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise GongkaiError('the hub needs: pip install "gongkai[transformers]"') from error
    hub = HfApi()
    try:
        hub.create_repo(target, exist_ok=True)
        hub.upload_folder(repo_id=target, folder_path=str(folder), commit_message=f"gongkai {version()}")
    except Exception as error:
        raise GongkaiError(f"{target}: the hub refused: {error}") from error
    return lines


def citation(model: str | Path) -> str:
    """Return how to cite the package and a model, with what decides its numbers.

    Raises:
        ModelError: There is no such model.
    """
    folder = find_model(model)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    run = json.loads((folder / RUN).read_text(encoding="utf-8"))
    title = (
        "gongkai: tables, labels and measures from Chinese government-information-disclosure annual reports"
    )
    lines = [
        f"The gongkai developers (2026). {title}. Version {version()}. Apache-2.0.",
        "",
        f"Model: {folder.name} ({config['kind']}), trained by gongkai {run['gongkai']} "
        f"on {config['sentences']:,} sentences of {config['agencies']} agencies",
        f"(gold digest {config['gold_digest'][:12]}, codebook {', '.join(config['codebook'])}). "
        "Report the digest with any number made with it.",
        "Bundled corpus: authored reports of invented agencies, CC BY 4.0; see its data card.",
        "",
        "@software{gongkai,",
        f"  title = {{{title}}},",
        "  author = {{The gongkai developers}},",
        f"  year = {{2026}}, version = {{{version()}}}",
        "}",
    ]
    return "\n".join(lines)
