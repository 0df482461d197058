"""Tables in, measures table out; knows nothing of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gongkai.doors import door

if TYPE_CHECKING:
    from gongkai.measure.agencies.coverage import coverage_shares as coverage_shares
    from gongkai.measure.inference.groups import with_covariates as with_covariates
    from gongkai.measure.inference.guards import assume_random as assume_random
    from gongkai.measure.panel.crosswalk import crosswalk as crosswalk
    from gongkai.measure.panel.panel import panel_gaps as panel_gaps
    from gongkai.measure.panel.panel import write_panel as write_panel
    from gongkai.measure.promises.pairs import followup_shares as followup_shares
    from gongkai.measure.shares.compare import compare_reports as compare_reports
    from gongkai.measure.shares.compare import rule_breaks as rule_breaks
    from gongkai.measure.shares.many import compare_groups as compare_groups
    from gongkai.measure.shares.plan import plan as plan
    from gongkai.measure.shares.prevalence import pool as pool
    from gongkai.measure.shares.prevalence import sentences_behind as sentences_behind
    from gongkai.measure.wording.copies import mandated_phrases as mandated_phrases
    from gongkai.measure.wording.mentions import mentions as mentions
    from gongkai.measure.wording.network import copy_network as copy_network
    from gongkai.measure.wording.reuse import reuse_sensitivity as reuse_sensitivity

_HOMES = {
    "assume_random": "inference.guards", "compare_groups": "shares.many",
    "compare_reports": "shares.compare", "copy_network": "wording.network",
    "coverage_shares": "agencies.coverage", "crosswalk": "panel.crosswalk",
    "followup_shares": "promises.pairs", "mandated_phrases": "wording.copies",
    "mentions": "wording.mentions", "panel_gaps": "panel.panel", "plan": "shares.plan",
    "pool": "shares.prevalence", "reuse_sensitivity": "wording.reuse", "rule_breaks": "shares.compare",
    "sentences_behind": "shares.prevalence", "with_covariates": "inference.groups",
    "write_panel": "panel.panel",
}  # fmt: skip
"""The module of each name at the door of the room."""

__all__ = sorted(_HOMES)
__getattr__, __dir__ = door(__name__, _HOMES)
