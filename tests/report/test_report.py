import re
from dataclasses import replace
from pathlib import Path

import pytest

from gongkai import bundled
from gongkai.errors import GongkaiError, ReportError
from gongkai.readers.document import Cell, Document, Grid, Paragraph
from gongkai.readers.read import read_document
from gongkai.report.file import split_reports
from gongkai.report.report import parse_report

TITLE = "云汀市民政局2021年政府信息公开工作年度报告"


def report(*lines, title=TITLE):
    blocks = tuple(Paragraph(line) for line in ((title, *lines) if title else lines))
    return parse_report(Document("甲.txt", "0" * 64, "txt", blocks))


OFFICIAL = [
    "一、总体情况", "全年发布信息412条。",
    "二、主动公开政府信息情况", "见上。",
    "三、收到和处理政府信息公开申请情况", "未收到申请。",
    "四、政府信息公开行政复议、行政诉讼情况", "未发生。",
    "五、存在的主要问题及改进情况", "公开意识有待增强。下一步，我局将加强培训。",
    "六、其他需要报告的事项", "无其他需要报告的事项。",
]  # fmt: skip


def sections(found):
    return [(s.section, s.text) for s in found.sentences]


def test_the_six_sections_and_both_halves():
    assert sections(report(*OFFICIAL)) == [
        ("overview", "全年发布信息412条。"),
        ("proactive", "见上。"),
        ("requests", "未收到申请。"),
        ("disputes", "未发生。"),
        ("problems", "公开意识有待增强。"),
        ("improvements", "下一步，我局将加强培训。"),
        ("other", "无其他需要报告的事项。"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("四、政府信息公开行政复议、行政诉讼情况", "四、因政府信息公开工作被申请行政复议、提起行政诉讼情况"),
        ("五、存在的主要问题及改进情况", "五、存在的主要问题和改进措施"),
        ("五、存在的主要问题及改进情况", "五、政府信息公开工作存在的主要问题及改进情况"),
        ("五、存在的主要问题及改进情况", "四、存在的主要问题及改进情况"),  # a wrong ordinal
        ("六、其他需要报告的事项", "## 六、其他需要报告的事项：".removeprefix("## ")),
        ("一、总体情况", "一 、总 体 情 况"),
        ("一、总体情况", "（一）总体情况"),
    ],
)
def test_other_spellings_of_the_headings(old, new):
    expected = sections(report(*OFFICIAL))
    assert sections(report(*[new if line == old else line for line in OFFICIAL])) == expected


def test_a_second_outline_inside_the_overview_is_not_the_reports():
    inner = [
        "一、加强组织领导",
        "召开会议3次。",
        "二、依申请公开情况",
        "收到3件。",
        "三、平台建设",
        "改版1次。",
    ]
    found = report(*OFFICIAL[:2], *inner, *OFFICIAL[2:])
    assert [s.text for s in found.sentences if s.section == "overview"] == [
        "全年发布信息412条。",
        "召开会议3次。",
        "收到3件。",
        "改版1次。",
    ]
    assert [s.heading for s in found.sections if s.key == "requests"] == [
        "三、收到和处理政府信息公开申请情况"
    ]


def test_a_contents_list_in_front_is_not_the_headings():
    found = report(*[line for line in OFFICIAL if line[1] == "、"], *OFFICIAL)
    assert sections(found) == sections(report(*OFFICIAL))


def test_headings_run_into_paragraphs():
    found = report(
        "一、总体情况",
        "（一）主动公开情况。全年发布信息412条。",
        "（二）监督保障。",
        "培训3次。",
        *OFFICIAL[2:],
    )
    assert [(s.heading, s.text) for s in found.sentences[:2]] == [
        ("（一）主动公开情况", "全年发布信息412条。"),
        ("（二）监督保障", "培训3次。"),
    ]


def test_leads_reach_the_points_they_open():
    five = "主要问题有：一是意识不强；二是解读偏少。下一步，我局将：一是加强培训；二是同步解读。"
    found = report(*OFFICIAL[:9], five, *OFFICIAL[10:])
    leads = [(s.section, s.lead) for s in found.sentences if s.section in ("problems", "improvements")]
    assert leads == [
        ("problems", ""),
        ("problems", "主要问题有："),
        ("problems", "主要问题有："),
        ("improvements", ""),
        ("improvements", "下一步，我局将："),
        ("improvements", "下一步，我局将："),
    ]


