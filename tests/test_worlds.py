"""Worlds: tables as odd as their schema allows, through every command and every public function.

Each time a result or one clear refusal (exit 0, 1 or 2); never a traceback, never a group dropped. Each world meets one
command or function. `GONGKAI_WORLDS` says how many (the slow suite of CI: some hundreds); the share of worlds that gave
a result is printed for each at the end, and has a floor, so that refusing everything cannot pass.
"""

import contextlib
import io
import json
import os
import random
import signal
import tempfile
import traceback
from collections import Counter, defaultdict
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import gongkai
from gongkai.cli.app import app
from gongkai.errors import GongkaiError
from gongkai.problem import KINDS
from gongkai.tables.schema import BUILT, SCHEMAS, SECTIONS, frame_of, write_frame, write_part

WORLDS = int(os.environ.get("GONGKAI_WORLDS", "400"))
SEED = int(os.environ.get("GONGKAI_WORLDS_SEED", "7"))
"""Fixed, so that the gate judges the change and not the draw; a hunt for more sets it anew."""
PATIENCE = 60
"""Seconds until a command counts as hanging: ten times what the slowest needs."""

FLOOR = 0.1
"""Of the worlds that a command meets, the share that must give a result; with three to spare by chance."""

TEXTS = (
    "将于6月底前公开目录。", "进一步加强政府信息公开工作。", "已公开12条。", "", "。", "\x00\x01\x07", "\r\n\t", "‮עברית‬", "👩‍👩‍👧🏛",
    "=1+1", "'=1", "NA", "nan", "-0", "１２３", "𠮷" * 3, "\ufeff\u200b", "<script>alert(1)</script>", "$x ${y} %s {z}", "a,\"b\"\n;c",
)  # fmt: skip
AGENCIES = (
    "云汀市民政局",
    "云汀市 民政局",
    "雲汀市民政局",
    "槐桥县水利局",
    "（某）局<b>",
    "Ａ局",
    "👑",
    "甲/乙\\丙",
    "not found",
)
NULLS = ("none", "none", "some", "all", "one")


class World:
    """Frames of all tables, and the folder they are written to."""

    def __init__(self, folder, frames):
        self.folder = folder
        self.frames = frames
        for name in BUILT:
            write_part(name, frames[name], folder / "tables")
        (folder / "tables" / "run.json").write_text(json.dumps({"gongkai": gongkai.__version__}))
        write_part("predictions", frames["predictions"], folder / "parts")
        for name in ("predictions", "labels"):
            write_frame(frames[name], folder / f"{name}.csv")
        write_frame(frames["sentences"][["sentence_id", "text", "agency"]], folder / "my.csv")

    def __getattr__(self, name):
        return self.frames[name]


@st.composite
def plans(draw):
    """What is odd about a world: how many rows, what is null, how alike things are; the rest is drawn by its seed."""
    return {
        "reports": draw(st.sampled_from([3, 6, 2, 1, 3, 6, 12, 0])),
        "sentences": draw(st.sampled_from([12, 5, 12, 30, 5, 2, 1, 0])),
        "nulls": draw(st.sampled_from([*NULLS, "mixed", "mixed"])),
        "years": draw(
            st.sampled_from([(2020, 2021), (2020, 2021), (2021,), (1900, 2099), (2019, 2020, 2021, 2022)])
        ),
        "agencies": draw(st.sampled_from([2, 1, len(AGENCIES)])),
        "long": draw(st.integers(0, 29)) == 7,
        "plain": draw(st.booleans()),
        "seed": draw(st.integers(0, 2**32)),
    }


