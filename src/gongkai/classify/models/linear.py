"""The linear classifier: hashed n-grams and context → logistic regression → calibrated scores, one per label.

Each label has its own feature blocks (`CHOICES`): in a probe on 587 sentences of real reports, context helped
one label of the scheme that ships (F1 .23 → .58) and hurt the other (.87 → .83). Which blocks a label uses is
chosen in training by grouped cross-validation. A choice has one head per class.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gongkai.classify.features.cues import find_cues
from gongkai.classify.features.distance import Familiar
from gongkai.classify.features.features import BLOCKS, WIDTH, WIDTHS, features, grams, named_columns
from gongkai.classify.features.swaps import swapped, told_as_done, without_context
from gongkai.classify.kinds import Chosen, Coded, TrainSettings
from gongkai.classify.models.calibrate import Calibration, best_f1, calibrate, calibrated, evened
from gongkai.classify.models.choices import fit_class, told
from gongkai.errors import ModelError
from gongkai.tables.schema import Labels, Sentences
from gongkai.tables.scheme.codebook import Codebook, Label

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse as sp
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    Vector = np.ndarray[Any, np.dtype[Any]]

WEIGHTS = "model.safetensors"
OF_CLASSES = """

The classes of a choice: linear support vector machines, all classes of equal weight, n-grams weighed by how
far they tell the class from the rest; they also learn from the codebook's examples and the words of its
definitions. Their odds are made to sum to 1, moved so that on sentences not learned from each class is chosen
as often as it was coded, and the highest is chosen. Where rules and definitions were written with the coded
sentences in sight, as those of `admitted` were, the figures below flatter them a little, though no agency
tested was trained on. Counted shares of classes are right on text like the training text only: give them with
a coded sample (`measure --method dsl`)."""
OF_EXAMPLES = """

The classes learn from the sentences of `{}` too, as from the codebook's examples: they are
in no figure below and count in no share."""
COLUMNS = " columns"
"""Behind a head's name: which of its columns are stored, a bit for each."""
CONTEXT = frozenset({"section", "heading", "lead"})
CHOICES: tuple[tuple[str, ...], ...] = (
    ("characters", "words"),
    ("characters", "words", "outline", "cues"),
    ("characters", "words", "tense", "section", "heading", "lead"),
)
"""Sets of feature blocks that a label may choose from. With the cues of portability too the last lost
promises of the bundled corpus: F1 by agency .966, .974 without."""


