"""A machine coder against a small real server on 127.0.0.1, through the real client."""

import re
import signal
from functools import partial

import pandas as pd
import pytest

pytest.importorskip("openai", reason="needs the extra llm")

from gongkai.cli.app import app
from gongkai.coding.exchange import write_tasks
from gongkai.coding.labels import predictions_from_codes, read_labels
from gongkai.coding.machine import (
    Machine,
    annotator_of,
    answer_schema,
    code_by_machine,
    dry_run,
    read_answer,
    template_text,
)
from gongkai.coding.obedience import COLUMNS, obedience
from gongkai.errors import GongkaiError, SchemaError
from gongkai.measure.shares.prevalence import prevalence
from gongkai.tables.frames import write_frame
from gongkai.tables.scheme.codebooks import parse_codebook, read_codebook, shipped
from tests.coding.server import coded_with_kills, many, running_server
from tests.conftest import DATA

BOOK = DATA / "codebooks" / "veripromise.toml"


@pytest.fixture
def server():
    with running_server() as made:
        yield made


@pytest.fixture
def tasks(sentences, tmp_path):
    return write_tasks(sentences.head(12), tmp_path / "t.csv")


@pytest.fixture
def plain_book():
    return parse_codebook("""
name = "plain"
version = "1"
[labels.promise]
type = "binary"
definition = "the text contains 将"
examples = [{ text = "将公开。", value = 1 }, { text = "已公开。", value = 0 }]
[labels.phrase]
type = "binary"
definition = "the text contains 进一步"
[labels.tone]
type = "choice"
only_if = "promise"
classes = [{ name = "firm", definition = "the text contains 必" }, { name = "mild", definition = "the text contains 公" }]
""", "plain.toml")  # fmt: skip


def labels_in(prompt):
    """What a prompt says of each label: its name, the words that it (or each class) is known by, its condition."""
    found = {}
    for part in prompt.split("\n## ")[1:]:
        name = re.search(r"\(`(\w+)`\)", part)[1]
        classes = re.findall(r"^- `(\w+)`(?:.*contains (.))?", part, re.M)
        only = re.search(r"Only where: `(\w+)`", part)
        word = re.search(r"^the text contains (\S+)", part, re.M)
        found[name] = (word and word[1], classes, only and only[1])
    return found


def obedient(prompt, text):
    """Code by what the prompt says and nothing else."""
    codes = {}
    for name, (word, classes, _) in labels_in(prompt).items():
        fits = sorted((known not in text, known, c) for c, known in classes)  # not by their order
        codes[name] = fits[0][2] if classes else int(bool(word and word in text))
    for name, (_, _, only) in labels_in(prompt).items():
        codes[name] = None if only and not codes[only] else codes[name]
    return codes


def knowing(prompt, text):
    """Code by what the labels' names mean, whatever the prompt says of them."""
    believed = {
        "promise": int("将" in text),
        "phrase": int("进一步" in text),
        "tone": "firm" if "必" in text else "mild",
    }
    codes = {n: believed.get(n, c[-1][0] if c else 0) for n, (_, c, _) in labels_in(prompt).items()}
    for name, (_, classes, only) in labels_in(prompt).items():
        if only and not codes[only]:
            codes[name] = None
        elif classes and codes[name] not in dict(classes):
            codes[name] = classes[-1][0]
    return codes


def machine(server, **more):
    return Machine("tiny", server.address, **({"retries": 2, "timeout": 1.0, "jobs": 4} | more))


def test_codes_come_back_as_a_coders(server, tasks, tmp_path, sentences):
    codes, tally = code_by_machine(tasks, machine(server), cache=tmp_path / "kept")
    assert codes["sentence_id"].tolist() == sentences["sentence_id"].head(12).tolist()
    assert codes["commitment"].tolist() == ["将" in t for t in codes["text"]]
    assert set(codes["annotator"]) == {annotator_of(shipped(), machine(server), template_text())}
    assert codes["annotator"].iloc[0].startswith("llm:tiny@")
    assert codes["rule"].iloc[0] == "commitment: 1; boilerplate: 2"
    assert (tally.asked, tally.kept, tally.failed, tally.tokens_in) == (12, 0, 0, 1200)
    assert len(server.answered) == 12
    write_frame(codes, tmp_path / "c.csv")
    assert read_labels(tmp_path / "c.csv")["boilerplate"].tolist() == codes["boilerplate"].tolist()


