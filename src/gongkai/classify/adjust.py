"""A model's scores fitted anew to one's own reports by some coded sentences: slope, offset, threshold.

The cheap middle way between counting predictions as they are and correcting every group by a coded sample
(`prevalence(method="dsl")`): what the model learned stays, Platt's sigmoid (Platt 1999) is fitted to 100–300
coded sentences, and the threshold is put where the share predicted is the share coded. Of the classes of a
choice the one with the best odds is chosen, by no threshold: they get one slope together, and an offset each,
so that each is chosen as often as it was coded (`calibrate.evened`).
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.classify.classifier import CARD, CONFIG, find_model, learned_from, load_model
from gongkai.classify.models.calibrate import Calibration, evened, platt, sigmoid
from gongkai.classify.predict import decisions, shared_out
from gongkai.classify.train import gold_of
from gongkai.errors import ModelError
from gongkai.store.run import whole_folder, write_json
from gongkai.tables.schema import Labels, Table
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.codebooks import given_or_shipped
from gongkai.tables.scheme.coded import indicator_codes

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

logger = logging.getLogger(__name__)
FEWEST = 50
"""Coded sentences, and `RAREST` of each kind, below which a slope is noise."""
RAREST = 5
FOLDS = 5
COLUMNS = (
    "label", "n", "positives", "clusters", "slope", "offset", "threshold",
    *(f"{what}_{when}" for what in ("brier", "bias", "f1") for when in ("before", "after")),
)  # fmt: skip


def calibrate(
    model: str | Path,
    labels: Labels,
    output: str | Path | None = None,
    *,
    annotator: str = "resolved",
    overwrite: bool = False,
) -> Table:
    """Fit a model's scores to coded sentences of other reports, and say what is gained.

    Args:
        model: Model folder or the name of a bundled checkpoint.
        labels: `labels` rows of a random sample of the reports to predict.
        output: Model folder to make; None only measures.
        annotator: Whose codes are gold.
        overwrite: Replace an earlier folder.

    Returns:
        One row per label, or class of a choice: `n, positives, clusters`; `slope` and `offset` on the old log
        odds, `threshold` (of a class none); and before and after, `brier_before, brier_after, bias_before,
        bias_after` (share predicted − share coded) and `f1_before, f1_after`. After is measured in
        cross-validation by agency: no sentence is judged by a fit that saw its agency. A label with too few
        codes is left as it is, without `slope`; a choice needs two classes with enough.

    Raises:
        SchemaError: That annotator coded nothing.
        ModelError: Too few sentences that the model was not trained on, or the model cannot be loaded.
        GongkaiError: The folder exists.
    """
    folder = find_model(model)
    classifier = load_model(folder)
    scheme = given_or_shipped(classifier.codebook)
    gold = gold_of(labels, annotator, scheme)
    learned = learned_from(gold, classifier.trained_on)
    if learned.any():
        logger.warning(
            "%d of %d coded sentences are left out: %s was trained on them, or on the same words",
            learned.sum(), len(gold), classifier.name,
        )  # fmt: skip
    gold = gold[~learned].reset_index(drop=True)
    agency = gold["agency"].astype(object).fillna(gold["report_id"]).fillna("").astype(str).to_numpy()
    if len(gold) < FEWEST:
        raise ModelError(
            f"{len(gold)} coded sentences that {classifier.name} was not trained on; at least {FEWEST} are "
            "needed, better 100–300"
        )
    scores = np.clip(classifier.scores(gold), 1e-6, 1 - 1e-6)
    odds = np.log(scores / (1 - scores))
    codes = indicator_codes(gold, scheme)
    rows: list[dict[str, object]] = []
    fits: dict[str, Calibration] = {}
    at = {indicator: column for column, indicator in enumerate(classifier.labels)}
    for label in scheme.labels:
        names = [indicator for indicator in label.indicators if indicator in at]
        known = codes[names].notna().all(axis=1).to_numpy(bool)
        y = codes.loc[known, names].to_numpy(bool)
        own, whose = odds[known][:, [at[name] for name in names]], agency[known]
        as_is = {name: Calibration(1.0, 0.0, classifier.thresholds[name]) for name in names}
        before, after = _judged(own, as_is, scheme), None
        if _enough(y):
            fitted = _fit(own, y, names)
            fits |= fitted
            after = _held_out(own, y, whose, names, scheme)
        for k, name in enumerate(names):
            row: dict[str, object] = {"label": name, "n": len(y), "positives": int(y[:, k].sum())}
            row |= {"clusters": len(set(whose)), **_quality("before", before, y, k)}
            if after is not None:
                row |= {"slope": fitted[name].slope, "offset": fitted[name].offset}
                row |= {} if label.is_choice else {"threshold": fitted[name].threshold}
                row |= _quality("after", after, y, k)
            rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    if output is not None:
        _save(classifier, fits, folder, Path(output), table, overwrite=overwrite)
    return table


def _enough(y: Vector) -> bool:
    """Whether codes, sentences × indicators of one label, have two kinds often enough."""
    often = np.append(y.sum(axis=0), (~y).sum() if y.shape[1] == 1 else 0) >= RAREST
    return int(often.sum()) > 1


def _fit(odds: Vector, y: Vector, names: Sequence[str]) -> dict[str, Calibration]:
    """Fit slope and offset; as many are predicted as are coded, by the threshold or by classes' offsets."""
    slope, offset = platt(odds.ravel(), y.ravel())
    if len(names) > 1:
        same = [Calibration(slope, offset, 0.5)] * len(names)
        return dict(zip(names, evened(same, odds, y), strict=True))
    ranked = np.sort(sigmoid(slope * odds.ravel() + offset))[::-1]
    k = int(y.sum())
    after = ranked[k] if k < len(ranked) else 0.0
    return {names[0]: Calibration(slope, offset, float((ranked[k - 1] + after) / 2))}


