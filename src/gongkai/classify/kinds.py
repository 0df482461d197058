"""The kinds of models: each is one file and one line in `KINDS`.

The file holds the classifier (`classifier.Classifier`), how it is trained and loaded, and what its card says.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from gongkai.errors import ModelError
from gongkai.tables.scheme.codebook import Codebook

if TYPE_CHECKING:
    import numpy as np

    from gongkai.tables.schema import Labels

    Vector = np.ndarray[Any, np.dtype[Any]]

Chosen: TypeAlias = "dict[str, dict[str, object]]"
"""What was chosen, by indicator."""


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What decides a training run; `gongkai train --settings FILE` reads it from TOML."""

    model: str = "linear"
    """`linear` or `transformer`."""
    annotator: str = "resolved"
    outer_folds: int = 5
    """For the metrics: each fold's agencies are predicted by a model that never saw them."""
    folds: int = 5
    """Inside each of those, for choosing features, calibration and threshold."""
    regularization: tuple[float, ...] = (10.0,)
    """linear: values of C to choose from."""
    examples: str = ""
    """linear: a CSV file, `text` and a column for each label, from which the classes of choices are learned
    like from the codebook's own examples: never tested, and no share of theirs counts."""
    encoder: str = ""
    """transformer: folder or hub name of the encoder to fine-tune."""
    epochs: int = 8
    learning_rate: float = 2e-4
    batch_size: int = 16
    seeds: int = 3
    """transformer: how often the outer folds are run, each time with another seed; the first is saved."""
    comparisons: bool = True
    """linear: score the baselines, a random split and a forward split too, to stand beside the metrics."""
    tested_folds: int = 0
    """How many of the outer folds are run for the metrics; 0 is all. Each costs a transformer a training."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Coded:
    """What a model is trained on."""

    name: str
    """The model's."""
    sentences: Labels
    """`text` and context columns."""
    codes: Mapping[str, Vector]
    """Indicator → codes, one per sentence: 1, 0, or NaN where it is not coded."""
    groups: Vector
    """What must not be torn apart by folds (agency, near-duplicates), one number per sentence."""
    codebook: Codebook


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of model."""

    name: str
    train: Callable[[Coded, TrainSettings], tuple[Any, Chosen]]
    load: Callable[[Path, str | None, int | None], Any]
    """Folder, device, batch size → classifier."""
    method: Callable[[Mapping[str, Any]], str]
    """`config.json` → what the card says of how it works."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Settings without which it cannot be trained, and what they are."""
    on_device: bool = False
    """Takes a device and a batch size."""
    examples: bool = False
    """Learns classes from `TrainSettings.examples`."""
    random: bool = False
    """Two trainings differ by the seed: the metrics are repeated over seeds."""


def kind_named(name: str) -> Kind:
    """Return a kind by its name.

    Raises:
        ModelError: This version does not know it.
    """
    if name not in KINDS:
        raise ModelError(f"model kind '{name}' is not known; this version knows {', '.join(KINDS)}")
    return KINDS[name]


def _in(module: str, function: str) -> Any:  # noqa: ANN401
    """Return a function of a kind's module, which is imported when first called: each needs its libraries."""

    def call(*arguments: object) -> object:
        return getattr(importlib.import_module(f"gongkai.classify.models.{module}"), function)(*arguments)

    return call


def _kind(name: str, **about: Any) -> Kind:  # noqa: ANN401
    return Kind(name, _in(name, "train_kind"), _in(name, "load_kind"), _in(name, "method"), **about)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("linear", examples=True),
        _kind(
            "transformer",
            needs={"encoder": "a folder or hub name, e.g. hfl/rbt3"},
            on_device=True,
            random=True,
        ),
    )
}
