"""Worlds: tables as odd as their schema allows, through every command and every public function.

Each time a result or one clear refusal (exit 0, 1 or 2); never a traceback, never a group dropped. Each world meets one
command or function. `GONGKAI_WORLDS` says how many (the slow suite of CI: some hundreds); the share of worlds that gave
a result is printed for each at the end, and has a floor, so that refusing everything cannot pass.
"""

import contextlib
import csv
import io
import json
import os
import random
import re
import signal
import tempfile
import traceback
from collections import Counter, defaultdict
from pathlib import Path

import click
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import gongkai
from gongkai.cli.app import app
from gongkai.errors import GongkaiError
from gongkai.problem import KINDS
from gongkai.tables.frames import write_frame
from gongkai.tables.parts import write_part
from gongkai.tables.schema import BUILT, SCHEMAS, SECTIONS, frame_of, records

WORLDS = int(os.environ.get("GONGKAI_WORLDS", "400"))
SEED = int(os.environ.get("GONGKAI_WORLDS_SEED", "7"))
"""Fixed, so that the gate judges the change and not the draw; a hunt for more sets it anew."""
PATIENCE = 120
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
RUN = {
    "gongkai": gongkai.__version__,
    "command": "build",
    "settings": {},
    "inputs": 3,
    "inputs_digest": "0" * 64,
}
NULLS = ("none", "none", "some", "all", "one")
SCHEME = gongkai.read_codebook(gongkai.bundled("corpus/codebook.toml")).stamp


class World:
    """Frames of all tables, and the folder they are written to."""

    def __init__(self, folder, frames):
        self.folder = folder
        self.frames = frames
        for name in BUILT:
            write_part(name, frames[name], folder / "tables")
        (folder / "tables" / "run.json").write_text(json.dumps(RUN))
        write_part("predictions", frames["predictions"], folder / "parts")
        for name in ("predictions", "labels"):
            write_frame(frames[name], folder / f"{name}.csv")
        write_frame(frames["sentences"][["sentence_id", "text", "agency"]], folder / "my.csv")

    def __getattr__(self, name):
        return self.frames[name]


@st.composite
def plans(draw):
    """What is odd about a world: how many rows, what is null, how alike things are; the rest is drawn by its seed.

    One in three is of the size and shape of a small study, so that what needs one gives results.
    """
    plan = {
        "reports": draw(st.sampled_from([3, 6, 2, 1, 3, 6, 12, 0])),
        "sentences": draw(st.sampled_from([12, 5, 12, 30, 5, 2, 1, 0])),
        "nulls": draw(st.sampled_from([*NULLS, "mixed", "mixed"])),
        "years": draw(
            st.sampled_from([(2020, 2021), (2020, 2021), (2021,), (1900, 2099), (2019, 2020, 2021, 2022)])
        ),
        "series": draw(st.booleans()),
        "agencies": draw(st.sampled_from([2, 1, len(AGENCIES), len(AGENCIES)])),
        "own": draw(st.booleans()),
        "copying": draw(st.booleans()),
        "scheme": draw(st.sampled_from([SCHEME, SCHEME, None, "other 1"])),
        "long": draw(st.integers(0, 29)) == 7,
        "plain": draw(st.booleans()),
        "seed": draw(st.integers(0, 2**32)),
    }
    return plan | STUDY if draw(st.integers(0, 2)) == 1 else plan


