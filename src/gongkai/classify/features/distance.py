"""How unlike the training text a sentence is: a model's figures hold for text like that, and for no other.

Measured by the share of a sentence's pairs of neighbouring characters (years and numbers masked) that never
stand in the training text, and told as a quantile: which share of the training sentences, each judged by the
text of other agencies, has fewer. On the bundled corpus it tells prose of other genres from agencies not seen
(`tests/classify/features/test_distance.py`); real reports are as near as authored ones of agencies not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.classify.features.features import normalize
from gongkai.errors import ModelError

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

FILE = "distance.safetensors"
BITS = 20
"""The pairs of the bundled corpus, some 40,000, leave one in 25 of this table's places taken."""
FOLDS, STEPS = 5, 1000


@dataclass(frozen=True, slots=True)
class Familiar:
    """The training text as a model remembers it.

    Attributes:
        pairs: For each hash of a pair of characters, whether it was met.
        quantiles: Shares of pairs not met in training sentences of agencies left out, ascending.
    """

    pairs: Vector
    quantiles: Vector

    def distance(self, texts: Sequence[str]) -> Vector:
        """Return for each text which share of the training sentences is nearer, 0 to 1."""
        hashes, owner = _pairs(texts)
        return np.searchsorted(self.quantiles, _unmet(self.pairs, hashes, owner, len(texts))) / (STEPS + 1)

    def save(self, folder: Path) -> None:
        """Write the file into a model folder."""
        from safetensors.numpy import save_file

        save_file({"pairs": np.packbits(self.pairs), "quantiles": self.quantiles}, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Familiar | None:
        """Read the file of a model folder; None where an earlier gongkai made the model.

        Raises:
            ModelError: The file is damaged.
        """
        from safetensors.numpy import load_file

        path = folder / FILE
        if not path.is_file():
            return None
        try:
            found = load_file(path)
            own = cls(np.unpackbits(found["pairs"]).astype(bool), found["quantiles"])
            if own.pairs.shape != (2**BITS,) or own.quantiles.shape != (STEPS + 1,):
                raise ValueError(f"shapes {own.pairs.shape} and {own.quantiles.shape}")
        except Exception as error:
            raise ModelError(f"{path}: damaged, train the model anew: {error}") from error
        return own


def familiar(texts: Sequence[str], groups: Vector) -> Familiar:
    """Remember training texts.

    Args:
        texts: Sentences.
        groups: What must not be judged by its own text (agencies), a number per sentence.
    """
    hashes, owner = _pairs(texts)
    fold = np.unique(groups, return_inverse=True)[1] % FOLDS
    unmet = np.zeros(len(texts))
    for number in range(FOLDS):
        met = _met(hashes[fold[owner] != number])
        unmet = np.where(fold == number, _unmet(met, hashes, owner, len(texts)), unmet)
    return Familiar(_met(hashes), np.quantile(unmet, np.linspace(0, 1, STEPS + 1)))


def _met(hashes: Vector) -> Vector:
    met = np.zeros(2**BITS, bool)
    met[hashes] = True
    return met


def _unmet(met: Vector, hashes: Vector, owner: Vector, count: int) -> Vector:
    """Return each text's share of pairs that were not met; of an empty text 0."""
    new = np.bincount(owner[~met[hashes]], minlength=count)
    share: Vector = new / np.maximum(np.bincount(owner, minlength=count), 1)
    return share


def _pairs(texts: Sequence[str]) -> tuple[Vector, Vector]:
    """Return the hashes of all pairs of neighbouring characters, ends included, and the text of each."""
    marked = [f"\x02{normalize(text, None)}\x03" if text else "" for text in texts]
    codes = np.frombuffer("".join(marked).encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in marked])
    with np.errstate(over="ignore"):
        pair = ((codes[:-1] << np.uint64(21)) | codes[1:]) * np.uint64(0x9E3779B97F4A7C15)
    same = owner[:-1] == owner[1:]
    return (pair[same] >> np.uint64(64 - BITS)).astype(np.int64), owner[:-1][same]
