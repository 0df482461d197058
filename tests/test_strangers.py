"""Three schemes of others through every command, and no label's name in the code."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import gongkai
from corpus.make.bind import write_labels
from gongkai.cli.app import app
from gongkai.coding.labels import predictions_from_codes, read_labels
from gongkai.errors import SchemaError
from gongkai.tables.frames import read_frame
from gongkai.tables.schema import frame_of
from gongkai.tables.scheme.codebooks import read_codebook, shipped
from tests.conftest import DATA

RUN = CliRunner()
BOOKS = DATA / "codebooks"
SRC = Path(gongkai.__file__).parent


def call(*arguments, fails=False):
    done = RUN.invoke(app, [str(a) for a in arguments], catch_exceptions=True)
    assert (done.exit_code != 0) == fails, (done.output, done.exception)
    return str(done.exception) if fails else done.output


def test_no_name_of_a_label_stands_in_the_code():
    """Neither the labels of the scheme that ships nor what it derives: they are in corpus/codebook.toml alone."""
    book = shipped()
    names = [*book.names, *(q.measure for q in book.derived)]
    pattern = re.compile("|".join(n.replace("_", "[-_ ]?") for n in names), re.IGNORECASE)
    files = [p for p in SRC.rglob("*") if p.suffix in (".py", ".html", ".toml", ".md")]
    assert len(files) > 90
    found = [f"{p.name}: {m[0]}" for p in files for m in pattern.finditer(p.read_text(encoding="utf-8"))]
    assert found == []


def coded(name, text, k, coder=0):
    """Code a sentence by rules that a model can learn; the second coder differs now and then."""
    later = k % 7 == 6 and coder
    promise = bool(re.search("将|计划|今后|进一步|下一步", text))
    if name == "pair":
        return {"blame": promise, "thanks": bool(re.search("全年|完成|已", text)) ^ bool(later)}
    if name == "capc":
        grades = [("5", "必须|应当|须"), ("4", "将"), ("3", "进一步|不断|切实"), ("2", "完成|全年")]
        grade = next((g for g, words in grades if re.search(words, text)), "1")
        return {"directive": "1" if later else ("5" if k % 11 == 0 else grade)}
    evidence = bool(re.search("每季度|月底|进一步", text)) ^ bool(later) if promise else None
    clarity = ("clear", "not clear", "misleading")[k % 3] if evidence else None
    timing = ("soon" if "月底" in text else "later" if "今后" in text else "open") if promise else None
    return {
        "promise": promise,
        "evidence": evidence,
        "clarity": clarity,
        "timing": timing,
    }


@pytest.fixture(scope="module", params=["pair", "capc", "veripromise"])
def walked(request, labels, tables, tmp_path_factory):
    """Run a stranger's scheme from codes to a page; returns (folder, codebook, what was printed)."""
    book = read_codebook(BOOKS / f"{request.param}.toml")
    name, place = book.name, tmp_path_factory.mktemp(request.param)
    option = ("--codebook", BOOKS / f"{request.param}.toml")
    rows = [
        {**r, **coded(name, r["text"], k), "codebook": book.stamp}
        for k, r in enumerate(labels.drop(columns=list(shipped().names)).to_dict("records"))
    ]
    write_labels(frame_of("labels", rows, book), place / "gold.csv", book)
    said = {"codebook": call("codebook", "check", option[1]) + call("codebook", "show", option[1])}
    said["sample"] = call(
        "sample", tables, "-o", place / "t", "-n", 25, "--coder", "a", "--coder", "b", *option
    )
    for coder in (0, 1):
        path = place / "t" / f"{'ab'[coder]}.csv"
        tasks = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        for k in tasks.index:
            codes = coded(name, tasks.loc[k, "text"], k, coder)
            shown = {c: "" if v is None else ("是" if coder else "√") if v is True else "0" if v is False else v
                     for c, v in codes.items()}  # fmt: skip
            tasks.loc[k, list(shown)] = list(shown.values())
        tasks.to_csv(path, index=False, encoding="utf-8-sig")
    files = [place / "t" / "a.csv", place / "t" / "b.csv"]
    sheet, own = place / "sheet.csv", place / "own.csv"
    said["agree"] = call("agree", *files, "--adjudicate", sheet, "--tables", tables, *option)
    filled = read_frame(sheet, ["rule"])
    for label in book.names:
        filled[label] = filled[f"{label}_a"].map(lambda v: "" if pd.isna(v) else v)
    filled.assign(rule="first coder").to_csv(sheet, index=False, encoding="utf-8-sig")
    call("agree", *files, "--adjudicated", sheet, "--labels", own, *option)
    settings = place / "s.toml"
    settings.write_text("folds = 2\nouter_folds = 2\ncomparisons = true\n")
    said["train"] = call("train", place / "gold.csv", "-o", place / "m", "--settings", settings, *option)
    said["predict"] = call("predict", tables, "-o", place / "p.csv", "-m", place / "m", *option)
    said["evaluate"] = call("evaluate", place / "p.csv", own, "--by", "section", *option)
    said["measure"] = call("measure", place / "p.csv", "-o", place / "m.csv", "--by", "year", *option)
    call(
        "measure",
        place / "p.csv",
        "-o",
        place / "d.csv",
        "--by",
        "",
        "--method",
        "dsl",
        "--labels",
        own,
        *option,
    )
    years = sorted(pd.read_csv(place / "p.csv")["year"].unique())
    pair = ("--by", "year", "--first", years[0], "--second", years[-1])
    said["compare"] = call("compare", tables, place / "p.csv", "-o", place / "c.csv", *pair, *option)
    call("compare", tables, place / "p.csv", "-o", place / "cd.csv", *pair, "--labels", own, *option)
    assert [set(pd.read_csv(place / f"{name}.csv")["method"]) for name in ("c", "cd")] == [{"count"}, {"dsl"}]
    said["show"] = call("show", tables, place / "p.csv", place / "m.csv", 0, *option)
    call("page", tables, place / "p.csv", "-o", place / "page.html", *option)
    drawn = place / "strata"
    said["strata"] = call(
        "sample",
        tables,
        "-o",
        drawn,
        "-n",
        12,
        "--predictions",
        place / "p.csv",
        "--by",
        book.names[0],
        *option,
    )
    call("panel", tables, place / "p.csv", "-o", place / "panel.csv", "--labels", own, *option)
    said["followup"] = call(
        "followup", tables, place / "p.csv", "-o", place / "f.csv", *option, fails=not book.follow
    )
    call("trend", tables, place / "p.csv", "-o", place / "trend.csv", *option)
    call("terms", tables, "-o", place / "w.csv", *option)
    shutil.copytree(place / "m", place / "new")
    (place / "new" / "gold.txt").write_text("", encoding="utf-8")  # as if it had learned from other sentences
    said["calibrate"] = call("calibrate", place / "new", place / "gold.csv", "-o", place / "fitted")
    return place, book, said