@dataclass(frozen=True, slots=True)
class Head:
    """What decides one label."""

    blocks: tuple[str, ...]
    weights: Vector
    """One per column of the blocks, side by side."""
    intercept: float
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class LinearClassifier:
    """A trained linear model; satisfies `classifier.Classifier`."""

    name: str
    heads: Mapping[str, Head]
    trained_on: frozenset[str] = frozenset()
    """Ids of the coded sentences it learned from."""
    codebook: Codebook | None = None
    familiar: Familiar | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in order."""
        return tuple(self.heads)

    @property
    def thresholds(self) -> dict[str, float]:
        """The score from which each label is predicted."""
        return {label: head.calibration.threshold for label, head in self.heads.items()}

    def scores(self, sentences: pd.DataFrame) -> Vector:
        """Return calibrated probabilities, sentences × labels.

        Args:
            sentences: Column `text`; `section`, `heading`, `lead`, `year`, `tokens` are used where they are
                there.
        """
        blocks = [b for b in BLOCKS if any(b in head.blocks for head in self.heads.values())]
        made = grams(sentences, blocks)
        out = np.empty((len(sentences), len(self.heads)))
        for column, head in enumerate(self.heads.values()):
            margin = np.full(len(sentences), head.intercept)
            start = 0
            for block in head.blocks:
                width = made[block].width
                margin += made[block].margin(head.weights[start : start + width])
                start += width
            out[:, column] = calibrated(margin, head.calibration)
        return out

    def explain(
        self, sentence: Mapping[str, object], label: str, *, top: int = 12
    ) -> list[tuple[str, str, float]]:
        """Name the features that decided for or against a label in one sentence.

        Args:
            sentence: A row with `text` and, where known, `section`, `heading`, `lead`, `year`.
            label: A label of the model.
            top: How many features.

        Returns:
            (block, n-gram, what it adds to the margin), the strongest first; ⟨ and ⟩ mark ends. Where several
            n-grams share a hashed column they stand together.
        """
        if label not in self.heads:
            raise ModelError(f"{self.name}: no label '{label}'; has {', '.join(self.labels)}")
        head = self.heads[label]
        import pandas as pd

        frame = pd.DataFrame([dict(sentence)])
        found: list[tuple[str, str, float]] = []
        start = 0
        for block in head.blocks:
            row = features(frame, [block]).tocoo()
            weights = head.weights[start : start + row.shape[1]]
            start += row.shape[1]
            if block == "outline":
                shown = find_cues(
                    [str(sentence.get("text") or "")], agencies=[str(sentence.get("agency") or "")]
                )[1][0]
            else:
                shown = str(sentence.get("text" if block in ("characters", "words") else block) or "")
            names = named_columns(shown, block, sentence.get("year"))
            for column, value in zip(row.col, row.data, strict=True):
                gram = " ".join(names.get(int(column), ["?"])[:3])
                found.append((block, gram, float(head.calibration.slope * value * weights[column])))
        return sorted(found, key=lambda f: -abs(f[2]))[:top]

    def save(self, folder: Path) -> None:
        """Write `model.safetensors` (and nothing else) into a folder: numbers, and a JSON text about them."""
        from safetensors.numpy import save_file

        weights = {}
        for label, head in self.heads.items():
            weights[label] = head.weights
            if "=" in label:  # of a class: few, and in half precision
                there = head.weights != 0
                weights[label] = head.weights[there].astype(np.float16)
                weights[label + COLUMNS] = np.packbits(there)
        about = {
            label: {
                "blocks": head.blocks,
                "intercept": head.intercept,
                "calibration": asdict(head.calibration),
            }
            for label, head in self.heads.items()
        }
        save_file(weights, folder / WEIGHTS, metadata={"heads": json.dumps(about)})

    @classmethod
    def load(cls, folder: Path) -> LinearClassifier:
        """Read `model.safetensors`.

        Raises:
            ModelError: The file is missing, damaged, or of something else.
        """
        from safetensors import safe_open

        path = folder / WEIGHTS
        try:
            with safe_open(path, framework="numpy") as file:
                about = json.loads((file.metadata() or {})["heads"])
                heads = {
                    label: Head(
                        tuple(part["blocks"]),
                        _weights(file, label, tuple(part["blocks"])),
                        float(part["intercept"]),
                        Calibration(**part["calibration"]),
                    )
                    for label, part in about.items()
                }
            for label, head in heads.items():
                _refuse_mismatch(path, label, head)
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(
                f"{path}: not a linear gongkai model, or damaged: {type(error).__name__}: {error}"
            ) from error
        return cls(folder.name, heads)


def _weights(file: Any, label: str, blocks: tuple[str, ...]) -> Vector:  # noqa: ANN401
    stored: Vector = file.get_tensor(label)
    if label + COLUMNS not in file.keys():
        return stored
    width = sum(WIDTHS.get(block, WIDTH) for block in blocks)
    weights = np.zeros(width)
    weights[np.unpackbits(file.get_tensor(label + COLUMNS), count=width).astype(bool)] = stored
    return weights


def _refuse_mismatch(path: Path, label: str, head: Head) -> None:
    if unknown := set(head.blocks) - set(BLOCKS):
        raise ModelError(
            f"{path}: {label} uses unknown feature blocks {', '.join(unknown)}; made by a newer gongkai?"
        )
    width = sum(WIDTHS.get(block, WIDTH) for block in head.blocks)
    if head.weights.shape != (width,) or not np.isfinite(head.weights).all():
        raise ModelError(
            f"{path}: {label} has weights of shape {head.weights.shape}, expected ({width},) finite"
        )


def train_kind(coded: Coded, settings: TrainSettings) -> tuple[LinearClassifier, Chosen]:
    """Train the kind `linear`; see `train_linear`."""
    return train_linear(
        coded.sentences,
        coded.codes,
        coded.groups,
        name=coded.name,
        regularization=settings.regularization,
        folds=settings.folds,
        seed=settings.seed,
        portable=coded.codebook.portable,
        promised=coded.codebook.follow,
        codebook=coded.codebook,
    )


def load_kind(folder: Path, device: str | None, batch_size: int | None) -> LinearClassifier:
    """Load the kind `linear`; it takes neither device nor batch size."""
    return LinearClassifier.load(folder)


def method(about: Mapping[str, Any]) -> str:
    """Say in a card how it works."""
    blocks = [f"- {label}: {', '.join(part['blocks'])}" for label, part in about["chosen"].items()]
    return (
        "Logistic regression on hashed n-grams, one head per label; scores calibrated by Platt's sigmoid on\n"
        "grouped out-of-fold margins; thresholds chosen on those too. Each label chose its blocks:\n\n"
        + "\n".join(blocks)
        + (OF_CLASSES if any("=" in label for label in about["chosen"]) else "")
        + (OF_EXAMPLES.format(examples) if (examples := about["settings"].get("examples")) else "")
    )


def train_linear(
    sentences: Sentences | Labels,
    gold: Mapping[str, Vector],
    groups: Vector,
    *,
    name: str,
    regularization: Sequence[float] = (10.0,),
    folds: int = 5,
    seed: int = 0,
    portable: str = "",
    promised: str = "",
    codebook: Codebook | None = None,
) -> tuple[LinearClassifier, dict[str, dict[str, object]]]:
    """Train one head per label.

    Args:
        sentences: `text` and context columns.
        gold: Indicator → codes, one per sentence: 1, 0, or NaN where it is not coded.
        groups: What must not be torn apart by the folds (agency, near-duplicates), one per sentence.
        name: The model's name.
        regularization: Values of C to choose from.
        folds: Grouped folds, for choosing and for calibrating.
        seed: Of the folds.
        portable: The indicator that is learned from copies with a detail too (`swaps.py`); empty for none.
        promised: The one that is learned from copies told as done.
        codebook: What it says of the classes of a choice is learned from too (`choices.py`).

    Returns:
        The model, and per label what was chosen and the scores of each choice.

    Raises:
        ModelError: A label has too few positives or groups to fold.
    """
    whole, bare = _matrices(sentences), _matrices(without_context(sentences, seed=seed))
    heads: dict[str, Head] = {}
    unseen: dict[str, tuple[Vector, Vector]] = {}
    chosen: dict[str, dict[str, object]] = {}
    for label, codes in gold.items():
        known = np.flatnonzero(~np.isnan(codes))
        made, y = _rows(whole, known), codes[known].astype(bool)
        splits = grouped_folds(y, groups[known], folds=folds, seed=seed, label=label)
        is_class = "=" in label
        if is_class:
            beside = _told(codebook, label)
        else:
            part, plain = sentences.iloc[known], (_rows(bare, known), y, np.arange(len(y)))
            copies, code, origin = swapped(part, y & (label == portable), seed=seed)
            done, promise = told_as_done(part, y & (label == promised), seed=seed)
            as_done = (_matrices(done), np.zeros(len(promise), bool), promise)
            beside = [(_matrices(copies), code, origin), plain, as_done]
        trials = []
        for blocks in CHOICES[: 1 if is_class else None]:  # a class is read off the sentence alone
            x, copied = _stack(made, blocks), _copies(beside, blocks)
            for c in regularization:
                margins = np.zeros(len(y))
                for train, test in splits:
                    fitted = _fit(x[train], y[train], copied, train, c, is_class=is_class)
                    margins[test] = fitted.decision_function(x[test])
                trials.append((best_f1(margins, y)[0], blocks, c, margins))
        # Within .003 of the best the smaller set of blocks is taken: fewer to explain, faster to compute.
        best = max(t[0] for t in trials)
        score, blocks, c, margins = next(t for t in trials if t[0] >= best - 0.003)
        calibration, _ = calibrate(margins, y)
        unseen[label] = margins, y
        everyone = np.arange(len(y))
        last = _fit(_stack(made, blocks), y, _copies(beside, blocks), everyone, c, is_class=is_class)
        weights = last.coef_[0].astype(np.float32)  # as it is saved
        heads[label] = Head(blocks, weights, float(last.intercept_[0]), calibration)
        chosen[label] = {
            "blocks": list(blocks),
            "C": c,
            "threshold": calibration.threshold,
            "f1_out_of_fold": score,
            "trials": [{"blocks": list(b), "C": k, "f1": f} for f, b, k, _ in trials],
        }
    heads = _with_even_classes(heads, unseen)
    for label, head in heads.items():
        chosen[label]["threshold"] = head.calibration.threshold
    return LinearClassifier(name, heads), chosen


def _with_even_classes(
    heads: dict[str, Head], unseen: Mapping[str, tuple[Vector, Vector]]
) -> dict[str, Head]:
    """Move the classes of each choice so that each is chosen as often as it was coded."""
    moved = dict(heads)
    for choice in dict.fromkeys(label.partition("=")[0] for label in heads if "=" in label):
        classes = [label for label in heads if label.startswith(f"{choice}=")]
        margins, codes = (np.stack(part, axis=1) for part in zip(*(unseen[c] for c in classes), strict=True))
        even = evened([heads[c].calibration for c in classes], margins, codes)
        moved |= {c: replace(heads[c], calibration=one) for c, one in zip(classes, even, strict=True)}
    return moved


def _rows(made: Mapping[str, sp.csr_matrix], rows: Vector) -> dict[str, sp.csr_matrix]:
    """Return some rows of each block."""
    return {block: x if len(rows) == x.shape[0] else x[rows] for block, x in made.items()}


def _matrices(sentences: pd.DataFrame) -> dict[str, sp.csr_matrix]:
    return {block: part.matrix() for block, part in grams(sentences, BLOCKS).items()}


Copies: TypeAlias = "tuple[sp.csr_matrix, Vector, Vector]"
"""Altered copies: features, codes, and the row of each one's original."""
OF_NONE = -1
"""The row of what was made of no sentence."""