def made(plan):
    """Make the frames of a plan, valid by `SCHEMAS`."""
    rng = random.Random(plan["seed"])
    modes = defaultdict(lambda: rng.choice(NULLS) if plan["nulls"] == "mixed" else plan["nulls"])
    sometimes = {"year", "agency", "region", "kind", "level", "form"}
    if plan["plain"]:  # only what groups are made of may lack
        modes |= {c: "none" for schema in SCHEMAS.values() for c in schema.names if c not in sometimes}
    texts = TEXTS[:3] if plan["plain"] else TEXTS
    reports = [_report(rng, plan, number) for number in range(plan["reports"])]
    _null(rng, modes, "reports", reports)
    rows = {"reports": reports}
    rows["sentences"] = [
        _below(rng, "sentences", report, texts, sentence_id=f"{report['report_id']}-{i}", position=i, tokens=None)
        for report in reports
        for i in range(plan["sentences"])
    ]  # fmt: skip
    for row in rows["sentences"]:
        row["tokens"] = [row["text"][i : i + 2] for i in range(0, len(row["text"]), 2)]
    if plan["long"] and rows["sentences"]:
        rows["sentences"][0] |= {"text": "长" * 200_000, "tokens": ["长" * 2] * 100_000}
    rows["statistics"] = [
        _below(rng, "statistics", report, texts, table="requests", row="granted", column=column)
        for report in reports
        for column in ("total", "natural")
    ]
    rows["checks"] = [
        _below(rng, "checks", report, texts, rule=rule) for report in reports for rule in ("a", "b")
    ]
    rows["problems"] = [
        _below(rng, "problems", report, texts, code=rng.choice([*KINDS, "gone"])) for report in reports
    ]
    said = [_below(rng, "predictions", row, texts, label=label, model="m") for row in rows["sentences"]
            for label in ("commitment", "boilerplate")]  # fmt: skip
    learned = not plan["plain"] and rng.random() < 0.3
    rows["predictions"] = [row | {"score": rng.random(), "seen": learned and row["seen"]} for row in said]
    rows["labels"] = [
        _below(rng, "labels", row, texts, annotator=who, text=row["text"] or "x")
        for row in rows["sentences"]
        for who in ("li", "wang", "resolved")
        if rng.random() < 0.9
    ]
    if plan["plain"]:
        rows["labels"] = [row | {"inclusion": 0.5} for row in rows["labels"]]
    for name in ("statistics", "checks", "problems", "predictions", "labels"):
        _null(rng, modes, name, rows[name])
    return {name: frame_of(name, found) for name, found in rows.items()}


def _report(rng, plan, number):
    return _below(
        rng, "reports", {}, TEXTS, report_id=f"r{number}", agency=AGENCIES[rng.randrange(plan["agencies"])],
        year=rng.choice(plan["years"]), source_path=f"f{number}.html", same_as=None,
        kind=rng.choice(["government", "department"]), level=rng.choice(["city", "county"]),
        region=rng.choice(["云汀市", "槐桥县"]), form=rng.choice(["2019", "2021", "pre-2019"]),
    )  # fmt: skip


def _below(rng, name, above, texts, **given_):
    """Make a row: as given, else as the row above has it, else anything of its type."""
    row = {}
    for field in SCHEMAS[name]:
        if field.name in given_:
            row[field.name] = given_[field.name]
        elif field.name in above:
            row[field.name] = above[field.name]
        else:
            row[field.name] = _anything(rng, field, texts)
    return row


def _anything(rng, field, texts):
    if field.name == "section":
        return rng.choice(SECTIONS)
    if field.name in ("score", "inclusion"):
        return rng.uniform(0.05, 1)
    kind = str(field.type)
    if kind == "bool":
        return rng.random() < 0.5
    if kind == "int32":
        return rng.choice([0, 1, 7, 2**31 - 1])
    return rng.choice([0.0, -1.0, 3.5, 1e300]) if kind == "double" else rng.choice(texts)


def _null(rng, modes, table, rows):
    for field in SCHEMAS[table]:
        # same_as stays null but for one row; what stands for a report must itself stand.
        if not field.nullable or not rows or field.name == "same_as":
            continue
        mode = modes[field.name]
        one = rng.randrange(len(rows))
        for number, row in enumerate(rows):
            if mode == "all" or (mode == "one" and number == one) or (mode == "some" and rng.random() < 0.4):
                row[field.name] = None


def cli(*arguments):
    """Make an action of a command line: {} stands for the world's folder."""

    def act(world):
        line = [str(a).replace("{}", str(world.folder)) for a in arguments]
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = app(line, standalone_mode=False)
        assert code in (0, 1, 2, None), code
        return said.getvalue()

    return act


