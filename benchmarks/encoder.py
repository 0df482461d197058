"""A fine-tuned encoder beside the linear model, on authored agencies not seen and on real reports.

    python models/make_encoder.py build/e12 --layers 12 --pieces 16000
    python -m benchmarks.encoder prepare REPORTS... -o build/encoders
    python -m benchmarks.encoder train build/e12 -o build/encoders --seed 0 --fold 0     (each seed and fold)
    python -m benchmarks.encoder compare -o build/encoders

`prepare` keeps the sentences with their fold, the altered copies that the linear model learns from too
(`classify/features/swaps.py`), and what the linear model says of agencies not seen. `train` is `train_transformer` on three
folds, with one more that stops it and chooses thresholds; on a GPU it takes less than a minute. `compare` takes per
encoder the mean margin of its seeds, on real sentences of all trainings. The figures stand in `benchmarks/real.md`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.real import LABELS, ROOT, coded, markdown
from gongkai.classify.features.swaps import swapped, told_as_done, without_context
from gongkai.classify.folds import outer_folds, split_groups
from gongkai.classify.kinds import TrainSettings
from gongkai.classify.predict import predict, predictions_of
from gongkai.classify.train import gold_of
from gongkai.coding.labels import read_labels
from gongkai.measure.inference.intervals import paired_difference
from gongkai.measure.inference.scores import ratio_moment
from gongkai.tables.scheme.codebooks import shipped
from gongkai.text.tokens import tokenize

FOLDS = 5
COLUMNS = ["sentence_id", "text", "section", "heading", "lead", "year", "agency", *LABELS]


def prepare(reports: list[str], folder: Path) -> None:
    """Write `sentences.parquet` and, as said by the linear model of agencies not seen, `linear.parquet`."""
    from gongkai.classify.models.linear import train_linear

    gold = gold_of(read_labels(ROOT / "corpus" / "labels"))
    gold = gold.assign(tokens=gold["text"].map(tokenize))
    groups, scheme = split_groups(gold), shipped()
    fold = np.empty(len(gold), int)
    said = []
    for number, (training, test) in enumerate(outer_folds(gold, groups, TrainSettings(), scheme)):
        fold[test] = number
        inside = gold.iloc[training].reset_index(drop=True)
        codes = {label: inside[label].to_numpy(float) for label in LABELS}
        names = {"portable": scheme.portable, "promised": scheme.follow}
        model, _ = train_linear(inside, codes, groups[training], name="linear", **names)
        said.append(predictions_of(model, gold.iloc[test]))
    everyone = np.arange(len(gold))
    particular, portable, origin = swapped(gold, gold["boilerplate"].to_numpy(float) == 1)
    done, promise = told_as_done(gold, gold["commitment"].to_numpy(float) == 1)
    parts = [
        gold.assign(kind="gold", fold=fold),
        # What a change does to the other label is not known.
        particular.assign(kind="copy", fold=fold[origin], boilerplate=portable, commitment=np.nan),
        done.assign(kind="copy", fold=fold[promise], commitment=0.0, boilerplate=np.nan),
        without_context(gold).assign(kind="copy", fold=fold[everyone]),
    ]
    with tempfile.TemporaryDirectory() as place:
        _, real = coded(reports, Path(place) / "t")
    known = predict(real.drop(columns=list(LABELS)), model=ROOT / "models" / "linear")
    parts.append(real.assign(kind="real", fold=-1))
    table = pd.concat([part[[*COLUMNS, "kind", "fold"]] for part in parts], ignore_index=True)
    table = table.astype(dict.fromkeys(LABELS, float) | {"year": float})
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / "sentences.parquet")
    said.append(known[~known["seen"].astype(bool)])
    pd.concat(said)[["sentence_id", "label", "predicted"]].to_parquet(folder / "linear.parquet")


def train(encoder: Path, folder: Path, *, seed: int, fold: int, epochs: int, learning_rate: float) -> None:
    """Train without one fold; keep the margins (score − threshold) of its sentences and of the real ones."""
    from gongkai.classify.models.transformer import train_transformer

    table = pd.read_parquet(folder / "sentences.parquet")
    stops = (table["fold"] == (fold + 1) % FOLDS) & (table["kind"] == "gold")
    learned = ~table["fold"].isin([fold, (fold + 1) % FOLDS, -1])
    own = table[learned | stops].reset_index(drop=True)
    model, _ = train_transformer(
        own, {label: own[label].to_numpy() for label in LABELS}, stops[learned | stops].to_numpy(), name=encoder.name,
        encoder=str(encoder), epochs=epochs, learning_rate=learning_rate, batch_size=32, seed=seed,
    )  # fmt: skip
    test = table[((table["fold"] == fold) & (table["kind"] == "gold")) | (table["kind"] == "real")]
    margins = model.scores(test) - np.array([model.thresholds[label] for label in LABELS])
    out = test[["sentence_id", "kind"]].assign(encoder=encoder.name, seed=seed, fold=fold)
    out[list(LABELS)] = margins
    out.to_parquet(folder / f"{encoder.name}-{seed}-{fold}.margins.parquet")


def compare(folder: Path) -> pd.DataFrame:
    """Return F1 of the linear model and of each encoder, and the difference with its interval over agencies."""
    table = pd.read_parquet(folder / "sentences.parquet")
    table = table[table["kind"] != "copy"].set_index("sentence_id")
    linear = pd.read_parquet(folder / "linear.parquet").pivot_table(
        "predicted", "sentence_id", "label", "max"
    )
    margins = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.margins.parquet"))])
    rows = []
    for (encoder, kind), found in margins.groupby(["encoder", "kind"]):
        mean = found.groupby("sentence_id")[list(LABELS)].mean()
        mean = mean.loc[mean.index.intersection(linear.index)]  # not what the linear model learned from
        agency = pd.factorize(table["agency"].loc[mean.index])[0]
        for label in LABELS:
            truth = table[label].loc[mean.index].to_numpy() == 1
            told = {
                "linear": linear[label].loc[mean.index].to_numpy(bool),
                "mean": mean[label].to_numpy() >= 0,
            }
            f1 = {name: _f1(truth, codes, agency) for name, codes in told.items()}
            each = [
                _f1(
                    table[label].loc[run["sentence_id"]].to_numpy() == 1, run[label].to_numpy() >= 0, None
                ).value
                for _, run in found.groupby(["seed"] if kind == "gold" else ["seed", "fold"])
            ]
            gain, _ = paired_difference(f1["linear"], f1["mean"], 0.95)
            rows.append(
                {"sentences": {"gold": "authored", "real": "real"}[str(kind)], "label": label, "encoder": encoder,
                 "linear": f1["linear"].value, "one training": f"{np.mean(each):.3f} ({min(each):.3f}–{max(each):.3f})",
                 "mean of all": f1["mean"].value, "difference": f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]",
                 "share − coded": told["mean"].mean() - truth.mean()}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _f1(truth: np.ndarray, told: np.ndarray, agency: np.ndarray | None):
    both = 2.0 * (truth & told)
    index = np.zeros(len(truth), int) if agency is None else agency
    return ratio_moment(both, both + (truth != told), index, int(index.max()) + 1)


def main() -> None:
    """Do one of the three steps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=["prepare", "train", "compare"])
    parser.add_argument("paths", nargs="*", help="prepare: the coded reports; train: the encoder")
    parser.add_argument("-o", "--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fold", type=int, default=0, choices=range(FOLDS))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    asked = parser.parse_args()
    if asked.step == "prepare":
        prepare(asked.paths, asked.folder)
    elif asked.step == "train":
        (encoder,) = asked.paths
        train(Path(encoder), asked.folder, seed=asked.seed, fold=asked.fold, epochs=asked.epochs,
              learning_rate=asked.learning_rate)  # fmt: skip
    else:
        print(markdown(compare(asked.folder)))


if __name__ == "__main__":
    main()