def test_a_second_run_costs_nothing_and_replays_without_network(server, tasks, tmp_path):
    first, _ = code_by_machine(tasks, machine(server), cache=tmp_path / "kept")
    again, tally = code_by_machine(tasks, Machine("tiny"), cache=tmp_path / "kept")
    pd.testing.assert_frame_equal(first, again)
    assert (tally.asked, tally.kept, len(server.seen)) == (0, 12, 12)
    other, tally = code_by_machine(tasks, Machine("other"), cache=tmp_path / "kept")
    assert other["commitment"].isna().all()
    assert tally.problems == {"no answer is kept, and no endpoint is given": 12}


def test_what_passes_is_asked_again_and_what_does_not_is_a_row(server, tasks, tmp_path, sentences):
    words = [t.rstrip("。；") for t in sentences["text"].head(7)]
    faults = [[429, 429], [500], ["hang up"], "prose", "wrong", "refusal", "cut"]
    server.faults = dict(zip(words, faults, strict=True))
    codes, tally = code_by_machine(tasks, machine(server), cache=tmp_path / "kept")
    assert codes["comment"].isna().tolist() == [True] * 3 + [False] * 4 + [True] * 5
    assert codes["comment"].tolist()[3:7] == [
        "the answer is no JSON",
        "commitment is 'maybe'; expected 1, 0 or empty",
        "refused: I cannot help with that.",
        "the answer was cut off (--max-tokens)",
    ]
    assert codes.loc[3:6, ["commitment", "boilerplate"]].isna().all(axis=None)
    assert tally.failed == 4
    # What was answered, however badly, was paid for and is not asked for again.
    seen = len(server.seen)
    code_by_machine(tasks, machine(server), cache=tmp_path / "kept")
    assert len(server.seen) == seen


def test_what_never_came_is_asked_for_in_the_next_run(server, tasks, tmp_path, sentences):
    words = [t.rstrip("。；") for t in sentences["text"].head(3)]
    server.faults = dict(zip(words, [500, "slow", "garbage"], strict=True))
    codes, tally = code_by_machine(tasks, machine(server, retries=0, timeout=0.5), cache=tmp_path / "kept")
    assert codes["comment"].notna().tolist() == [True] * 3 + [False] * 9
    assert codes["comment"].str.startswith("no answer").head(3).all()
    server.faults = {}
    codes, tally = code_by_machine(tasks, machine(server), cache=tmp_path / "kept")
    assert (tally.asked, tally.kept, tally.failed) == (3, 9, 0)


def test_a_moved_cache_keeps_its_keys_and_a_failure_that_is_repeated_is_asked_anew(server, tasks, tmp_path):
    server.faults = {"": [500, "garbage"] + [None] * 10}
    server.repeats = True
    ask = partial(code_by_machine, tasks, machine(server, retries=1, jobs=1))
    first, tally = ask(cache=tmp_path / "kept")
    assert tally.failed == 2
    replayed, _ = code_by_machine(tasks, Machine("tiny"), cache=tmp_path / "kept")
    pd.testing.assert_frame_equal(first, replayed)
    sent = [h["idempotency-key"] for h in server.heads]
    (tmp_path / "kept").rename(tmp_path / "moved")
    codes, tally = ask(cache=tmp_path / "moved")
    assert (tally.asked, tally.kept, tally.failed) == (2, 10, 0)
    assert codes["comment"].isna().all()
    again = [h["idempotency-key"] for h in server.heads][len(sent) :]
    assert again == [key.removesuffix("-1") + "-2" for key in dict.fromkeys(sent[:3])]
    server.heads.clear()
    ask(cache=tmp_path / "elsewhere")
    assert [h["idempotency-key"] for h in server.heads][-9:] == sent[-9:], (
        "of what is asked, not of its place"
    )


@pytest.mark.parametrize(
    ("status", "said"), [(401, "refuses key or model"), (400, "try --answer json_object")]
)
def test_a_refused_key_or_request_ends_the_run_with_one_line(server, tasks, tmp_path, status, said):
    server.faults = {"": status}
    with pytest.raises(GongkaiError, match=said):
        code_by_machine(tasks, machine(server), cache=tmp_path / "kept")


def test_the_key_comes_from_the_environment_and_is_written_nowhere(server, tasks, tmp_path, monkeypatch):
    monkeypatch.setenv("GONGKAI_API_KEY", "very-secret")
    codes, _ = code_by_machine(tasks, machine(server), cache=tmp_path / "kept")
    write_frame(codes, tmp_path / "c.csv")
    assert {h["authorization"] for h in server.heads} == {"Bearer very-secret"}
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"very-secret" not in written


