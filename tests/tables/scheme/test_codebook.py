import pandas as pd
import pytest

from gongkai.errors import SchemaError
from gongkai.tables.rows import SECTIONS
from gongkai.tables.scheme.codebook import Label, codes_in_order
from gongkai.tables.scheme.codebooks import inferred, parse_codebook, read_codebook, shipped
from gongkai.tables.scheme.coded import all_true, coded_whole, indicator_codes, scheme_of_labels
from tests.conftest import DATA

HEAD = 'name = "x"\nversion = "1"\n'
BOOKS = DATA / "codebooks"


def test_what_ships_is_what_it_was():
    book = shipped()
    assert book.names == book.indicators == ("commitment", "boilerplate")
    assert [(q.measure, q.label, q.top, q.bottom) for q in book.quantities] == [
        ("prevalence", "commitment", ("commitment",), ()),
        ("prevalence", "boilerplate", ("boilerplate",), ()),
        ("cheap_talk", "commitment+boilerplate", ("commitment", "boilerplate"), ("commitment",)),
    ]
    assert book.uncounted_sections == ("preamble",)
    assert all(label.definition.zh and label.rules for label in book.labels)
    assert all(rule.en and rule.zh for label in book.labels for rule in label.rules)


def test_the_second_scheme_ships_by_its_name():
    book = read_codebook("admitted")
    assert book.names == ("commitment", "topic", "checkable_by")
    assert book.of("topic").sections == ("problems", "improvements")
    assert set(SECTIONS) - set(book.uncounted_sections) == {"problems", "improvements"}
    assert book.conditions("checkable_by") == ("commitment",)
    for name in ("topic", "checkable_by"):
        label = book.of(name)
        assert {e.value for e in label.examples} == set(label.class_names)
        assert all(c.definition.en and c.title.zh for c in label.classes)