STUDY = {
    "reports": 16,
    "sentences": 12,
    "years": (2020, 2021),
    "agencies": 8,
    "series": True,
    "scheme": SCHEME,
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
        _below(
            rng, "sentences", report, texts, sentence_id=f"{report['report_id']}-{i}", position=i, tokens=None,
            lead=rng.choice(["", "", *texts]),
        )
        for report in reports
        for i in range(plan["sentences"])
    ]  # fmt: skip
    for number, row in enumerate(rows["sentences"]):
        if plan["own"]:  # no two agencies share a text
            row["text"] += "".join(rng.choice("甲乙丙丁戊己庚辛") for _ in range(8))
        before = number - 2 * plan["sentences"]
        if plan["copying"] and before >= 0 and number // plan["sentences"] % 4 > 1:  # but those who copy
            row["text"] = rows["sentences"][before]["text"]
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
    said = [_below(rng, "predictions", row, texts, label=label, model="m", value=None) for row in rows["sentences"]
            for label in ("commitment", "boilerplate")]  # fmt: skip
    learned = not plan["plain"] and rng.random() < 0.3
    rows["predictions"] = [row | {"score": rng.random(), "seen": learned and row["seen"]} for row in said]
    rows["labels"] = [
        _below(rng, "labels", row, texts, annotator=who, text=row["text"] or "x", codebook=plan["scheme"])
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
    agency, year = AGENCIES[rng.randrange(plan["agencies"])], rng.choice(plan["years"])
    if plan["series"]:  # each agency year after year, one report each
        length = len(plan["years"])
        agency = AGENCIES[number // length % plan["agencies"]]
        year = plan["years"][number % length]
    return _below(
        rng, "reports", {}, TEXTS, report_id=f"r{number}", agency=agency,
        year=year, source_path=f"f{number}.html", same_as=None,
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
    blocks = re.findall(r'id="block-\d+">(.*?)</script>', written)
    shown = sum(len(about["reports"]) for block in blocks for about in json.loads(block).values())
    assert shown >= len(world.reports), f"dropped: {shown} of {len(world.reports)} reports on the page"


def with_own(world):
    """A table of one's own, by agency: a row for each, one of nobody; all sentences are in some group."""
    agencies = [*dict.fromkeys(a for a in world.reports["agency"] if isinstance(a, str)), "无此局"]
    write_frame(pd.DataFrame({"agency": agencies, "own": range(len(agencies))}), world.folder / "own.csv")
    said = cli("measure", "{}/parts", "-o", "{}/o.csv", "--by", "own", "--with", "{}/own.csv")(world)
    assert "rows fit no report" in said
    assert (world.folder / "o.unmatched.csv").exists()
    measures, whole = pd.read_csv(world.folder / "o.csv"), gongkai.prevalence(world.folder / "parts", by=())
    counts = [
        f.loc[f["measure"].eq("prevalence") & f["label"].eq("boilerplate"), "n"].sum()
        for f in (measures, whole)
    ]
    assert counts[0] == counts[1]


def outcome(world):
    return gongkai.outcomes(world.predictions)


def coded(ending):
    """Draw tasks, code them as a coder would in the file, read them back; for .xlsx and the programs' exports too."""

    def act(world):
        rng = random.Random(len(world.sentences))
        file = world.folder / f"tasks{ending}"
        drawn = gongkai.sample(world.sentences, 3)
        gongkai.write_tasks(drawn, file)
        _FILLED[ending](file, rng)
        read = gongkai.read_tasks(file, "li", world.sentences)
        assert read["sentence_id"].tolist() == drawn["sentence_id"].tolist()
        assert read["commitment"].notna().all()

    return act


def _fill_csv(file, rng):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(row | {"commitment": rng.choice("01"), "boilerplate": "是"} for row in rows)


def _fill_xlsx(file, rng):
    import openpyxl

    book = openpyxl.load_workbook(file)
    sheet = book.active
    head = [cell.value for cell in sheet[1]]
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, head.index("commitment") + 1).value = rng.randrange(2)
        sheet.cell(row, head.index("boilerplate") + 1).value = "0"
    book.save(file)


def _fill_json(file, rng):
    tasks = json.loads(file.read_text(encoding="utf-8"))
    for task in tasks:
        task["annotations"] = [{"result": [
            {"from_name": label, "type": "choices", "value": {"choices": [rng.choice("01")]}}
            for label in ("commitment", "boilerplate")
        ]}]  # fmt: skip
    file.write_text(json.dumps(tasks), encoding="utf-8")


def _fill_jsonl(file, rng):
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    lines = [
        json.dumps(row | {"label": rng.choice([["commitment"], ["boilerplate"], ["neither"]])})
        for row in rows
    ]
    file.write_text("\n".join(lines), encoding="utf-8")


_FILLED = {".csv": _fill_csv, ".xlsx": _fill_xlsx, ".json": _fill_json, ".jsonl": _fill_jsonl}


def resolved(world):
    sheet = gongkai.coding.adjudication(world.labels)
    disputed = sheet.assign(commitment="1", boilerplate=0, rule="r")
    rows = gongkai.coding.resolve(world.labels, disputed)
    coded_ = world.labels[world.labels["annotator"] != "resolved"]
    assert rows["sentence_id"].tolist() == coded_["sentence_id"].drop_duplicates().tolist()


QUICK = gongkai.TrainSettings(outer_folds=2, folds=2, comparisons=False)


def trained(world):
    """A model of the world's codes goes its whole way: trained, published, predicting."""
    gongkai.train(world.labels, world.folder / "model", settings=QUICK)
    cli("publish", "{}/model", "{}/given", "--really")(world)
    assert len(gongkai.predict(world.sentences, model=world.folder / "given")) == 2 * len(world.sentences)


def crossed(world):
    found = gongkai.cross_fit(world.sentences, world.labels, settings=QUICK)
    assert len(found) == 2 * len(world.sentences)


def train_line(world):
    settings = "outer_folds = 2\nfolds = 2\ncomparisons = false\n"
    (world.folder / "quick.toml").write_text(settings)
    cli("train", L, "-o", "{}/model", "--settings", "{}/quick.toml")(world)


def built(*options):
    """Write a report for each of the world's and build them; each is a report or a row that says why not."""

    def act(world):
        place = world.folder / "raw"
        place.mkdir()
        for number, report in enumerate(records(world.reports)):
            own = world.sentences[world.sentences["report_id"] == report["report_id"]]
            name = f"{number}.{('txt', 'md', 'html')[number % 3]}"
            title = f"{report['agency']}{report['year']}年政府信息公开工作年度报告"
            sections = [
                f"{heading}\n" + "\n".join(own["text"].iloc[k::6]) for k, heading in enumerate(HEADINGS)
            ]
            text = "\n".join([title, *sections])
            if name.endswith("html"):
                text = "".join(f"<p>{line}</p>" for line in text.split("\n"))
            (place / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        if options:
            said = cli("build", "{}/raw", "-o", "{}/built", *options)(world)
        else:
            said = gongkai.build(place, world.folder / "built")
        reports = gongkai.read(world.folder / "built", "reports")
        problems = gongkai.read(world.folder / "built", "problems")
        names = {Path(path).name for path in [*reports["source_path"], *problems["source_path"]]}
        assert len(names) == len(world.reports), f"not accounted for: {names}\n{said}"
        assert len(reports) or not len(world.reports), "no report"

    return act


HEADINGS = ("一、总体情况", "二、主动公开政府信息情况", "三、收到和处理政府信息公开申请情况",
            "四、政府信息公开行政复议、行政诉讼情况", "五、存在的主要问题及改进情况", "六、其他需要报告的事项")  # fmt: skip


def saved(ending):
    return lambda w: gongkai.save_chart(
        gongkai.plot_prevalence(gongkai.prevalence(w.predictions)), w.folder / f"c{ending}"
    )


def parquet_predicted(world):
    world.sentences.drop(columns="sentence_id").assign(id=range(len(world.sentences)), score="x").to_parquet(
        world.folder / "my.parquet"
    )
    cli("predict", "{}/my.parquet", "-o", "{}/folder")(world)
    found = gongkai.read(world.folder / "folder", "predictions")
    assert found["text"].tolist()[::2] == world.sentences["text"].tolist()


def paneled(ending):
    """A panel, written and, where it is long enough, regressed on; for Stata with corrected shares."""

    def act(world):
        labels = ("--labels", L) if ending == ".dta" else ()
        cli("panel", T, P, "-o", "{}/panel" + ending, *labels)(world)
        found = world.folder / f"panel{ending}"
        if ending != ".dta":
            with contextlib.suppress(GongkaiError, click.ClickException):
                cli("regress", found, "boilerplate ~ n_sentences | agency", "-o", O, "--draws", "99")(world)

    return act


def panel_frames(world):
    table, dictionary = gongkai.panel(
        world.reports, world.predictions, sentences=world.sentences, statistics=world.statistics,
        checks=world.checks, strict=True,
    )  # fmt: skip
    assert set(table["report_id"].dropna()) <= set(world.reports["report_id"])
    assert set(dictionary["column"]) == set(table.columns)
    gongkai.measure.write_panel(table, dictionary, world.folder / "panel.xlsx")
    with contextlib.suppress(GongkaiError):
        gongkai.regress(table, "commitment ~ n_sentences", draws=99)


def covered(world):
    found = gongkai.coverage(world.reports, world.problems)
    gongkai.measure.coverage_shares(found, by=("year",))
    gongkai.measure.panel_gaps(world.reports)


def rated(world):
    found = gongkai.rates(world.reports, world.statistics, world.checks, strict=True)
    gongkai.measure.crosswalk(world.statistics)
    assert set(found["report_id"]) <= set(world.reports["report_id"])


def joined_to(world):
    named = world.reports[["agency"]].dropna().drop_duplicates().assign(own=1)
    wide, unmatched = gongkai.measure.with_covariates(world.reports, named)
    assert len(wide) == len(world.reports)
    assert unmatched.empty


def corrected(method):
    def act(world):
        labels = gongkai.measure.assume_random(world.labels.assign(inclusion=None), world.predictions)
        return gongkai.prevalence(world.predictions, by=("year",), method=method, labels=labels)

    return act


def grouped(world):
    found = gongkai.measure.compare_groups(outcome(world), by="agency")
    assert set(found["agency"].dropna()) <= set(world.predictions["agency"].dropna())


def prompted(world):
    """Prompts of a language model, which is not asked."""
    gongkai.write_tasks(gongkai.sample(world.sentences, 3), world.folder / "tasks.csv")
    cli("code", "{}/tasks.csv", "-o", O, "--llm", "m", "--endpoint", "http://127.0.0.1:9/v1", "--dry-run")(
        world
    )


def reread(world):
    for name in ("predictions.csv", "parts"):
        found = gongkai.read_predictions(world.folder / name, tables=world.folder / "tables")
        assert len(found) == len(world.predictions)
    assert len(gongkai.read_sentences(world.folder / "tables")) == len(world.sentences)


T, P, L, O = "{}/tables", "{}/predictions.csv", "{}/labels.csv", "{}/out.csv"  # noqa: E741
ACTIONS = {
    "check": cli("check", T, "-o", O),
    "predict": cli("predict", T, "-o", O),
    "predict my.csv": cli("predict", "{}/my.csv", "-o", O),
    "predict parts": cli("predict", T, "-o", "{}/out"),
    "evaluate": cli("evaluate", P, L, "--by", "section,year", "--tables", T, "--mistakes", "{}/m.xlsx", "-o", O),
    "evaluate parts": cli("evaluate", "{}/parts", L, "-o", O),
    "measure": cli("measure", P, "-o", O),
    "measure parts": cli("measure", "{}/parts", "-o", O, "--by", "province,level,section", "--tables", T),
    "measure with": with_own,
    "measure ppi": cli("measure", P, "-o", O, "--by", "year", "--method", "ppi", "--labels", L),
    "measure adjusted": cli("measure", P, "-o", O, "--by", "", "--method", "adjusted", "--labels", L),
    "measure dsl": cli("measure", P, "-o", "{}/o.jsonl", "--by", "agency", "--method", "dsl", "--labels", L),
    "page": cli("page", T, P, "-o", "{}/page.html"),
    "sample": cli("sample", T, "-o", "{}/tasks", "-n", "40", "--by", "section,year", "--coder", "li"),
    "sample xlsx": cli("sample", T, "-o", "{}/tasks", "-n", "3", "--format", "xlsx", "--predictions", P),
    "agree": cli("agree", L, "--by", "section", "--adjudicate", "{}/a.csv", "--labels", O),
    "partition": cli("partition", T, "-o", "{}/by-year"),
    "reuse": cli("reuse", T, "-o", O, "--copies", "{}/c.csv", "--network", "{}/n.csv", "--sentences", "{}/s.xlsx"),
    "followup": cli("followup", T, P, "-o", "{}/f.xlsx", "--by", "agency"),
    "compare": cli("compare", T, P, "-o", O, "--by", "year", "--first", "2020", "--second", "2021"),
    "compare parts": cli("compare", T, "{}/parts", "-o", O, "--by", "year", "--second", "2021"),
    "ranks parts": cli("compare", T, "{}/parts", "-o", O, "--by", "section", "--labels", L),
    "sample parts": cli("sample", T, "-o", "{}/tasks", "-n", "9", "--by", "boilerplate", "--predictions", "{}/parts"),
    "followup parts": cli("followup", T, "{}/parts", "-o", O),
    "compare kind": cli("compare", T, P, "-o", O, "--by", "kind", "--second", "department", "--labels", L),
    "terms": cli("terms", T, "-o", O),
    "terms by": cli("terms", T, "-o", O, "--by", "agency", "--second", AGENCIES[0]),
    "trend": cli("trend", T, P, "-o", O),
    "trend labels": cli("trend", T, P, "-o", O, "--first", "2020", "--second", "2021", "--labels", L),
    "plan": cli("plan", ".2", "--agencies", "9", "--sentences", "40", "--predictions", P, "--labels", L, "--label", "boilerplate"),
    "calibrate": cli("calibrate", "linear", L, "-o", "{}/calibrated"),
    "rates": cli("rates", T, "-o", O, "--strict", "--systems", "{}/systems.csv"),
    "coverage": cli("coverage", T, "-o", O, "--by", "level"),
    "panel csv": paneled(".csv"),
    "panel dta": paneled(".dta"),
    "export": cli("export", T, "-o", "{}/deposit", "--predictions", P, "--labels", L),
    "cite": cli("cite", "--methods", T),
    "code": prompted,
    "panel": panel_frames,
    "coverage frame": covered,
    "rates frame": rated,
    "series": lambda w: gongkai.series(w.reports),
    "with_covariates": joined_to,
    "prevalence ppi": corrected("ppi"),
    "prevalence dsl": corrected("dsl"),
    "compare_groups": grouped,
    "trend frame": lambda w: gongkai.trend(outcome(w)),
    "followup_placebo": lambda w: gongkai.followup(w.sentences, w.predictions, placebo=True),
    "mandated_phrases": lambda w: gongkai.measure.mandated_phrases(w.sentences),
    "mentions": lambda w: gongkai.measure.mentions(w.sentences),
    "read again": reread,
    "read": lambda w: [gongkai.read(w.folder / "tables", name) for name in BUILT],
    "read year": lambda w: gongkai.read(w.folder / "tables", "sentences", agency=AGENCIES[0], year=[2021, 1900]),
    "connect": lambda w: gongkai.connect(w.folder / "tables").sql("SELECT agency, count(*) FROM sentences GROUP BY 1").df(),
    "broken_rules": lambda w: gongkai.corpus.broken_rules(w.folder / "tables"),
    "rule_breaks": lambda w: gongkai.measure.rule_breaks(w.checks, by=("agency", "year")),
    "read_labels": lambda w: gongkai.read_labels(w.folder / "labels.csv"),
    "agreement": lambda w: gongkai.agreement(w.labels, by=("year",)),
    "adjudication": lambda w: gongkai.coding.adjudication(w.labels),
    "draw": lambda w: gongkai.sample(w.sentences, 20, by=("agency",)),
    "evaluate frame": lambda w: gongkai.evaluate(w.predictions, w.labels, by=("agency",), reports=w.reports),
    "predict frame": lambda w: gongkai.predict(w.sentences),
    "predict texts": lambda w: gongkai.predict(w.sentences[["text"]]),
    "prevalence": measured,
    "write_page": paged,
    "compare frame": lambda w: gongkai.compare(outcome(w), by="year", first=None, second=2021),
    "compare_reports": lambda w: gongkai.measure.compare_reports(w.sentences, "r0", "r1"),
    "outcome_sums": lambda w: gongkai.measure.compare_groups(gongkai.outcomes(w.folder / "parts", w.labels, by=("agency",)), by="agency"),
    "dsl_outcome": lambda w: gongkai.outcomes(w.predictions, w.labels),
    "reuse frame": lambda w: gongkai.reuse(w.sentences),
    "pool": lambda w: gongkai.measure.pool(gongkai.prevalence(w.predictions, by=("agency",))),
    "copied": lambda w: gongkai.measure.copy_network(gongkai.copied(w.sentences), w.reports, sentences=w.sentences),
    "reuse_sensitivity": lambda w: gongkai.measure.reuse_sensitivity(w.sentences),
    "followup_shares": lambda w: gongkai.measure.followup_shares(gongkai.followup(w.sentences, w.predictions).assign(checked=None), by=("year",)),
    "keyness": lambda w: gongkai.keyness(w.sentences, by="year", first=None, second=2021),
    "plot_prevalence": lambda w: gongkai.plot_prevalence(gongkai.prevalence(w.predictions)).to_json(),
    "plot_change": lambda w: gongkai.plot_change(gongkai.prevalence(w.predictions, by=("year",))).to_json(),
    "plot_kinds": lambda w: gongkai.show.plot_kinds(gongkai.prevalence(w.predictions, by=("agency",))).to_json(),
    "plot_spread": lambda w: gongkai.show.plot_spread(gongkai.prevalence(w.predictions, by=("agency",)), whole=gongkai.prevalence(w.predictions, by=())).to_json(),
    "plot_provinces": lambda w: gongkai.show.plot_provinces(gongkai.prevalence(w.predictions, by=("province",), reports=w.reports)).to_json(),
    "plot_network": lambda w: gongkai.show.plot_network(gongkai.measure.copy_network(gongkai.copied(w.sentences), w.reports, sentences=w.sentences)).to_json(),
    "plot_terms": lambda w: gongkai.show.plot_terms(gongkai.keyness(w.sentences, by="year", first=None, second=2021)).to_json(),
    "read_tasks csv": coded(".csv"),
    "read_tasks xlsx": coded(".xlsx"),
    "read_tasks json": coded(".json"),
    "read_tasks jsonl": coded(".jsonl"),
    "resolve": resolved,
    "train": train_line,
    "train publish": trained,
    "cross_fit": crossed,
    "publish": cli("publish", "linear", "{}/given", "--really"),
    "save_chart": saved(".svg"),
    "save_chart png": saved(".png"),
    "build": built(),
    "build jobs": built("--jobs", "1", "--file-timeout", "30"),
    "predict parquet": parquet_predicted,
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


@pytest.mark.parametrize("name", ACTIONS)
def test_a_calm_study_is_not_refused(name):
    """So that refusing everything cannot pass: what every action must do with some study that lacks nothing."""
    calm = STUDY | {"nulls": "none", "long": False, "plain": True}
    ends = []
    for number in range(8):
        ends.append(tried(name, calm | {"own": number % 2 == 0, "copying": number % 4 > 1, "seed": number}))
        if ends[-1] != "refused":
            break
    assert ends[-1] == "result", ends


NO_TABLES = {
    "bundled", "calibrate", "code_by_machine", "load_corpus", "load_model", "new_codebook", "read_file", "read_report", "plan",
    "Machine", "predict_tables", "sentences_behind", "to_svg",
}  # fmt: skip
"""Functions that take no table, or that a command among the actions calls and nothing else does."""


def test_every_function_and_command_meets_worlds():
    here = Path(__file__).read_text(encoding="utf-8")
    doors = [gongkai, *(getattr(gongkai, room) for room in gongkai._GROUPS)]
    names = {n: f"{door.__name__}.{n}" for door in doors for n in door.__all__}
    assert [n for n, said in names.items() if said not in here and n not in NO_TABLES] == []
    commands = {c.name or c.callback.__name__ for c in app.registered_commands}
    assert commands - set(re.findall(r'cli\(\s*"(\w+)"', here)) == {"demo", "doctor"}


def test_the_findings_that_began_this(tmp_path):
    """A form not found, a year not found, an agency not found: all three went through no command."""
    plan = {
        "reports": 3,
        "sentences": 5,
        "nulls": "one",
        "years": (2020, 2021),
        "agencies": 2,
        "series": False,
        "own": False,
        "copying": False,
        "scheme": None,
        "long": False,
        "plain": True,
        "seed": 1,
    }
    frames = made(plan)
    assert frames["reports"][["agency", "year", "form"]].isna().any().all()
    for name in ("page", "check", "measure"):
        assert tried(name, plan) == "result"
