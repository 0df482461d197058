import unicodedata

import pytest

from gongkai.text import clean


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("２０２３年", "2023年"),
        ("⼀、⺠政局", "一、民政局"),
        ("⻔⻓⻅⻬⻛⻥", "门长见齐风鱼"),
        ("公\u200b开\ufeff", "公开"),
        ("50％", "50%"),
        ("（一）", "（一）"),
        ("📢一、总体⚖️情况🚗", "一、总体情况"),
        ("☑是❶①√", "☑是❶①√"),
    ],
)
def test_fold_width(raw, expected):
    assert clean.fold_width(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("收到49件,已辦結", "收到49件，已辦結"),
        ("(一)主動公開", "（一）主動公開"),
        ("共1,234條", "共1,234條"),
        ("12:30開會", "12:30開會"),
        ("e-mail (a@b.cn)", "e-mail (a@b.cn)"),
        ("問題:一是", "問題：一是"),
    ],
)
def test_unify_punctuation_touches_only_chinese(raw, expected):
    assert clean.unify_punctuation(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("公开 24 件 ， 完成", "公开24件，完成"),
        ("Windows 11 系统", "Windows 11系统"),
        ("邮编： 223001", "邮编：223001"),
    ],
)
def test_squeeze_spaces(raw, expected):
    assert clean.squeeze_spaces(raw) == expected


def test_a_line_that_is_called_clean_is_one_whatever_its_characters():
    characters = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    called_clean = [c for c in characters if not clean._UNCLEAN.search(c)]
    assert len(called_clean) > 60_000
    for text in (f"公{c}开" for c in called_clean):
        steps = clean.squeeze_spaces(clean.unify_punctuation(clean.drop_pinyin(clean.fold_width(text))))
        assert steps == text == clean.clean_text(text)


def test_pinyin_marks_go_but_latin_in_brackets_stays():
    assert clean.drop_pinyin("復(fù)議、應(yīng)訴、辦理數(shù)量(le)") == "復議、應訴、辦理數量"
    assert clean.drop_pinyin("移动端(app)和政务(pc)端") == "移动端(app)和政务(pc)端"


def test_the_rest_of_a_broken_pinyin_mark_goes():
    assert clean.drop_pinyin("與當?shù)刂饕") == "與當刂饕"


def test_script_is_detected_by_share():
    assert clean.detect_script("政府信息公開年度報告，總體情況與問題") == "traditional"
    assert clean.detect_script("政府信息公开年度报告，乾县的情况与问题") == "simplified"
    assert clean.detect_script("") == "simplified"


def test_simplified_text_is_never_converted():
    text = "乾隆年间的著名碑刻信息公开后，群众反映良好，问题得到解决。"
    assert clean.clean_text(text, script="simplified") == text


@pytest.mark.parametrize(
    "line",
    [
        "- 3 -",
        "— 12 —",
        "第3页 共5页",
        "字体：大 中 小",
        "【打印本页】【关闭窗口】",
        "浏览次数：12",
        "来源：本站",
    ],
)
def test_furniture(line):
    assert clean.is_furniture(line)


@pytest.mark.parametrize(
    "line", ["本年度共收到申请3件。", "来源于群众的建议共12条，均已办结。", "三、依申请公开"]
)
def test_prose_is_not_furniture(line):
    assert not clean.is_furniture(line)


def test_ends_of_reports():
    assert clean.ends_report("主站蜘蛛池模板：甲县| 乙县")
    assert clean.ends_report("上一篇：没有了")
    assert clean.ends_report("地址：云汀市甲路1号　电话：0000-1234")
    assert not clean.ends_report("地址：云汀市甲路1号　电话：0000-1234", last=False)
    assert not clean.ends_report("相关部门已经完成整改。")


def test_doctests_of_the_text_modules():
    import doctest

    from gongkai.text import sentences, tokens

    for module in (clean, sentences, tokens):
        assert doctest.testmod(module).failed == 0


RADICALS = [c for c in map(chr, range(0x2E80, 0x2FE0)) if unicodedata.name(c, "") and c != "\u2e80"]


def test_every_radical_becomes_the_character_that_simplified_text_uses():
    assert len(RADICALS) == 328  # of 329: ⺀, a repetition mark, stands for no character
    assert not any("\u2e80" <= c <= "\u2fdf" for c in clean.fold_width("".join(RADICALS)))
    assert clean.fold_width("⼾⻔⻅⼀⺠⻋⿊"[:6]) == "户门见一民车"
