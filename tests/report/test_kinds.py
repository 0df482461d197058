"""Kinds of reports that real pages taught: how they are headed, who issued them, what stands around them. All invented."""

import pytest

from gongkai.report.file import read_file

BODY = """一、总体情况
2022年，公开信息30条。
二、主动公开政府信息情况
公开信息12条。
三、收到和处理政府信息公开申请情况
未收到申请。
五、存在的主要问题及改进情况
更新不及时。下一步，将加强更新。
六、其他需要报告的事项
无其他事项。
"""


@pytest.fixture
def read(tmp_path):
    def written(text):
        path = tmp_path / "a.txt"
        path.write_text(text, encoding="utf-8")
        (report,) = read_file(path).reports
        return report

    return written


def told(report):
    return [(s.section, s.text) for s in report.sentences]


@pytest.mark.parametrize("mark", ["", "：", "。", "  "])
def test_what_follows_a_heading_on_its_line_is_a_sentence(read, mark):
    body = BODY.replace("申请情况\n未收到", f"申请情况{mark}2022年未收到").replace(
        "事项\n无", f"事项{mark}本年度无"
    )
    found = told(read("苇塘县教育局2022年政府信息公开工作年度报告\n" + body))
    assert ("requests", "2022年未收到申请。") in found
    assert ("other", "本年度无其他事项。") in found


def test_headings_in_arabic_numerals(read):
    body = BODY
    for numeral, digit in zip("一二三五六", "12356", strict=True):
        body = body.replace(f"{numeral}、", f"  {digit}. ")
    assert told(read("苇塘县教育局2022年政府信息公开工作年度报告\n" + body)) == told(
        read("苇塘县教育局2022年政府信息公开工作年度报告\n" + BODY)
    )


@pytest.mark.parametrize(
    ("title", "agency", "kind"),
    [
        ("青芦镇2022年政府信息公开工作年度报告", "青芦镇人民政府", "township"),
        ("沐川湖综合试验区2022年政府信息公开工作年度报告", "沐川湖综合试验区", "development_zone"),
        (
            "第五师芦汀市六十团青芦镇2022年政府信息公开工作年度报告",
            "第五师芦汀市六十团青芦镇人民政府",
            "township",
        ),
        ("第五师六十团2022年政府信息公开工作年度报告", "第五师六十团", "government"),
        ("沐川湖学院2021-2022学年信息公开年度报告", "沐川湖学院", "institution"),
        (
            "苇塘县水务局2022年政府信息公开工作年度报告发布日期：2023-01-09来源：本站",
            "苇塘县水务局",
            "department",
        ),
    ],
)
def test_who_issued_it(read, title, agency, kind):
    identity = read(f"{title}\n{BODY}").identity
    assert (identity.agency, identity.kind, identity.year) == (agency, kind, 2022)


@pytest.mark.parametrize(
    ("opening", "agency"),
    [
        ("根据规定，特向社会公布苇塘市电业局政府信息公开工作2022年度报告。", "苇塘市电业局"),
        ("按照要求，苇塘县柳岸街道特编制2022年政府信息公开年度报告。", "苇塘县柳岸街道"),
        ("为便于居民了解街道信息公开情况，苇塘县柳岸街道办事处编制本报告。", "苇塘县柳岸街道办事处"),
        ("依照规定，沐原省公安厅就2022年政府信息公开工作情况报告如下。", "沐原省公安厅"),
        ("苇塘县教育局（以下简称“教育局”）2022年政府信息公开年度报告，依规定编写。", "苇塘县教育局"),
        ("现将沐原市苇塘区2022年度政府信息公开工作情况予以公布。", "沐原市苇塘区人民政府"),
        ("国家税务总局沐原省税务局编制了2022年年度报告。", "国家税务总局沐原省税务局"),
        ("| 发文机关： | 苇塘县教育局 | 发文日期： | 2023-01-22 |\n报告如下。", "苇塘县教育局"),
        (
            "发布机构 | 文号 |\n苇塘县青芦镇人民政府 | 0001 |\n现公布本机关2022年年度报告。",
            "苇塘县青芦镇人民政府",
        ),
    ],
)
def test_who_issued_it_without_a_title(read, opening, agency):
    assert read(f"{opening}\n{BODY}").identity.agency == agency