def test_the_prompt_is_the_codebook_and_the_sentence_with_its_context(tasks, sentences):
    requests, sent, _ = dry_run(tasks, Machine("tiny"))
    system, user = (part["content"] for part in requests[3]["messages"])
    assert all(rule.en in system for label in shipped().labels for rule in label.rules)
    assert sentences["text"].iloc[3] in user
    assert f"Year of the report: {sentences['year'].iloc[3]}" in user
    assert requests[0]["temperature"] == 0
    assert sent > 12 * 300
    schema = answer_schema(read_codebook(BOOK))
    assert schema["properties"]["clarity"]["properties"]["code"] == {
        "enum": ["clear", "not clear", "misleading", None]
    }
    assert schema["properties"]["promise"]["properties"]["code"] == {"enum": [1, 0]}


def test_a_template_of_ones_own_changes_the_digest(tmp_path):
    (tmp_path / "p.txt").write_text("$codebook\n===\n$text\n", encoding="utf-8")
    names = {annotator_of(shipped(), Machine("m"), template_text(p)) for p in (None, tmp_path / "p.txt")}
    assert len(names) == 2
    (tmp_path / "q.txt").write_text("$codebook", encoding="utf-8")
    with pytest.raises(SchemaError, match="one line ==="):
        template_text(tmp_path / "q.txt")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"promise": {"code": 0, "rule": ""}, "evidence": {"code": 1}, "clarity": {"code": null}, "timing": {"code": null}}', "evidence is coded, but only where promise"),
        ('{"promise": {"code": 1}}', "lacks evidence"),
        ('{"promise": {"code": null}, "evidence": {"code": null}, "clarity": {"code": null}, "timing": {"code": null}}', "promise is not coded"),
        ('{"promise": {"code": [1]}, "evidence": null, "clarity": null, "timing": null}', "no single code"),
        ('{"tone": 1}', "unknown label tone"),
        ("[1]", "no JSON object"),
    ],
)  # fmt: skip
def test_an_answer_that_fits_no_code_is_not_guessed(answer, said):
    with pytest.raises(ValueError, match=said):
        read_answer(answer, read_codebook(BOOK))


def test_an_answer_in_a_fence_is_read():
    text = '```json\n{"promise": {"code": 1, "rule": "2"}, "evidence": 0, "clarity": null, "timing": "soon"}\n```'
    codes, rules = read_answer(text, read_codebook(BOOK))
    assert codes == {"promise": True, "evidence": False, "clarity": None, "timing": "soon"}
    assert rules == "promise: 2"


def test_passes_give_a_spread_and_codes_become_predictions(server, tasks, tmp_path, sentences):
    turn = iter(range(1000))
    server.rule = lambda text: {
        "commitment": {"code": next(turn) % 2, "rule": ""},
        "boilerplate": {"code": 1, "rule": ""},
    }
    codes, tally = code_by_machine(tasks, machine(server, jobs=1), cache=tmp_path / "kept", passes=2)
    assert (tally.asked, codes["annotator"].nunique()) == (24, 2)
    found = predictions_from_codes(codes, sentences)
    assert len(found) == 24
    assert found.loc[found["label"] == "boilerplate", "score"].eq(1).all()
    assert set(found["model"]) == {codes["annotator"].iloc[0]}
    people = sentences.head(12).assign(
        annotator="resolved",
        commitment=[k % 2 == 0 for k in range(12)],
        boilerplate=True,
        inclusion=0.5,
        codebook="2",
    )
    measures = prevalence(found, people, by=(), method="dsl")
    assert measures["value"].notna().any()
    with pytest.raises(SchemaError, match="not in these tables"):
        predictions_from_codes(codes, sentences.iloc[:0])
    with pytest.raises(SchemaError, match="one coder"):
        predictions_from_codes(codes.assign(annotator=["a", "b"] * 12), sentences)