def measured(world):
    """Nothing is dropped: the groups, those not found among them, hold all sentences that are counted."""
    groups = gongkai.prevalence(world.predictions, by=("agency", "year"))
    whole = gongkai.prevalence(world.predictions, by=())
    for label in ("commitment", "boilerplate"):
        shares = [
            f[(f["measure"] == "prevalence") & (f["label"] == label)]["n"].sum() for f in (groups, whole)
        ]
        assert shares[0] == shares[1], f"dropped: {shares[0]} of {shares[1]}"
    return groups


def paged(world):
    gongkai.write_page(world.folder / "tables", world.predictions, world.folder / "p.html")
    written = (world.folder / "p.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in written
    shown = written.count("<details")
    assert shown >= len(world.reports), f"dropped: {shown} of {len(world.reports)} reports on the page"


def outcome(world):
    return gongkai.counted_outcome(world.predictions)


T, P, L, O = "{}/tables", "{}/predictions.csv", "{}/labels.csv", "{}/out.csv"  # noqa: E741
ACTIONS = {
    "check": cli("check", T, "-o", O),
    "predict": cli("predict", T, "-o", O),
    "predict my.csv": cli("predict", "{}/my.csv", "-o", O),
    "predict parts": cli("predict", T, "-o", "{}/out"),
    "evaluate": cli("evaluate", P, L, "--by", "section,year", "--tables", T, "--mistakes", "{}/m.xlsx", "-o", O),
    "evaluate parts": cli("evaluate", "{}/parts", L, "-o", O),
    "measure": cli("measure", P, "-o", O),
    "measure ppi": cli("measure", P, "-o", O, "--by", "year", "--method", "ppi", "--labels", L),
    "measure adjusted": cli("measure", P, "-o", O, "--by", "", "--method", "adjusted", "--labels", L),
    "measure dsl": cli("measure", P, "-o", "{}/o.jsonl", "--by", "agency", "--method", "dsl", "--labels", L),
    "page": cli("page", T, P, "-o", "{}/page.html"),
    "sample": cli("sample", T, "-o", "{}/tasks", "-n", "3", "--by", "section,year", "--coder", "li"),
    "sample xlsx": cli("sample", T, "-o", "{}/tasks", "-n", "3", "--format", "xlsx", "--predictions", P),
    "agree": cli("agree", L, "--by", "section", "--adjudicate", "{}/a.csv", "--labels", O),
    "partition": cli("partition", T, "-o", "{}/by-year"),
    "reuse": cli("reuse", T, "-o", O, "--copies", "{}/c.csv", "--network", "{}/n.csv", "--sentences", "{}/s.xlsx"),
    "followup": cli("followup", T, P, "-o", "{}/f.xlsx", "--by", "agency"),
    "compare": cli("compare", T, P, "-o", O, "--by", "year", "--first", "2020", "--second", "2021"),
    "compare kind": cli("compare", T, P, "-o", O, "--by", "kind", "--second", "department", "--labels", L),
    "terms": cli("terms", T, "-o", O),
    "terms by": cli("terms", T, "-o", O, "--by", "agency", "--second", AGENCIES[0]),
    "read": lambda w: [gongkai.read(w.folder / "tables", name) for name in BUILT],
    "read year": lambda w: gongkai.read(w.folder / "tables", "sentences", agency=AGENCIES[0], year=[2021, 1900]),
    "connect": lambda w: gongkai.connect(w.folder / "tables").sql("SELECT agency, count(*) FROM sentences GROUP BY 1").df(),
    "broken_rules": lambda w: gongkai.broken_rules(w.folder / "tables"),
    "rule_breaks": lambda w: gongkai.rule_breaks(w.checks, by=("agency", "year")),
    "read_labels": lambda w: gongkai.read_labels(w.folder / "labels.csv"),
    "agreement": lambda w: gongkai.agreement(w.labels, by=("year",)),
    "adjudication": lambda w: gongkai.adjudication(w.labels),
    "draw": lambda w: gongkai.sample(w.sentences, 2, by=("agency",)),
    "evaluate frame": lambda w: gongkai.evaluate(w.predictions, w.labels, by=("agency",), reports=w.reports),
    "predict frame": lambda w: gongkai.predict(w.sentences),
    "predict texts": lambda w: gongkai.predict(w.sentences[["text"]]),
    "prevalence": measured,
    "write_page": paged,
    "compare frame": lambda w: gongkai.compare(outcome(w), by="year", first=None, second=2021),
    "compare_reports": lambda w: gongkai.compare_reports(w.sentences, "r0", "r1"),
    "dsl_outcome": lambda w: gongkai.dsl_outcome(w.predictions, w.labels),
    "pool": lambda w: gongkai.pool(gongkai.prevalence(w.predictions, by=("year",))),
    "copied": lambda w: gongkai.copy_network(gongkai.copied(w.sentences), w.reports, sentences=w.sentences),
    "reuse_sensitivity": lambda w: gongkai.reuse_sensitivity(w.sentences),
    "followup_shares": lambda w: gongkai.followup_shares(gongkai.followup(w.sentences, w.predictions).assign(checked=None), by=("year",)),
    "keyness": lambda w: gongkai.keyness(w.sentences, by="year", first=None, second=2021),
    "plot_prevalence": lambda w: gongkai.plot_prevalence(gongkai.prevalence(w.predictions)).to_json(),
    "plot_change": lambda w: gongkai.plot_change(gongkai.prevalence(w.predictions, by=("year",))).to_json(),
    "plot_kinds": lambda w: gongkai.plot_kinds(gongkai.prevalence(w.predictions, by=("agency",))).to_json(),
    "plot_network": lambda w: gongkai.plot_network(gongkai.copy_network(gongkai.copied(w.sentences), w.reports, sentences=w.sentences)).to_json(),
    "plot_terms": lambda w: gongkai.plot_terms(gongkai.keyness(w.sentences, by="year", first=None, second=2021)).to_json(),
    "show": lambda w: [cli("measure", P, "-o", "{}/m.csv")(w), cli("show", T, P, "{}/m.csv", "0", "-o", O)(w)],
}  # fmt: skip


def tried(name, plan):
    """Let one world meet one action: "result", "refused", or what went wrong."""
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place), made(plan))
        signal.signal(signal.SIGALRM, _hangs)
        signal.alarm(PATIENCE)
        try:
            ACTIONS[name](world)
        except (GongkaiError, click.ClickException):
            return "refused"
        except Exception as error:
            inside = [f for f in traceback.extract_tb(error.__traceback__) if "/gongkai/" in f.filename]
            where = f"{Path(inside[-1].filename).name}:{inside[-1].lineno}" if inside else "test"
            return f"{type(error).__name__} at {where}: {str(error)[:120]}"
        finally:
            signal.alarm(0)
    return "result"