def _copies(made: Sequence[tuple[dict[str, sp.csr_matrix], Vector, Vector]], blocks: Sequence[str]) -> Copies:
    """Return the altered copies' features; those that turn on context where the blocks take any."""
    import scipy.sparse as sp

    used = made if set(blocks) & CONTEXT else made[:1]
    parts = [_stack(features, blocks) for features, _, _ in used]
    return sp.vstack(parts, format="csr"), *(np.concatenate([one[k] for one in used]) for k in (1, 2))


def _told(codebook: Codebook | None, label: str) -> list[tuple[dict[str, sp.csr_matrix], Vector, Vector]]:
    """Return what the codebook says of the classes of a label, as copies of no sentence."""
    name, _, value = label.partition("=")
    frame, classes = told(codebook.of(name) if codebook else Label(name))
    return [(_matrices(frame), classes == value, np.full(len(frame), OF_NONE))]


def _fit(
    x: sp.csr_matrix, y: Vector, copies: Copies, rows: Vector, c: float, *, is_class: bool
) -> LogisticRegression | LinearSVC:
    """Fit on sentences, `rows` of all, and on those of the copies that were made of them, or of none."""
    import scipy.sparse as sp

    more, code, origin = copies
    of_these = np.isin(origin, rows) | (origin == OF_NONE)
    if is_class:
        return fit_class(x, y, more[of_these], code[of_these], c)
    both = sp.vstack([x, more[of_these]], format="csr")
    return regression(c).fit(both, np.concatenate([y, code[of_these]]))