@pytest.mark.parametrize("n", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_run_stopped_five_times_costs_each_answer_once(server, tmp_path, n):
    server.delay = 0.02
    tasks, out = many(tmp_path, n), tmp_path / "c.csv"
    signals = [signal.SIGINT, signal.SIGTERM] * 2 + [signal.SIGINT]
    ended, done = coded_with_kills(server, tasks, out, signals, [n // 12] * 5)
    assert ended == [130] * 5
    assert done.returncode == 0, done.stderr
    assert len(server.answered) == n
    assert len(set(server.answered)) == n
    codes = read_labels(out)
    assert codes["sentence_id"].tolist() == [f"s{k}" for k in range(n)]
    assert codes["commitment"].all()
    assert int(re.search(r"(\d+) answers asked for", done.stdout)[1]) < n


@pytest.mark.parametrize("remembers", [False, True])
def test_a_run_killed_loses_what_was_under_way_and_an_endpoint_that_remembers_answers_it_once(
    server, tmp_path, remembers
):
    n, jobs = 120, 8
    server.delay, server.remembers = 0.02, remembers
    out = tmp_path / "c.csv"
    ended, done = coded_with_kills(server, many(tmp_path, n), out, [signal.SIGKILL] * 2, [13, 42])
    assert ended == [-signal.SIGKILL] * 2
    assert done.returncode == 0, done.stderr
    assert len(set(server.answered)) == n
    assert len(server.answered) - n in range(1 if remembers else 2 * jobs + 1)
    assert read_labels(out)["sentence_id"].tolist() == [f"s{k}" for k in range(n)]
    assert len(list((tmp_path / "c.answers").rglob("*.json"))) == n


def test_the_command_line(server, tasks, tmp_path, tables):
    from typer.testing import CliRunner

    from gongkai.cli.app import app

    def call(*arguments):
        return CliRunner().invoke(app, [str(a) for a in arguments])

    out = tmp_path / "c.csv"
    done = call("code", tasks, "-o", out, "--llm", "tiny", "--dry-run", "--price", "1,2")
    assert "12 requests, about" in done.output
    assert "cost 0.0" in done.output
    assert not server.seen
    server.faults = {"": ["refusal"]}
    done = call("code", tasks, "-o", out, "--llm", "tiny", "--endpoint", server.address, "--jobs", 1)
    assert done.exit_code == 1
    assert "1 without codes: refused: I cannot help" in done.output
    assert (tmp_path / "c.answers").is_dir()
    done = call("predict", tables, "-o", tmp_path / "p.csv", "--from-codes", out)
    assert "11 sentences coded; 25 without codes are left out" in done.output
    done = call("measure", tmp_path / "p.csv", "-o", tmp_path / "m.csv", "--by", "year")
    assert done.exit_code == 0, done.exception
    assert "expected an address" in str(
        call("code", tasks, "-o", tmp_path / "d.csv", "--llm", "t", "--endpoint", "here").exception
    )


def shares(server, tasks, book, place, reads):
    server.reads = reads
    found, tally = obedience(tasks, machine(server), cache=place, codebook=book)
    assert tally.failed == 0, tally.problems
    return found.set_index(["test", "label"])["share"]


def test_who_follows_the_codebook_and_who_its_names(server, sentences, tmp_path, plain_book):
    drawn = sentences.head(40)
    assert drawn["text"].str.contains("将").any()
    tasks = write_tasks(drawn, tmp_path / "t.csv", codebook=plain_book)
    follows = shares(server, tasks, plain_book, tmp_path / "a", obedient)
    said = {key: share for key, share in follows.items() if key[0] != "names alone"}
    assert said == dict.fromkeys(said, 1)
    assert len({test for test, _ in said}) == 5
    assert follows["names alone", "promise"] < 1

    believes = shares(server, tasks, plain_book, tmp_path / "b", knowing)
    assert believes.loc[["reordered", "names alone", "its own examples"]].eq(1).all()
    assert believes["names swapped", "promise"] < 1
    assert believes["neutral names", "promise"] < 1


def test_a_table_of_obedience_on_the_command_line_costs_nothing_twice(server, tasks, tmp_path, capsys):
    line = [
        "code",
        str(tasks),
        "--llm",
        "tiny",
        "--obedience",
        "--limit",
        "5",
        "--cache",
        str(tmp_path / "kept"),
    ]
    app([*line, "-o", str(tmp_path / "a.csv"), "--endpoint", server.address], standalone_mode=False)
    count = len(server.answered)
    app([*line, "-o", str(tmp_path / "b.csv")], standalone_mode=False)
    assert len(server.answered) == count
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert pd.read_csv(tmp_path / "a.csv").columns.tolist() == list(COLUMNS)
    assert "names swapped" in capsys.readouterr().out