def test_every_command_speaks_of_its_labels(walked):
    place, book, said = walked
    measures = pd.read_csv(place / "m.csv")
    assert set(measures["label"]) == {q.label for q in book.quantities}
    assert set(pd.read_csv(place / "d.csv")["label"]) == {q.label for q in book.quantities}
    for label in book.names:
        assert label in said["codebook"]
        assert f"{label} " in said["agree"] or book.of(label).only_if
        assert label in said["train"]
    assert "counted" in said["show"]
    assert "probability sample, " in said["strata"]
    assert "probability sample, simple: 25 for" in said["agree"]
    columns = set(pd.read_csv(place / "panel.csv"))
    assert {re.sub(r"\W+", "_", i) for i in book.indicators} <= {re.sub(r"\W+", "_", c) for c in columns}
    assert set(pd.read_csv(place / "trend.csv")["label"]) <= set(book.indicators)
    assert book.follow or f"the codebook {book.stamp} does not say what is followed up" in said["followup"]
    page = (place / "page.html").read_text(encoding="utf-8")
    core = json.loads(re.search(r'id="core">(.*?)</script>', page)[1])
    assert [k["key"] for k in core["scheme"]["kinds"]] == [k.key for k in book.kinds]
    assert [q["label"] for q in core["scheme"]["quantities"]] == [q.label for q in book.quantities]
    card = (place / "m" / "README.md").read_text(encoding="utf-8")
    assert book.stamp in card
    names = pd.DataFrame(json.loads((place / "fitted" / "config.json").read_text("utf-8"))["calibrated"])[
        "label"
    ]
    assert names.tolist() == list(book.indicators)
    assert "share predicted − coded" in said["calibrate"]
    assert all(f"**{n}**" in card for n in book.names)


