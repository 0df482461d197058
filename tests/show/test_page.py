import base64
import gzip
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gongkai.classify.classifier import find_model
from gongkai.classify.predict import predict
from gongkai.corpus.build import build
from gongkai.errors import GongkaiError, MeasureError
from gongkai.measure.shares.prevalence import prevalence
from gongkai.problem import KINDS
from gongkai.show import page as page_module
from gongkai.show.page import script, write_page
from gongkai.show.page.runtime import bundle, runtime
from gongkai.show.page.static import words
from gongkai.tables.parts import read_table
from gongkai.tables.predicted import FAR
from gongkai.tables.schema import SCHEMAS, SECTIONS
from gongkai.tables.scheme.codebooks import shipped
from tests.conftest import DATA


def held(text, name):
    """Return the data of one of the page's blocks, or its core."""
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text)[1])


def reports_in(text):
    """Return each report held with its text, as the page has it, and its agency's number."""
    numbers = re.findall(r'id="block-(\d+)"', text)
    blocks = [held(text, f"block-{n}") for n in numbers]
    return [(int(a), r) for block in blocks for a, about in block.items() for r in about["reports"]]


@pytest.fixture(scope="module")
def page(tables, predictions, tmp_path_factory):
    return write_page(tables, predictions, tmp_path_factory.mktemp("page") / "page.html").read_text(
        encoding="utf-8"
    )


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.empty = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "input", "br", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.empty.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_it_is_well_formed(page):
    parser = Balance()
    parser.feed(page)
    assert (parser.wrong, parser.open) == ([], [])


def test_it_needs_nothing_from_outside_and_runs_no_script_but_its_own(page):
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert "default-src 'none'" in policy
    digests = [
        base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in (script(), runtime())
    ]
    assert re.search(r"script-src ([^;]+);", policy)[1] == " ".join(f"'sha256-{one}'" for one in digests)


def test_every_sentence_stands_in_it_in_place_with_its_kind_and_scores(page, sentences, predictions):
    kinds = [k.key for k in shipped().kinds]
    scores = predictions.set_index(["sentence_id", "label"])["score"]
    flags = predictions.set_index(["sentence_id", "label"])["predicted"]
    seen = []
    for _, report in reports_in(page):
        for section, heading, kind, _, mark, text, *points in report["s"]:
            sid = f"{report['id']}-{mark}"
            seen.append((sid, SECTIONS[section], report["headings"][heading], text))
            decided = {i: bool(flags[sid, i]) for i in shipped().indicators}
            assert shipped().kinds[kind].fits(decided), kinds[kind]
            assert points == [round(100 * scores[sid, i]) for i in shipped().indicators]
    columns = ["sentence_id", "section", "heading", "text"]
    assert sorted(seen) == sorted(sentences[columns].itertuples(index=False, name=None))


def test_shares_are_those_of_prevalence(page, predictions):
    core = held(page, "core")
    found = prevalence(predictions, by=("agency", "year"))
    names = [a["name"] for a in core["agencies"]]
    for agency, year, cluster, *numbers in core["shares"]["agency,year"]:
        for k, quantity in enumerate(core["scheme"]["quantities"]):
            row = found[
                (found["agency"] == names[agency]) & (found["year"] == year) & (found["label"] == quantity["label"])
                & (found["measure"] == quantity["measure"])
            ].iloc[0]  # fmt: skip
            assert numbers[5 * k + 3 : 5 * k + 5] == [row["n"], 0]
            assert cluster == row["cluster"]
            for at, column in enumerate(("value", "low", "high")):
                expected = None if pd.isna(row[column]) else round(10_000 * row[column], 2)
                assert numbers[5 * k + at] == expected


def test_kinds_are_told_without_colour():
    """A sign before each sentence, with a text that screen readers say; signs differ."""
    code = script()
    marks = re.search(r'MARKS = "(.+?)"', code)[1]
    assert len(set(marks)) == len(marks) >= len(shipped().kinds)
    assert 'class: "vh" }, `${kindTitle(kind)}: `' in code


def test_checks_are_shown_broken_ones_in_full(page, tables):
    checks = read_table(tables, "checks")
    shown = [r["checks"] for _, r in reports_in(page)]
    assert sum(map(sum, shown)) == len(checks)
    broken = {r[0]: (r[1], r[2]) for _, report in reports_in(page) for r in report["broken"]}
    assert broken["requests.row:granted"] == (8.0, 9.0)


