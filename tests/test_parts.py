"""Every command that takes tables and predictions says the same of many parts as of one file: to 1e-9."""

import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import gongkai
from corpus.make.bind import write_labels
from gongkai.cli.app import app
from gongkai.corpus import build as building
from gongkai.measure.panel.regress import with_outcomes
from gongkai.measure.wording.terms import frequencies
from gongkai.store.run import bundled
from gongkai.tables.frames import read_frame, write_frame
from gongkai.tables.parts import parts_of, read_table, write_part
from gongkai.tables.predicted import read_predictions
from gongkai.tables.schema import SCHEMAS, frame_of


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The bundled corpus in many parts, and in one; scores of two models and codes made from a seed."""
    place = tmp_path_factory.mktemp("parts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "SHARD_SIZE", 25)
        building.build(bundled("corpus/raw"), place / "many")
    (place / "one").mkdir()
    (place / "one" / "run.json").write_bytes((place / "many" / "run.json").read_bytes())
    for name in ("reports", "sentences", "statistics", "checks", "problems"):
        write_part(name, read_table(place / "many", name, copies=True), place / "one")
    rng = np.random.default_rng(3)
    for model in ("m", "n"):
        for k, part in enumerate(parts_of(place / "many", "sentences")):
            held = pd.read_parquet(part, columns=["sentence_id", "report_id", "agency", "region_code", "year",
                                                  "section", "heading"])  # fmt: skip
            both = held.loc[held.index.repeat(2)].reset_index(drop=True)
            score = np.round(rng.beta(0.6, 1.2, len(both)), 6)
            both = both.assign(model=model, label=["commitment", "boilerplate"] * len(held), score=score)
            both = both.assign(
                predicted=score >= 0.5, value=None, seen=False, distance=np.round(rng.random(len(both)), 6)
            )
            write_part("predictions", both[SCHEMAS["predictions"].names], place / f"predicted-{model}", k)
        write_frame(read_predictions(place / f"predicted-{model}"), place / f"predicted-{model}.csv")
    sentences = read_table(place / "many", "sentences")
    pool = sentences[~sentences["section"].isin(["preamble"])]
    drawn = pool.sample(240, random_state=1)
    codes = {label: rng.random(240) < share for label, share in (("commitment", 0.3), ("boilerplate", 0.4))}
    about = drawn[["sentence_id", "report_id", "agency", "year", "section", "heading", "lead", "text"]]
    coded = about.assign(annotator="resolved", inclusion=240 / len(pool), codebook="2", **codes)
    write_labels(frame_of("labels", coded.to_dict("records")), place / "codes.csv")
    held = read_table(place / "many", "reports")[["agency", "year"]].drop_duplicates()
    own = held.assign(tier=[f"t{k % 3}" for k in range(len(held))], wealth=np.arange(len(held)) / 7)
    write_frame(own, place / "own.csv")
    return place


COMMANDS = {
    "measure": "measure {p} -o {o}/m.csv",
    "measure-tables": "measure {p} -o {o}/m.csv --by province,level,year --tables {t}",
    "measure-own": "measure {p} -o {o}/m.csv --by tier --tables {t} --with {c}/own.csv",
    "measure-adjusted": "measure {p} -o {o}/m.csv --by year --labels {c}/codes.csv --method adjusted",
    "measure-ppi": "measure {p} -o {o}/m.csv --by year --labels {c}/codes.csv --method ppi",
    "measure-dsl": "measure {p} -o {o}/m.csv --by section --labels {c}/codes.csv --method dsl",
    "compare": "compare {t} {p} -o {o}/c.csv --by year --first 2020 --second 2022",
    "compare-level": "compare {t} {p} -o {o}/c.csv --by level --second county --cluster report_id",
    "compare-agency": "compare {t} {p} -o {o}/c.csv --by agency --second {agency}",
    "compare-dsl": "compare {t} {p} -o {o}/c.csv --by kind --second department --labels {c}/codes.csv",
    "compare-own": "compare {t} {p} -o {o}/c.csv --by tier --second t1 --with {c}/own.csv",
    "ranks": "compare {t} {p} -o {o}/c.csv --by agency",
    "ranks-mean": "compare {t} {p} -o {o}/c.csv --by year --against mean",
    "ranks-dsl": "compare {t} {p} -o {o}/c.csv --by section --labels {c}/codes.csv",
    "trend": "trend {t} {p} -o {o}/t.csv",
    "trend-dsl": "trend {t} {p} -o {o}/t.csv --labels {c}/codes.csv",
    "composition": "trend {t} {p} -o {o}/t.csv --first 2020 --second 2022",
    "plan": "plan 0.1 --agencies 40 --sentences 90 --predictions {p} --labels {c}/codes.csv --label commitment",
    "evaluate": "evaluate {p} {c}/codes.csv -o {o}/e.csv --by section --mistakes {o}/x.csv --against {q}",
    "evaluate-tables": "evaluate {p} {c}/codes.csv -o {o}/e.csv --by kind,form --tables {t}",
    "evaluate-own": "evaluate {p} {c}/codes.csv -o {o}/e.csv --by tier,province --with {c}/own.csv",
    "sample": "sample {t} -o {o}/s -n 40",
    "sample-strata": "sample {t} -o {o}/s -n 60 --by section,kind",
    "sample-label": "sample {t} -o {o}/s -n 40 --by commitment,year --predictions {p}",
    "sample-doubt": "sample {t} -o {o}/s -n 40 --predictions {p}",
    "followup": "followup {t} {p} -o {o}/f.csv --by year",
    "show": "show {t} {p} {c}/measures.csv 3 -o {o}/w.csv",
    "show-own": "show {t} {p} {c}/measures-own.csv 3 -o {o}/w.csv --with {c}/own.csv",
    "panel": "panel {t} {p} -o {o}/p.csv --with {c}/own.csv",
    "regress": "regress {c}/panel.csv commitment_outcome~year|agency -o {o}/r.csv --predictions {p} --labels "
    "{c}/codes.csv --draws 9",
    "check": "check {t} -o {o}/k.csv",
    "rates": "rates {t} -o {o}/r.csv",
    "coverage": "coverage {t} -o {o}/v.csv",
    "terms": "terms {t} -o {o}/t.csv",
    "terms-by": "terms {t} -o {o}/t.csv --by form --first 2019 --second 2021",
    "reuse": "reuse {t} -o {o}/r.csv --copies {o}/c.csv --network {o}/n.csv --mentions {o}/m.csv "
    "--mandated {o}/d.csv --sentences {o}/s.csv",
    "copies": "reuse {t} -o {o}/r.csv --copies {o}/c.csv",
}


def _run(corpus, output, command, *, parts):
    """Return what a command prints and the tables it writes, of many parts or of single files."""
    output.mkdir()
    agency = read_table(corpus / "many", "reports")["agency"].min()
    ending = "" if parts else ".csv"
    words = command.format(
        t=corpus / ("many" if parts else "one"), p=corpus / f"predicted-m{ending}",
        q=corpus / f"predicted-n{ending}", c=corpus, o=output, agency=agency,
    )  # fmt: skip
    done = CliRunner().invoke(app, words.split(), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output.replace(str(output), ""), {
        str(path.relative_to(output)): read_frame(path, []) for path in sorted(output.rglob("*.csv"))
    }


@pytest.fixture(scope="module")
def made(corpus, tmp_path_factory):
    """What `show` and `regress` take."""
    place = tmp_path_factory.mktemp("made")
    for name, command in (("measures", "measure"), ("measures-own", "measure-own"), ("panel", "panel")):
        tables = _run(corpus, place / name, COMMANDS[command], parts=True)[1]
        (table,) = [t for n, t in tables.items() if n in ("m.csv", "p.csv")]
        write_frame(table, corpus / f"{name}.csv")


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("name", COMMANDS)
def test_many_parts_say_what_one_file_says(name, corpus, tmp_path):
    if name == "regress":
        pytest.importorskip("pyfixest", reason="of the extra regress")
    said, tables = _run(corpus, tmp_path / "many", COMMANDS[name], parts=True)
    expected, others = _run(corpus, tmp_path / "one", COMMANDS[name], parts=False)
    assert said == expected
    assert list(tables) == list(others)
    for path, table in tables.items():
        pd.testing.assert_frame_equal(table, others[path], rtol=0, atol=1e-9, obj=path)


STEPWISE = {
    "measure": (1, "--level 0.9"), "measure-dsl": (1, "--level 0.9"), "compare": (1, "--level 0.9"),
    "compare-dsl": (1, "--level 0.9"),
    "terms": (3, "--codebook admitted"), "terms-by": (4, "--seed 1"), "followup": (7, "--seed 1"),
    "panel": (12, "--strict"), "reuse": (8, "-n 3"), "copies": (19, "--nearest"),
}  # fmt: skip
"""After how many steps a command is killed, and what would change its result."""
DYING = """
import os, signal
from gongkai.cli.app import main
from gongkai.store import shards