def test_a_choice_has_a_row_per_class_and_one_is_chosen(walked):
    place, book, said = walked
    found = read_frame(place / "p.csv", ["sentence_id", "label", "value", "score", "predicted"])
    for label in (one for one in book.labels if one.is_choice):
        rows = found[found["label"] == label.name]
        per = rows.groupby("sentence_id")
        assert set(per.size()) == {len(label.classes)}
        assert per["score"].sum().round(6).eq(1).all()
        assert per["predicted"].sum().le(1).all()
        if not label.only_if:
            assert per["predicted"].sum().eq(1).all()
        assert "coded → predicted" in said["evaluate"]
        assert "macro_f1" in said["evaluate"]
    for label in (one for one in book.labels if one.only_if):
        held = set(found.loc[(found["label"] == label.only_if) & found["predicted"], "sentence_id"])
        assert set(found.loc[(found["label"] == label.name) & found["predicted"], "sentence_id"]) <= held


def test_what_is_coded_under_a_condition_is_counted_there(walked):
    place, book, _ = walked
    if book.name != "veripromise":
        pytest.skip("no linked fields")
    measures = pd.read_csv(place / "m.csv")
    predictions = pd.read_csv(place / "p.csv")
    for year, rows in predictions[predictions["section"] != "preamble"].groupby("year"):
        n = int((rows["label"].eq("promise") & rows["predicted"]).sum())
        mine = measures[(measures["year"] == year) & (measures["label"] == "evidence")]
        assert mine["n"].tolist() == [n]
        k = int((rows["label"].eq("evidence") & rows["predicted"]).sum())
        assert mine["value"].tolist() == (
            [pytest.approx(k / n)] if n else [pytest.approx(float("nan"), nan_ok=True)]
        )


@pytest.mark.parametrize("name", ["pair", "capc", "veripromise"])
def test_regress_and_plan_take_its_labels(name, labels, tables, tmp_path):
    """Codes of one coder as the predictions of elsewhere, corrected by another's."""
    book = read_codebook(BOOKS / f"{name}.toml")
    option = ("--codebook", BOOKS / f"{name}.toml")
    plain = labels.drop(columns=list(shipped().names)).to_dict("records")
    rows = [
        {**r, **coded(name, r["text"], k), "codebook": book.stamp, "inclusion": 1.0}
        for k, r in enumerate(plain)
    ]
    write_labels(frame_of("labels", rows, book), tmp_path / "gold.csv", book)
    others = [{**r, **coded(name, r["text"], k, 1), "codebook": book.stamp} for k, r in enumerate(plain)]
    codes = frame_of("labels", [r | {"annotator": "other"} for r in others], book)
    elsewhere = predictions_from_codes(codes, frame_of("sentences", plain), book)
    elsewhere.to_csv(tmp_path / "p.csv", index=False)
    panel = labels[["agency", "year"]].drop_duplicates().reset_index(drop=True)
    panel.assign(budget=panel.index % 5).to_csv(tmp_path / "panel.csv", index=False)
    outcome = re.sub(r"\W+", "_", book.indicators[0])
    corrected = ("--predictions", tmp_path / "p.csv", "--labels", tmp_path / "gold.csv", *option)
    said = call("regress", tmp_path / "panel.csv", f"{outcome}_outcome ~ budget", "--draws", 0, *corrected)
    assert "12 rows, 12 × agency" in said
    said = call("plan", 0.2, "--agencies", 20, "--sentences", 60, "--label", book.indicators[0], *corrected)
    assert "pilot: share" in said
    assert "half predicted to have the label" in said


