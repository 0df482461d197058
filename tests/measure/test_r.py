"""What R makes of the same files: haven reads a panel whole, survey and clubSandwich give our intervals."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gongkai.classify.predict import predict
from gongkai.corpus.build import build
from gongkai.measure.inference.intervals import EVENTS_A_DEGREE, FEW_EVENTS, FEWEST
from gongkai.measure.panel.panel import panel, write_panel
from gongkai.measure.panel.regress import regress
from gongkai.measure.shares.prevalence import prevalence
from gongkai.store.run import bundled
from gongkai.tables.parts import read_table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Tables of the bundled reports."""
    folder = tmp_path_factory.mktemp("bundled") / "tables"
    build(bundled("corpus/raw"), folder)
    return folder


@pytest.fixture(scope="module")
def predictions(tables):
    return predict(read_table(tables, "sentences"))


def needs(*packages: str) -> None:
    """Skip where R or a package lacks, and say which."""
    if shutil.which("Rscript") is None:
        pytest.skip("no Rscript on this machine")
    for package in packages:
        if subprocess.run(["Rscript", "-e", f"library({package})"], capture_output=True).returncode:
            pytest.skip(f"R has no package {package} (Debian: r-cran-{package.lower()})")


def run(script: str, folder: Path) -> list[str]:
    done = subprocess.run(
        ["Rscript", "-e", script], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


READ = """
stata <- haven::read_dta("panel.dta")
plain <- read.csv("panel.csv", fileEncoding = "UTF-8-BOM", check.names = FALSE, na.strings = "",
                  colClasses = ifelse(sapply(stata, is.numeric) & !sapply(stata, haven::is.labelled), NA, "character"))
cat(dim(stata), "\\n")
same <- function(a, b) {
  if (haven::is.labelled(a)) a <- as.character(haven::as_factor(a))
  if (is.logical(b)) b <- as.numeric(b)
  if (is.character(b)) { a[is.na(a)] <- ""; b[is.na(b)] <- ""; return(identical(as.vector(a), b)) }
  identical(is.na(as.vector(a)), is.na(b)) && all(abs(a - b) <= 1e-12 * abs(b), na.rm = TRUE)
}
equal <- mapply(same, stata, plain)
label <- sapply(stata, function(x) attr(x, "label"))
writeLines(enc2utf8(c(paste("differs", names(stata)[!equal]), paste(names(stata), label, sep = "|"))), useBytes = TRUE)
"""


def test_haven_reads_every_cell_and_label_of_a_panel(tables, predictions, tmp_path):
    needs("haven")
    reports = read_table(tables, "reports")
    ids = reports["report_id"]
    own = pd.DataFrame(
        {"report_id": ids, "人均生产总值": np.linspace(1, 2, len(ids)), "备注": "本地区" * 700, "if": 3.5}
    )
    own.loc[0, "人均生产总值"] = np.nan
    parts = {name: read_table(tables, name) for name in ("sentences", "statistics", "checks")}
    table, dictionary = panel(reports, predictions, covariates=own, **parts)
    for ending in ("dta", "csv"):
        write_panel(table, dictionary, tmp_path / f"panel.{ending}")
    size, differs, *labels = run(READ, tmp_path)
    assert size.split() == [str(len(table)), str(len(table.columns))]
    assert differs == "differs "
    said = dict(line.split("|", 1) for line in labels)
    assert said["rate_granted"] == "requests granted in full"
    assert said["人均生产总值"] == "yours"
    assert said["_if"] == "if: yours"
    assert "" not in said.values()


INTERVALS = """
suppressPackageStartupMessages({library(survey); library(clubSandwich)})
rows <- read.csv("rows.csv")
for (group in split(rows, rows$group)) {
  survey <- svydesign(id = ~cluster, weights = ~1, data = group)
  wald <- svyciprop(~y, survey, method = "logit")
  fit <- lm(y ~ 1, group)
  robust <- coef_test(fit, vcov = "CR2", cluster = group$cluster, test = "Satterthwaite")
  cat(group$group[1], coef(svymean(~y, survey)), SE(svymean(~y, survey)), attr(wald, "ci"), coef(fit), robust$SE,
      robust$df, "\\n")
}
"""
NAMES = ["group", "mean", "survey_error", "survey_low", "survey_high", "value", "error", "freedom"]


def in_r(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return what R says of each group of coded rows (group, cluster, y)."""
    rows.to_csv(folder / "rows.csv", index=False)
    lines = [line.split() for line in run("options(digits = 15)\n" + INTERVALS, folder)]
    return pd.DataFrame(lines, columns=NAMES).astype(float).set_index("group")


def rows_of(predictions: pd.DataFrame, measure: str, label: str) -> pd.DataFrame:
    """Return the sentences that a measure is taken over, with the year as group and the agency as cluster."""
    counted = predictions[predictions["section"] != "preamble"]
    wide = counted.pivot_table(
        index=["sentence_id", "year", "agency"], columns="label", values="predicted", aggfunc="max"
    ).reset_index()
    y = wide["commitment"] & wide["boilerplate"] if measure == "cheap_talk" else wide[label]
    rows = pd.DataFrame({"group": wide["year"], "cluster": wide["agency"], "y": y.astype(int)})
    return rows[wide["commitment"].astype(bool)] if measure == "cheap_talk" else rows


def regular(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep groups of enough clusters and events for the plain interval, its ends not widened."""
    by = rows.groupby("group")
    events = np.minimum(by["y"].sum(), by.size() - by["y"].sum())
    clusters = by["cluster"].nunique()
    kept = (clusters >= FEWEST) & (events > FEW_EVENTS) & (clusters - 1 <= EVENTS_A_DEGREE * events)
    return rows[rows["group"].isin(kept.index[kept])]


MEASURES = [
    ("prevalence", "commitment"),
    ("prevalence", "boilerplate"),
    ("cheap_talk", "commitment+boilerplate"),
]


@pytest.mark.parametrize(("measure", "label"), MEASURES)
def test_a_share_has_the_error_and_freedom_of_clubsandwich(predictions, tmp_path, measure, label):
    """CR2 and Satterthwaite's degrees of freedom, for clusters of any size; the scale is the log-odds."""
    from scipy import special

    needs("survey", "clubSandwich")
    theirs = in_r(regular(rows_of(predictions, measure, label)), tmp_path)
    ours = prevalence(predictions, by=["year"])
    ours = ours[(ours["measure"] == measure) & (ours["label"] == label)].set_index("year").loc[theirs.index]
    assert len(theirs) >= 5
    assert ours["value"].to_numpy() == pytest.approx(theirs["value"].to_numpy(), rel=1e-9)
    assert ours["error"].to_numpy() == pytest.approx(theirs["error"].to_numpy(), rel=1e-9)
    half = special.stdtrit(theirs["freedom"], 0.975) * theirs["error"]
    half /= theirs["value"] * (1 - theirs["value"])
    for end, sign in (("low", -1), ("high", 1)):
        expected = special.expit(special.logit(theirs["value"]) + sign * half)
        assert ours[end].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)
    assert ours["value"].to_numpy() == pytest.approx(theirs["mean"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize("label", ["commitment", "boilerplate"])
def test_with_clusters_of_one_size_it_is_the_interval_of_survey(predictions, tmp_path, label):
    needs("survey", "clubSandwich")
    counted = predictions[(predictions["section"] != "preamble") & (predictions["label"] == label)]
    large = counted[counted.groupby(["year", "agency"])["label"].transform("size") >= 12]
    drawn = large.groupby(["year", "agency"]).sample(12, random_state=1)["sentence_id"]
    held = predictions[predictions["sentence_id"].isin(drawn)]
    theirs = in_r(regular(rows_of(held, "prevalence", label)), tmp_path)
    ours = prevalence(held, by=["year"])
    ours = (
        ours[(ours["measure"] == "prevalence") & (ours["label"] == label)].set_index("year").loc[theirs.index]
    )
    assert len(theirs) >= 3
    pairs = {"value": "mean", "error": "survey_error", "low": "survey_low", "high": "survey_high"}
    for mine, name in pairs.items():
        assert ours[mine].to_numpy() == pytest.approx(theirs[name].to_numpy(), rel=1e-9), mine


EFFECTS = """
suppressPackageStartupMessages(library(sandwich))
panel <- read.csv("panel.csv", fileEncoding = "UTF-8-BOM")
fit <- lm(commitment ~ n_sentences + factor(year) + factor(agency), panel)
error <- sqrt(diag(vcovCL(fit, ~agency, type = "HC1")))["n_sentences"]
agencies <- length(unique(panel$agency))
error <- error * sqrt(df.residual(fit) / (df.residual(fit) + agencies - 1))
cat(format(c(coef(fit)["n_sentences"], error), digits = 15), "\\n")
"""


def test_fixed_effects_are_those_of_sandwich(tables, predictions, tmp_path):
    needs("sandwich")
    pytest.importorskip("pyfixest")
    table, dictionary = panel(read_table(tables, "reports"), predictions)
    write_panel(table, dictionary, tmp_path / "panel.csv")
    found = regress(table, "commitment ~ n_sentences + i.year | agency").set_index("term").loc["n_sentences"]
    theirs = [float(x) for x in run(EFFECTS, tmp_path)[0].split()]
    assert found[["value", "error"]].tolist() == pytest.approx(theirs, rel=1e-6)
