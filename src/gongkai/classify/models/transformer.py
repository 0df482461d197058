"""The transformer classifier: a fine-tuned encoder that reads a sentence together with its context.

Owner of torch and transformers (extra `transformers`); both are imported when first used. A trained folder
also loads without gongkai: `transformers.pipeline("text-classification", model=FOLDER)`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.classify.features.distance import Familiar
from gongkai.classify.folds import outer_folds
from gongkai.classify.kinds import Chosen, Coded, TrainSettings
from gongkai.classify.models.calibrate import Calibration, calibrate, calibrated
from gongkai.errors import GongkaiError, ModelError
from gongkai.tables.scheme.codebook import Codebook
from gongkai.text.grammar import YEAR_TOLD

if TYPE_CHECKING:
    import pandas as pd

    Vector = np.ndarray[Any, np.dtype[Any]]

MAX_TOKENS = 192
"""Longest sentence with its context; in the bundled corpus 99 % are shorter than 150."""
SECTION_NAMES = {
    "preamble": "开头",
    "overview": "总体情况",
    "proactive": "主动公开",
    "requests": "依申请公开",
    "disputes": "复议诉讼",
    "problems": "存在问题",
    "improvements": "改进措施",
    "other": "其他事项",
}


def libraries() -> tuple[Any, Any]:
    """Import torch and transformers.

    Raises:
        GongkaiError: The extra `transformers` is not installed.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise GongkaiError(
            'this model needs the extra "transformers": pip install "gongkai[transformers]"'
        ) from error
    return torch, transformers


def pairs_of(sentences: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return each sentence and its context as the encoder reads them.

    The context is the section's name, the heading and the lead. Years become 往年, 本年 or 来年 by the
    report's year, because that decides whether something is promised or told.
    """
    n = len(sentences)

    def column(name: str) -> list[str]:
        values = sentences[name] if name in sentences.columns else [""] * n
        return [v if isinstance(v, str) else "" for v in values]

    years = sentences["year"].tolist() if "year" in sentences.columns else [None] * n
    context = [
        "｜".join((SECTION_NAMES.get(s, s), h, lead))
        for s, h, lead in zip(column("section"), column("heading"), column("lead"), strict=True)
    ]
    return (
        [_relative(t, y) for t, y in zip(column("text"), years, strict=True)],
        [_relative(t, y) for t, y in zip(context, years, strict=True)],
    )


def _relative(text: str, year: object) -> str:
    if not isinstance(year, int | float | np.integer) or year != year:
        return text
    report_year = int(year)
    return YEAR_TOLD.sub(lambda m: "往本来"[int(np.sign(int(m[0]) - report_year)) + 1], text)


@dataclass(frozen=True, slots=True)
class TransformerClassifier:
    """A fine-tuned encoder; satisfies `classifier.Classifier`."""

    name: str
    encoder: Any
    tokenizer: Any
    heads: Mapping[str, Calibration]
    trained_on: frozenset[str] = frozenset()
    batch_size: int = 64
    codebook: Codebook | None = None
    familiar: Familiar | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in order."""
        return tuple(self.heads)

    @property
    def thresholds(self) -> dict[str, float]:
        """The score from which each label is predicted."""
        return {label: head.threshold for label, head in self.heads.items()}

    def scores(self, sentences: pd.DataFrame) -> Vector:
        """Return calibrated probabilities, sentences × labels.

        Args:
            sentences: Column `text`; `section`, `heading`, `lead`, `year` are used where they are there.
        """
        margins = logits(self.encoder, self.tokenizer, *pairs_of(sentences), batch_size=self.batch_size)
        columns = [calibrated(margins[:, k], head) for k, head in enumerate(self.heads.values())]
        return np.stack(columns, axis=1)

    def save(self, folder: Path) -> None:
        """Write encoder (half-precision safetensors), configuration and tokenizer into a folder."""
        torch, _ = libraries()
        state = {k: v.to(torch.float16) for k, v in self.encoder.state_dict().items()}
        self.encoder.save_pretrained(folder, state_dict=state)
        self.tokenizer.save_pretrained(folder)
        path = folder / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        calibration = {label: asdict(head) for label, head in self.heads.items()}
        path.write_text(
            json.dumps(config | {"dtype": "float32", "calibration": calibration}), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path, *, device: str | None = None) -> TransformerClassifier:
        """Read a folder that `save` wrote; weights from safetensors only, no code from the folder runs.

        Args:
            folder: The model's.
            device: Where it computes; unless given, a GPU where there is one.

        Raises:
            ModelError: A file is missing or damaged.
            GongkaiError: The extra `transformers` is not installed.
        """
        torch, transformers = libraries()
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            heads = {label: Calibration(**part) for label, part in config["calibration"].items()}
            common = {"local_files_only": True, "trust_remote_code": False}
            encoder = transformers.AutoModelForSequenceClassification.from_pretrained(
                folder, use_safetensors=True, dtype=torch.float32, **common
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **common)
            if encoder.config.num_labels != len(heads):
                raise ValueError(f"{encoder.config.num_labels} outputs for {len(heads)} labels")
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else ""
            raise ModelError(
                f"{folder}: not a transformer of gongkai, or damaged: {type(error).__name__}: {reason}"
            ) from error
        try:
            encoder = encoder.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        except (RuntimeError, AssertionError) as error:
            raise ModelError(f"{device}: torch cannot compute there: {str(error).splitlines()[0]}") from error
        return cls(folder.name, encoder.eval(), tokenizer, heads)


def logits(
    encoder: Any, tokenizer: Any, texts: Sequence[str], contexts: Sequence[str], *, batch_size: int = 64
) -> Vector:
    """Return the encoder's outputs, sentences × labels, in order; batches hold texts of like length."""
    torch, _ = libraries()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]) + len(contexts[i]))
    out = np.zeros((len(texts), encoder.config.num_labels))
    device = next(encoder.parameters()).device
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = _encode(tokenizer, [texts[i] for i in rows], [contexts[i] for i in rows])
            padded = tokenizer.pad(batch, return_tensors="pt").to(device)
            out[rows] = encoder(**padded).logits.float().cpu().numpy()
    return out