def test_another_codebook_than_the_models_or_the_labels_is_refused(walked, tables):
    place, book, _ = walked
    other = next(p for p in BOOKS.glob("*.toml") if p.stem != book.name)
    said = call("predict", tables, "-o", place / "x.csv", "-m", place / "m", "--codebook", other, fails=True)
    assert f"m: was trained on the codebook {book.stamp}, not on" in said
    label = read_codebook(other).names[0]
    assert f"; label {label} differs ({other}, line" in said
    text = (BOOKS / f"{book.name}.toml").read_text(encoding="utf-8").replace(f'"{book.version}"', '"99"', 1)
    (place / "newer.toml").write_text(text, encoding="utf-8")
    said = call(
        "predict",
        tables,
        "-o",
        place / "x.csv",
        "-m",
        place / "m",
        "--codebook",
        place / "newer.toml",
        fails=True,
    )
    assert (
        said == f"m: was trained on the codebook {book.stamp}, not on {book.name} 99 ({place / 'newer.toml'})"
    )
    said = call("evaluate", place / "p.csv", place / "gold.csv", "--codebook", other, fails=True)
    assert f"p.csv, line 2: label {book.names[0]} is not in the codebook" in said
    text = (place / "gold.csv").read_text(encoding="utf-8").replace(book.stamp, f"{book.name} 99", 1)
    (place / "stale.csv").write_text(text, encoding="utf-8")
    said = call(
        "train", place / "stale.csv", "-o", place / "y", "--codebook", BOOKS / f"{book.name}.toml", fails=True
    )
    assert f"stale.csv, line 2: coded by the codebook '{book.name} 99', not by {book.stamp}" in said


def test_codes_outside_the_classes_and_a_class_no_one_coded(walked, tmp_path):
    place, book, _ = walked
    if book.name != "capc":
        pytest.skip("one choice is enough")
    gold = read_labels(place / "gold.csv", book)
    text = (place / "gold.csv").read_text(encoding="utf-8")
    (tmp_path / "g.csv").write_text(text.replace(",5,", ",6,", 1), encoding="utf-8")
    with pytest.raises(SchemaError, match=r"line \d+: directive is '6'; expected 5, 4, 3"):
        read_labels(tmp_path / "g.csv", book)
    write_labels(gold[gold["directive"] != "2"], tmp_path / "h.csv", book)
    said = call(
        "train", tmp_path / "h.csv", "-o", tmp_path / "m", "--codebook", BOOKS / "capc.toml", fails=True
    )
    assert said == (
        f"{tmp_path / 'h.csv'}: directive: no one coded the class '2' ({BOOKS / 'capc.toml'}, line 7); code "
        "sentences of it, or train by a codebook without it"
    )


def test_predictions_from_elsewhere_are_filled_from_the_tables(tables, sentences, tmp_path):
    rows = [f"{s},tone,{('mild', 'harsh')[k % 2]}" for k, s in enumerate(sentences["sentence_id"])]
    (tmp_path / "p.csv").write_text("sentence_id,label,value\n" + "\n".join(rows) + "\n", encoding="utf-8")
    said = call("measure", tmp_path / "p.csv", "-o", tmp_path / "m.csv", "--by", "agency", fails=True)
    assert "lacks report_id, agency, region_code, year, section, heading; --tables FOLDER fills them" in said
    call("measure", tmp_path / "p.csv", "-o", tmp_path / "m.csv", "--by", "agency", "--tables", tables)
    measures = pd.read_csv(tmp_path / "m.csv")
    assert measures.groupby("agency")["value"].sum().round(9).eq(1).all()
    scores = [
        f"{s},commitment,{k % 2}.0\n{s},boilerplate,0.25" for k, s in enumerate(sentences["sentence_id"])
    ]
    (tmp_path / "q.csv").write_text("sentence_id,label,score\n" + "\n".join(scores) + "\n", encoding="utf-8")
    call("page", tables, tmp_path / "q.csv", "-o", tmp_path / "page.html")
    (tmp_path / "r.csv").write_text("sentence_id,label,score\nx,commitment,1.5\n", encoding="utf-8")
    said = call("measure", tmp_path / "r.csv", "-o", tmp_path / "n.csv", "--tables", tables, fails=True)
    assert "line 2: score is '1.5'; expected 0 to 1" in said