def test_cells_stand_as_printed_and_say_how_they_were_read(page, tables):
    statistics = read_table(tables, "statistics")
    names = held(page, "core")["cells"]
    cells = {(r["id"], names[c[0]]): c for _, r in reports_in(page) for c in r["cells"][1]}
    for _, report in reports_in(page):
        plain = report["cells"][0]
        cells |= {(report["id"], names[k]): (k, v) for k, v in zip(plain[::2], plain[1::2], strict=True)}
    assert len(cells) == len(statistics)
    for row in statistics.to_dict("records"):
        cell = cells[row["report_id"], f"{row['table']}.{row['row']}.{row['column']}"]
        assert cell[1] == (None if pd.isna(row["value"]) else row["value"])
        if cell[1] is None or row["how"] == "recovered":
            assert cell[2:] == [row["raw"], row["how"], row["where"]]


def test_no_path_of_the_machine_is_in_it(page, tables):
    assert str(DATA) not in page
    assert str(tables) not in page
    assert {r["source"] for _, r in reports_in(page)} == {p.name for p in (DATA / "mini").iterdir()}


def test_a_source_beside_the_page_is_linked(predictions, tables, page, tmp_path):
    assert {r["link"] for _, r in reports_in(page)} == {None}
    shutil.copytree(DATA / "mini", tmp_path / "reports")
    build(tmp_path / "reports", tmp_path / "t")
    text = write_page(tmp_path / "t", predictions, tmp_path / "page.html").read_text(encoding="utf-8")
    assert {r["link"] for _, r in reports_in(text)} == {
        f"reports/{p.name}" for p in (DATA / "mini").iterdir()
    }
    assert str(tmp_path) not in text


def test_every_word_is_said_in_both_languages_and_every_word_used_is_there():
    table = words()
    for key, entry in table.items():
        assert all(entry[:2]), key
        holes = [set(re.findall(r"\{(\w+)\}", text)) for text in entry]
        assert all(h == holes[0] for h in holes), key
    used = set(re.findall(r'\bt\("(\w+)"', script()))
    assert used <= table.keys(), used - table.keys()
    for section in SECTIONS:
        assert f"section_{section}" in table


