import io

import pdfplumber
import pypdfium2 as pdfium
import pytest

from gongkai.errors import ReadError
from gongkai.readers.document import Grid
from gongkai.readers.printed.glyphs import _BoxFonts, box_fonts
from gongkai.readers.printed.pdf import _chars, read_pdf
from tests.conftest import DATA

MINI = DATA / "mini" / "槐桥县水利局2021.pdf"


def test_paragraphs_are_whole_and_page_marks_gone():
    blocks, problems, fault = read_pdf(MINI.read_bytes(), "x.pdf")
    texts = [b.text for b in blocks if not isinstance(b, Grid)]
    assert (problems, fault) == ([], "")
    assert "一年来，我局把公开作为河湖管理落地的抓手，坚持应公开尽公开。" in texts
    assert not any(text.strip("- ").isdigit() for text in texts)


def test_ruled_tables_agree_with_pdfplumber():
    ours = [b for b in read_pdf(MINI.read_bytes(), "x.pdf")[0] if isinstance(b, Grid)]
    with pdfplumber.open(MINI) as pdf:
        theirs = [t.extract() for page in pdf.pages for t in page.find_tables()]
    assert len(ours) == len(theirs)
    for grid, table in zip(ours, theirs, strict=True):
        assert len(grid.rows) == len(table)
        for row, cells in zip(grid.rows, table, strict=True):
            mine = [c.text for i, c in enumerate(row) if c and c.text and (i == 0 or c is not row[i - 1])]
            for cell in filter(None, cells):
                assert cell.replace("\n", "").replace(" ", "") in [m.replace(" ", "") for m in mine] + [
                    c.text.replace(" ", "") for r in grid.rows for c in r if c
                ]


def test_cells_know_their_page():
    grids = [b for b in read_pdf(MINI.read_bytes(), "x.pdf")[0] if isinstance(b, Grid)]
    assert {cell.page for grid in grids for row in grid.rows for cell in row if cell} >= {1, 2}


def saved(pdf):
    buffer = io.BytesIO()
    pdf.save(buffer)
    return buffer.getvalue()


def test_a_pdf_without_text_says_so():
    pdf = pdfium.PdfDocument.new()
    pdf.new_page(200, 200)
    assert "without a text layer" in read_pdf(saved(pdf), "scan.pdf")[2]


@pytest.mark.parametrize("matrix", [(1, 0, 0, 1, 0, 0), (0.9, 0, 0, 0.9, 20, 30)])
def test_a_table_inside_forms_is_read_as_one_on_the_page(matrix):
    """Some programs wrap a whole page, its rules too, into a form, or a form in a form, and shrink it."""
    inner, plain = pdfium.PdfDocument(MINI.read_bytes()), read_pdf(MINI.read_bytes(), "x.pdf")[0]
    for _ in range(2):
        outer = pdfium.PdfDocument.new()
        for number, page in enumerate(inner):
            outer_page = outer.new_page(*page.get_size())
            form = inner.page_as_xobject(number, outer).as_pageobject()
            form.set_matrix(pdfium.PdfMatrix(*matrix))
            outer_page.insert_obj(form)
            outer_page.gen_content()
        inner = pdfium.PdfDocument(saved(outer))
    wrapped = read_pdf(saved(inner), "x.pdf")[0]
    assert [getattr(b, "texts", b) for b in wrapped] == [getattr(b, "texts", b) for b in plain]


def test_truncated_pdf_never_crashes():
    content = MINI.read_bytes()
    for cut in range(200, len(content), 997):
        try:
            read_pdf(content[:cut], "cut.pdf")
        except ReadError as error:
            assert "cut.pdf" in str(error)  # noqa: PT017


@pytest.mark.parametrize(("name", "pages"), [("huaian_2024.pdf", 6), ("hongze_2023.pdf", 5)])
def test_real_tables_hold_the_numbers_that_pdfplumber_sees(shared, name, pages):
    content = (shared / name).read_bytes()
    ours = {
        cell.text
        for b in read_pdf(content, name)[0]
        if isinstance(b, Grid)
        for row in b.rows
        for cell in row
        if cell
    }
    with pdfplumber.open(shared / name) as pdf:
        assert len(pdf.pages) == pages
        theirs = {c for p in pdf.pages for t in p.extract_tables() for r in t for c in r if c and c.isdigit()}
    assert theirs <= ours


def test_a_font_that_is_not_in_the_file_needs_none_on_the_machine():
    """Glyphs of an installed font differ in height; those of the stand-in only by the size of print."""
    with box_fonts():
        pdf = pdfium.PdfDocument(MINI.read_bytes())
        chars = [c for number in range(len(pdf)) for c in _chars(pdf[number])]
        pdf.close()
    heights = {round(c.top - c.bottom, 1) for c in chars if "\u4e00" <= c.text <= "\u9fff"}
    assert 0 not in heights
    assert len(heights) <= 4


def test_a_font_handler_of_the_users_own_is_put_back():
    own = pdfium.PdfSysfontBase()
    own.setup(reusable=True)
    try:
        read_pdf(MINI.read_bytes(), "x.pdf")
        assert pdfium.PdfSysfontBase.SINGLETON is own
    finally:
        own.close(reusable=True)
    read_pdf(MINI.read_bytes(), "x.pdf")
    assert pdfium.PdfSysfontBase.SINGLETON is None


def test_the_fonts_of_the_machine_are_listed_once_not_for_every_file(monkeypatch):
    class System:
        listings = 0

        def EnumFonts(self, _, mapper):
            self.listings += 1

    monkeypatch.setattr(_BoxFonts, "listed", None)
    one, other = System(), System()
    for system in (one, one, other, other):
        fonts = _BoxFonts()
        fonts.default = system
        fonts.EnumFonts(None, None)
    assert (one.listings, other.listings) == (1, 1)
