"""Groups of any size are found as groups, unrelated texts are not accused, dates alone give a direction."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gongkai.measure.wording.background import background, is_mandated, own_length, used_by
from gongkai.measure.wording.copies import copied, mandated_phrases
from gongkai.measure.wording.similar import mask

MANDATED = [
    "本报告所列数据的统计期限自2023年1月1日起至2023年12月31日止。",
    "根据《中华人民共和国政府信息公开条例》和国务院办公厅有关要求，现公布2023年度政府信息公开工作年度报告。",
    "无其他需要报告的事项。",
    "2023年，本机关没有因政府信息公开被申请行政复议或提起行政诉讼的情况。",
    "本年度未收取信息处理费。",
    "坚持以公开为常态、不公开为例外的原则。",
    "全年收到政府信息公开申请12件，上年结转1件，办结13件。",
]
WORDS = (
    "河道 清淤 渡口 票价 校车 路线 菜场 摊位 公租房 摇号 疫苗 接种 路灯 维修 图书 借阅 养老 助餐 农机 补贴 大棚 保险 林场 防火 渔船 "
    "年检 水库 水位 墓地 价格 宠物 登记 泵站 闸门 桥梁 限高 公厕 开放 体育馆 预约 供暖 时段 燃气 入户 危房 改造 电梯 加装"
).split()
VERBS = "公布了 张贴了 更新了 整理出 编印了 核对了 汇编成 改版了 录入了 翻译了".split()
PLACES = "东街 西坡 南渡 北湾 柳村 槐里 桥头 塘边 坝上 岭下 井旁 墙根".split()


def own_sentences(rng, count):
    """Sentences that no two agencies have: three topics, two places, a verb, drawn anew."""
    made = []
    for _ in range(count):
        w, p = rng.choice(WORDS, 4, replace=False), rng.choice(PLACES, 2, replace=False)
        made.append(f"{p[0]}{w[0]}{w[1]}由{p[1]}{w[2]}组{rng.choice(VERBS)}{w[3]}的单子。")
    return made


def table(reports):
    rows = []
    for (agency, year), texts in reports.items():
        for i, text in enumerate(texts):
            rows.append(
                {"sentence_id": f"{agency}{year}-{i}", "report_id": f"{agency}{year}", "agency": agency, "year": year,
                 "region_code": "320100", "section": "overview", "text": text}
            )  # fmt: skip
    return pd.DataFrame(rows)


def agencies(count):
    return [
        f"{a}{b}局"
        for a, b in itertools.islice(itertools.product("甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉"), count)
    ]


def accused(frame):
    found = copied(frame)
    return set(zip(found["agency"], found["source_agency"], strict=True))


@pytest.mark.parametrize(
    ("copying", "of"), [(3, 3), (3, 20), (4, 20), (6, 20), (10, 20), (20, 20), (40, 100), (100, 100)]
)
def test_a_group_of_any_size_is_found_as_a_group_and_nobody_else(copying, of):
    rng = np.random.default_rng(copying * 1000 + of)
    names = agencies(of)
    text = own_sentences(rng, 14)
    reports = {
        (a, 2023): MANDATED + (text if k < copying else own_sentences(rng, 14)) for k, a in enumerate(names)
    }
    expected = {(a, b) for a in names[:copying] for b in names[:copying] if a != b}
    assert accused(table(reports)) == expected


@pytest.mark.parametrize("of", [2, 3, 5, 8, 20, 60])
def test_unrelated_texts_with_mandated_phrases_are_not_accused(of):
    rng = np.random.default_rng(of)
    assert accused(table({(a, 2023): MANDATED + own_sentences(rng, 12) for a in agencies(of)})) == set()


def test_two_agencies_with_the_same_text_are_found():
    text = own_sentences(np.random.default_rng(1), 10)
    assert accused(table({("甲局", 2023): text, ("乙局", 2023): text})) == {
        ("甲局", "乙局"),
        ("乙局", "甲局"),
    }


def test_another_agencys_report_of_an_earlier_year_is_a_source():
    rng = np.random.default_rng(5)
    theirs = own_sentences(rng, 6)
    reports = {(a, y): own_sentences(rng, 8) for a in agencies(6) for y in (2021, 2022)}
    reports["甲子局", 2020], reports["甲丑局", 2022] = theirs, own_sentences(rng, 4) + theirs
    found = copied(table(reports))
    assert set(found["source_text"]) == set(theirs)
    assert found["direction"].eq("from").all()
    assert found[["agency", "source_agency", "source_year"]].drop_duplicates().to_numpy().tolist() == [
        ["甲丑局", "甲子局", 2020]
    ]
    assert found["first_agency"].eq("甲子局").all()


def test_direction_in_one_year_needs_dates_that_differ():
    text = own_sentences(np.random.default_rng(2), 6)
    frame = table({("甲局", 2023): text, ("乙局", 2023): text})
    assert copied(frame)["direction"].isna().all()
    reports = pd.DataFrame({"report_id": ["甲局2023", "乙局2023"], "published": ["2024-01-20", "2024-01-10"]})
    found = copied(frame, reports).set_index("agency")
    assert set(found.loc["甲局", "direction"]) == {"from"}
    assert set(found.loc["乙局", "direction"]) == {"to"}
    assert set(found["first_agency"]) == {"乙局"}
    same = copied(frame, reports.assign(published="2024-01-20"))
    assert same["direction"].isna().all()
    assert same["first_agency"].isna().all()


def test_figures_of_last_year_left_standing_are_marked():
    text = "全市图书馆办理借阅证1357件。"
    found = copied(table({("甲局", 2022): [text], ("甲局", 2023): [text]}))
    assert found["figures_kept"].tolist() == [True]
    changed = copied(table({("甲局", 2022): [text], ("甲局", 2023): [text.replace("1357", "1400")]}))
    assert changed["figures_kept"].tolist() == [False]


def test_mandated_phrases_are_shown_and_can_be_added_to():
    rng = np.random.default_rng(9)
    house = "东街河道由西坡菜场组公布了校车的单子。"
    more = "南渡水库由北湾林场组更新了渔船的单子。"
    third = "柳村公厕由槐里电梯组编印了宠物的单子。"
    names = agencies(30)
    frame = table({(a, 2023): [*MANDATED, house, more, third, *own_sentences(rng, 8)] for a in names})
    frame["region_code"] = frame["agency"].map({a: f"{10 + k}0100" for k, a in enumerate(names)})
    shown = mandated_phrases(frame)
    assert mask(house) in set(shown["phrase"])
    assert shown.loc[shown["phrase"] == mask(house), "mandated"].tolist() == [False]
    assert shown.loc[shown["phrase"] == mask(MANDATED[2]), "mandated"].tolist() == [True]
    assert copied(frame, phrases=[house, more, third]).empty


def test_the_background_is_sound():
    known = background()
    assert known.agencies == 40
    assert (np.diff(known.codes.astype(np.int64)) > 0).all()
    code = np.array([(ord("公") << 32) | ord("开")], np.uint64)
    assert used_by(code)[0] == 40
    assert is_mandated([mask(t) for t in MANDATED]).all()
    assert own_length(mask("老年人代办点设在社区食堂门口。")) == 14


@pytest.mark.parametrize("text", ["。", MANDATED[2]])
def test_where_no_text_could_be_evidence_nothing_is_found(text):
    row = {
        "sentence_id": "r-0",
        "report_id": "r",
        "agency": "云汀市民政局",
        "year": 2021,
        "section": "overview",
    }
    assert copied(pd.DataFrame([row | {"text": text}])).empty


def test_a_date_before_the_year_was_over_gives_no_direction():
    text = own_sentences(np.random.default_rng(2), 6)
    frame = table({("甲局", 2023): text, ("乙局", 2023): text})
    reports = pd.DataFrame({"report_id": ["甲局2023", "乙局2023"], "published": ["2024-01-20", "2023-03-10"]})
    assert copied(frame, reports)["direction"].isna().all()