def test_the_script_is_plain_javascript(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to check the script's syntax with")
    (tmp_path / "s.js").write_text(script(), encoding="utf-8")
    subprocess.run([node, "--check", tmp_path / "s.js"], check=True)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|fetch\(", script())


def test_the_program_that_draws_stands_in_it_once_and_is_that_of_the_figures_for_papers(
    page, tables, predictions, tmp_path
):
    pytest.importorskip("vl_convert")
    packed = re.findall(r'<script type="text/plain" id="runtime">([^<]+)</script>', page)
    assert [gzip.decompress(base64.b64decode(one)).decode("utf-8") for one in packed] == [runtime()]
    assert runtime() == bundle(), "python -m gongkai.show.page.runtime makes it again"
    for holder in ("University of Washington Interactive Data Lab", "Mike Bostock", "Joachim Wester"):
        assert holder in runtime().partition("*/")[0]
    folder = write_page(tables, predictions, tmp_path / "site").parent
    assert (folder / "data" / "vega.js").read_text(encoding="utf-8") == runtime()
    assert 'id="runtime"' not in (folder / "index.html").read_text(encoding="utf-8")


def test_without_a_script_the_shares_stand_there(page):
    body = page.split("<main")[1].split("</main>")[0]
    assert body.count("<tr>") == 2 + len(held(page, "core")["shares"]["agency"])
    assert "<svg" in body


def test_a_folder_holds_the_same_apart(tables, predictions, tmp_path, page):
    index = write_page(tables, predictions, tmp_path / "site")
    assert index == tmp_path / "site" / "index.html"
    assert '<script src="data/core.js">' in index.read_text(encoding="utf-8")
    core, years, block = (
        json.loads((index.parent / "data" / f"{key}.js").read_text(encoding="utf-8").partition(",")[2][:-1])
        for key in ("core", "years", "0")
    )
    core["shares"]["agency,year"] = years
    assert core == held(page, "core")
    assert block == held(page, "block-0")
    with pytest.raises(GongkaiError, match="exists"):
        write_page(tables, predictions, tmp_path / "site")
    write_page(tables, predictions, tmp_path / "site", overwrite=True)


def test_rows_taken_from_disk_some_at_a_time_are_the_same(tables, predictions, tmp_path, monkeypatch, page):
    for name, value in (("corpus.SIZE", 1), ("corpus.SHELF", 2), ("held.AT_A_TIME", 5)):
        monkeypatch.setattr(f"gongkai.show.page.{name}", value)
    parts = write_page(tables, predictions, tmp_path / "parts.html").read_text(encoding="utf-8")
    one, other = (held(text, "core") for text in (page, parts))
    assert len(set(other.pop("block"))) > len(set(one.pop("block")))

    def reports(text, names):
        """The reports of a page, their cells by name."""
        blocks = re.findall(r'id="block-(\d+)"', text)
        found = [r for k in blocks for a in held(text, f"block-{k}").values() for r in a["reports"]]
        for report in found:
            pairs, others = report["cells"]
            plain = dict(zip((names[k] for k in pairs[::2]), pairs[1::2], strict=True))
            report["cells"] = [plain, sorted([names[k], *rest] for k, *rest in others)]
        return {report["id"]: report for report in found}

    assert reports(page, one.pop("cells")) == reports(parts, other.pop("cells"))
    assert {k: v for k, v in one.items() if k != "model"} == {k: v for k, v in other.items() if k != "model"}


def many(tables, predictions, copies, folder):
    """Write the tiny corpus many times over, each time by agencies of another name."""
    names = ("reports", "sentences", "statistics", "checks", "problems")
    parts = {"predictions": [], **{name: [] for name in names}}
    for k in range(copies):
        for name, kept in parts.items():
            frame = predictions if name == "predictions" else read_table(tables, name)
            keys = {
                c: frame[c] + f"-{k}" for c in ("report_id", "sentence_id", "agency") if c in frame.columns
            }
            kept.append(frame.assign(**keys))
    whole = {name: pd.concat(kept, ignore_index=True) for name, kept in parts.items()}
    for name in names:
        (folder / name).mkdir(parents=True)
        table = pa.Table.from_pandas(whole[name], schema=SCHEMAS[name], preserve_index=False)
        pq.write_table(table, folder / name / "part-00000.parquet")
    return whole["predictions"]


def test_one_file_of_many_reports_holds_a_sample_and_says_so(tables, predictions, tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "MAX_REPORTS", 9)
    found = many(tables, predictions, 10, tmp_path / "t")
    text = write_page(tmp_path / "t", found, tmp_path / "p.html").read_text(encoding="utf-8")
    core = held(text, "core")
    reports = 10 * len(read_table(tables, "reports"))
    assert core["sample"] == [len(reports_in(text)), reports]
    assert 0 < core["sample"][0] <= 9
    assert len(core["shares"]["agency"]) == len(core["agencies"]) == 20
    with_text = {a for a, _ in reports_in(text)}
    assert [b >= 0 for b in core["block"]] == [a in with_text for a in range(20)]
    index = write_page(tmp_path / "t", found, tmp_path / "p")
    assert "sample" not in json.loads(
        (index.parent / "data" / "core.js").read_text(encoding="utf-8")[len('gongkai("core",') : -1]
    )


def test_what_was_not_found_is_a_group_of_its_own(tables, predictions, tmp_path):
    folder = tmp_path / "t"
    for name in ("reports", "sentences", "statistics", "checks", "problems"):
        frame = read_table(tables, name)
        lost = {c: None for c in ("agency", "year") if c in frame.columns}
        (folder / name).mkdir(parents=True)
        table = pa.Table.from_pandas(frame.assign(**lost), schema=SCHEMAS[name], preserve_index=False)
        pq.write_table(table, folder / name / "part-00000.parquet")
    found = predictions.assign(agency=None, year=None)
    text = write_page(folder, found, tmp_path / "p.html").read_text(encoding="utf-8")
    core = held(text, "core")
    assert [a["name"] for a in core["agencies"]] == [None]
    assert core["files"]["noAgency"] == core["files"]["noYear"] == len(core["reports"])
    assert core["shares"]["agency"][0][5] == core["shares"][""][0][4] > 0


def test_what_became_of_promises_and_what_is_copied_is_shown(page, tables, predictions, tmp_path):
    core = held(page, "core")
    assert core["outcomes"] is not None
    assert core["copied"] is not None
    sentences = read_table(tables, "sentences")
    place = {a["name"]: n for n, a in enumerate(core["agencies"])}
    block = held(page, "block-0")
    agency = sentences.loc[sentences["year"] == sentences["year"].min(), "agency"].iloc[0]
    rows = block[str(place[agency])]["ledger"]
    assert rows
    report, position = rows[0][1]
    assert block[str(place[agency])]["reports"][report]["s"][position][5] == rows[0][2]


def test_a_large_corpus_is_not_searched_for_them_unless_given(tables, predictions, tmp_path, monkeypatch):
    from gongkai.measure.promises.followup import followup

    monkeypatch.setattr("gongkai.show.page.corpus.COMPARED", 3)
    text = write_page(tables, predictions, tmp_path / "p.html").read_text(encoding="utf-8")
    assert held(text, "core")["outcomes"] is held(text, "core")["copied"] is None
    found = followup(read_table(tables, "sentences"), predictions)
    text = write_page(tables, predictions, tmp_path / "q.html", followed=found).read_text(encoding="utf-8")
    promises = found[found["kind"] != "problem"]
    assert sum(map(sum, held(text, "core")["outcomes"])) == len(promises)


def test_it_says_what_the_model_was_trained_on_where_it_is_told(page, tables, predictions, model, tmp_path):
    assert held(page, "core")["model"].get("trained") is None
    text = write_page(tables, predictions, tmp_path / "p.html", model=model).read_text(encoding="utf-8")
    about = held(text, "core")["model"]
    assert about["trained"]["sentences"] == 240
    assert {row[1] for row in about["quality"]} == set(shipped().names)
    with pytest.raises(GongkaiError, match="no model folder"):
        write_page(tables, predictions, tmp_path / "q.html", model=tables)


def test_what_to_do_about_a_problem_is_said_in_both_languages(page, tables):
    assert [code for code, kind in KINDS.items() if not kind.zh] == []
    codes = set(read_table(tables, "problems")["code"])
    assert held(page, "core")["advice"] == {code: [KINDS[code].advice, KINDS[code].zh] for code in codes}


def test_two_models_are_refused(tables, predictions, tmp_path):
    both = pd.concat([predictions, predictions.assign(model="another")])
    with pytest.raises(MeasureError, match="the page shows one model"):
        write_page(tables, both, tmp_path / "p.html")


def test_markup_in_a_report_is_data_never_markup(tmp_path, model):
    source = (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8")
    evil = "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;$title&lt;img src=x onerror=alert(2)&gt;"
    (tmp_path / "x.html").write_text(source.replace("坚持应公开尽公开", evil), encoding="utf-8")
    build(tmp_path / "x.html", tmp_path / "t")
    found = predict(read_table(tmp_path / "t", "sentences"), model=model)
    text = write_page(tmp_path / "t", found, tmp_path / "p.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "<img" not in text
    texts = [s[5] for _, r in reports_in(text) for s in r["s"]]
    assert any("</script><script>alert(1)</script>$title<img" in t for t in texts)


def test_the_same_tables_give_the_same_page(tables, predictions, tmp_path, page):
    assert write_page(tables, predictions, tmp_path / "again.html").read_text(encoding="utf-8") == page


def codes_of(predictions):
    """Return codes of two sentences of three, drawn so: where the model is right but for every seventh."""
    ids = sorted(set(predictions["sentence_id"]))
    drawn = [sid for k, sid in enumerate(ids) if k % 3]
    wide = predictions.pivot_table(index="sentence_id", columns="label", values="predicted", aggfunc="first")
    about = predictions.drop_duplicates("sentence_id").set_index("sentence_id")
    rows = [
        {
            "sentence_id": sid, "annotator": "li", "inclusion": 2 / 3, "text": "", "codebook": "2",
            **{c: about.loc[sid, c] for c in ("report_id", "agency", "year", "section")},
            **{name: bool(wide.loc[sid, name]) ^ (k % 7 == 0) for name in shipped().names},
        }
        for k, sid in enumerate(drawn)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_shares_are_corrected_where_a_group_has_enough_coded_sentences_else_counted(
    tables, predictions, tmp_path
):
    predictions = many(tables, predictions, 4, tmp_path / "t")
    tables, coded = tmp_path / "t", codes_of(predictions)
    few = coded[coded["section"] != "overview"]
    few = pd.concat([few, coded[coded["section"] == "overview"].head(1)])
    text = write_page(tables, predictions, tmp_path / "p.html", labels=few).read_text(encoding="utf-8")
    core = held(text, "core")
    assert (core["method"], core["coded"], core["assumed"]) == ("dsl", few["sentence_id"].nunique(), False)
    assert core["ranks"] is None
    both = {
        m: prevalence(predictions, None if m == "count" else few, by=("section",), method=m)
        for m in ("count", "dsl")
    }
    both = {m: f.set_index(["section", "measure", "label"]) for m, f in both.items()}
    seen = set()
    for section, _, *numbers in core["shares"]["section"]:
        for k, quantity in enumerate(core["scheme"]["quantities"]):
            key = (section, quantity["measure"], quantity["label"])
            value, low, high, n, by_coded = numbers[5 * k : 5 * k + 5]
            corrected = not pd.isna(both["dsl"].loc[key, "low"])
            seen.add((section, corrected))
            row = both["dsl" if corrected else "count"].loc[key]
            expected = [
                None if pd.isna(row[c]) else round(10_000 * row[c], 2) for c in ("value", "low", "high")
            ]
            assert [value, low, high] == expected
            assert n == both["count"].loc[key, "n"]
            assert by_coded == (row["n"] if corrected else 0)
    assert ("overview", False) in seen
    assert {corrected for _, corrected in seen} == {True, False}
    with pytest.raises(MeasureError, match="go together"):
        write_page(tables, predictions, tmp_path / "q.html", method="ppi")
    with pytest.raises(MeasureError, match="go together"):
        write_page(tables, predictions, tmp_path / "q.html", labels=coded, method="count")


def test_shares_within_filters_are_those_of_prevalence(tables, predictions, tmp_path):
    found = many(tables, predictions, 4, tmp_path / "t")
    core = held(write_page(tmp_path / "t", found, tmp_path / "p.html").read_text(encoding="utf-8"), "core")
    reports = read_table(tmp_path / "t", "reports")
    for by in (("year",), ("level",), ("year", "level"), ("section", "year"), ("section", "year", "level")):
        rows = core["shares"][",".join(by)]
        expected = prevalence(found, by=by, reports=reports)
        expected = expected[(expected["measure"] == "prevalence") & (expected["label"] == "commitment")]
        shown = {tuple(row[: len(by)]): row[len(by) + 1] for row in rows}
        told = {
            tuple(None if pd.isna(v) else v for v in key): None if pd.isna(v) else round(10_000 * v, 2)
            for *key, v in expected[[*by, "value"]].itertuples(index=False, name=None)
        }
        assert shown == told


def test_a_choice_is_told_by_its_classes(tables, sentences, tmp_path):
    found = predict(sentences, model=find_model("admitted"))
    text = write_page(tables, found, tmp_path / "p.html").read_text(encoding="utf-8")
    scheme = held(text, "core")["scheme"]
    assert (scheme["name"], scheme["binary"]) == ("admitted", ["commitment"])
    assert [name[0] for name, _ in scheme["choices"]] == ["Topic", "Checkable by"]
    quantities = scheme["quantities"]
    assert [q["class"] is None for q in quantities] == ["=" not in q["label"] for q in quantities]
    own = [quantities[k]["class"][1] for k in scheme["choices"][1][1]]
    assert own == ["时间", "数量", "具体成果", "无"]


def test_it_says_how_much_of_the_text_is_far_from_what_the_model_learned(page, tables, predictions, tmp_path):
    once = predictions.drop_duplicates("sentence_id")
    assert held(page, "core")["far"][0] == (once["distance"].dropna() > FAR).mean()
    text = write_page(tables, predictions.assign(distance=None), tmp_path / "p.html").read_text(
        encoding="utf-8"
    )
    assert held(text, "core")["far"][0] is None
