"""What a classifier is, what a model folder looks like, and how a name becomes a model.

A folder holds
    README.md      the card
    config.json    kind, labels in order, thresholds, what the model was trained with
    metrics.json   quality on held-out agencies, with intervals
    run.json       version, settings, seeds, digest of the gold
    gold.txt       ids of the coded sentences it learned from: quality measured on these says nothing
    model.skops (linear) | model.safetensors and the tokenizer (transformer)
and is complete or is not saved.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gongkai.errors import GongkaiError, ModelError
from gongkai.run import bundled

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CARD, CONFIG, METRICS, RUN, GOLD = "README.md", "config.json", "metrics.json", "run.json", "gold.txt"
FILES = (CARD, CONFIG, METRICS, RUN, GOLD)
KINDS = ("linear", "transformer")


class Classifier(Protocol):
    """A trained model that scores sentences."""

    @property
    def name(self) -> str:
        """Name of the model's folder."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the scores' columns."""

    @property
    def thresholds(self) -> dict[str, float]:
        """Score from which each label is predicted."""

    @property
    def trained_on(self) -> frozenset[str]:
        """Ids of the sentences it learned from."""

    def save(self, folder: Path) -> None:
        """Write the weights into a folder."""

    def scores(self, sentences: pd.DataFrame) -> np.ndarray[Any, np.dtype[Any]]:
        """Return calibrated probabilities, sentences × labels."""


def find_model(name: str | Path) -> Path:
    """Return the folder of a model given as a folder or as the name of a bundled checkpoint.

    Raises:
        ModelError: There is no such model, or the folder lacks a file.
    """
    folder = Path(name)
    if not folder.is_dir():
        try:
            folder = bundled(f"models/{name}")
        except GongkaiError:
            raise ModelError(
                f"{name}: no such model; expected a model folder, or a bundled one: linear"
            ) from None
    missing = [f for f in FILES if not (folder / f).is_file()]
    if missing:
        raise ModelError(f"{folder}: not a complete model folder; lacks {', '.join(missing)}")
    return folder


def load_model(name: str | Path = "linear") -> Classifier:
    """Load a model.

    Args:
        name: A folder that `train` wrote, or the name of a bundled checkpoint.

    Raises:
        ModelError: It is missing, incomplete, of an unknown kind, damaged, or holds types that are not
        trusted.
    """
    folder = find_model(name)
    try:
        kind = json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("kind")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder / CONFIG}: cannot be read: {error}") from error
    if kind not in KINDS:
        raise ModelError(f"{folder}: model kind '{kind}' is not known; this version knows {', '.join(KINDS)}")
    learned = frozenset((folder / GOLD).read_text(encoding="utf-8").split())
    if kind == "transformer":
        from gongkai.models.transformer import TransformerClassifier

        return replace(TransformerClassifier.load(folder), trained_on=learned)
    from gongkai.models.linear import LinearClassifier

    return replace(LinearClassifier.load(folder), trained_on=learned)