def grouped_folds(
    y: Vector, groups: Vector, *, folds: int, seed: int, label: str
) -> list[tuple[Vector, Vector]]:
    """Return (train, test) indices; no group stands on both sides of a fold.

    Raises:
        ModelError: Fewer than two groups have positives, or leaving some out leaves only one kind.
    """
    with_positives = len(np.unique(groups[y]))
    if with_positives < 2 or y.all():
        raise ModelError(
            f"{label}: has positives in {with_positives} of {len(np.unique(groups))} groups; needs two"
        )
    from sklearn.model_selection import StratifiedGroupKFold

    count = min(folds, with_positives, int((~y).sum()))
    splits: list[tuple[Vector, Vector]] = []
    if count > 1:
        splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
        splits = list(splitter.split(np.zeros(len(y)), y, groups))
    if not splits or any(len(np.unique(y[train])) < 2 for train, _ in splits):
        raise ModelError(f"{label}: too few sentences with and without it to leave groups out in turn")
    return splits


def regression(c: float) -> LogisticRegression:
    """Return the untrained regression of one label, C as in scikit-learn."""
    from sklearn.linear_model import LogisticRegression

    # The dual is five times faster than the primal here: far fewer sentences than columns.
    return LogisticRegression(C=c, solver="liblinear", dual=True, random_state=0, max_iter=5000)


def _stack(made: Mapping[str, sp.csr_matrix], blocks: Sequence[str]) -> sp.csr_matrix:
    import scipy.sparse as sp

    return sp.hstack([made[b] for b in blocks], format="csr")
