"""gongkai (公开): how Chinese governments speak about their own openness, as data.

    import gongkai
    gongkai.build("reports/", "tables")                       # files → tables
    sentences = gongkai.read("tables", "sentences")
    predictions = gongkai.predict(sentences)                  # a row per sentence and label
    gongkai.prevalence(predictions, by=["agency", "year"])    # shares with intervals

What is refused raises a `gongkai.errors.GongkaiError` whose one line says what to do.
Names are loaded when they are first used; `import gongkai` itself loads nothing heavy and changes nothing.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gongkai.classify.adjust import calibrate as calibrate
    from gongkai.classify.classifier import load_model as load_model
    from gongkai.classify.kinds import TrainSettings as TrainSettings
    from gongkai.classify.predict import predict as predict
    from gongkai.classify.train import cross_fit as cross_fit
    from gongkai.classify.train import train as train
    from gongkai.coding.adjudicate import adjudication as adjudication
    from gongkai.coding.adjudicate import resolve as resolve
    from gongkai.coding.codebook import new_codebook as new_codebook
    from gongkai.coding.exchange import read_tasks as read_tasks
    from gongkai.coding.exchange import write_tasks as write_tasks
    from gongkai.coding.labels import read_labels as read_labels
    from gongkai.coding.machine import Machine as Machine
    from gongkai.coding.machine import code_by_machine as code_by_machine
    from gongkai.coding.sample import draw
    from gongkai.corpus.build import broken_rules as broken_rules
    from gongkai.corpus.build import build as build
    from gongkai.corpus.inputs import load_corpus as load_corpus
    from gongkai.corpus.inputs import read_sentences as read_sentences
    from gongkai.corpus.stream import predict_tables as predict_tables
    from gongkai.measure.agencies.coverage import coverage as coverage
    from gongkai.measure.agencies.coverage import coverage_shares as coverage_shares
    from gongkai.measure.agencies.series import series as series
    from gongkai.measure.inference.groups import with_covariates as with_covariates
    from gongkai.measure.inference.guards import assume_random as assume_random
    from gongkai.measure.panel.crosswalk import crosswalk as crosswalk
    from gongkai.measure.panel.panel import panel as panel
    from gongkai.measure.panel.panel import panel_gaps as panel_gaps
    from gongkai.measure.panel.panel import write_panel as write_panel
    from gongkai.measure.panel.rates import rates as rates
    from gongkai.measure.panel.regress import regress as regress
    from gongkai.measure.promises.followup import followup as followup
    from gongkai.measure.promises.followup import followup_placebo as followup_placebo
    from gongkai.measure.promises.pairs import followup_shares as followup_shares
    from gongkai.measure.shares.compare import compare as compare
    from gongkai.measure.shares.compare import compare_reports as compare_reports
    from gongkai.measure.shares.compare import rule_breaks as rule_breaks
    from gongkai.measure.shares.many import compare_groups as compare_groups
    from gongkai.measure.shares.outcomes import outcome_sums as outcome_sums
    from gongkai.measure.shares.plan import plan as plan
    from gongkai.measure.shares.prevalence import counted_outcome as counted_outcome
    from gongkai.measure.shares.prevalence import dsl_outcome as dsl_outcome
    from gongkai.measure.shares.prevalence import pool as pool
    from gongkai.measure.shares.prevalence import prevalence as prevalence
    from gongkai.measure.shares.prevalence import sentences_behind as sentences_behind
    from gongkai.measure.shares.quality import agreement as agreement
    from gongkai.measure.shares.quality import evaluate as evaluate
    from gongkai.measure.shares.years import trend as trend
    from gongkai.measure.wording.copies import copied as copied
    from gongkai.measure.wording.copies import copy_network as copy_network
    from gongkai.measure.wording.copies import mandated_phrases as mandated_phrases
    from gongkai.measure.wording.mentions import mentions as mentions
    from gongkai.measure.wording.reuse import reuse as reuse
    from gongkai.measure.wording.reuse import reuse_sensitivity as reuse_sensitivity
    from gongkai.measure.wording.terms import keyness as keyness
    from gongkai.report.file import read_file as read_file
    from gongkai.report.file import read_report as read_report
    from gongkai.show.figures import plot_change as plot_change
    from gongkai.show.figures import plot_kinds as plot_kinds
    from gongkai.show.figures import plot_prevalence as plot_prevalence
    from gongkai.show.figures import save_chart as save_chart
    from gongkai.show.figures import to_svg as to_svg
    from gongkai.show.page import write_page as write_page
    from gongkai.show.wording import plot_network as plot_network
    from gongkai.show.wording import plot_terms as plot_terms
    from gongkai.store.run import bundled as bundled
    from gongkai.tables.parts import read_table
    from gongkai.tables.predicted import read_predictions as read_predictions
    from gongkai.tables.query import connect as connect
    from gongkai.tables.scheme.codebooks import read_codebook as read_codebook

    read, sample = read_table, draw
    __version__: str

_GROUPS = {
    "read": {
        "build": "corpus.build", "broken_rules": "corpus.build", "bundled": "store.run",
        "connect": "tables.query", "load_corpus": "corpus.inputs", "read": "tables.parts:read_table",
        "read_file": "report.file", "read_report": "report.file", "read_sentences": "corpus.inputs",
    },
    "code": {
        "adjudication": "coding.adjudicate", "agreement": "measure.shares.quality",
        "code_by_machine": "coding.machine", "Machine": "coding.machine", "new_codebook": "coding.codebook",
        "read_codebook": "tables.scheme.codebooks", "read_labels": "coding.labels",
        "read_tasks": "coding.exchange", "resolve": "coding.adjudicate", "sample": "coding.sample:draw",
        "write_tasks": "coding.exchange",
    },
    "classify": {
        "calibrate": "classify.adjust", "cross_fit": "classify.train", "evaluate": "measure.shares.quality",
        "load_model": "classify.classifier", "predict": "classify.predict",
        "predict_tables": "corpus.stream", "read_predictions": "tables.predicted",
        "train": "classify.train", "TrainSettings": "classify.kinds",
    },
    "measure": {
        "assume_random": "measure.inference.guards", "compare": "measure.shares.compare",
        "compare_groups": "measure.shares.many", "compare_reports": "measure.shares.compare",
        "copied": "measure.wording.copies", "copy_network": "measure.wording.copies",
        "counted_outcome": "measure.shares.prevalence", "coverage": "measure.agencies.coverage",
        "coverage_shares": "measure.agencies.coverage", "crosswalk": "measure.panel.crosswalk",
        "dsl_outcome": "measure.shares.prevalence", "followup": "measure.promises.followup",
        "followup_placebo": "measure.promises.followup", "followup_shares": "measure.promises.pairs",
        "keyness": "measure.wording.terms", "mandated_phrases": "measure.wording.copies",
        "mentions": "measure.wording.mentions", "outcome_sums": "measure.shares.outcomes",
        "panel": "measure.panel.panel", "panel_gaps": "measure.panel.panel", "plan": "measure.shares.plan",
        "pool": "measure.shares.prevalence", "prevalence": "measure.shares.prevalence",
        "rates": "measure.panel.rates", "regress": "measure.panel.regress",
        "reuse": "measure.wording.reuse", "reuse_sensitivity": "measure.wording.reuse",
        "rule_breaks": "measure.shares.compare", "sentences_behind": "measure.shares.prevalence",
        "series": "measure.agencies.series", "trend": "measure.shares.years",
        "with_covariates": "measure.inference.groups", "write_panel": "measure.panel.panel",
    },
    "show": {
        "plot_change": "show.figures", "plot_kinds": "show.figures", "plot_network": "show.wording",
        "plot_prevalence": "show.figures", "plot_terms": "show.wording", "save_chart": "show.figures",
        "to_svg": "show.figures", "write_page": "show.page",
    },
}  # fmt: skip
"""The module of each public name, by what it is for; behind a colon what the name is called there."""
_HOMES = {name: home for group in _GROUPS.values() for name, home in group.items()}

__all__ = sorted(_HOMES)

logging.getLogger("gongkai").addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib import metadata  # takes three times as long as all the rest

        return metadata.version("gongkai")
    if name not in _HOMES:
        raise AttributeError(f"module 'gongkai' has no attribute '{name}'")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(f"gongkai.{module}"), attribute or name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
