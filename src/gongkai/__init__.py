"""gongkai (公开): how Chinese governments speak about their own openness, as data.

    import gongkai
    gongkai.build("reports/", "tables")                       # files → tables
    sentences = gongkai.read("tables", "sentences")
    predictions = gongkai.predict(sentences)                  # commitment, boilerplate
    gongkai.prevalence(predictions, by=["agency", "year"])    # shares with intervals

Names are loaded when they are first used; `import gongkai` itself loads nothing heavy and changes nothing.
"""

from __future__ import annotations

import importlib
import logging
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gongkai.classify.classifier import load_model as load_model
    from gongkai.classify.predict import predict as predict
    from gongkai.classify.train import train as train
    from gongkai.coding.labels import read_labels as read_labels
    from gongkai.corpus.build import build as build
    from gongkai.corpus.inputs import load_corpus as load_corpus
    from gongkai.corpus.inputs import read_sentences as read_sentences
    from gongkai.measure.prevalence import prevalence as prevalence
    from gongkai.measure.quality import evaluate as evaluate
    from gongkai.report.file import read_file as read_file
    from gongkai.report.file import read_report as read_report
    from gongkai.tables.query import connect as connect
    from gongkai.tables.schema import read_table as read

_HOMES = {
    "build": "corpus.build:build",
    "connect": "tables.query:connect",
    "evaluate": "measure.quality:evaluate",
    "load_corpus": "corpus.inputs:load_corpus",
    "load_model": "classify.classifier:load_model",
    "predict": "classify.predict:predict",
    "prevalence": "measure.prevalence:prevalence",
    "read": "tables.schema:read_table",
    "read_labels": "coding.labels:read_labels",
    "read_file": "report.file:read_file",
    "read_report": "report.file:read_report",
    "read_sentences": "corpus.inputs:read_sentences",
    "train": "classify.train:train",
}

__all__ = sorted(_HOMES)
__version__ = metadata.version("gongkai")

logging.getLogger("gongkai").addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'gongkai' has no attribute '{name}'")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(f"gongkai.{module}"), attribute)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