def test_a_file_of_that_name_is_read_first(tmp_path, monkeypatch):
    (tmp_path / "admitted").write_text(HEAD + "[labels.a]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert read_codebook("admitted").names == ("a",)


def test_linked_fields_are_measured_where_they_apply():
    book = read_codebook(BOOKS / "veripromise.toml")
    found = {q.label: q for q in book.quantities}
    assert found["evidence"].bottom == ("promise",)
    assert found["clarity=misleading"].top == ("promise", "evidence", "clarity=misleading")
    assert found["clarity=misleading"].bottom == ("promise", "evidence")
    assert found["evidence+timing=soon"].measure == "backed"
    assert found["evidence+timing=soon"].bottom == ("promise",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "[labels.a]\ntyp = 'binary'\n", "line 4: label a: unknown key typ; known are type, title"),
        (HEAD + "colour = 1\n[labels.a]\n", "line 3: codebook: unknown key colour"),
        (
            HEAD + "[labels.a]\n[labels.b]\nonly_if = 'c'\n[labels.c]\nonly_if = 'b'\n",
            "line 5: label b: only_if goes in a circle: b → c → b",
        ),
        (HEAD + "[labels.a]\nonly_if = 'a'\n", "line 4: label a: only_if goes in a circle: a → a"),
        (HEAD + "[labels.a]\n\n[labels.b]\nonly_if = 'z'\n", "line 6: label b: only_if names 'z'; there are a, b"),
        (HEAD + "[labels.a]\ntype = 'choice'\nclasses = ['x', 'x']\n", "line 5: .*two classes or more, each once"),
        (HEAD + "[labels.a]\nclasses = ['x', 'y']\n", "line 4: .*a binary label has no classes"),
        (HEAD + "[labels.a]\ntype = 'choice'\nclasses = ['x=1', 'y']\n", "'x=1' is no name of a class"),
        (HEAD + "[labels.a]\ntype = 'choice'\nclasses = ['x', 'None']\n", "line 5: .*'None' .* an empty cell"),
        (HEAD + "[labels.year]\n", "line 3: label year: year is the name of a column"),
        (HEAD + "[labels.a]\nsections = ['intro']\n", "line 4: label a: no section intro; there are preamble"),
        (HEAD + "[labels.a]\nexamples = [{text = 'x', value = 'maybe'}]\n", "line 4: .*a is 'maybe'; expected 1, 0"),
        (HEAD + "[labels.a]\n[measures.m]\nall_of = ['b']\n", "line 5: measure m: all_of names 'b'"),
        (HEAD + "follow = 'b'\n[labels.a]\n", "line 3: codebook: follow names 'b'"),
        ("name = 'x'\n[labels.a]\n", "version is missing"),
        (HEAD, "no label"),
        ("name = ", "not TOML"),
        (HEAD + "[labels.承诺]\n", r'not TOML: .*stands in quotes: \[labels\."承诺"\]'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text, said, tmp_path):
    (tmp_path / "b.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=rf"b\.toml.*{said}"):
        read_codebook(tmp_path / "b.toml")


@pytest.mark.parametrize(
    "yes", ["是", "√", "1", 1, 1.0, "1.0", True, "TRUE", "Y", " y ", "　是　", "✓", "１"]
)
def test_every_way_of_writing_yes(yes):
    assert Label("a").code_of(yes) is True


@pytest.mark.parametrize("no", ["否", "×", "0", 0, 0.0, "0.0", False, "FALSE", "N", " n "])
def test_every_way_of_writing_no(no):
    assert Label("a").code_of(no) is False


@pytest.mark.parametrize("empty", ["", None, "  ", "　", float("nan"), pd.NA])
def test_empty_is_not_coded(empty):
    assert Label("a").code_of(empty) is None


def test_a_class_is_read_by_name_or_title_and_nothing_else():
    timing = read_codebook(BOOKS / "veripromise.toml").of("timing")
    assert [timing.code_of(v) for v in ("soon", " SOON ", "两年内", "within two years")] == ["soon"] * 4
    with pytest.raises(ValueError, match="timing is 'never'; expected soon, later, open or empty"):
        timing.code_of("never")
    assert read_codebook(BOOKS / "capc.toml").of("directive").code_of(4.0) == "4"


def test_codes_under_a_condition():
    book = read_codebook(BOOKS / "veripromise.toml")
    assert codes_in_order(book, {"promise": True, "evidence": False}) == ""
    said = "evidence is coded, but only where promise; promise is 0"
    assert codes_in_order(book, {"promise": False, "evidence": True}) == said
    frame = pd.DataFrame(
        {"promise": [True, False, True, True], "evidence": [True, None, None, False],
         "clarity": ["clear", None, None, None], "timing": ["soon", None, "open", "later"],
         "section": ["overview"] * 4}
    )  # fmt: skip
    assert coded_whole(frame, book).tolist() == [True, True, False, True]
    codes = indicator_codes(frame, book)
    known = all_true({c: codes[c].to_numpy() for c in codes}, ("promise", "evidence", "clarity=clear"))
    assert [str(v) for v in known] == ["1.0", "0.0", "nan", "0.0"]


def test_labels_of_another_codebook_are_refused(labels):
    assert scheme_of_labels(labels) is shipped()
    with pytest.raises(SchemaError, match="coded by the codebook 'other 1', not by cheap-talk 2"):
        scheme_of_labels(labels.assign(codebook="other 1"))
    with pytest.raises(SchemaError, match="lack blame, thanks of the codebook pair"):
        scheme_of_labels(labels, read_codebook(BOOKS / "pair.toml"))


def test_predictions_show_their_scheme():
    assert inferred([("boilerplate", None), ("commitment", None)]) is shipped()
    assert inferred([("commitment", None)]) is shipped()
    book = inferred([("tone", "mild"), ("tone", "harsh"), ("blame", None)])
    assert book.indicators == ("tone=mild", "tone=harsh", "blame")
    assert parse_codebook(shipped().source) == shipped()