def test_a_contact_office_is_no_agency(read):
    contact = "如有疑问，请与沐川湖综合试验区政府信息公开工作领导小组办公室联系。"
    agency = read(f"2022年政府信息公开工作年度报告\n{contact}\n{BODY}").identity.agency
    assert agency in (None, "沐川湖综合试验区")


def test_the_only_year_that_the_text_names(read):
    report = read(f"柳岸街道办事处\n{BODY}")
    assert report.identity.year == 2022
    assert any("only one that the text names" in p.message for p in report.problems)


def test_a_crawlers_front_matter_and_what_stands_behind_is_no_sentence(read):
    front = (
        "标题: 苇塘县教育局2022年政府信息公开工作年度报告\n栏目: 政府信息公开年报\n======== 正文 ========\n"
    )
    behind = "图1 公开渠道情况图\n苇塘县教育局2022年报告.pdf\n附件下载\n"
    report = read(f"{front}点击收听年报语音朗读\n{BODY}{behind}")
    assert report.identity.agency == "苇塘县教育局"
    assert told(report)[0] == ("overview", "2022年，公开信息30条。")
    assert told(report)[-1] == ("other", "无其他事项。")


def test_a_contents_list_is_neither_title_nor_section(read):
    contents = "政府信息公开年报\n目录\n" + "\n".join(line for line in BODY.splitlines() if line[1] == "、")
    report = read(f"{contents}\n苇塘县教育局2022年政府信息公开工作年度报告\n{BODY}")
    assert report.title == "苇塘县教育局2022年政府信息公开工作年度报告"
    assert told(report) == told(read(f"苇塘县教育局2022年政府信息公开工作年度报告\n{BODY}"))


def test_a_title_that_says_about_the_year(read):
    front = "苇塘县柳河镇人民政府\n\n关于2022年度政府信息公开工作的年度报告\n"
    assert read(f"{front}{BODY}").identity.agency == "苇塘县柳河镇人民政府"


@pytest.mark.parametrize(
    ("maker", "agency"),
    [
        ("苇塘县柳河镇人民政府党政办公室编制", "苇塘县柳河镇人民政府"),
        ("沐原市人民政府信息公开工作领导小组办公室根据规定编制", "沐原市人民政府"),
        ("沐原市人民政府办公室汇总各区县情况编制", "沐原市人民政府"),
        ("沐原市人民政府办公室编制", "沐原市人民政府办公室"),
    ],
)
def test_an_office_that_writes_for_its_government(read, maker, agency):
    report = read(f"本报告由{maker}，数据截至2022年12月31日。\n{BODY}")
    assert report.identity.agency == agency


def test_an_overview_of_another_name_is_one(read):
    report = read(f"苇塘县教育局2022年政府信息公开工作年度报告\n{BODY.replace('总体', '工作基本')}")
    assert told(report)[0] == ("overview", "2022年，公开信息30条。")


def test_a_label_with_its_text_in_one_line_is_no_heading(read):
    body = BODY.replace(
        "更新不及时。下一步，将加强更新。", "（一）主要问题：更新不及时。\n（二）改进情况：组织培训3次。"
    )
    report = read(f"苇塘县教育局2022年政府信息公开工作年度报告\n打印 分享到:\n{body}")
    assert told(report)[3:5] == [("problems", "更新不及时。"), ("improvements", "组织培训3次。")]


def test_the_first_sentences_subject_where_nothing_else_names_the_agency(read):
    report = read(f"2022年，苇塘县教育局坚持依法公开，做好各项工作。\n{BODY}")
    assert report.identity.agency == "苇塘县教育局"
    assert read(f"2022年，苇塘县教育局收到来信3件。\n{BODY}").identity.agency is None


def test_an_index_of_pipes_is_no_title(read):
    index = (
        "分 类 | 政府信息公开年报 综合政务,文秘工作 其他 |\n标题: 苇塘县教育局2022年政府信息公开年度报告\n"
    )
    assert read(f"{index}{BODY}").title == "苇塘县教育局2022年政府信息公开年度报告"


