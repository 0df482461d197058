"""Quality on coded sentences of real reports: measured where their text is, kept as figures, shown in cards.

The text of real reports is not part of the project: who trains a model anew cannot measure it on them.
`python -m benchmarks.real` does, where the files are, and writes `corpus/truth/real_quality.json`; figures
belong to a model by what decides it (`key_of`), and a model that was made otherwise has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from gongkai.errors import GongkaiError
from gongkai.store.run import bundled
from gongkai.tables.schema import Table

FILE = "corpus/truth/real_quality.json"
SHOWN = ("precision", "recall", "f1", "pr_auc", "share_bias")


def key_of(about: Mapping[str, Any]) -> str:
    """Return what a model's figures are filed under: its gold, and what training chose for each label.

    Args:
        about: The model's `config.json`.
    """
    chosen = [
        f"{label}:{'+'.join(part.get('blocks', ()))}:{part.get('C', '')}:{part['threshold']:.3f}"
        for label, part in about["chosen"].items()
        if "threshold" in part
    ]
    return " ".join([about["gold_digest"][:12], *chosen])


def real_quality(about: Mapping[str, Any], name: str) -> Table:
    """Return a model's metrics on real sentences, `split` being `real`; empty where nobody measured it.

    Args:
        about: The model's `config.json`.
        name: The model's name, for the column `model`.
    """
    try:
        kept = json.loads(bundled(FILE).read_text(encoding="utf-8"))
    except GongkaiError:
        return pd.DataFrame()
    if not about.get("chosen") or not (found := kept["models"].get(key_of(about))):
        return pd.DataFrame()
    return pd.DataFrame(found["metrics"]).assign(model=name, split="real")


def bundled_quality(name: str) -> Table:
    """Return the F1 on real sentences that stands in a bundled model's metrics; empty for any other model.

    Of a choice it is the mean over the classes that occur.
    """
    try:
        rows = json.loads(bundled(f"models/{name}/metrics.json").read_text(encoding="utf-8"))
    except GongkaiError:
        return pd.DataFrame()
    metrics = pd.DataFrame(rows)
    f1 = metrics["metric"].isin(["f1", "macro_f1"]) & ~metrics["label"].str.contains("=")
    return metrics[(metrics["split"] == "real") & f1 & metrics["low"].notna()]