def _encode(tokenizer: Any, texts: Sequence[str], contexts: Sequence[str]) -> dict[str, Any]:
    """Tokenise pairs; where a pair is too long, the context is cut, then the sentence."""
    options = {"truncation": "longest_first", "max_length": MAX_TOKENS, "return_token_type_ids": False}
    return dict(tokenizer(list(texts), list(contexts), **options))


def train_kind(coded: Coded, settings: TrainSettings) -> tuple[TransformerClassifier, Chosen]:
    """Train the kind `transformer`; one fold of agencies validates. See `train_transformer`."""
    apart = replace(settings, outer_folds=max(settings.folds, 2))
    _, held = outer_folds(coded.sentences, coded.groups, apart, coded.codebook)[0]
    validation = np.zeros(len(coded.sentences), bool)
    validation[held] = True
    return train_transformer(
        coded.sentences,
        coded.codes,
        validation,
        name=coded.name,
        encoder=settings.encoder,
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        seed=settings.seed,
    )


def load_kind(folder: Path, device: str | None, batch_size: int | None) -> TransformerClassifier:
    """Load the kind `transformer`."""
    loaded = TransformerClassifier.load(folder, device=device)
    return replace(loaded, batch_size=batch_size or loaded.batch_size)


def method(about: Mapping[str, Any]) -> str:
    """Say in a card how it works."""
    settings = about["settings"]
    return (
        f"The encoder {about.get('origin') or settings['encoder']},\nfine-tuned on the sentence with its "
        "context (section, heading, lead) as a pair, one output per label. One fold of\nagencies "
        f"(1 of {settings['folds']}) stopped the training, calibrated the scores (Platt) and chose the "
        "thresholds; it was\nnot trained on. Weights in half precision (safetensors). It also loads without "
        'gongkai, uncalibrated:\n`transformers.pipeline("text-classification", FOLDER, top_k=None)` on '
        '`{"text": sentence, "text_pair": context}`.'
    )