def test_a_long_file_of_labels_is_read_as_a_wide_one(labels, tmp_path):
    wide = labels.head(6)
    long = wide.drop(columns=["commitment", "boilerplate"]).merge(
        wide.melt(["sentence_id"], ["commitment", "boilerplate"], "label", "value"), on="sentence_id"
    )
    long.to_csv(tmp_path / "long.csv", index=False)
    pd.testing.assert_frame_equal(read_labels(tmp_path / "long.csv"), wide, check_dtype=False)


def test_the_template_is_a_codebook(tmp_path):
    said = call("codebook", "new", tmp_path / "mine.toml")
    assert "promise, deadline" in said
    assert read_codebook(tmp_path / "mine.toml").name == "mine"
    assert "mine 1: 2 labels" in call("codebook", "check", tmp_path / "mine.toml")
    assert "仅当" in call("codebook", "show", tmp_path / "mine.toml", "--language", "zh")
    assert "exists" in call("codebook", "new", tmp_path / "mine.toml", fails=True)


def test_an_excel_code_is_refused_by_its_cell_and_read_in_every_spelling(sentences, tmp_path):
    import openpyxl

    from gongkai.coding.exchange import columns_of, read_tasks, write_tasks

    book = read_codebook(BOOKS / "veripromise.toml")
    path = write_tasks(sentences.head(8), tmp_path / "t.xlsx", codebook=book)
    work = openpyxl.load_workbook(path)
    assert work.sheetnames == ["tasks", "codebook", "codes"]
    assert work["tasks"].freeze_panes == "A2"
    assert [v.formula1 for v in work["tasks"].data_validations.dataValidation] == [
        "codes!$A$2:$A$3", "codes!$B$2:$B$3", "codes!$C$2:$C$4", "codes!$D$2:$D$4"
    ]  # fmt: skip
    columns = columns_of(book)
    promise, timing = columns.index("promise") + 1, columns.index("timing") + 1
    for row, code in enumerate(("是", "√", 1, 1.0, "TRUE", True, " Y ", "否"), start=2):
        work["tasks"].cell(row, promise).value = code
    work["tasks"].cell(3, timing).value = "两年内"
    work.save(path)
    read = read_tasks(path, "x", codebook=book)
    assert read["promise"].tolist() == [True] * 7 + [False]
    assert read["timing"].fillna("").tolist()[:2] == ["", "soon"]
    letter = openpyxl.utils.get_column_letter(promise)
    work["tasks"].cell(5, promise).value = "vielleicht"
    work.save(path)
    with pytest.raises(SchemaError, match=f"cell {letter}5: promise is 'vielleicht'; expected 1, 0 or empty"):
        read_tasks(path, "x", codebook=book)
    work["tasks"].cell(5, promise).value = 0
    work["tasks"].cell(5, timing).value = "later"
    work.save(path)
    with pytest.raises(SchemaError, match="row 5: timing is coded, but only where promise; promise is 0"):
        read_tasks(path, "x", codebook=book)