def test_a_line_that_breaks_off_behind_a_sentence_goes_on_in_the_next(read):
    body = BODY.replace("2022年，公开信息30条。", "2022年，公开信息30条。不断完善发布\n机制，做到准确。")
    report = read(f"苇塘县教育局2022年政府信息公开工作年度报告\n{body}")
    assert told(report)[1] == ("overview", "不断完善发布机制，做到准确。")


def test_a_counted_heading_on_its_own_line_is_no_sentence(read):
    body = BODY.replace("2022年，", "1.主动公开。\n2022年，")
    report = read(f"苇塘县教育局2022年政府信息公开工作年度报告\n{body}")
    assert told(report)[0] == ("overview", "2022年，公开信息30条。")
    assert report.sentences[0].heading == "1.主动公开"


def test_a_bracket_whose_numeral_was_lost_goes(read):
    body = BODY.replace("2022年，", ")加强管理,规范程序。制度新增2项。\n2022年，")
    report = read(f"苇塘县教育局2022年政府信息公开工作年度报告\n{body}")
    assert told(report)[0] == ("overview", "加强管理，规范程序。")


def test_markdown_with_divisions_of_html_keeps_its_lines(read):
    front = "<div>\n\n-   [政务公开](/)\n-   [信息公开年报](/)\n\n</div>\n\n"
    title = "## 苇塘县教育局2022年政府信息公开工作年度报告\n\n发布日期：2023-01-22\n\n"
    report = read(f"{front}<div>\n\n{title}{BODY}\n</div>\n")
    assert report.identity.agency == "苇塘县教育局"
    assert told(report)[0] == ("overview", "2022年，公开信息30条。")


def test_the_year_that_the_text_says_to_report_on(read):
    opening = "现将苇塘县柳河镇2023年度政府信息公开工作情况报告如下。2019年的信息已清理。"
    assert read(f"{opening}\n{BODY.replace('2022年，', '')}").identity.year == 2023


def test_figures_that_pipes_set_apart_stay_in_their_sentence(read):
    line = "一、总体情况|1.|及时公开。自|1|月|3|日起公开信息|30|条，满意率|99.1|%。下设|4|个点。"
    body = BODY.replace("一、总体情况\n2022年，公开信息30条。", line)
    report = read(f"苇塘县教育局2022年政府信息公开工作年度报告\n{body}")
    assert told(report)[:2] == [
        ("overview", "自1月3日起公开信息30条，满意率99.1%。"),
        ("overview", "下设4个点。"),
    ]


def test_a_mirrors_page_in_one_line_with_pinyin(read):
    page = (
        "一、總體情況 特向社會(huì)公布2022年葦塘縣(xiàn)教育局政府信息公開年度報(bào)告。 二、主動(dòng)公開政府信息情況 "
        "三、收到和處理政府信息公開申請(qǐng)情況 四、政府信息公開行政復(fù)議、行政訴訟情況 五、存在的主要問題"
        "及改進(jìn)情況 我局更新不夠及時(shí)。下一步將按月檢查。 六、其他需要報(bào)告的事項(xiàng) 無其他事項(xiàng)。"
    )
    report = read(page)
    assert (report.identity.agency, report.identity.year) == ("苇塘县教育局", 2022)
    assert told(report)[1:] == [
        ("problems", "我局更新不够及时。"),
        ("improvements", "下一步将按月检查。"),
        ("other", "无其他事项。"),
    ]


def test_a_numbered_heading_of_an_old_report_stays_one_though_it_is_worded_like_a_row(read):
    report = read(
        "槐桥县文广新局2013年度信息公开工作年度报告\n一、主动公开政府信息的情况\n主动公开9条。\n"
        "二、依申请公开信息的情况和不予公开信息的情况\n没有人申请。不予公开4条。\n"
        "三、信息公开的收费及减免情况\n没有收费。\n五、存在的主要问题及改进情况\n公开不够及时。\n"
    )
    assert told(report)[1:3] == [("requests", "没有人申请。"), ("requests", "不予公开4条。")]


