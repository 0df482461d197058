"""Round trips with running servers: our tasks in, two people's codes out, agreement.

They run where their commands are: GONGKAI_LABEL_STUDIO and GONGKAI_DOCCANO name them, or they are on the path
(`pip install label-studio`, `pip install doccano "marshmallow<4" "numpy<2" "setuptools<80"`, each in an environment of
its own; doccano 1.8.4 does not start with later ones).
"""

import http.cookiejar
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import pandas as pd
import pytest
from typer.testing import CliRunner

from gongkai.cli.app import app
from gongkai.coding.exchange import NONE, coders_of, read_tasks, write_tasks
from gongkai.coding.sample import draw
from gongkai.measure.shares.quality import agreement
from gongkai.tables.scheme.codebooks import read_codebook
from tests.conftest import DATA

pytestmark = [pytest.mark.slow, pytest.mark.servers]
BOOKFILE = DATA / "codebooks" / "veripromise.toml"
BOOK = read_codebook(BOOKFILE)
PASSWORD = "correct-horse-1"
PEOPLE = ("li", "wang")


class Person:
    """A signed-in user of a server, by its cookies."""

    def __init__(self, base):
        self.base, self.jar = base, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, path, body=None, method=None, kind="application/json", raw=False):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        token = next((c.value for c in self.jar if c.name == "csrftoken"), "")
        headers = {"Content-Type": kind, "X-CSRFToken": token, "Referer": self.base + path}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with self.opener.open(request, timeout=60) as answer:
                found = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read()[:500]!r}") from error
        return found if raw else json.loads(found or b"null")

    def form(self, path, **fields):
        token = next((c.value for c in self.jar if c.name == "csrftoken"), "")
        data = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token}).encode()
        return self.ask(path, data, kind="application/x-www-form-urlencoded", raw=True)

    def upload(self, path, name, content, **fields):
        edge = "edge-of-a-part"
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
            for k, v in fields.items()
        ]
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="tasks{content.suffix}"\r\n'
        )
        data = "".join(parts).encode() + head.encode() + b"Content-Type: application/octet-stream\r\n\r\n"
        data += content.read_bytes() + f"\r\n--{edge}--\r\n".encode()
        return self.ask(path, data, kind=f"multipart/form-data; boundary={edge}", raw=True)


def command(variable, name):
    found = os.environ.get(variable) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed; install it, or set {variable} to its command")
    return found


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait(answers, what, seconds=180):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := answers():
                return found
        except (OSError, AssertionError):
            pass
        time.sleep(1)
    raise AssertionError(f"{what}: no answer in {seconds} s")


def stop(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
def started(tmp_path):
    """Start commands, their output in files; stop them at the end."""
    running = []

    def start(name, arguments, environment):
        with (tmp_path / f"{name}.log").open("wb") as log:
            running.append(
                subprocess.Popen(
                    [str(a) for a in arguments], stdout=log, stderr=subprocess.STDOUT, cwd=tmp_path,
                    env=os.environ | {"PYTHONPATH": ""} | environment,
                )
            )  # fmt: skip

    yield start
    for process in reversed(running):
        stop(process)


@pytest.fixture
def drawn(sentences):
    rows = draw(sentences, 12, seed=1, codebook=BOOK)
    rows.loc[0, "lead"] = '<b>&"引号"</b>，\n换行'
    return rows


def codes_of(person, k):
    """What a person says of the k-th sentence: they differ on every fourth promise and on some timings."""
    promise = k % 4 < 2 or (person == "wang" and k % 4 == 2)
    codes = {"promise": "1" if promise else "0"}
    if promise:
        codes |= {
            "evidence": str(k % 2),
            "timing": ("soon", "later", "open")[(k + (person == "wang") * (k == 5)) % 3],
        }
        if k % 2:
            codes["clarity"] = ("clear", "not clear", "misleading")[k % 3]
    return codes


def check(drawn, files):
    parts = [read_tasks(path, name, drawn, codebook=BOOK) for path, name in files.values()]
    for name, part in zip(files, parts, strict=True):
        part = part.set_index("sentence_id").loc[drawn["sentence_id"]]
        assert part["lead"].tolist() == drawn["lead"].tolist()
        assert part["inclusion"].tolist() == drawn["inclusion"].tolist()
        for k, (_, row) in enumerate(part.iterrows()):
            said = codes_of(name, k)
            for label in BOOK.labels:
                value = row[label.name]
                shown = None if pd.isna(value) else value if label.is_choice else str(int(value))
                assert shown == said.get(label.name), (name, k, label.name)
    found = agreement(pd.concat(parts), codebook=BOOK).set_index("label")
    assert found.loc["promise", "raw_agreement"] == pytest.approx(9 / 12)
    assert found.loc["evidence", "alpha"] == 1
    assert found.loc["timing", "raw_agreement"] == pytest.approx(5 / 6)


def test_label_studio(drawn, tmp_path, started):
    """The labelling configuration made of a codebook, two users of one project, an export for each."""
    program, port = command("GONGKAI_LABEL_STUDIO", "label-studio"), free_port()
    home = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(tmp_path / "data"),
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
    }
    arguments = ["start", "--no-browser", "--port", port, "--data-dir", tmp_path / "data",
                 "--username", "li@example.org", "--password", PASSWORD]  # fmt: skip
    started("label-studio", [program, *arguments], home)
    base = f"http://127.0.0.1:{port}"
    wait(lambda: Person(base).ask("/health", raw=True), "label-studio")
    people = {name: Person(base) for name in PEOPLE}
    for name, person in people.items():
        page = "/user/login/" if name == "li" else "/user/signup/"
        person.ask(page, raw=True)
        person.form(page, email=f"{name}@example.org", password=PASSWORD)
    tasks = write_tasks(drawn, tmp_path / "tasks.json", codebook=BOOK)
    config = (tmp_path / "tasks.xml").read_text(encoding="utf-8")
    owner = people["li"]
    project = owner.ask(
        "/api/projects", {"title": "codes", "label_config": config, "maximum_annotations": 2}
    )["id"]
    owner.ask(f"/api/projects/{project}/import", json.loads(tasks.read_text(encoding="utf-8")))
    there = owner.ask(f"/api/tasks?project={project}&page_size=100&fields=all")["tasks"]
    order = {name: k for k, name in enumerate(drawn["sentence_id"])}
    assert len(there) == len(drawn)
    names = {}
    for name, person in people.items():
        names[name] = str(person.ask("/api/current-user/whoami")["id"])
        for task in there:
            codes = codes_of(name, order[task["data"]["sentence_id"]])
            result = [{"from_name": label, "to_name": "text", "type": "choices", "value": {"choices": [value]}}
                      for label, value in codes.items()]  # fmt: skip
            person.ask(f"/api/tasks/{task['id']}/annotations/", {"result": result})
    whole = tmp_path / "export.json"
    whole.write_bytes(owner.ask(f"/api/projects/{project}/export?exportType=JSON", raw=True))
    assert coders_of(whole) == tuple(sorted(names.values()))
    check(drawn, {name: (whole, names[name]) for name in PEOPLE})
    said = CliRunner().invoke(app, ["agree", str(whole), "--by", "", "--codebook", str(BOOKFILE)])
    assert said.exit_code == 0, said.output
    assert "agree 75.0%" in said.output