def _judged(odds: Vector, fits: Mapping[str, Calibration], scheme: Codebook) -> tuple[Vector, Vector]:
    """Return scores and decisions, sentences × indicators of one label, by fits on its odds."""
    columns = [sigmoid(fit.slope * odds[:, k] + fit.offset) for k, fit in enumerate(fits.values())]
    scores = shared_out(np.stack(columns, axis=1), tuple(fits), scheme)
    return scores, decisions(scores, {name: fit.threshold for name, fit in fits.items()}, scheme)


def _held_out(
    odds: Vector, y: Vector, agency: Vector, names: Sequence[str], scheme: Codebook
) -> tuple[Vector, Vector]:
    """Return scores and decisions, each by a fit without the sentence's agency; of one agency, by folds."""
    known = sorted(set(agency))
    number = np.searchsorted(known, agency) if len(known) > 1 else np.arange(len(y))
    score, told = np.zeros(y.shape), np.zeros(y.shape, bool)
    for fold in range(FOLDS):
        held = number % FOLDS == fold
        if not held.any():
            continue
        rest = y[~held]
        both = min(rest.sum(), (~rest).sum())
        fits = _fit(odds[~held], rest, names) if both else dict.fromkeys(names, Calibration(1.0, 0.0, 0.5))
        score[held], told[held] = _judged(odds[held], fits, scheme)
    return score, told


def _quality(when: str, judged: tuple[Vector, Vector], y: Vector, column: int) -> dict[str, object]:
    score, told, code = (part[:, column] for part in (*judged, y))
    if not len(code):
        return {}
    hits = float((told & code).sum())
    return {
        f"brier_{when}": float(((score - code) ** 2).mean()),
        f"bias_{when}": float(told.mean() - code.mean()),
        f"f1_{when}": 2 * hits / max(float(told.sum() + code.sum()), 1.0),
    }


def _save(
    classifier: Any,  # noqa: ANN401
    fits: dict[str, Calibration],
    folder: Path,
    output: Path,
    table: Table,
    *,
    overwrite: bool,
) -> None:
    heads = {label: _composed(head, fits.get(label)) for label, head in classifier.heads.items()}
    changed = replace(classifier, heads=heads)
    with whole_folder(output, overwrite=overwrite) as hidden:
        for path in folder.rglob("*"):
            if path.is_file():
                (hidden / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, hidden / path.relative_to(folder))
        config = json.loads((hidden / CONFIG).read_text(encoding="utf-8"))
        changed.save(hidden)
        written = json.loads((hidden / CONFIG).read_text(encoding="utf-8"))
        records = json.loads(table.to_json(orient="records"))
        told = {"thresholds": changed.thresholds, "calibrated": records}
        write_json(hidden / CONFIG, config | written | told)
        lines = [
            f"| {r.label} | {r.n} | {r.bias_before:+.3f} | {r.bias_after:+.3f} | {r.brier_before:.3f} | "
            f"{r.brier_after:.3f} | {r.f1_before:.3f} | {r.f1_after:.3f} |"
            for r in table.dropna(subset="slope").itertuples()
        ]
        head = (
            f"\n## Calibrated anew\n\nSlope, offset and threshold of `{folder.name}` were fitted to "
            f"{table['n'].iloc[0]} coded sentences of {table['clusters'].iloc[0]} agencies; all other "
            "figures here are of the model before.\nBias is the share predicted less the share coded; after: "
            "by cross-validation over agencies.\n\n| label | sentences | bias before | after | Brier before "
            "| after | F1 before | after |\n|---|---|---|---|---|---|---|---|\n"
        )
        card = (hidden / CARD).read_text(encoding="utf-8")
        (hidden / CARD).write_text(card + head + "\n".join(lines) + "\n", encoding="utf-8")


def _composed(head: Any, fit: Calibration | None) -> Any:  # noqa: ANN401
    """Return a head whose score is the fit's, of the log odds that it gave before."""
    if fit is None:
        return head
    old = head if isinstance(head, Calibration) else head.calibration
    new = Calibration(fit.slope * old.slope, fit.slope * old.offset + fit.offset, fit.threshold)
    return new if isinstance(head, Calibration) else replace(head, calibration=new)