def train_transformer(
    sentences: pd.DataFrame,
    gold: Mapping[str, Vector],
    validation: Vector,
    *,
    name: str,
    encoder: str,
    epochs: int = 6,
    learning_rate: float = 1e-4,
    batch_size: int = 16,
    seed: int = 0,
) -> tuple[TransformerClassifier, dict[str, dict[str, object]]]:
    """Fine-tune an encoder for all labels at once; what is not coded does not count in its loss.

    Args:
        sentences: `text` and context columns.
        gold: Indicator → codes, one per sentence: 1, 0, or NaN where it is not coded.
        validation: Booleans; these sentences (of agencies of their own) stop the training, calibrate the
            scores and choose the thresholds, and are not trained on.
        name: The model's name.
        encoder: Folder or hub name of any encoder that `AutoModelForSequenceClassification` reads.
        epochs: Most passes over the data; training stops after two without a better validation loss.
        learning_rate: At its highest.
        batch_size: Sentences per step.
        seed: Of the new head, the order and dropout.

    Returns:
        The model, and per label the F1 on the validation sentences.

    Raises:
        ModelError: The encoder cannot be loaded.
        GongkaiError: The extra `transformers` is not installed.
    """
    torch, transformers = libraries()
    transformers.set_seed(seed)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(
            encoder,
            num_labels=len(gold),
            id2label=dict(enumerate(gold)),
            label2id={label: i for i, label in enumerate(gold)},
            problem_type="multi_label_classification",
            dtype=torch.float32,
        )
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{encoder}: no encoder that can be loaded: {reason}") from error
    texts, contexts = pairs_of(sentences)
    codes = np.stack([np.asarray(part, float) for part in gold.values()], axis=1)
    encoded = _encode(tokenizer, texts, contexts)
    rows = [
        {key: values[i] for key, values in encoded.items()} | {"labels": codes[i].astype(np.float32)}
        for i in range(len(texts))
    ]
    share = np.nanmean(codes[~validation], axis=0)
    weight = torch.tensor(np.clip((1 - share) / np.maximum(share, 1e-6), 1, 5), dtype=torch.float32)

    def loss_of(outputs: Any, labels: Any, num_items_in_batch: object = None) -> Any:
        known = ~torch.isnan(labels)
        loss = torch.nn.BCEWithLogitsLoss(pos_weight=weight.to(labels.device), reduction="none")
        each = loss(outputs["logits"], torch.nan_to_num(labels)) * known
        return each.sum() / known.sum().clamp(min=1)

    gpu = torch.cuda.is_available()
    with tempfile.TemporaryDirectory(prefix="gongkai-") as place:
        arguments = transformers.TrainingArguments(
            output_dir=place,
            num_train_epochs=epochs,
            learning_rate=learning_rate,
            warmup_steps=0.1,
            weight_decay=0.01,
            per_device_train_batch_size=batch_size,
            per_device_eval_batch_size=64,
            eval_strategy="epoch",
            save_strategy="epoch",
            save_total_limit=1,
            save_only_model=True,
            load_best_model_at_end=True,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
            train_sampling_strategy="group_by_length",
            bf16=gpu and torch.cuda.is_bf16_supported(),
            fp16=gpu and not torch.cuda.is_bf16_supported(),
            seed=seed,
            report_to="none",
            disable_tqdm=True,
            logging_strategy="no",
            dataloader_pin_memory=gpu,
        )
        trainer = transformers.Trainer(
            model=model,
            args=arguments,
            train_dataset=[r for r, v in zip(rows, validation, strict=True) if not v],
            eval_dataset=[r for r, v in zip(rows, validation, strict=True) if v],
            data_collator=transformers.DataCollatorWithPadding(tokenizer),
            compute_loss_func=loss_of,
            callbacks=[transformers.EarlyStoppingCallback(early_stopping_patience=2)],
        )
        trainer.train()
    model.eval()
    held = np.flatnonzero(validation)
    margins = logits(model, tokenizer, [texts[i] for i in held], [contexts[i] for i in held])
    heads: dict[str, Calibration] = {}
    chosen: dict[str, dict[str, object]] = {}
    for column, label in enumerate(gold):
        known = ~np.isnan(codes[held, column])
        heads[label], score = calibrate(margins[known, column], codes[held, column][known].astype(bool))
        chosen[label] = {"f1_validation": score, "threshold": heads[label].threshold}
    return TransformerClassifier(name, model, tokenizer, heads), chosen
