import numpy as np
import pytest

from gongkai.classify.features.cues import CUES, MARKS, find_cues
from gongkai.text.lexicon import table

RULES = table("cues")


def cues_of(text, **context):
    found, _ = find_cues([text], **{k: [v] for k, v in context.items()})
    return {name for name, has in zip(CUES, found[0], strict=True) if has}


def outline_of(text, **context):
    _, outlines = find_cues([text], **{k: [v] for k, v in context.items()})
    shown = outlines[0]
    for kind, mark in MARKS.items():
        shown = shown.replace(mark, f"[{kind}]")
    return shown


@pytest.mark.parametrize("name", RULES["flags"])
def test_each_pattern_knows_its_examples(name):
    assert name in cues_of(RULES["flags"][name]["yes"])
    assert name not in cues_of(RULES["flags"][name]["no"])


@pytest.mark.parametrize("name", RULES["leads"])
def test_each_pattern_of_leads_knows_its_examples(name):
    assert name in cues_of("加强培训。", leads=RULES["leads"][name]["yes"])
    assert name not in cues_of("加强培训。", leads=RULES["leads"][name]["no"])


@pytest.mark.parametrize(
    ("text", "outline"),
    [
        ("鹤澜县制定《鹤澜县解读办法》。", "[place]制定[local_document]。"),
        ("依据《中华人民共和国政府信息公开条例》编制。", "依据[national_document]编制。"),
        ("落实“三审三校”，打造“鹤澜直通车”。", "落实“三审三校”，打造[coined_quote]。"),
        ("全年公开信息1,204条，增长7.6%，2月底前上网。", "全年公开信息[count]，增长[amount]，[date]前上网。"),
        ("每季度通报，电话0731-1234567。", "[frequency]通报，电话[address]。"),
        ("市大数据中心负责，市政府办公室指导。", "[unit]负责，市政府办公室指导。"),
        ("社区、园区和乡镇都要公开，全县一样。", "社区、园区和乡镇都要公开，全县一样。"),
        ("2023年公开。", "2023年公开。"),
        ("会同长沙县办理。", "会同[place]办理。"),
    ],
)
def test_names_and_numbers_become_marks_of_their_kind(text, outline):
    assert outline_of(text) == outline


def test_the_agencys_own_place_is_no_particular():
    assert "place" in cues_of("鹤澜县加强培训。", agencies="槿州市人民政府")
    assert "place" not in cues_of("鹤澜县加强培训。", agencies="鹤澜县人民政府")
    assert "none" in cues_of("鹤澜县加强培训。", agencies="鹤澜县人民政府")


def test_years_are_told_by_the_reports_own():
    assert "earlier_year" in cues_of("2022年已完成。", years=2023)
    assert "later_year" in cues_of("2024年完成。", years=2023.0)
    assert not {"earlier_year", "later_year"} & cues_of("2024年完成。", years=None)


def test_a_lead_with_a_later_year_opens_plans():
    lead = "对存在的问题，2024年从六个方面着力："
    assert "lead_future" in cues_of("抓培训。", leads=lead, years=2023)
    assert "lead_future" not in cues_of("抓培训。", leads=lead, years=2024)
    assert "done_in_plans" in cues_of("培训已完成。", leads="下一步，将：", years=2023)


def test_a_sentence_does_not_depend_on_its_neighbours():
    texts = [
        "主要表现在：",
        "",
        "一是\n鹤澜县印发《办法》5件；",
        "加强培训。",
        "一、二、三、四、五。",
        "\ud800。",
    ]
    together, outlines = find_cues(texts)
    for i, text in enumerate(texts):
        alone, outline = find_cues([text])
        assert np.array_equal(together[i], alone[0])
        assert outlines[i] == outline[0]


def test_nothing_gives_nothing():
    found, outlines = find_cues([])
    assert found.shape == (0, len(CUES))
    assert outlines == []


def test_what_is_no_sentence_is_looked_at_no_further_than_any_sentence_goes():
    """A table's text of 200,000 characters took minutes."""
    text = "云汀市于6月底前公开12条。" + "长" * 200_000
    cues, outlines = find_cues([text])
    assert (cues == find_cues([text[:2000]])[0]).all()
    assert len(outlines[0]) < len(text)