def test_outside_section_five_a_lead_ends_with_its_paragraph():
    lines = ["一、总体情况", "主要做了以下工作：一是改版网站；", "（二）培训3次。", "全年发布信息412条。"]
    leads = [s.lead for s in report(*lines, *OFFICIAL[2:]).sentences[:4]]
    assert leads == ["", "主要做了以下工作：", "主要做了以下工作：", ""]


def test_two_headed_parts():
    lines = [
        *OFFICIAL[:9],
        "（一）存在的主要问题",
        "个别科室将公开视为负担。",
        "（二）改进情况",
        "加强培训。",
        *OFFICIAL[10:],
    ]
    halves = [
        (s.section, s.heading) for s in report(*lines).sentences if s.section in ("problems", "improvements")
    ]
    assert halves == [("problems", "（一）存在的主要问题"), ("improvements", "（二）改进情况")]


def test_two_top_level_sections():
    lines = [
        *OFFICIAL[:8],
        "五、存在问题",
        "意识不强。",
        "六、改进措施",
        "加强培训。",
        "七、其他需要报告的事项",
        "无。",
    ]
    assert [s for s, _ in sections(report(*lines))][-3:] == ["problems", "improvements", "other"]


def test_free_forms_before_2019():
    found = report(
        "一、概述", "2013年，发布信息300条。", "二、机构建设", "专人负责。", "三、主动公开政府信息的情况", "公开300条。",
        "四、依申请公开情况", "收到2件。", "五、收费及减免情况", "未收费。", "六、复议诉讼情况", "无。", "七、存在的问题和改进措施",
        "意识不强。今后，我局将加强培训。", title="云汀市民政局2013年政府信息公开工作年度报告",
    )  # fmt: skip
    assert [s.section for s in found.sentences] == [
        "overview", "overview", "proactive", "requests", "other", "disputes", "problems", "improvements",
    ]  # fmt: skip
    assert found.form == "pre-2019"


def test_what_a_site_puts_around_a_report_is_no_sentence():
    before = ["首页 > 政务公开 > 年报", "字体：大 中 小", "发布时间：2022-01-24"]
    after = [
        "【打印本页】",
        "相关链接：",
        "关于开展消防检查的通知。",
        "主站蜘蛛池模板：甲县|",
        "版权所有：云汀市人民政府",
    ]
    found = report(*before, *OFFICIAL, "云汀市民政局", "2022年1月24日", *after)
    assert sections(found) == sections(report(*OFFICIAL))
    assert found.identity.published == "2022-01-24"


@pytest.mark.parametrize(
    "lines",
    [
        ["关于开展消防安全检查的通知", "各科室：", "现将有关事项通知如下。"],
        ["购物指南", "满100元包邮。"],
        ["云汀市水务局2021年度法治政府建设年度报告", "首页 > 政府信息公开 > 年度报告", *OFFICIAL],
        ["政府信息公开工作年度报告格式模板", "一、总体情况", "（文字描述）", "二、主动公开政府信息情况"],
    ],
)
def test_what_is_not_a_report_is_refused_with_a_reason(lines):
    with pytest.raises(ReportError, match=r"甲.txt: "):
        report(*lines, title="")


def test_the_title_of_a_report_behind_its_covering_letter():
    letter = [
        "云汀市民政局文件",
        "市人民政府办公室：",
        "现将报告随文送上。",
        f"附件：{TITLE}",
        "云汀市民政局",
    ]
    found = report(*letter, "云汀市民政局", "2021年政府信息公开工作年度报告", *OFFICIAL, title="")
    assert (found.title, found.identity.agency) == (TITLE, "云汀市民政局")
    assert sections(found) == sections(report(*OFFICIAL))


def test_entries_of_a_menu_above_a_report_without_a_title_are_no_reason():
    found = report("政府信息公开指南", "政府信息公开制度", *OFFICIAL, title="")
    assert sections(found)[-2:] == sections(report(*OFFICIAL))[-2:]


def test_another_report_of_the_same_year_beside_the_title_is_no_reason():
    assert sections(report("2021年度法治政府建设年度报告", TITLE, *OFFICIAL, title="")) == sections(
        report(*OFFICIAL)
    )


def test_offsets_lead_to_the_text_of_the_section():
    found = report("一、总体情况", "第一句。第二句；第三句。", "另一段。", *OFFICIAL[2:])
    text = "第一句。第二句；第三句。\n另一段。"
    for sentence in found.sentences[:4]:
        assert text[sentence.start : sentence.end] == sentence.text


