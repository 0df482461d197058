"""The three real reports, where they are: skipped with a reason where they are not. None of their text is kept here."""

import json
import re

import pytest

from gongkai.classify.predict import predict
from gongkai.corpus.build import build
from gongkai.tables.parts import read_table

FILES = {
    "huaian_2024": "huaian_2024.pdf",
    "hongze_2023": "hongze_2023.pdf",
    "hengyang_2019": "hengyang_2019.txt",
}


@pytest.fixture(scope="module")
def real(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "tables"
    build([shared / name for name in FILES.values()], folder)
    names = {read_name: key for key, read_name in FILES.items()}
    found = {
        name: read_table(folder, name)
        for name in ("reports", "sentences", "statistics", "checks", "problems")
    }
    key = {r.report_id: names[r.source_path.rsplit("/", 1)[1]] for r in found["reports"].itertuples()}
    for frame in found.values():
        frame["name"] = frame["report_id"].map(key)
    return found


@pytest.fixture(scope="module")
def truth(shared):
    return json.loads((shared / "truth.json").read_text(encoding="utf-8"))


def test_agency_year_and_form(real, truth):
    for row in real["reports"].itertuples():
        expected = truth[row.name]
        assert (row.agency, row.year, row.form) == (expected["agency"], expected["year"], expected["form"])
    assert real["reports"].set_index("name")["region_code"].to_dict() == {
        "huaian_2024": "320800", "hongze_2023": "320813", "hengyang_2019": "430400",
    }  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_cell_equals_the_truth(real, truth, name):
    cells = real["statistics"][real["statistics"]["name"] == name]
    found = {
        (t, r, c): v
        for t, r, c, v in zip(cells["table"], cells["row"], cells["column"], cells["value"], strict=True)
    }
    expected = {
        (table, row, column): value
        for table in ("proactive", "requests", "disputes")
        for row, columns in truth[name][table].items()
        for column, value in columns.items()
    }
    assert found == expected
    assert cells["where"].ne("").all()


def test_checks_find_exactly_the_broken_rules(real):
    broken = real["checks"][real["checks"]["holds"].eq(False).fillna(False)]
    found = {name: set(broken.loc[broken["name"] == name, "rule"]) for name in FILES}
    assert found["huaian_2024"] == set()
    assert found["hongze_2023"] == {"disputes.total:review", "disputes.total:litigation_after_review"}
    assert found["hengyang_2019"] == {
        *(f"requests.row:{r}" for r in ("new_requests", "granted", "not_held")),
        *(f"requests.handled:{c}" for c in ("natural_person", "business", "other_org", "total")),
        *(f"requests.balance:{c}" for c in ("natural_person", "business", "research", "other_org", "total")),
    }


def test_the_numbers_in_the_prose_agree(real):
    narrative = real["checks"][real["checks"]["rule"].str.startswith("narrative.")]
    assert narrative["holds"].eq(True).all()
    assert (narrative["name"] == "huaian_2024").sum() >= 12


def test_sections_are_right(real):
    sentences = real["sentences"]
    counts = sentences.groupby(["name", "section"]).size().unstack(fill_value=0)
    assert counts.loc["hengyang_2019"].to_dict() == {
        "preamble": 2, "overview": 23, "proactive": 1, "requests": 1, "problems": 5, "improvements": 10, "other": 1,
    }  # fmt: skip
    assert counts.loc["huaian_2024", ["problems", "improvements", "other"]].tolist() == [4, 2, 1]
    assert counts.loc["hongze_2023", ["problems", "improvements", "other"]].tolist() == [2, 5, 1]


def test_nothing_of_the_page_is_left_in_a_sentence(real):
    for text in real["sentences"]["text"]:
        assert "\n" not in text
        assert not re.search(r"[（(][a-zāáǎàēéěèīíǐìōóǒòūúǔù]+[）)]", text), text
        assert not re.search(r"-\s*\d+\s*-|主站|扫一扫|相关阅读|浏览量|字体", text), text
        assert not re.search("[復應辦開關於們與訴發]", text), text


def test_what_the_mirror_lost_is_said(real):
    assert real["problems"][["name", "message"]].to_numpy().tolist() == [
        ["hengyang_2019", "characters are lost in 1 places (a wrong decoding upstream?)"]
    ]


def test_every_number_can_be_traced(real):
    pdf = real["sentences"][real["sentences"]["name"] != "hengyang_2019"]
    assert pdf["page"].notna().all()
    assert pdf.groupby("name")["page"].max().to_dict() == {"huaian_2024": 6, "hongze_2023": 5}


def test_the_bundled_model_tags_them(real):
    found = predict(real["sentences"].drop(columns="name")).merge(real["sentences"][["sentence_id", "name"]])
    commitments = found[(found["label"] == "commitment") & found["predicted"]]
    assert set(commitments["name"]) == set(FILES)
    assert commitments["section"].isin(["improvements", "problems", "overview", "other"]).all()
    assert (commitments["section"] == "improvements").mean() > 0.7