def test_points_counted_as_first_and_second_may_be_headings(read):
    report = read(
        "湿坪镇政府2022年信息公开工作年度报告\n"
        + BODY.replace(
            "30条。\n", "30条。\n第一，主动公开\n推送长图二十期。\n第二，把好“质量关”\n由专人核对。\n", 1
        )
    )
    assert [(s.heading, s.text) for s in report.sentences][1:3] == [
        ("第一，主动公开", "推送长图二十期。"),
        ("第二，把好“质量关”", "由专人核对。"),
    ]


def test_a_report_without_a_title_may_announce_itself(read):
    report = read(
        "本年度报告根据《中华人民共和国政府信息公开条例》要求，由国家税务总局汀州市白岭区税务局编制。"
        "所列数据的统计期限从2021年1月1日起至2021年12月31日止。\n一、总体情况\n公开信息8171条。\n"
    )
    assert (report.identity.agency, report.identity.year) == ("国家税务总局汀州市白岭区税务局", 2021)


def test_a_bureaus_office_writes_for_the_bureau(read):
    report = read("2021年政府信息公开工作年度报告\n本报告由淮平市气象局办公室根据条例规定编制。\n" + BODY)
    assert report.identity.agency == "淮平市气象局"


def test_headings_listed_in_one_line_are_contents(read):
    contents = "一、总体情况,二、主动公开政府信息情况,三、收到和处理政府信息公开申请情况,五、存在的主要问题及改进情况,\n"
    title = "苇塘县教育局2022年政府信息公开工作年度报告\n"
    assert told(read(title + contents + BODY)) == told(read(title + BODY))


PROACTIVE = """苇塘县气象局2021年政府信息公开工作年度报告
一、总体情况
公开信息631条。
二、主动公开政府信息情况
信息内容 | 本年新 | 本年新 | 对外公开总数量 |
规章 | 0 | 0 | 0 |
规范性文件 | 0 | 2 | 5 |
信息内容 | 本年处理决定数量 |
行政许可 | 7 |
信息内容 | 本年收费金额(单位:万元) |
行政事业性收费 | 3 |
"""


def test_heads_that_break_off_are_known_by_their_order(read):
    report = read(PROACTIVE)
    assert [(c.row, c.column, c.value) for c in report.cells][3:] == [
        ("normative_documents", "made", 0),
        ("normative_documents", "disclosed", 2),
        ("normative_documents", "disclosed_total", 5),
        ("licences", "decisions", 7),
    ]
    assert [s.text for s in report.sentences] == ["公开信息631条。"]


def test_a_cell_of_the_other_form_is_left_out_and_said(read):
    said = [p.message for p in read(PROACTIVE).problems if p.code == "other_form"]
    assert said == ["line 11: '3' would be proactive.fees.amount_yuan, which the form of 2019 has not"]


def test_where_rows_do_not_tell_the_form_heads_do(read):
    report = read(
        "苇塘县水务局2023年政府信息公开工作年度报告\n二、主动公开政府信息情况\n"
        "信息内容 本年制发件数 本年废止件数 现行有效件数 规章 行政规范性文件 2 4 "
        "第二十条第（五）项 信息内容 本年处理决定数量 行政许可 17960 第二十条第（六）项 信息内容 本年处理决定数量 "
        "行政处罚 4876 行政强制 29\n"
    )
    assert report.form == "2021"
    assert [c.value for c in report.cells if c.column == "decisions"] == [17960, 4876, 29]


def test_points_below_a_heading_are_no_sections_though_their_own_headings_are_missing(read):
    report = read(
        "苇塘县卫生健康局2023年政府信息公开工作年度报告\n一、总体情况\n（一）主动公开情况\n公开195条。\n"
        "（二）依申请公开情况\n没有申请。\n五、存在的主要问题及改进情况\n更新不及时。\n六、其他需要报告的事项\n无其他事项。\n"
    )
    assert [section for section, _ in told(report)] == ["overview", "overview", "problems", "other"]