def test_a_title_over_two_lines():
    found = report("云汀市民政局2021年政府信息公开工作", "年度报告", *OFFICIAL, title="")
    assert found.title == TITLE
    found = report("云汀市民政局", "2021年政府信息公开工作年度报告", *OFFICIAL, title="")
    assert (found.title, found.identity.agency) == (TITLE, "云汀市民政局")


FILES = sorted(
    path
    for folder in ("corpus/raw", "tests/data")
    for path in (Path(__file__).parents[2] / folder).rglob("*")
    if path.is_file() and path.suffix in (".html", ".htm", ".txt", ".md", ".docx", ".pdf", ".doc")
)


def test_offsets_lead_back_to_each_sentence_in_every_file_we_have():
    read = 0
    for path in FILES:
        try:
            parts = split_reports(read_document(path))
            found = [parse_report(part) for part in parts]
        except GongkaiError:
            continue
        for one in found:
            before: dict[int, int] = {}
            for sentence in one.sentences:
                section = one.sections[sentence.part]
                assert section.text[sentence.start : sentence.end] == sentence.text, path
                assert before.get(sentence.part, 0) <= sentence.start, path
                assert sentence.section in (section.key, "problems", "improvements"), path
                before[sentence.part] = sentence.end
        read += 1
    assert read >= 180


TABLED = sorted(bundled("corpus/raw").glob("*/20[12][0-9].html"))[::6]


def cells(found):
    return {(c.table, c.row, c.column): c.value for c in found.cells if c.value is not None}


