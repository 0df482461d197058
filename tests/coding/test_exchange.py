import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from gongkai.coding.exchange import COLUMNS, coders_of, read_tasks, write_tasks
from gongkai.coding.sample import draw
from gongkai.errors import GongkaiError, SchemaError
from gongkai.measure.shares.quality import agreement
from gongkai.tables.scheme.codebook import NO, YES

FORMATS = [".xlsx", ".csv", ".json", ".jsonl"]


@pytest.fixture(scope="module")
def drawn(sentences):
    rows = draw(sentences, 12, seed=1)
    rows.loc[0, "heading"] = "=cmd|' /C calc'!A0"
    rows.loc[1, "lead"] = '-1+1，"引号"，\n换行'
    return rows


CODES = {"甲": lambda i: (i % 2, i % 3 == 0), "乙": lambda i: (i % 2, i % 4 == 0)}


def code(path, coder):
    """Code a task file as a coder would, in the tool's own way of storing it."""
    chosen = CODES[coder]
    if path.suffix == ".xlsx":
        import openpyxl

        book = openpyxl.load_workbook(path)
        for i, row in enumerate(book.active.iter_rows(min_row=2)):
            for label, value in zip(("commitment", "boilerplate"), chosen(i), strict=True):
                row[COLUMNS.index(label)].value = int(value)
            row[COLUMNS.index("comment")].value = "备注" if i == 0 else None
        book.save(path)
    elif path.suffix == ".csv":
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        for i in frame.index:
            frame.loc[i, ["commitment", "boilerplate"]] = [str(int(v)) for v in chosen(i)]
        frame.loc[0, "comment"] = "备注"
        frame.to_csv(path, index=False, encoding="utf-8-sig")
    elif path.suffix == ".json":
        tasks = json.loads(path.read_text(encoding="utf-8"))
        for i, task in enumerate(tasks):
            result = [
                {
                    "from_name": label,
                    "to_name": "text",
                    "type": "choices",
                    "value": {"choices": [str(int(v))]},
                }
                for label, v in zip(("commitment", "boilerplate"), chosen(i), strict=True)
            ]
            if i == 0:
                result.append({"from_name": "comment", "type": "textarea", "value": {"text": ["备注"]}})
            task["annotations"] = [{"result": result, "was_cancelled": False}]
        path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    else:
        lines = []
        for i, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            task = json.loads(line)
            names = [n for n, v in zip(("commitment", "boilerplate"), chosen(i), strict=True) if v]
            task["label"] = names or ["neither"]
            task["Comments"] = ["备注"] if i == 0 else []
            lines.append(json.dumps(task, ensure_ascii=False))
        path.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("ending", FORMATS)
def test_two_coders_come_back_losslessly(drawn, tmp_path, ending):
    parts = []
    for coder in CODES:
        path = write_tasks(drawn, tmp_path / f"任务 {coder}{ending}")
        code(path, coder)
        parts.append(read_tasks(path, coder))
        back = parts[-1].merge(drawn, on="sentence_id", suffixes=("", "_was"), validate="one_to_one")
        assert len(back) == len(drawn)
        for column in ("text", "section", "heading", "lead", "agency", "report_id", "inclusion", "year"):
            assert back[column].tolist() == back[f"{column}_was"].tolist(), column
        for i, (commitment, boilerplate) in enumerate(CODES[coder](i) for i in range(len(drawn))):
            assert parts[-1].loc[i, ["commitment", "boilerplate"]].tolist() == [
                bool(commitment),
                bool(boilerplate),
            ]
        assert parts[-1].loc[0, "comment"] == "备注"
    found = agreement(pd.concat(parts)).set_index("label")
    assert found.loc["commitment", "alpha"] == 1
    assert found.loc["boilerplate", "raw_agreement"] == pytest.approx(7 / 12)


@pytest.mark.parametrize("ending", FORMATS)
def test_uncoded_stays_uncoded(drawn, tmp_path, ending):
    labels = read_tasks(write_tasks(drawn, tmp_path / f"t{ending}"), "甲")
    assert labels[["commitment", "boilerplate"]].isna().all(axis=None)


def test_a_spreadsheet_reads_no_formula(drawn, tmp_path):
    import openpyxl

    sheet = openpyxl.load_workbook(write_tasks(drawn, tmp_path / "t.xlsx")).active
    assert sheet.cell(2, COLUMNS.index("heading") + 1).data_type == "s"
    assert "'=cmd" in write_tasks(drawn, tmp_path / "t.csv").read_text(encoding="utf-8-sig")