def _hangs(*_):
    raise TimeoutError("hangs")


def meet(worlds, start):
    """Run so many worlds; returns what came of them, by action."""
    came = {name: Counter() for name in ACTIONS}
    order = list(ACTIONS)
    number = iter(range(10**9))
    wrong = defaultdict(list)

    @seed(start)
    @settings(
        max_examples=worlds, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(plans())
    def each(plan):
        name = order[next(number) % len(order)]
        ended = tried(name, plan)
        came[name][ended] += 1
        if ended not in ("result", "refused"):
            wrong[f"{name}: {ended}"].append(plan)

    each()
    return came, wrong


def judged(came, wrong, record_property):
    lines = []
    for name, counts in came.items():
        lines.append(f"{name:<20} {counts['result']:>5} of {counts.total():>5} worlds gave a result")
    record_property("worlds", "\n".join(lines))
    told = [f"{len(plans_)} × {what}; e.g. {plans_[0]}" for what, plans_ in wrong.items()]
    assert not told, "\n".join(told)
    refusing = [name for name, counts in came.items() if counts["result"] < FLOOR * counts.total() - 3]
    assert not refusing, f"refuse nearly everything: {refusing}"


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="alarms as on POSIX")
def test_a_hundred_worlds(record_property):
    judged(*meet(100, 0), record_property)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="alarms as on POSIX")
def test_many_worlds(record_property):
    judged(*meet(WORLDS, SEED), record_property)


def test_the_findings_that_began_this(tmp_path):
    """A form not found, a year not found, an agency not found: all three went through no command."""
    plan = {
        "reports": 3,
        "sentences": 5,
        "nulls": "one",
        "years": (2020, 2021),
        "agencies": 2,
        "long": False,
        "plain": True,
        "seed": 1,
    }
    frames = made(plan)
    assert frames["reports"][["agency", "year", "form"]].isna().any().all()
    for name in ("page", "check", "measure"):
        assert tried(name, plan) == "result"