@pytest.mark.parametrize("source", TABLED, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.parametrize("filled", [False, True], ids=["ragged", "filled"])
def test_tables_whose_merged_cells_were_lost(source, filled, tmp_path):
    """As sanitised HTML, html2text and trafilatura leave them: no span; some fill the rows up with empty cells."""
    want = cells(parse_report(read_document(source)))
    copy = tmp_path / source.name
    copy.write_bytes(re.sub(rb"""\s(?:col|row)span\s*=\s*["']?\d+["']?""", b"", source.read_bytes()))
    document = read_document(copy)
    if filled:
        blocks = tuple(
            Grid(tuple(tuple(c or Cell("") for c in row) for row in b.rows)) if isinstance(b, Grid) else b
            for b in document.blocks
        )
        document = replace(document, blocks=blocks)
    got = cells(parse_report(document))
    assert [key for key, value in got.items() if want.get(key) != value] == []
    assert len(got) >= 0.95 * len(want)


@pytest.mark.parametrize("source", TABLED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_cells_told_twice_are_read_once(source):
    """As `find_all(["p", "td"])` tells them where each cell holds a paragraph."""
    document = read_document(source)
    blocks = []
    for block in document.blocks:
        if isinstance(block, Grid):
            apart = dict.fromkeys(cell for row in block.rows for cell in row if cell is not None)
            blocks += [Paragraph(cell.text) for cell in apart for _ in range(2) if cell.text.strip()]
        else:
            blocks.append(block)
    want, got = cells(parse_report(document)), cells(parse_report(replace(document, blocks=tuple(blocks))))
    assert [key for key, value in got.items() if want.get(key) != value] == []
    assert len(got) >= 0.95 * len(want)


def test_headings_in_other_words_count_by_their_ordinal():
    lines = list(OFFICIAL)
    lines[8], lines[10] = "五、存在的困难和下一步思路", "六、需要说明的其他情况"
    assert [section for section, _ in sections(report(*lines))] == [
        "overview", "proactive", "requests", "disputes", "problems", "improvements", "other"
    ]  # fmt: skip


def test_a_heading_that_merges_sections_is_no_sentence():
    lines = [line.split("、", 1)[-1] for line in OFFICIAL]
    merged = [
        *lines[:4],
        "申请办理、行政复议和行政诉讼情况",
        "表一 收到和处理政府信息公开申请情况",
        *lines[5:],
    ]
    assert "申请办理、行政复议和行政诉讼情况" not in [text for _, text in sections(report(*merged))]


def test_a_short_point_above_its_text_is_a_heading():
    lines = [
        *OFFICIAL[:1],
        "（一）纳税人咨询服务。",
        "热线全年接听来电八千余个，其中政策咨询占了大半。",
        *OFFICIAL[2:8],
    ]
    lines += [
        OFFICIAL[8],
        "（一）主要问题。",
        "公开意识有待增强。",
        "（二）改进措施。",
        "逐月通报更新情况。",
        *OFFICIAL[10:],
    ]
    found = sections(report(*lines))
    assert found[0] == ("overview", "热线全年接听来电八千余个，其中政策咨询占了大半。")
    assert found[4:6] == [("problems", "公开意识有待增强。"), ("improvements", "逐月通报更新情况。")]
    told = sections(report(*OFFICIAL[:1], "（一）修订了指南。", "（二）培训了人员。", *OFFICIAL[2:]))
    assert told[:2] == [("overview", "（一）修订了指南。"), ("overview", "（二）培训了人员。")]


def test_digits_that_a_page_sets_apart_are_joined():
    title = "云 汀 市 民 政 局 2 0 2 1 年 政 府 信 息 公 开 工 作 年 度 报 告"
    lines = list(OFFICIAL)
    lines[1] = "2 0 2 1 年，公开名单 3 6 批次。"
    lines[9] = "公开意识有待增强。2 0 2 2 年，按月更新。"
    found = report(*lines, title=title)
    assert sections(found)[0] == ("overview", "2021年，公开名单36批次。")
    assert sections(found)[5] == ("improvements", "2022年，按月更新。")
    lines[1] = "公开名单 3 6 批次、12 场。"  # which of these are one number is not known
    assert sections(report(*lines, title=title))[0][1] == "公开名单3 6批次、12场。"


@pytest.mark.parametrize(
    "printed",
    [
        "附件：行政检查事项清单",
        "（此件公开发布）",
        "（联系人：甲乙，电话：0000-0000000）",
        "云汀市政府办公室主办 甲ICP备00000000号",
    ],
)
def test_what_is_printed_below_a_report_is_no_sentence(printed):
    assert sections(report(*OFFICIAL, printed)) == sections(report(*OFFICIAL))


def test_a_drawn_table_of_another_kind_is_no_text():
    drawn = ["┌────┬──┐", "│栏目│条数│", "├────┼──┤", "│公告│61│", "└────┴──┘"]
    assert sections(report(*OFFICIAL[:4], *drawn, *OFFICIAL[4:])) == sections(report(*OFFICIAL))


def test_a_title_joins_the_line_that_names_its_year():
    lines = ["2022年度", "政府信息公开工作年度报告", *OFFICIAL[:1], "比2021年增加5条。", *OFFICIAL[2:]]
    assert report("云汀市民政局", *lines, title="").identity.year == 2022


def test_halves_named_without_a_number_are_told_apart():
    lines = [
        *OFFICIAL[:9],
        "存在的主要问题",
        "解读形式单一。",
        "改进情况",
        "专人负责解读，全年图解32期。",
        *OFFICIAL[10:],
    ]
    assert sections(report(*lines))[4:6] == [
        ("problems", "解读形式单一。"),
        ("improvements", "专人负责解读，全年图解32期。"),
    ]


def test_points_that_assert_stay_sentences():
    lines = [*OFFICIAL[:11], "（一）未收取信息处理费。", "本机关依申请提供信息时，没有向任何人收取费用。"]
    assert ("other", "（一）未收取信息处理费。") in sections(report(*lines))


def test_a_point_that_speaks_of_a_report_is_none_of_a_page():
    points = ["①督促各局更新目录", "②编制本局2021年政府信息公开工作年度报告"]
    assert [text for _, text in sections(report(*OFFICIAL[:2], *points, *OFFICIAL[2:]))][1:3] == points


def test_counted_lines_without_a_mark_and_without_text_below_are_points():
    told = sections(
        report(*OFFICIAL[:2], "（一）主动公开情况", "①由专人更新目录", "②各股室按月报送", *OFFICIAL[2:])
    )
    assert told[1:3] == [("overview", "①由专人更新目录"), ("overview", "②各股室按月报送")]
    assert "1.按时更新" not in [
        text for _, text in sections(report(*OFFICIAL[:2], "1.按时更新", *OFFICIAL[2:]))
    ]


def test_what_stands_below_the_signature_is_none_of_the_report():
    below = ["云汀民政", "2022年1月24日", "附：公开事项清单", "1基本信息 办学规模 http://a.example/1.htm 14"]
    assert sections(report(*OFFICIAL, *below)) == sections(report(*OFFICIAL))


def test_points_of_halves_that_only_a_label_parts():
    lines = ["主要问题：", "①流程说明过简", "②目录更新不及时", "改进措施：", "①重写流程说明", "②每月核对目录"]
    assert sections(report(*OFFICIAL[:9], *lines, *OFFICIAL[10:]))[4:8] == [
        ("problems", "①流程说明过简"),
        ("problems", "②目录更新不及时"),
        ("improvements", "①重写流程说明"),
        ("improvements", "②每月核对目录"),
    ]


def test_pairs_counted_by_their_labels():
    lines = ["问题1：公告太长。", "改进1：每份公告附一页摘要。", "问题2：公布太晚。", "改进2：二十日内公布。"]
    assert sections(report(*OFFICIAL[:9], *lines, *OFFICIAL[10:]))[4:8] == [
        ("problems", "公告太长。"),
        ("improvements", "每份公告附一页摘要。"),
        ("problems", "公布太晚。"),
        ("improvements", "二十日内公布。"),
    ]


def test_sections_in_an_order_of_their_own_that_is_counted():
    five = ["二、存在的主要问题及改进情况", OFFICIAL[9]]
    rest = [line.translate(str.maketrans("二三四", "三四五")) for line in OFFICIAL[2:8]]
    found = sections(report(*OFFICIAL[:2], *five, *rest, *OFFICIAL[10:]))
    assert [name for name, _ in found] == [
        "overview", "problems", "improvements", "proactive", "requests", "disputes", "other",
    ]  # fmt: skip


def test_headings_in_other_words_between_those_of_the_form():
    lines = ["一、工作推进", *OFFICIAL[1:4], "三、公众提出的申请怎样办", *OFFICIAL[5:]]
    assert sections(report(*lines)) == sections(report(*OFFICIAL))


def test_numbers_with_a_point_head_text_below_them():
    lines = ["1.1主动公开", "全年发布信息412条。", "1.2监督保障", "通报3次。", "1.5万人次阅读"]
    assert sections(report(OFFICIAL[0], *lines, *OFFICIAL[2:]))[:3] == [
        ("overview", "全年发布信息412条。"),
        ("overview", "通报3次。"),
        ("overview", "1.5万人次阅读"),
    ]


def test_without_headings_the_last_paragraph_may_be_on_fees():
    lines = ["全年发布信息412条。", "仍存在更新慢的问题。", "下一步将加强检查。", "全年没有收取信息处理费。"]
    assert [name for name, _ in sections(report(*lines))] == ["overview", "problems", "improvements", "other"]


@pytest.mark.parametrize(
    "printed",
    [
        "院长办公室",
        "云汀民政",
        "————————",
        "来源：云汀市政府办公室 责任编辑：值班员 发布时间：2022-01-22 09:15",
    ],
)
def test_a_line_below_the_text_that_signs_or_parts_it(printed):
    assert sections(report(*OFFICIAL, printed)) == sections(report(*OFFICIAL))


def test_reports_of_others_that_a_page_lists_around_one_are_no_text():
    others = [
        f"云汀市{name}局2021年政府信息公开工作年度报告2022-01-1{i}"
        for i, name in enumerate(("民政", "水务", "财政", "教育"))
    ]
    found = report(
        "部门年报", *others, "2021年云汀市政府信息公开工作年度报告", *OFFICIAL, "镇街年报", *others, title=""
    )
    assert found.title == "2021年云汀市政府信息公开工作年度报告"
    assert sections(found) == sections(report(*OFFICIAL))


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ("云汀市人民政府办公室关于2022年政府信息公开工作的安排意见", "a plan"),
        ("市政务公开办2021年工作总结和2022年工作思路", "something else"),
        ("现将各局2021年政府信息公开工作年度报告集中公布，点击标题即可查看。", "an index"),
        ("云汀市2021年政府信息公开工作年度评估报告", "an assessment"),
        ("关于编制2021年政府信息公开工作年度报告的函告", "a notice"),
    ],
)
def test_plans_summaries_and_indexes_are_refused(first, reason):
    with pytest.raises(ReportError, match=reason):
        report(
            first,
            "一、总体要求",
            "按时公开。",
            "二、主动公开",
            "按时。",
            "三、存在问题",
            "仍有不足。",
            title="",
        )


def test_drawn_tables_of_prose_stay():
    drawn = ["┌────┬──┐", "│问题│整改措施│", "├────┼──┤", "│更新不及时，栏目空白│逐月检查│", "└────┴──┘"]
    assert "更新不及时，栏目空白" in "".join(
        text for _, text in sections(report(*OFFICIAL[:9], *drawn, *OFFICIAL[10:]))
    )