def test_doccano(drawn, tmp_path, started):
    """A project of text classification whose label types are the codebook's indicators; a file per user back."""
    program, port = command("GONGKAI_DOCCANO", "doccano"), free_port()
    home = {"DOCCANO_HOME": str(tmp_path / "home")}
    environment = os.environ | {"PYTHONPATH": ""} | home
    for arguments in (["init"], ["createuser", "--username", "li", "--password", PASSWORD]):
        subprocess.run([program, *arguments], env=environment, check=True, capture_output=True, timeout=180)
    started("doccano", [program, "webserver", "--port", port], home)
    started("doccano-task", [program, "task"], home)
    base = f"http://127.0.0.1:{port}"
    wait(lambda: Person(base).ask("/v1/health/", raw=True), "doccano")
    people = {name: Person(base) for name in PEOPLE}
    owner = people["li"]
    owner.ask("/v1/auth/login/", {"username": "li", "password": PASSWORD})
    owner.ask("/v1/users/create", {"username": "wang", "password1": PASSWORD, "password2": PASSWORD})
    people["wang"].ask("/v1/auth/login/", {"username": "wang", "password": PASSWORD})
    about = {"name": "codes", "description": "codes", "project_type": "DocumentClassification",
             "resourcetype": "TextClassificationProject", "single_class_classification": False,
             "collaborative_annotation": False, "guideline": "", "random_order": False, "tags": []}  # fmt: skip
    project = owner.ask("/v1/projects", about)["id"]
    users = {u["username"]: u["id"] for u in owner.ask("/v1/users")}
    roles = {r["name"]: r["id"] for r in owner.ask("/v1/roles")}
    member = {"user": users["wang"], "role": roles["annotator"], "username": "wang", "rolename": "annotator"}
    owner.ask(f"/v1/projects/{project}/members", member)
    tasks = write_tasks(drawn, tmp_path / "tasks.jsonl", codebook=BOOK)
    owner.upload(f"/v1/projects/{project}/category-type-upload", "file", tmp_path / "tasks.labels.json")
    kinds = {one["text"]: one["id"] for one in owner.ask(f"/v1/projects/{project}/category-types")}
    assert set(kinds) == {*BOOK.indicators, NONE}
    upload = owner.upload("/v1/fp/process/", "filepond", tasks).decode().strip('"')
    sent = {"format": "JSONL", "task": "DocumentClassification", "uploadIds": [upload],
            "column_data": "text", "column_label": "label", "delimiter": "", "encoding": "utf_8"}  # fmt: skip
    begun = owner.ask(f"/v1/projects/{project}/upload", sent)["task_id"]
    wait(lambda: owner.ask(f"/v1/tasks/status/{begun}")["ready"], "import")
    order = {name: k for k, name in enumerate(drawn["sentence_id"])}
    for name, person in people.items():
        there = person.ask(f"/v1/projects/{project}/examples?limit=100")["results"]
        assert len(there) == len(drawn)
        for one in there:
            codes = codes_of(
                name,
                order[
                    one["meta"]["meta"]["sentence_id"]
                    if "meta" in one["meta"]
                    else one["meta"]["sentence_id"]
                ],
            )
            marked = [
                f"{label}={v}" if BOOK.of(label).is_choice else label
                for label, v in codes.items()
                if v != "0"
            ]
            for indicator in marked or [NONE]:
                person.ask(
                    f"/v1/projects/{project}/examples/{one['id']}/categories", {"label": kinds[indicator]}
                )
    begun = owner.ask(f"/v1/projects/{project}/download", {"format": "JSONL", "exportApproved": False})[
        "task_id"
    ]
    wait(lambda: owner.ask(f"/v1/tasks/status/{begun}")["ready"], "export")
    whole = tmp_path / "export.zip"
    whole.write_bytes(owner.ask(f"/v1/projects/{project}/download?taskId={begun}", raw=True))
    with zipfile.ZipFile(whole) as archive:
        archive.extractall(tmp_path / "export")
    check(drawn, {name: (tmp_path / "export" / f"{name}.jsonl", name) for name in PEOPLE})
