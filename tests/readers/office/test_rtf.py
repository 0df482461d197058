import pytest

from gongkai.errors import ReadError
from gongkai.readers.document import Grid
from gongkai.readers.office.rtf import read_rtf
from tests.readers.office.test_office import CASES, converted, shown


def rtf(body):
    head = r"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset134 SimSun;}{\f2\fcharset136 Ming;}}"
    return shown(read_rtf(f"{head}{body}}}".encode("gb18030"), "x.rtf"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"\pard\f1 \'b9\'ab\'bf\'aa\par 12\'cc\'f5\par", ["公开", "12条"]),
        (r"\f2 \'a4\'bd\'b6}\par", ["公開"]),
        (r"\uc1\u20844 ?\u24320 ?\'cc\'f5\par", ["公开条"]),
        (r"\uc2\u20844\'b9\'ab\u24320\'bf\'aa.\par", ["公开."]),
        (r"\u-10179 ?\u-8704 ?\par", ["😀"]),
        (r"a{\deleted b}{\v c}{\v0 d}{\*\unknown e}{\pict 00ff}f\par", ["adf"]),
        (r"{\field{\*\fldinst PAGE}{\fldrslt 7}}\par", ["7"]),
        (r"{\listtext\u19968 ?\u12289 ?\tab}a\par{\listtext\u9679 ?\tab}b\par", ["一、a", "b"]),
        (r"a{\footnote n\par}b\par c\par", ["ab", "n", "c"]),
        (r"{\shp{\*\shpinst{\sp{\sn x}{\sv y}}{\shptxt box\par}}{\shprslt box}}a\par", ["a", "box"]),
        (r"12{\super 1}7{\nosupersub 8}\par", ["12¹78"]),
        (r"a\line b\par {\header h}\{c\}\~d\par", ["a", "b", "{c} d"]),
    ],
)  # fmt: skip
def test_text_is_read_in_its_code_page_and_what_is_not_printed_is_not(body, expected):
    assert rtf(body.replace(r"\'a4\'bd\'b6}", r"\'a4\'bd\'b6\'7d")) == expected


def test_merged_cells_are_told_by_edges_and_flags():
    first = r"\trowd\clmgf\cellx1000\clmrg\cellx2000\clvmgf\cellx3000\pard\intbl a\cell\cell m\cell\row"
    second = r"\trowd\cellx1000\cellx2000\clvmrg\cellx3000\pard\intbl b\cell c\cell\cell\row"
    assert rtf(f"{first}{second}\\pard d\\par") == [[["a", "a", "m"], ["b", "c", "m"]], "d"]


def test_a_table_inside_a_layout_table_stands_in_its_place():
    inner = (
        r"\pard\intbl\itap2 {x}\nestcell y\nestcell{\*\nesttableprops\trowd\cellx500\cellx900\nestrow}"
        r"1\nestcell 2\nestcell{\*\nesttableprops\trowd\cellx500\cellx900\nestrow}"
    )
    whole = r"\trowd\cellx1000\pard\intbl a\par" + inner + r"\pard\intbl b\cell\row\pard c\par"
    assert rtf(whole) == ["a", [["x", "y"], ["1", "2"]], "b", "c"]


def test_an_unknown_code_page_is_the_western_one():
    assert shown(read_rtf(rb"{\rtf1\ansicpg93 a\'e9\par}", "x.rtf")) == ["aé"]


def test_depth_is_bounded():
    with pytest.raises(ReadError, match="groups inside each other"):
        read_rtf(b"{\\rtf1" + b"{" * 9999, "x.rtf")


@pytest.mark.parametrize("case", CASES)
def test_what_libreoffice_writes_reads_like_the_word_file(case, tmp_path):
    word, other = converted(case, "rtf", tmp_path)
    assert shown(read_rtf(other, "x.rtf")) == word
    assert any(isinstance(block, Grid) for block in read_rtf(other, "x.rtf")[0])