@pytest.mark.parametrize(
    ("opening", "agency"),
    [
        (
            "本年报由江岸区行政审批服务管理办公室（公共资源交易管理委员会办公室）编制。",
            "江岸区行政审批服务管理办公室",
        ),
        ("如有疑问，请与来福市卫生健康委员会办公室联系。", "来福市卫生健康委员会"),
        ("如有疑问，请与溪内乡人民政府办公室联系。", "溪内乡人民政府"),
        (
            "本报告汇总了各县区人民政府和市政府各部门的情况，电子版可在丽泽市政府门户网站查阅。",
            "丽泽市人民政府",
        ),
        ("本报告电子版可在丽泽市政府门户网站查阅。", None),
        (
            "本报告综合2017年度丽泽市各县（市、区）政府和市级各部门的报告编制而成。如有疑问，可直接与丽泽市人民政府办公室联系。",
            "丽泽市人民政府",
        ),
    ],
)
def test_who_issued_it_by_its_opening(read, opening, agency):
    report = read(f"2017年政府信息公开工作年度报告\n{opening}\n{BODY}")
    assert report.identity.agency == agency


def test_a_report_that_is_made_public_in_its_first_sentence_needs_no_title(read):
    report = read(
        "根据条例的规定，现公布泰和江市人民政府2017年政府信息公开工作年度报告。\n一、主要工作概述\n编制了手册。\n"
    )
    assert (report.identity.agency, report.identity.year) == ("泰和江市人民政府", 2017)


def test_what_is_charged_may_be_said_on_its_headings_line(read):
    report = read(
        "虹岭乡人民政府2011年度信息公开的报告\n一、基本情况\n乡长任组长。\n二、依申请公开政府信息：无依申请公开的政府信息。\n"
        "三、政府信息公开的收费及减免情况：没有收费。\n"
    )
    assert told(report)[1:] == [("requests", "无依申请公开的政府信息。"), ("other", "没有收费。")]


def test_titles_listed_in_a_sentence_are_no_headings(read):
    listed = (
        "本报告分为三个部分：一、总体情况，二、主动公开政府信息情况，三、收到和处理政府信息公开申请情况。"
    )
    report = read(f"苇塘县教育局2022年政府信息公开工作年度报告\n{listed}\n{BODY}")
    assert told(report)[0] == ("preamble", listed)


def test_what_a_browser_prints_above_a_page_without_a_title_is_no_sentence(read):
    opening = "本报告根据《中华人民共和国政府信息公开条例》编制。"
    report = read(f"11/28/26, 3:39 AM 政府信息公开年报栏目页面\n- 索 引 号：QZ09054-1620\n{opening}\n{BODY}")
    assert told(report)[0] == ("preamble", opening)


def test_a_report_of_the_form_without_its_tables_is_said(read):
    title = "苇塘县教育局{}年政府信息公开工作年度报告\n" + BODY
    assert [p.code for p in read(title.format(2022)).problems] == ["no_tables"]
    assert [p.code for p in read(title.format(2018)).problems] == []


TITLE = "苇塘县教育局2022年政府信息公开工作年度报告\n"


def test_a_contents_list_that_leads_to_pages_is_none_of_the_text(read):
    leading = "\n".join(f"{line}{'…' * 20}{n}" for n, line in enumerate(BODY.splitlines()) if "、" in line)
    assert told(read(f"{TITLE}目  录\n{leading}\n{BODY}")) == told(read(TITLE + BODY))


def test_headings_counted_without_a_mark(read):
    bare = BODY
    for numeral in "一二三四五":
        bare = bare.replace(f"{numeral}、", f"{numeral}　")
    bare = bare.replace("五　存", "四　存").replace("六、其他", "五　其他")
    assert told(read(TITLE + bare)) == told(read(TITLE + BODY))


@pytest.mark.parametrize("mark", ["Page 2 - 苇塘县教育局年报", "P. 2", "苇塘县教育局年度报告（第2页）"])
def test_a_page_mark_inside_a_sentence_goes(read, mark):
    broken = BODY.replace("将加强更新。", f"将在每个\n{mark}\n，季度更新。")
    assert ("improvements", "下一步，将在每个，季度更新。") in told(read(TITLE + broken))


def test_a_date_that_a_line_end_breaks_is_whole(read):
    dated = "本报告的统计期限为2022年1月1日至2022年\n12月31日。\n"
    assert told(read(TITLE + dated + BODY))[0] == (
        "preamble",
        "本报告的统计期限为2022年1月1日至2022年12月31日。",
    )


