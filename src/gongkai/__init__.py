"""gongkai (公开): how Chinese governments speak about their own openness, as data.

    import gongkai
    gongkai.build("reports/", "tables")                       # files → tables
    sentences = gongkai.read("tables", "sentences")
    predictions = gongkai.predict(sentences)                  # a row per sentence and label
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
    from gongkai.coding.sample import draw as sample
    from gongkai.corpus.build import broken_rules as broken_rules
    from gongkai.corpus.build import build as build
    from gongkai.corpus.inputs import load_corpus as load_corpus
    from gongkai.corpus.inputs import read_sentences as read_sentences
    from gongkai.corpus.stream import predict_tables as predict_tables
    from gongkai.measure.compare import compare as compare
    from gongkai.measure.compare import compare_reports as compare_reports
    from gongkai.measure.compare import rule_breaks as rule_breaks
    from gongkai.measure.copies import copied as copied
    from gongkai.measure.copies import copy_network as copy_network
    from gongkai.measure.copies import mandated_phrases as mandated_phrases
    from gongkai.measure.coverage import coverage as coverage
    from gongkai.measure.coverage import coverage_shares as coverage_shares
    from gongkai.measure.crosswalk import crosswalk as crosswalk
    from gongkai.measure.followup import followup as followup
    from gongkai.measure.followup import followup_placebo as followup_placebo
    from gongkai.measure.followup import followup_shares as followup_shares
    from gongkai.measure.groups import with_covariates as with_covariates
    from gongkai.measure.guards import assume_random as assume_random
    from gongkai.measure.many import compare_groups as compare_groups
    from gongkai.measure.mentions import mentions as mentions
    from gongkai.measure.outcomes import outcome_sums as outcome_sums
    from gongkai.measure.panel import panel as panel
    from gongkai.measure.panel import panel_gaps as panel_gaps
    from gongkai.measure.panel import write_panel as write_panel
    from gongkai.measure.plan import plan as plan
    from gongkai.measure.prevalence import counted_outcome as counted_outcome
    from gongkai.measure.prevalence import dsl_outcome as dsl_outcome
    from gongkai.measure.prevalence import pool as pool
    from gongkai.measure.prevalence import prevalence as prevalence
    from gongkai.measure.prevalence import sentences_behind as sentences_behind
    from gongkai.measure.quality import agreement as agreement
    from gongkai.measure.quality import evaluate as evaluate
    from gongkai.measure.rates import rates as rates
    from gongkai.measure.regress import regress as regress
    from gongkai.measure.reuse import reuse as reuse
    from gongkai.measure.reuse import reuse_sensitivity as reuse_sensitivity
    from gongkai.measure.series import series as series
    from gongkai.measure.terms import keyness as keyness
    from gongkai.measure.years import trend as trend
    from gongkai.report.file import read_file as read_file
    from gongkai.report.file import read_report as read_report
    from gongkai.show.figures import plot_change as plot_change
    from gongkai.show.figures import plot_kinds as plot_kinds
    from gongkai.show.figures import plot_network as plot_network
    from gongkai.show.figures import plot_prevalence as plot_prevalence
    from gongkai.show.figures import plot_terms as plot_terms
    from gongkai.show.figures import save_chart as save_chart
    from gongkai.show.figures import to_svg as to_svg
    from gongkai.show.page import write_page as write_page
    from gongkai.store.run import bundled as bundled
    from gongkai.tables.codebooks import read_codebook as read_codebook
    from gongkai.tables.predicted import read_predictions as read_predictions
    from gongkai.tables.query import connect as connect
    from gongkai.tables.schema import read_table as read

_GROUPS = {
    "read": {
        "build": "corpus.build:build",
        "broken_rules": "corpus.build:broken_rules",
        "bundled": "store.run:bundled",
        "connect": "tables.query:connect",
        "load_corpus": "corpus.inputs:load_corpus",
        "read": "tables.schema:read_table",
        "read_file": "report.file:read_file",
        "read_report": "report.file:read_report",
        "read_sentences": "corpus.inputs:read_sentences",
    },
    "code": {
        "Machine": "coding.machine:Machine",
        "adjudication": "coding.adjudicate:adjudication",
        "agreement": "measure.quality:agreement",
        "code_by_machine": "coding.machine:code_by_machine",
        "new_codebook": "coding.codebook:new_codebook",
        "read_codebook": "tables.codebooks:read_codebook",
        "read_labels": "coding.labels:read_labels",
        "read_tasks": "coding.exchange:read_tasks",
        "resolve": "coding.adjudicate:resolve",
        "sample": "coding.sample:draw",
        "write_tasks": "coding.exchange:write_tasks",
    },
    "classify": {
        "TrainSettings": "classify.kinds:TrainSettings",
        "calibrate": "classify.adjust:calibrate",
        "cross_fit": "classify.train:cross_fit",
        "evaluate": "measure.quality:evaluate",
        "load_model": "classify.classifier:load_model",
        "predict": "classify.predict:predict",
        "predict_tables": "corpus.stream:predict_tables",
        "read_predictions": "tables.predicted:read_predictions",
        "train": "classify.train:train",
    },
    "measure": {
        "assume_random": "measure.guards:assume_random",
        "compare": "measure.compare:compare",
        "compare_groups": "measure.many:compare_groups",
        "compare_reports": "measure.compare:compare_reports",
        "copied": "measure.copies:copied",
        "copy_network": "measure.copies:copy_network",
        "counted_outcome": "measure.prevalence:counted_outcome",
        "coverage": "measure.coverage:coverage",
        "coverage_shares": "measure.coverage:coverage_shares",
        "dsl_outcome": "measure.prevalence:dsl_outcome",
        "followup": "measure.followup:followup",
        "followup_placebo": "measure.followup:followup_placebo",
        "followup_shares": "measure.followup:followup_shares",
        "keyness": "measure.terms:keyness",
        "mandated_phrases": "measure.copies:mandated_phrases",
        "mentions": "measure.mentions:mentions",
        "outcome_sums": "measure.outcomes:outcome_sums",
        "panel": "measure.panel:panel",
        "panel_gaps": "measure.panel:panel_gaps",
        "pool": "measure.prevalence:pool",
        "plan": "measure.plan:plan",
        "prevalence": "measure.prevalence:prevalence",
        "rates": "measure.rates:rates",
        "crosswalk": "measure.crosswalk:crosswalk",
        "regress": "measure.regress:regress",
        "reuse": "measure.reuse:reuse",
        "reuse_sensitivity": "measure.reuse:reuse_sensitivity",
        "rule_breaks": "measure.compare:rule_breaks",
        "series": "measure.series:series",
        "sentences_behind": "measure.prevalence:sentences_behind",
        "trend": "measure.years:trend",
        "with_covariates": "measure.groups:with_covariates",
        "write_panel": "measure.panel:write_panel",
    },
    "show": {
        "plot_change": "show.figures:plot_change",
        "plot_kinds": "show.figures:plot_kinds",
        "plot_network": "show.figures:plot_network",
        "plot_prevalence": "show.figures:plot_prevalence",
        "plot_terms": "show.figures:plot_terms",
        "save_chart": "show.figures:save_chart",
        "to_svg": "show.figures:to_svg",
        "write_page": "show.page:write_page",
    },
}
"""Where each public name lives, by what it is for."""
_HOMES = {name: home for group in _GROUPS.values() for name, home in group.items()}

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
