import pytest

from gongkai.report.halves import Half, half_of_heading, next_half


def halves(*sentences, start=None):
    state, names = start or Half(), []
    for sentence in sentences:
        state = next_half(sentence, state)
        names.append(state.name[0].upper())
    return "".join(names)


CASES = [
    (
        "PPPIII",
        "主要问题有：",
        "一是公开意识有待增强；",
        "二是解读形式单一。",
        "下一步，我局将：",
        "一是加强培训；",
        "二是丰富形式。",
    ),
    # pairs, by the count that goes on
    (
        "PIPI",
        "1.栏目更新不及时，个别栏目半年没有信息。",
        "制定更新时限表，按月通报。",
        "2.答复不规范，引用条款不准。",
        "编制文书模板。",
    ),
    # a remedy told as done
    (
        "PIPI",
        "查询点少有人用。",
        "我局已把它迁到一楼大厅。",
        "目录更新不及时。",
        "县站已重新印制导览图。",
    ),
    # pairs by labels
    ("PIPI", "问题一：目录不全。", "改进措施：逐项补齐。", "问题二：解读偏少。", "改进措施：同步解读。"),
    # a remedy whose points count from one again
    (
        "PPIII",
        "一是意识不强；",
        "二是能力不足。",
        "为此，我局将：",
        "一是抓学习；",
        "二是抓考核，解决能力不足的问题。",
    ),
    # points that count from one again, with nothing that leads over
    ("PPII", "一是意识不强；", "二是专栏更新不及时。", "一是每周五核对一遍栏目；", "二是按月通报。"),
    ("PPP", "一是意识不强；", "二是能力不足。", "一是个别镇没有专人，衔接不畅。"),
    # problem and remedy in one sentence: the main clause decides
    ("I", "公开渠道较为单一，下一步将开通短信推送。"),
    ("P", "虽然打算争取经费，但目前仍有档案没有扫描。"),
    # done remedies first, then what is still lacking
    ("IP", "针对上年培训不足的问题，我局已举办培训4期。", "目前，公开的深度仍需提升。"),
    (
        "PPI",
        "工作取得一定成效，但仍存在差距。",
        "如依申请公开规范性有待提高等。",
        "针对存在问题，将抓好以下工作：",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[1][:12])
def test_the_shapes_of_section_five(case):
    expected, *sentences = case
    assert halves(*sentences) == expected


def test_under_a_heading_only_a_plain_turn_ends_the_half():
    headed = Half("problems", headed=True)
    assert halves("对政策的后续解读不多。", "群众将问题反映到热线。", start=headed) == "PP"
    assert halves("针对上述问题，加强培训。", start=headed) == "I"


@pytest.mark.parametrize(
    ("heading", "half"),
    [
        ("（一）存在的主要问题", "problems"),
        ("（二）改进情况", "improvements"),
        ("下一步工作打算", "improvements"),
        ("改进2", "improvements"),
        ("存在的主要问题及改进情况", None),
        ("（一）主动公开情况", None),
    ],
)
def test_headings(heading, half):
    assert half_of_heading(heading) == half