def test_a_workbook_saved_again_by_libreoffice(sentences, tmp_path):
    """Lists to choose from, the codebook's sheet, widths, texts, and every way to write yes or no."""
    import openpyxl

    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    yes = [*YES, True, 1, 1.0, " 是 ", "１", "Ｙ", "TRUE", "\u3000√", "=TRUE()", "=1"]
    no = [*NO, False, 0, 0.0, "Ｎ ", "=FALSE()", '=IF(1>0,"否","是")']
    codes = [*((way, True) for way in yes), *((way, False) for way in no), ("", None), (None, None)]
    texts = ["=cmd|calc", "-1+1，\n换行", "回车\r\n换行", "一\r二", "007", "1E5", "TRUE", " 两端 ", "a\tb", "2023-01-05", "1.50",
             "50%", "<b>&amp;", "\x0b控制符", "'引号"]  # fmt: skip
    drawn = sentences.iloc[np.arange(len(codes)) % len(sentences)].reset_index(drop=True)
    drawn["sentence_id"] = [f"s{k}" for k in range(len(codes))]
    drawn["text"] = drawn["lead"] = [*texts, *drawn["text"].iloc[len(texts) :]]
    book = openpyxl.load_workbook(write_tasks(drawn, tmp_path / "t.xlsx"))
    for line, (written, _) in enumerate(codes, start=2):
        book["tasks"].cell(line, COLUMNS.index("commitment") + 1).value = written
    book.save(tmp_path / "t.xlsx")
    command = [
        office,
        "--headless",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--convert-to",
        "xlsx",
    ]
    subprocess.run(
        [*command, "--outdir", tmp_path / "again", tmp_path / "t.xlsx"], check=True, capture_output=True
    )
    again = openpyxl.load_workbook(tmp_path / "again/t.xlsx")
    assert again.sheetnames == book.sheetnames
    lists = [
        {(d.type, d.formula1, str(d.sqref)) for d in one["tasks"].data_validations.dataValidation}
        for one in (book, again)
    ]
    assert lists[0] == lists[1]
    assert len(lists[1]) == 2
    assert list(again["codebook"].values) == list(book["codebook"].values)
    assert again["tasks"].column_dimensions["L"].width == book["tasks"].column_dimensions["L"].width
    back = read_tasks(tmp_path / "again/t.xlsx", "甲", drawn)
    assert back["commitment"].astype(object).where(back["commitment"].notna(), None).tolist() == [
        c for _, c in codes
    ]
    assert back["sentence_id"].tolist() == drawn["sentence_id"].tolist()
    assert back["inclusion"].isna().all()


def test_label_studio_gets_its_configuration(drawn, tmp_path):
    write_tasks(drawn, tmp_path / "t.json")
    assert '<Choices name="boilerplate"' in (tmp_path / "t.xml").read_text(encoding="utf-8")
    write_tasks(drawn, tmp_path / "d.jsonl")
    names = json.loads((tmp_path / "d.labels.json").read_text(encoding="utf-8"))
    assert names == [{"text": "commitment"}, {"text": "boilerplate"}, {"text": "neither"}]


def test_an_export_of_label_studio_with_several_peoples_codes(drawn, tmp_path):
    parts = {}
    for coder in CODES:
        path = write_tasks(drawn, tmp_path / f"{coder}.json")
        code(path, coder)
        parts[coder] = json.loads(path.read_text(encoding="utf-8"))
    both = parts["甲"]
    for one, other in zip(both, parts["乙"], strict=True):
        one["annotations"] += other["annotations"]
        for who, annotation in zip(({"email": "jia@x"}, 2), one["annotations"], strict=True):
            annotation["completed_by"] = who
    both[0]["annotations"].append({"was_cancelled": True, "completed_by": 3, "result": []})
    path = tmp_path / "both.json"
    path.write_text(json.dumps(both), encoding="utf-8")
    assert coders_of(path) == ("2", "jia@x")
    found = agreement(pd.concat([read_tasks(path, name) for name in coders_of(path)])).set_index("label")
    assert found.loc["boilerplate", "raw_agreement"] == pytest.approx(7 / 12)
    with pytest.raises(SchemaError, match=r"both.json: codes by 2, jia@x; name one of them as the coder"):
        read_tasks(path, "甲")
    both[1]["annotations"].append(both[1]["annotations"][1])
    path.write_text(json.dumps(both), encoding="utf-8")
    with pytest.raises(SchemaError, match=r"task 2: 2 annotations by one coder; keep one"):
        read_tasks(path, "2")


def broken(tmp_path, drawn, old, new):
    path = write_tasks(drawn, tmp_path / "t.csv", overwrite=True)
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8-sig")
    return path


def test_what_is_wrong_is_said_with_file_and_line(drawn, tmp_path, sentences):
    first, second = drawn["sentence_id"].tolist()[:2]
    with pytest.raises(SchemaError, match=r"t.csv, line \d+: sentence .* stands already in line 2"):
        read_tasks(broken(tmp_path, drawn, second, first), "甲")
    text = drawn["text"].iloc[3]
    with pytest.raises(SchemaError, match=r"text of .* was changed"):
        read_tasks(broken(tmp_path, drawn, text, text + "！"), "甲")
    with pytest.raises(SchemaError, match="lacks the column boilerplate"):
        read_tasks(broken(tmp_path, drawn, "boilerplate", "bp"), "甲")
    path = write_tasks(drawn, tmp_path / "g.csv")
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("gb18030"))
    with pytest.raises(SchemaError, match="not UTF-8"):
        read_tasks(path, "甲")
    with pytest.raises(SchemaError, match="is not in these tables"):
        read_tasks(write_tasks(drawn, tmp_path / "o.csv"), "甲", sentences.iloc[:0])
    with pytest.raises(SchemaError, match=r"expected one of .xlsx"):
        write_tasks(drawn, tmp_path / "t.doc")
    with pytest.raises(GongkaiError, match="exists"):
        write_tasks(drawn, tmp_path / "o.csv")


def test_an_unknown_code_is_named(drawn, tmp_path):
    path = write_tasks(drawn, tmp_path / "t.csv")
    code(path, "甲")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    frame.loc[2, "commitment"] = "maybe"
    frame.to_csv(path, index=False, encoding="utf-8-sig")
    with pytest.raises(SchemaError, match="commitment is 'maybe'"):
        read_tasks(path, "甲")