def test_a_workbook_that_another_program_saved(sentences, tmp_path):
    """Its sheets and columns moved, formulas for codes, empty rows behind: read by name, refused by cell."""
    import openpyxl

    from gongkai.coding.exchange import columns_of, read_tasks, write_tasks

    book = read_codebook(BOOKS / "pair.toml")
    path = write_tasks(sentences.head(6), tmp_path / "t.xlsx", codebook=book)
    work = openpyxl.load_workbook(path)
    sheet = work["tasks"]
    widths = [d.width for d in sheet.column_dimensions.values()]
    assert min(widths) > 10
    assert max(widths) == 70
    column = columns_of(book).index("blame") + 1
    for row, code in enumerate(("ｙ", "对", "有", "１", "✔", "☐"), start=2):
        sheet.cell(row, column).value = code
    sheet.move_range(f"A1:{openpyxl.utils.get_column_letter(len(columns_of(book)))}7", cols=1)
    sheet.cell(1, 1).value = "remarks"
    sheet.cell(60, 1).value = ""
    work.move_sheet("codebook", -1)
    work.save(path)
    assert read_tasks(path, "x", codebook=book)["blame"].tolist() == [True] * 5 + [False]
    letter = openpyxl.utils.get_column_letter(column + 1)
    work["tasks"][f"{letter}4"].value = "是的吧"
    work.save(path)
    with pytest.raises(
        SchemaError, match=rf"t\.xlsx, cell {letter}4: blame is '是的吧'; expected 1, 0 or empty"
    ):
        read_tasks(path, "x", codebook=book)


@pytest.mark.parametrize("ending", ["xlsx", "csv", "json", "jsonl"])
def test_tasks_of_another_version_of_the_codebook_are_refused(sentences, tmp_path, ending):
    from gongkai.coding.exchange import read_tasks, write_tasks

    text = (BOOKS / "pair.toml").read_text(encoding="utf-8").replace('version = "0.1"', 'version = "0.2"')
    (tmp_path / "next.toml").write_text(text, encoding="utf-8")
    path = write_tasks(
        sentences.head(3), tmp_path / f"t.{ending}", codebook=read_codebook(BOOKS / "pair.toml")
    )
    where = {"xlsx": "row 2", "csv": "line 2", "json": "task 1", "jsonl": "line 1"}[ending]
    said = f"t.{ending}, {where}: written for the codebook 'pair 0.1', not for pair 0.2"
    with pytest.raises(SchemaError, match=re.escape(said)):
        read_tasks(path, "x", codebook=read_codebook(tmp_path / "next.toml"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "s,commitment,.2\nt,comitment,.3\n", "a.csv, line 3: label comitment is not in the codebook"),
        ("b.csv", "s,topic=staff,.2\n", "b.csv, line 2: label topic=staff is not in the codebook admitted 1"),
        ("c.jsonl", '{"sentence_id": "s", "label": "comitment", "score": 1}\n', "c.jsonl, line 1: label comitment"),
    ],
)  # fmt: skip
def test_a_label_of_predictions_that_is_none_of_the_codebook_is_named_with_its_line(
    name, text, said, tmp_path
):
    head = "" if name.endswith("jsonl") else "sentence_id,label,score\n"
    (tmp_path / name).write_text(head + text, encoding="utf-8")
    with pytest.raises(SchemaError, match=re.escape(said)):
        gongkai.read_predictions(tmp_path / name, codebook=read_codebook("admitted"))


def test_a_class_that_is_none_is_named_with_its_line_and_a_scheme_nobody_gave_is_said(
    tables, tmp_path, caplog
):
    file, sentence = tmp_path / "p.csv", gongkai.read_sentences(tables)["sentence_id"].iloc[0]
    head = "sentence_id,label,value,score,predicted\n"
    file.write_text(f"{head}{sentence},topic,staff,1,1\n{sentence},topic,stuff,1,1\n", encoding="utf-8")
    with pytest.raises(
        SchemaError, match=r"p\.csv, line 3: label topic=stuff is not in the codebook admitted 1"
    ):
        gongkai.read_predictions(file, tables, read_codebook("admitted"))
    file.write_text(f"{head}{sentence},comitment,,1,1\n", encoding="utf-8")
    with caplog.at_level("WARNING"):
        assert len(gongkai.read_predictions(file, tables)) == 1
    assert (
        "p.csv: labels of no codebook that is given or ships are taken as they stand: comitment"
        in caplog.text
    )
