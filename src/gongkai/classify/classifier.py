"""What a classifier is, what a model folder looks like, and how a name becomes a model.

A folder holds
    README.md      the card
    config.json    kind, labels in order, thresholds, what the model was trained with
    metrics.json   quality on held-out agencies, with intervals
    run.json       version, settings, seeds, digest of the gold
    gold.txt       sentences it learned from, by id and by `text_key`: quality measured on these says nothing
    codebook.toml  the scheme; a model without one is of the scheme that ships
    distance.safetensors  by which sentences unlike the training text are told; earlier models have none
    model.safetensors, and of a transformer its tokenizer
and is complete or is not saved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gongkai.classify.features.distance import Familiar
from gongkai.classify.kinds import KINDS, kind_named
from gongkai.errors import GongkaiError, ModelError
from gongkai.store.run import bundled
from gongkai.tables.ids import text_key
from gongkai.tables.scheme.codebook import Codebook, Label
from gongkai.tables.scheme.codebooks import given_or_shipped, read_codebook, shipped

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


CARD, CONFIG, METRICS, RUN, GOLD = "README.md", "config.json", "metrics.json", "run.json", "gold.txt"
FILES = (CARD, CONFIG, METRICS, RUN, GOLD)
CODEBOOK = "codebook.toml"
ON_HUB = re.compile(r"(?P<repository>[\w-][\w.-]*/[\w.-]+?)(?:@(?P<revision>[\w./-]+))?")
"""`OWNER/NAME`, or `OWNER/NAME@REVISION` for the same bytes next year."""


class Classifier(Protocol):
    """A trained model that scores sentences."""

    @property
    def name(self) -> str:
        """Name of the model's folder."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Indicators (labels, and `label=class` of a choice) in the order of the scores' columns."""

    @property
    def thresholds(self) -> dict[str, float]:
        """Score from which each label is predicted."""

    @property
    def codebook(self) -> Codebook | None:
        """Its scheme; None is the one that ships."""

    @property
    def trained_on(self) -> frozenset[str]:
        """Ids, and keys of the texts, of the sentences it learned from."""

    @property
    def familiar(self) -> Familiar | None:
        """Its training text as it remembers it; None where it does not."""

    def save(self, folder: Path) -> None:
        """Write the weights into a folder."""

    def scores(self, sentences: pd.DataFrame) -> np.ndarray[Any, np.dtype[Any]]:
        """Return calibrated probabilities, sentences × labels."""


def learned_from(sentences: pd.DataFrame, learned: frozenset[str]) -> np.ndarray[Any, np.dtype[Any]]:
    """Return which sentences a model learned from: by their id, or the key of their text."""
    import numpy as np

    if not learned:
        return np.zeros(len(sentences), bool)
    pairs = zip(sentences["sentence_id"], sentences["text"], strict=True)
    return np.array([name in learned or text_key(str(text)) in learned for name, text in pairs], bool)


def find_model(name: str | Path) -> Path:
    """Return the folder of a model given as a folder, a bundled checkpoint, or a repository of the hub.

    A hub repository is downloaded (into huggingface_hub's cache) only when it is named so, `OWNER/NAME` or
    `OWNER/NAME@REVISION`; of its files only data is taken: no code, no pickle.

    Raises:
        ModelError: There is no such model, the hub refuses, or the folder lacks a file.
        GongkaiError: The hub is needed and huggingface_hub is not installed.
    """
    folder = Path(name)
    if not folder.is_dir():
        try:
            folder = bundled(f"models/{name}")
        except GongkaiError:
            match = ON_HUB.fullmatch(str(name))
            if not match:
                raise ModelError(
                    f"{name}: no such model; expected a model folder, OWNER/NAME on the hub, or a bundled "
                    "one: linear, admitted"
                ) from None
            folder = _from_hub(match["repository"], match["revision"])
    missing = [f for f in FILES if not (folder / f).is_file()]
    if missing:
        raise ModelError(f"{folder}: not a complete model folder; lacks {', '.join(missing)}")
    return folder


def _from_hub(repository: str, revision: str | None) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise GongkaiError(
            f'{repository}: no such folder; to take it from the hub: pip install "gongkai[transformers]"'
        ) from error
    data = ["*.md", "*.json", "*.txt", "*.safetensors", CODEBOOK]
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=data))
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{repository}: no such folder, and the hub does not give it: {reason}") from error


def kind_of(folder: Path, *, device: str | None = None, batch_size: int | None = None) -> str:
    """Return the kind of model in a folder; loads nothing, so that wrong options are said before the work.

    Raises:
        ModelError: The kind is not known or cannot be read, or it does not take these options.
    """
    try:
        kind = str(json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("kind"))
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder / CONFIG}: cannot be read: {error}") from error
    try:
        known = kind_named(kind)
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from error
    if not known.on_device and (device is not None or batch_size is not None):
        raise ModelError(f"{folder}: a {kind} model takes neither device nor batch size")
    if batch_size is not None and batch_size < 1:
        raise ModelError(f"batch size {batch_size}: expected at least one sentence")
    return kind


def load_model(
    name: str | Path = "linear", *, device: str | None = None, batch_size: int | None = None
) -> Classifier:
    """Load a model.

    Args:
        name: A folder that `train` wrote, the name of a bundled checkpoint, or a repository of the hub
            (`OWNER/NAME`, better `OWNER/NAME@REVISION`).
        device: transformer: `cpu`, `cuda`, …; unless given, a GPU where there is one.
        batch_size: transformer: sentences read at once.

    Raises:
        ModelError: It is missing, incomplete, of an unknown kind, or damaged; or the device is not there, or
        the kind does not take these options.
    """
    folder = find_model(name)
    kind = kind_of(folder, device=device, batch_size=batch_size)
    learned = frozenset((folder / GOLD).read_text(encoding="utf-8").split())
    loaded: Any = KINDS[kind].load(folder, device, batch_size)
    model: Classifier = replace(
        loaded,
        trained_on=learned,
        codebook=codebook_of(folder, loaded.labels),
        familiar=Familiar.load(folder),
    )
    return model


def codebook_of(folder: Path, indicators: Sequence[str]) -> Codebook:
    """Return the scheme of a model folder.

    Raises:
        ModelError: It does not have the model's labels.
        SchemaError: It is malformed.
    """
    path = folder / CODEBOOK
    found = read_codebook(path) if path.is_file() else shipped()
    if strange := [i for i in indicators if i not in found.indicators]:
        raise ModelError(f"{folder}: the model's label {strange[0]} is not in its codebook {found.stamp}")
    return found


def refuse_other(model: Classifier, codebook: Codebook | None) -> None:
    """Refuse a model that was trained on another codebook than the one given.

    Raises:
        ModelError: Says which and which.
    """
    own = given_or_shipped(model.codebook)
    if codebook is None:
        return
    theirs = {label.name: _decides(label) for label in own.labels}
    changed = [label.name for label in codebook.labels if theirs.pop(label.name, None) != _decides(label)]
    differs = changed[0] if changed else min(theirs, default="")
    if not differs and codebook.stamp == own.stamp:
        return
    where = (codebook if changed else own).place_of(differs)
    raise ModelError(
        f"{model.name}: was trained on the codebook {own.stamp}, not on {codebook.stamp}"
        + (f"; label {differs} differs ({where})" if differs else f" ({codebook.file})")
    )


def _decides(label: Label) -> tuple[object, ...]:
    """Return what a model's labels must share with a codebook's."""
    return label.indicators, label.only_if, label.sections
