"""gongkai (公开): how Chinese governments speak about their own openness, as data.

    import gongkai
    gongkai.build("reports/", "tables")                       # files → tables
    sentences = gongkai.read("tables", "sentences")
    predictions = gongkai.predict(sentences)                  # a row per sentence and label
    gongkai.prevalence(predictions, by=["agency", "year"])    # shares with intervals

What refines or checks these stands at a room's door: `gongkai.measure.pool`, `gongkai.coding.resolve` …

What is refused raises a `gongkai.errors.GongkaiError` whose one line says what to do.
Names are loaded when they are first used; `import gongkai` itself loads nothing heavy and changes nothing.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

from gongkai.doors import door

if TYPE_CHECKING:
    from gongkai import classify as classify
    from gongkai import coding as coding
    from gongkai import corpus as corpus
    from gongkai import measure as measure
    from gongkai import show as show
    from gongkai.classify.kinds import TrainSettings as TrainSettings
    from gongkai.classify.predict import predict as predict
    from gongkai.classify.train import cross_fit as cross_fit
    from gongkai.classify.train import train as train
    from gongkai.coding.exchange import read_tasks as read_tasks
    from gongkai.coding.exchange import write_tasks as write_tasks
    from gongkai.coding.labels import read_labels as read_labels
    from gongkai.coding.sample import draw
    from gongkai.corpus.build import build as build
    from gongkai.corpus.inputs import load_corpus as load_corpus
    from gongkai.corpus.inputs import read_sentences as read_sentences
    from gongkai.measure.agencies.coverage import coverage as coverage
    from gongkai.measure.agencies.series import series as series
    from gongkai.measure.panel.panel import panel as panel
    from gongkai.measure.panel.rates import rates as rates
    from gongkai.measure.panel.regress import regress as regress
    from gongkai.measure.promises.followup import followup as followup
    from gongkai.measure.shares.compare import compare as compare
    from gongkai.measure.shares.outcomes import outcomes as outcomes
    from gongkai.measure.shares.prevalence import prevalence as prevalence
    from gongkai.measure.shares.quality import agreement as agreement
    from gongkai.measure.shares.quality import evaluate as evaluate
    from gongkai.measure.shares.years import trend as trend
    from gongkai.measure.wording.copies import copied as copied
    from gongkai.measure.wording.reuse import reuse as reuse
    from gongkai.measure.wording.terms import keyness as keyness
    from gongkai.report.file import read_file as read_file
    from gongkai.report.file import read_report as read_report
    from gongkai.show.figures import plot_change as plot_change
    from gongkai.show.figures import plot_prevalence as plot_prevalence
    from gongkai.show.figures import save_chart as save_chart
    from gongkai.show.figures import to_svg as to_svg
    from gongkai.show.page import write_page as write_page
    from gongkai.store.run import bundled as bundled
    from gongkai.tables.parts import read_table
    from gongkai.tables.predicted import read_predictions as read_predictions
    from gongkai.tables.query import connect as connect
    from gongkai.tables.scheme.codebooks import read_codebook as read_codebook

    read, sample = read_table, draw
    __version__: str

_GROUPS = {
    "corpus": {
        "build": "corpus.build", "bundled": "store.run", "connect": "tables.query",
        "load_corpus": "corpus.inputs", "read": "tables.parts:read_table", "read_file": "report.file",
        "read_report": "report.file", "read_sentences": "corpus.inputs",
    },
    "coding": {
        "agreement": "measure.shares.quality", "read_codebook": "tables.scheme.codebooks",
        "read_labels": "coding.labels", "read_tasks": "coding.exchange", "sample": "coding.sample:draw",
        "write_tasks": "coding.exchange",
    },
    "classify": {
        "cross_fit": "classify.train", "evaluate": "measure.shares.quality", "predict": "classify.predict",
        "read_predictions": "tables.predicted", "train": "classify.train",
        "TrainSettings": "classify.kinds",
    },
    "measure": {
        "compare": "measure.shares.compare", "copied": "measure.wording.copies",
        "coverage": "measure.agencies.coverage", "followup": "measure.promises.followup",
        "keyness": "measure.wording.terms", "outcomes": "measure.shares.outcomes",
        "panel": "measure.panel.panel", "prevalence": "measure.shares.prevalence",
        "rates": "measure.panel.rates", "regress": "measure.panel.regress",
        "reuse": "measure.wording.reuse", "series": "measure.agencies.series",
        "trend": "measure.shares.years",
    },
    "show": {
        "plot_change": "show.figures", "plot_prevalence": "show.figures", "save_chart": "show.figures",
        "to_svg": "show.figures", "write_page": "show.page",
    },
}  # fmt: skip
"""The module of each public name, by the room whose work it starts; behind a colon what it is called there.

A room has a door of its own, `gongkai.measure` …, for what refines or checks these.
"""
_HOMES = {name: home for group in _GROUPS.values() for name, home in group.items()}
_MERGED: dict[str, tuple[str, dict[str, object]]] = {
    "counted_outcome": ("outcomes", {}), "dsl_outcome": ("outcomes", {}),
    "outcome_sums": ("outcomes", {"by": ()}), "followup_placebo": ("followup", {"placebo": True}),
}  # fmt: skip
"""Names of before 0.2 that are another one now, with arguments. To go in 0.3, with `_renamed`."""

__all__ = sorted(_HOMES)

logging.getLogger("gongkai").addHandler(logging.NullHandler())
_load, _ = door(__name__, _HOMES)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib import metadata  # takes three times as long as all the rest

        return metadata.version("gongkai")
    if name in _GROUPS:
        return importlib.import_module(f"gongkai.{name}")
    if name in _HOMES or name.startswith("_"):
        return _load(name)
    rooms = (room for room in _GROUPS if name in dir(importlib.import_module(f"gongkai.{room}")))
    old = _MERGED.get(name) or next(rooms, None)  # before 0.2 what is at a room's door stood here
    return _load(name) if old is None else _renamed(name, old)


def _renamed(name: str, now: str | tuple[str, dict[str, object]]) -> object:
    """Return what had another name before 0.2, and say what it is called now."""
    import functools
    import warnings

    if isinstance(now, str):
        said, found = f"{now}.{name}", getattr(importlib.import_module(f"gongkai.{now}"), name)
    else:
        said = f"{now[0]}({', '.join(['…', *(f'{key}={value}' for key, value in now[1].items())])})"
        found = functools.partial(_load(now[0]), **now[1])  # type: ignore[arg-type, operator, misc]
    warnings.warn(
        f"gongkai.{name} is now gongkai.{said}; the old name goes in the next version",
        DeprecationWarning, stacklevel=3,
    )  # fmt: skip
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, *_GROUPS, "__version__"])
