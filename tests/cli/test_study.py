"""The commands around coding and measuring, through the runner on the tiny corpus."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from corpus.make.bind import write_labels
from gongkai.classify.train import gold_of
from gongkai.cli.app import app
from gongkai.tables.frames import read_frame, write_frame
from gongkai.tables.schema import frame_of

RUN = CliRunner()


def call(*arguments, fails=False):
    done = RUN.invoke(app, [str(a) for a in arguments], catch_exceptions=True)
    assert (done.exit_code != 0) == fails, (done.output, done.exception)
    return str(done.exception) if fails else done.output


@pytest.fixture(scope="module")
def predicted(predictions, tmp_path_factory):
    return write_frame(predictions, tmp_path_factory.mktemp("p") / "predictions.csv")


def test_sample_then_agree(tables, tmp_path):
    out = call(
        "sample",
        tables,
        "-o",
        tmp_path / "tasks",
        "-n",
        12,
        "--by",
        "section",
        "--coder",
        "李",
        "--coder",
        "王",
    )
    assert "12 sentences for 李, 王" in out
    files = [tmp_path / "tasks" / f"{c}.csv" for c in ("李", "王")]
    assert "no sentence is coded twice" in call("agree", *files, fails=True)
    for k, path in enumerate(files):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        assert (frame["before"] != "").any()
        frame["commitment"] = [str(i % 2) for i in range(12)]
        frame["boilerplate"] = [str((i + (i == 3) * k) % 2) for i in range(12)]
        frame.to_csv(path, index=False, encoding="utf-8-sig")
    out = call(
        "agree",
        *files,
        "--tables",
        tables,
        "--adjudicate",
        tmp_path / "a.xlsx",
        "--labels",
        tmp_path / "l.csv",
    )
    assert "α 1.000" in out
    assert "1 disputed" in out
    assert len(pd.read_excel(tmp_path / "a.xlsx")) == 1
    assert read_frame(tmp_path / "l.csv", ["inclusion"])["inclusion"].between(0, 1).all()


def test_codes_that_are_not_there_are_named(tmp_path):
    assert "missing.csv: cannot be read" in call("agree", tmp_path / "missing.csv", fails=True)


def test_a_coder_is_no_path(tables, tmp_path):
    assert "without slashes" in call(
        "sample", tables, "-o", tmp_path / "t", "-n", 3, "--coder", "../x", fails=True
    )


def test_reuse_followup_compare_terms(tables, predicted, tmp_path):
    out = call(
        "reuse",
        tables,
        "-o",
        tmp_path / "r.csv",
        "--copies",
        tmp_path / "c.csv",
        "--network",
        tmp_path / "n.xlsx",
        "--sentences",
        tmp_path / "s.csv",
    )
    assert {"words", "shared", "sticky", "redundant"} <= set(pd.read_csv(tmp_path / "s.csv").columns)
    assert "sticky" in out
    assert "placebo, sticky to another agency" in out
    assert (tmp_path / "r.csv").read_bytes()[:3] == b"\xef\xbb\xbf"  # so that Excel reads Chinese
    assert "relation" in pd.read_excel(tmp_path / "n.xlsx").columns
    assert {"similarity", "source_text"} <= set(pd.read_csv(tmp_path / "c.csv").columns)
    out = call("followup", tables, predicted, "-o", tmp_path / "f.xlsx")
    assert "commitment:silent" in out
    assert "problem:" not in out
    read = pd.read_excel(tmp_path / "f.xlsx")
    read["checked"] = "silent"
    write_frame(read, tmp_path / "read.xlsx")
    out = call("followup", tables, predicted, "-o", tmp_path / "f.csv", "--checked", tmp_path / "read.xlsx")
    assert "commitment:silent    100.0%" in out
    years = sorted(pd.read_csv(predicted)["year"].unique())
    out = call(
        "compare",
        tables,
        predicted,
        "-o",
        tmp_path / "d.csv",
        "--by",
        "year",
        "--first",
        years[0],
        "--second",
        years[-1],
    )
    assert "boilerplate" in out
    assert "there are" in call(
        "compare", tables, predicted, "-o", tmp_path / "e.csv", "--by", "year", "--second", 1999, fails=True
    )
    assert "公开" in call("terms", tables, "-o", tmp_path / "t.csv")
    assert "--second" in call("terms", tables, "-o", tmp_path / "u.csv", "--by", "year", fails=True)


def test_shares_of_pairs_are_corrected_by_a_drawn_part(tables, predicted, tmp_path):
    call("followup", tables, predicted, "-o", tmp_path / "f.csv")
    out = call("sample", tmp_path / "f.csv", "-o", tmp_path / "t", "-n", 4, "--by", "kind", "--coder", "li")
    assert "4 pairs for li" in out
    sheet = pd.read_csv(tmp_path / "t" / "li.csv")
    assert {"nearest", "inclusion", "checked"} <= set(sheet.columns)
    assert "outcome" not in sheet.columns
    sheet = sheet.assign(checked="silent")
    sheet.loc[0, "sentence_id"] = "strange"
    write_frame(sheet, tmp_path / "read.csv")
    out = call("followup", tables, predicted, "-o", tmp_path / "g.csv", "--checked", tmp_path / "read.csv")
    assert "commitment:silent    100.0%" in out
    assert "dsl" in out
    assert "1 of 4 rows are none of this search" in out
    call("reuse", tables, "-o", tmp_path / "r.csv", "--copies", tmp_path / "c.csv", "--nearest")
    call(
        "sample", tmp_path / "c.csv", "-o", tmp_path / "u", "-n", 20, "--by", "kind,found", "--format", "xlsx"
    )
    sheet = pd.read_excel(tmp_path / "u" / "coder.xlsx").assign(checked="否")
    write_frame(sheet, tmp_path / "read.xlsx")
    pairs = tmp_path / "d.csv"
    out = call(
        "reuse", tables, "-o", tmp_path / "s.csv", "--copies", pairs, "--nearest", "--checked",
        tmp_path / "read.xlsx",
    )  # fmt: skip
    assert "own                  0.0%" in out
    refused = call("reuse", tables, "-o", tmp_path / "x.csv", "--nearest", fails=True)
    assert "they need --copies" in refused
    write_frame(pd.concat([sheet, sheet]), tmp_path / "twice.xlsx")
    write_frame(sheet.assign(checked="maybe"), tmp_path / "maybe.xlsx")
    before = sorted(tmp_path.iterdir())
    for name, said in [("twice", "a pair stands twice"), ("maybe", "checked is 'maybe'")]:
        asked = [
            "-o",
            tmp_path / "y.csv",
            "--copies",
            tmp_path / "z.csv",
            "--checked",
            tmp_path / f"{name}.xlsx",
        ]
        assert said in call("reuse", "no tables are read", *asked, fails=True)
    refused = call("followup", tables, predicted, "-o", tmp_path / "y.csv", "--by", "tier", fails=True)
    assert "lack tier; they have sentence_id, agency, year," in refused
    assert sorted(tmp_path.iterdir()) == before
    assert "lacks the column kind" in call("sample", predicted, "-o", tmp_path / "v", fails=True)


def test_show_goes_back_to_the_sentences(tables, predicted, tmp_path):
    call("measure", predicted, "-o", tmp_path / "m.csv", "--by", "year")
    measures = pd.read_csv(tmp_path / "m.csv")
    for row in range(len(measures)):
        out = call(
            "show", tables, predicted, tmp_path / "m.csv", row, "-o", tmp_path / "s.csv", "--overwrite"
        )
        behind = pd.read_csv(tmp_path / "s.csv")
        assert len(behind) == measures["n"].iloc[row]
        if len(behind):
            assert behind["counted"].mean() == pytest.approx(measures["value"].iloc[row])
        assert f"of {len(behind)} sentences" in out
    assert "has rows 0 to" in call("show", tables, predicted, tmp_path / "m.csv", 999, fails=True)


def test_measure_corrects_by_a_coded_sample(tables, sentences, predicted, tmp_path):
    coded = sentences[sentences["section"] != "preamble"]
    rows = coded.assign(
        annotator="li", commitment=coded["section"] == "improvements", boilerplate=False, codebook="2"
    )
    write_labels(frame_of("labels", rows.assign(inclusion=1.0).to_dict("records")), tmp_path / "gold.csv")
    call(
        "measure",
        predicted,
        "-o",
        tmp_path / "m.csv",
        "--by",
        "",
        "--method",
        "ppi",
        "--labels",
        tmp_path / "gold.csv",
    )
    measures = pd.read_csv(tmp_path / "m.csv").set_index("label")
    assert measures.loc["commitment", "value"] == pytest.approx((coded["section"] == "improvements").mean())
    assert measures.loc["boilerplate", "value"] == pytest.approx(0, abs=1e-9)
    assert "expected count" in call(
        "measure", predicted, "-o", tmp_path / "x.csv", "--method", "magic", fails=True
    )
    assert "needs labels" in call(
        "measure", predicted, "-o", tmp_path / "x.csv", "--method", "dsl", fails=True
    )


def test_the_page_is_corrected_by_a_coded_sample(tables, predictions, predicted, sentences, tmp_path):
    from tests.show.test_page import codes_of, held

    texts = sentences.set_index("sentence_id")
    codes = codes_of(predictions)
    about = {c: texts.loc[codes["sentence_id"], c].to_numpy() for c in ("text", "heading", "lead")}
    write_labels(
        frame_of("labels", codes.assign(**about, codebook="cheap-talk 2").to_dict("records")),
        tmp_path / "g.csv",
    )
    page = ("page", tables, predicted, "-o", tmp_path / "p.html")
    call(*page, "--labels", tmp_path / "g.csv", "--method", "adjusted")
    core = held((tmp_path / "p.html").read_text(encoding="utf-8"), "core")
    assert (core["method"], core["coded"]) == ("adjusted", codes["sentence_id"].nunique())
    assert "needs --labels" in call(*page, "--method", "ppi", "--overwrite", fails=True)
    assert "expected dsl" in call(*page, "--labels", tmp_path / "g.csv", "--method", "count", fails=True)


def test_what_a_model_learned_from_does_not_correct_it(labels, model, tmp_path):
    from gongkai.classify.predict import predict

    gold = gold_of(labels)
    write_frame(predict(gold, model=model), tmp_path / "p.csv")
    write_labels(gold, tmp_path / "gold.csv")
    said = call(
        "measure",
        tmp_path / "p.csv",
        "-o",
        tmp_path / "m.csv",
        "--method",
        "ppi",
        "--labels",
        tmp_path / "gold.csv",
        "--assume-random",
        fails=True,
    )
    assert "trained on 240 of the 240" in said


def test_publish_copies_only_when_told(model, tmp_path):
    assert "nothing was done" in call("publish", model, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    call("publish", model, tmp_path / "copy", "--really")
    assert sorted(p.name for p in (tmp_path / "copy").iterdir()) == sorted(p.name for p in model.iterdir())


def test_cite_names_model_and_digest(model):
    out = call("cite", "--model", model)
    assert "gold digest" in out
    assert "@software{gongkai" in out


def test_the_codes_of_one_coder_are_written_and_called_no_agreement(tables, tmp_path):
    call("sample", tables, "-o", tmp_path / "tasks", "-n", 6, "--coder", "resolved")
    path = tmp_path / "tasks" / "resolved.csv"
    tasks = pd.read_csv(path, encoding="utf-8-sig").assign(commitment=1, boilerplate=0)
    tasks.to_csv(path, index=False, encoding="utf-8-sig")
    assert "two coders" in call("agree", path, fails=True)
    assert "no agreement to show" in call("agree", path, "--labels", tmp_path / "l.csv")
    assert read_frame(tmp_path / "l.csv", ["annotator"])["annotator"].eq("resolved").sum() == 6


def test_coding_by_hand_without_a_terminal_is_refused(tables, tmp_path):
    call("sample", tables, "-o", tmp_path / "t", "-n", 2)
    refused = call("code", tmp_path / "t" / "coder.csv", "-o", tmp_path / "o.csv", "-i", fails=True)
    assert "it needs a terminal" in refused