def test_what_says_that_something_is_lacking_is_a_sentence_and_no_label(read):
    lacking = BODY.replace("更新不及时。", "工作中还存在不足：一是更新不及时。二是人手少。")
    assert ("problems", "工作中还存在不足：") in told(read(TITLE + lacking))


def test_a_point_of_one_sentence_behind_its_heading_is_not_lost(read):
    watched = BODY.replace("公开信息30条。", "公开信息30条。\n（五）监督保障。局纪检组抽查一次栏目更新情况。")
    assert ("overview", "局纪检组抽查一次栏目更新情况。") in told(read(TITLE + watched))


@pytest.mark.parametrize(
    "line",
    ["㈠主动公开", "主动公开情况", "附表1", "【字号：大中小】2023-01-28 10:05 【打印】", "区政府办公室："],
)
def test_what_heads_or_surrounds_a_text_is_no_sentence(read, line):
    where = "一、总体情况\n" if line.startswith(("㈠", "主动")) else ""
    assert told(
        read(f"{TITLE}{line}\n{BODY}" if not where else TITLE + BODY.replace(where, f"{where}{line}\n"))
    ) == (told(read(TITLE + BODY)))


def test_who_signed_where_nothing_else_names_the_agency(read):
    text = "2022年政府信息公开工作年度报告\n现将我局2022年政府信息公开工作情况公布如下。\n"
    report = read(f"{text}{BODY}苇塘县教育局\n二〇二三年一月八日\n")
    assert report.identity.agency == "苇塘县教育局"


def test_a_customs_area_is_its_customs(read):
    assert read(TITLE.replace("苇塘县教育局", "苇塘海关关区") + BODY).identity.agency == "苇塘海关"


TOLD_IN_WORDS = """规章：本年制发件数0，本年废止件数0，现行有效件数0
行政规范性文件：本年制发件数3，本年废止件数1，现行有效件数12
行政许可：本年处理决定数量1568
行政事业性收费：本年收费金额12.04万元
"""


def test_a_table_told_in_words_has_its_cells_and_no_sentence(read):
    report = read(TITLE + BODY.replace("公开信息12条。\n", TOLD_IN_WORDS))
    cells = {(c.row, c.column): c.value for c in report.cells}
    assert cells["normative_documents", "issued"] == 3
    assert cells["normative_documents", "in_force"] == 12
    assert cells["licences", "decisions"] == 1568
    assert cells["fees", "amount_yuan"] == 120400
    assert not [text for section, text in told(report) if section == "proactive"]
    assert report.form == "2021"


def test_disputes_told_one_a_line_under_their_blocks(read):
    outcomes = [("结果维持", 2), ("结果纠正", 0), ("其他结果", 1), ("尚未审结", 0), ("总计", 3)]
    blocks = ["行政复议", "行政诉讼（未经复议直接起诉）", "行政诉讼（复议后起诉）"]
    lines = [f"{block}\n" + "".join(f"{name}    {n}\n" for name, n in outcomes) for block in blocks]
    found = read(TITLE + BODY.replace("公开信息12条。\n", TOLD_IN_WORDS) + "附表3\n" + "".join(lines)).cells
    assert {(c.row, c.column): c.value for c in found if c.table == "disputes"} == {
        (row, column): n
        for row in ("review", "litigation_direct", "litigation_after_review")
        for column, (_, n) in zip(("upheld", "corrected", "other", "pending", "total"), outcomes, strict=True)
    }


@pytest.mark.parametrize(
    "line",
    [
        "主动公开政府信息数............ 35\n回应热点次数............ 12",
        "往期精选解读材料集中上架，方便群众查阅。",
        "牵头单位是市城市管理行政执法支队",
        "P2 - 附表见后，公开栏目共五个",
        "详见云汀市教育局工作报告（第3页）",
    ],
)
def test_what_only_looks_like_furniture_stays(read, line):
    found = read(TITLE + BODY.replace("公开信息12条。", f"公开信息12条。\n{line}"))
    text = "".join(text for section, text in told(found) if section == "proactive")
    assert "".join(line.split())[:9] in "".join(text.split())
    assert ("other", "无其他事项。") in told(found)