run, done = shards.run_one, []

def run_one(*given):
    run(*given)
    done.append(given)
    if len(done) == {after}:
        os.kill(os.getpid(), signal.SIGKILL)

shards.run_one = run_one
main()
"""


def _written(place):
    """Return the bytes of what a command wrote; nothing else may stand there."""
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()}


@pytest.mark.skipif(os.name != "posix", reason="kill -9 as on POSIX")
@pytest.mark.parametrize("name", STEPWISE)
def test_killed_and_resumed_the_same_bytes_as_in_one_go_and_on_two_processes(name, corpus, tmp_path):
    for place in ("whole", "two", "killed"):
        (tmp_path / place).mkdir()

    def words(place):
        given = {"t": corpus / "many", "p": corpus / "predicted-m", "c": corpus, "o": tmp_path / place}
        return COMMANDS[name].format(**given).split()

    runner = CliRunner()
    said = runner.invoke(app, words("whole"), catch_exceptions=False).output
    after, other = STEPWISE[name]
    code = DYING.format(after=after)
    killed = subprocess.run([sys.executable, "-c", code, *words("killed")], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert runner.invoke(app, words("killed")).exit_code != 0, "an interrupted run is not thrown away"
    changed = runner.invoke(app, [*words("killed"), "--resume", *other.split()])
    assert "changed since the interrupted run" in str(changed.exception)
    resumed = runner.invoke(app, [*words("killed"), "--resume"], catch_exceptions=False)
    assert resumed.exit_code == 0, resumed.output
    two = runner.invoke(app, [*words("two"), "--jobs", "2"], catch_exceptions=False)
    assert two.exit_code == 0, two.output
    for place, output in (("killed", resumed.output), ("two", two.output)):
        assert output.replace(str(tmp_path / place), str(tmp_path / "whole")) == said
        assert _written(tmp_path / place) == _written(tmp_path / "whole")


FUNCTIONS = {
    "prevalence": lambda t, p, own: gongkai.prevalence(p, by=["section", "tier"], reports=own),
    "outcomes": lambda t, p, own: gongkai.outcomes(p, by=["tier"], reports=own),
    "sample": lambda t, p, own: gongkai.sample(t["sentences"], 50, predictions=p, seed=2)["sentence_id"].to_frame(),
    "sample by": lambda t, p, own: gongkai.sample(t["sentences"], 50, by=["year", "boilerplate"], predictions=p)[
        ["sentence_id", "inclusion"]
    ],
    "evaluate": lambda t, p, own: gongkai.evaluate(p, own.attrs["codes"], by=["tier"], reports=own),
    "followup": lambda t, p, own: gongkai.followup(t["sentences"], p, statistics=t["statistics"]),
    "followup_placebo": lambda t, p, own: gongkai.followup(t["sentences"], p, placebo=True, seed=4),
    "sentences_behind": lambda t, p, own: gongkai.measure.sentences_behind(
        {"model": "m", "measure": "prevalence", "label": "commitment", "year": 2021, "tier": "t1"},
        p, t["sentences"], reports=own,
    ).drop(columns="tokens"),
    "with_outcomes": lambda t, p, own: with_outcomes(own, p, own.attrs["codes"]),
    "assume_random": lambda t, p, own: gongkai.measure.assume_random(own.attrs["codes"].drop(columns="inclusion"), p),
    "frequencies": lambda t, p, own: frequencies(t["sentences"]),
    "keyness": lambda t, p, own: gongkai.keyness(t["sentences"], by="tier", first="t0", second="t1", reports=own),
    "reuse": lambda t, p, own: gongkai.reuse(t["sentences"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_folder_says_what_its_rows_say(name, corpus):
    reports = read_table(corpus / "many", "reports", ["report_id", "agency", "region_code", "year"])
    own = gongkai.measure.with_covariates(reports, read_frame(corpus / "own.csv", []))[0]
    own.attrs["codes"] = gongkai.read_labels(corpus / "codes.csv")
    folders = dict.fromkeys(("sentences", "statistics"), corpus / "many")
    frames = {table: read_table(folder, table) for table, folder in folders.items()}
    found = FUNCTIONS[name](folders, corpus / "predicted-m", own)
    expected = FUNCTIONS[name](frames, read_predictions(corpus / "predicted-m.csv"), own)
    assert len(found)
    pd.testing.assert_frame_equal(found, expected, rtol=0, atol=1e-9, check_dtype=False)


@pytest.mark.usefixtures("made")
def test_the_sentences_shown_are_those_counted_in_a_group_of_ones_own(corpus, tmp_path):
    row = read_frame(corpus / "measures-own.csv", []).iloc[3]
    shown = _run(corpus, tmp_path / "o", COMMANDS["show-own"], parts=True)[1]["w.csv"]
    assert len(shown) == row["n"]
    assert shown["counted"].mean() == pytest.approx(row["value"])
