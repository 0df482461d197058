"""A language model as a coder: prompts from the codebook, answers kept on disk, codes like any other coder's.

    tasks + codebook + template → prompts → (answers kept, or asked of an endpoint) → labels

Owner of the package openai (extra `llm`), imported when an endpoint is asked. Nothing is sent anywhere unless
an endpoint is given; the key comes from the environment and is written nowhere. What the model was asked and
what it said is kept by content, so that a stopped run goes on, and the same run again costs nothing and gives
the same bytes without a network. What it refuses, or says that fits no code, is a row without codes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from gongkai.coding.codebook import shown
from gongkai.coding.exchange import CONTEXT, about_task, task_rows
from gongkai.errors import GongkaiError, SchemaError
from gongkai.store import storage
from gongkai.store.run import extra
from gongkai.tables.schema import Labels, frame_of
from gongkai.tables.scheme.codebook import Codebook, Label, codes_in_order
from gongkai.tables.scheme.codebooks import given_or_shipped

logger = logging.getLogger(__name__)
FORMATS = ("json_schema", "json_object", "text")
KEYS = ("GONGKAI_API_KEY", "OPENAI_API_KEY")
"""Environment variables that may hold the key."""
_SPLIT = "\n===\n"


@dataclass(frozen=True, slots=True)
class Machine:
    """A model and how it is asked; all but `jobs`, `retries` and `timeout` decide the answers."""

    model: str
    endpoint: str | None = None
    """Address of an OpenAI-compatible API, e.g. http://127.0.0.1:8000/v1; None replays what is kept."""
    answer: str = "json_schema"
    """How the endpoint is told to answer: `json_schema`, `json_object`, or `text` where it knows neither."""
    temperature: float = 0.0
    max_tokens: int = 800
    jobs: int = 8
    """Requests at a time."""
    retries: int = 6
    """Of 429, 5xx and lost connections, with growing pauses; a pause that the server asks for is kept."""
    timeout: float = 120.0


@dataclass(slots=True)
class Tally:
    """What a run did: answers asked for and taken from what was kept, tokens, sentences without a code."""

    asked: int = 0
    kept: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    problems: dict[str, int] = field(default_factory=dict)

    def fail(self, comment: str | None) -> None:
        """Count a sentence without a code, by what was wrong; None is none."""
        if comment:
            self.failed += 1
            self.problems[comment] = self.problems.get(comment, 0) + 1


def template_text(path: str | Path | None = None) -> str:
    """Return the template of the prompt: what is said first, a line `===`, what is said of each sentence.

    Raises:
        SchemaError: It cannot be read or lacks the line, `$codebook` or `$text`.
    """
    source = Path(__file__).parent / "prompt.txt" if path is None else Path(path)
    text = storage.user_text(source)
    if text.count(_SPLIT) != 1 or "$codebook" not in text or "$text" not in text:
        raise SchemaError(f"{source}: a template has one line ===, $codebook before it and $text after it")
    return text


def requests_of(
    rows: Iterable[Mapping[str, Any]], codebook: Codebook, machine: Machine, template: str, number: int = 1
) -> list[dict[str, Any]]:
    """Return the request for each task: what is sent, and what the answer is kept under.

    Args:
        rows: Tasks with `text` and the context columns.
        codebook: The scheme.
        machine: The model.
        template: Of the prompt, `template_text`.
        number: Of the pass; answers of another pass are others.
    """
    first, _, each = template.partition(_SPLIT)
    labels = ", ".join(codebook.names)
    system = Template(first).safe_substitute(codebook=shown(codebook), labels=labels)
    made = []
    for row in rows:
        given = {name: str(row.get(name) or "") for name in (*CONTEXT, "text")}
        request: dict[str, Any] = {
            "model": machine.model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": Template(each).safe_substitute(given)},
            ],
            "temperature": machine.temperature,
            "max_tokens": machine.max_tokens,
        }
        if machine.answer == "json_schema":
            about = {"name": "codes", "strict": True, "schema": answer_schema(codebook)}
            request["response_format"] = {"type": "json_schema", "json_schema": about}
        elif machine.answer == "json_object":
            request["response_format"] = {"type": "json_object"}
        if number > 1:
            request["seed"] = number
        made.append(request)
    return made


def answer_schema(codebook: Codebook) -> dict[str, Any]:
    """Return the JSON schema of an answer."""

    def one(label: Label) -> dict[str, Any]:
        codes: list[object] = list(label.class_names or (1, 0))
        if label.only_if or label.sections:
            codes.append(None)
        return {
            "type": "object",
            "properties": {"code": {"enum": codes}, "rule": {"type": "string"}},
            "required": ["code", "rule"],
            "additionalProperties": False,
        }

    return {
        "type": "object",
        "properties": {label.name: one(label) for label in codebook.labels},
        "required": list(codebook.names),
        "additionalProperties": False,
    }


def annotator_of(codebook: Codebook, machine: Machine, template: str) -> str:
    """Return `llm:MODEL@digest`; the digest is of everything that decides the answers but the sentence."""
    empty = requests_of([{}], codebook, machine, template)
    return f"llm:{machine.model}@{_key(empty[0])[:12]}"


def _key(request: Mapping[str, Any]) -> str:
    text = json.dumps(request, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_answer(text: str, codebook: Codebook) -> tuple[dict[str, object], str]:
    """Read the codes, and the rules cited, from an answer.

    Args:
        text: One JSON object, as `answer_schema` says; a fence of ``` around it is taken off.
        codebook: The scheme.

    Raises:
        ValueError: It is not that; nothing is guessed.
    """
    bare = re.sub(r"^```(?:json)?\s*|\s*```$", "", text.strip())
    try:
        found = json.loads(bare)
    except json.JSONDecodeError as error:
        raise ValueError("the answer is no JSON") from error
    if not isinstance(found, dict):
        raise ValueError("the answer is no JSON object")
    if strange := [name for name in found if name not in codebook.names]:
        raise ValueError(f"the answer has the unknown label {strange[0]}")
    codes: dict[str, object] = {}
    rules = []
    for label in codebook.labels:
        if label.name not in found:
            raise ValueError(f"the answer lacks {label.name}")
        part = found[label.name]
        code = part.get("code") if isinstance(part, dict) else part
        if isinstance(code, list | dict):
            raise ValueError(f"{label.name} is no single code")
        codes[label.name] = label.code_of(code)
        if codes[label.name] is None and not (label.only_if or label.sections):
            raise ValueError(f"{label.name} is not coded")
        if isinstance(part, dict) and part.get("rule"):
            rules.append(f"{label.name}: {part['rule']}")
    if wrong := codes_in_order(codebook, codes):
        raise ValueError(wrong)
    return codes, "; ".join(rules)


def code_by_machine(
    tasks: str | Path,
    machine: Machine,
    *,
    cache: str | Path,
    codebook: Codebook | None = None,
    template: str | None = None,
    passes: int = 1,
    limit: int | None = None,
    say: Callable[[int, int], None] | None = None,
) -> tuple[Labels, Tally]:
    """Let a language model code a task file.

    Args:
        tasks: A file of `write_tasks`.
        machine: The model, and where it is asked.
        cache: Folder in which answers are kept; with what is in it a run goes on, or replays.
        codebook: The scheme; the one that ships unless given.
        template: Of the prompt; `template_text()` unless given.
        passes: How often each sentence is coded; later passes are coders of their own (`…#2`).
        limit: Only the first N tasks.
        say: Called with answers had and wanted, as they come.

    Returns:
        `labels` rows, in the order of the tasks, with `rule` (as the model cited it) and `comment` (why a row
        has no codes); and what was done.

    Raises:
        SchemaError: The task file is malformed, or the kind of answer is not known.
        GongkaiError: The extra `llm` is not installed, or the endpoint refuses the key, the model or the
            request (what was answered before is kept).
    """
    scheme = given_or_shipped(codebook)
    text = template_text() if template is None else template
    if machine.answer not in FORMATS:
        raise SchemaError(f"answer {machine.answer}: expected {', '.join(FORMATS)}")
    rows = [row for _, row in task_rows(tasks, scheme)][:limit]
    name, tally = annotator_of(scheme, machine, text), Tally()
    wanted = [requests_of(rows, scheme, machine, text, number) for number in range(1, passes + 1)]
    made: list[dict[str, object]] = []
    comments: list[str | None] = []
    read = _read_all(wanted, [scheme] * passes, machine, Path(cache), tally, say)
    for number, answers in enumerate(read, start=1):
        coder = name if number == 1 else f"{name}#{number}"
        for row, (codes, rule, comment) in zip(rows, answers, strict=True):
            comments.append(comment)
            made.append({**about_task(row, scheme), "annotator": coder, "rule": rule or None, **codes})
    frame = frame_of("labels", made, scheme)
    return frame.assign(comment=pd.Series(comments, dtype=object)), tally


def answered(
    asked: Sequence[tuple[Sequence[Mapping[str, Any]], Codebook]],
    machine: Machine,
    *,
    cache: str | Path,
    template: str,
    tally: Tally,
    say: Callable[[int, int], None] | None = None,
) -> list[list[dict[str, object] | None]]:
    """Return the codes of lists of tasks, each by a codebook of its own; None where an answer is no code.

    Raises:
        GongkaiError: See `code_by_machine`.
    """
    wanted = [requests_of(rows, codebook, machine, template) for rows, codebook in asked]
    read = _read_all(wanted, [codebook for _, codebook in asked], machine, Path(cache), tally, say)
    return [[None if comment else codes for codes, _, comment in answers] for answers in read]


def _read_all(
    wanted: Sequence[Sequence[Mapping[str, Any]]],
    codebooks: Sequence[Codebook],
    machine: Machine,
    cache: Path,
    tally: Tally,
    say: Callable[[int, int], None] | None,
) -> list[list[tuple[dict[str, object], str, str | None]]]:
    """Return of lists of requests, each by a codebook of its own, codes, rules and why there are none."""
    answers = _answers({_key(r): r for requests in wanted for r in requests}, machine, cache, tally, say)
    found = []
    for requests, codebook in zip(wanted, codebooks, strict=True):
        found.append([_read(answers[_key(request)], codebook) for request in requests])
        for _, _, comment in found[-1]:
            tally.fail(comment)
    return found


def _read(answer: Mapping[str, Any], codebook: Codebook) -> tuple[dict[str, object], str, str | None]:
    if problem := answer.get("problem"):
        return {}, "", str(problem)
    try:
        return (*read_answer(str(answer["text"]), codebook), None)
    except ValueError as error:
        return {}, "", str(error)


def _answers(
    wanted: Mapping[str, Mapping[str, Any]],
    machine: Machine,
    cache: Path,
    tally: Tally,
    say: Callable[[int, int], None] | None,
) -> dict[str, Mapping[str, Any]]:
    """Return the answer to each request: from what is kept, by digest, and the rest from the endpoint."""
    places = {key: cache / key[:2] / f"{key}.json" for key in wanted}
    kept: dict[str, Mapping[str, Any]] = {}
    for key, place in places.items():
        with contextlib.suppress(OSError, ValueError):
            kept[key] = storage.read_json(place)["answer"]
    found = {k: answer for k, answer in kept.items() if not answer.get("passing") or machine.endpoint is None}
    tally.kept = len(found)
    rest = [key for key in wanted if key not in found]
    if rest and machine.endpoint is None:
        return found | {k: {"problem": "no answer is kept, and no endpoint is given"} for k in rest}
    if not rest:
        return found
    client, errors = _client(machine)

    def ask(key: str) -> Mapping[str, Any]:
        # Endpoints that know such keys answer once what a killed run asked for and did not live to keep. The
        # number grows with each failure that was answered: an endpoint may repeat under a key what it said.
        attempt = int(kept.get(key, {}).get("attempt", 1))
        once = {"extra_headers": {"Idempotency-Key": f"{key}-{attempt}"}}
        answer = _ask(client, errors, dict(wanted[key]) | once)
        if answer.get("passing"):
            answer["attempt"] = attempt + bool(answer.pop("said"))
        text = json.dumps({"request": wanted[key], "answer": answer}, ensure_ascii=False, sort_keys=True)
        storage.write_bytes(places[key], text.encode())  # whole: a kill leaves no half answer
        return answer

    with ThreadPoolExecutor(machine.jobs) as pool:
        try:
            waiting = {pool.submit(ask, key): key for key in rest}
            for future in as_completed(waiting):
                answer = found[waiting[future]] = future.result()
                tally.asked += 1
                tally.tokens_in += int(answer.get("tokens_in") or 0)
                tally.tokens_out += int(answer.get("tokens_out") or 0)
                if say is not None:
                    say(len(found), len(wanted))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # what was sent is awaited and kept
            raise
    return found


def _client(machine: Machine) -> tuple[Any, Any]:
    openai = extra("openai", "a machine coder", "llm")
    key = next((os.environ[name] for name in KEYS if os.environ.get(name)), "none")
    address = str(machine.endpoint).rstrip("/").removesuffix("/chat/completions")
    if not re.match(r"https?://", address):
        raise GongkaiError(
            f"--endpoint {machine.endpoint}: expected an address like http://127.0.0.1:8000/v1"
        )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    client = openai.OpenAI(
        base_url=address, api_key=key, max_retries=machine.retries, timeout=machine.timeout
    )
    return client, openai


def _ask(client: Any, errors: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """Ask once (the client tries again what passes); give the answer, or what is wrong with it."""
    try:
        found = client.chat.completions.create(**request)
        choice = found.choices[0]
        message, ended = choice.message, choice.finish_reason
        text, refusal = message.content, getattr(message, "refusal", None)
    except (errors.AuthenticationError, errors.PermissionDeniedError, errors.NotFoundError) as error:
        raise GongkaiError(f"{client.base_url}: refuses key or model: {_first_line(error)}") from error
    except (errors.BadRequestError, errors.UnprocessableEntityError) as error:
        raise GongkaiError(
            f"{client.base_url}: refuses the request: {_first_line(error)}; perhaps it does not know this "
            "kind of answer: try --answer json_object or text"
        ) from error
    except errors.APIConnectionError as error:
        return {"problem": f"no answer: {type(error).__name__}", "passing": True, "said": False}
    except errors.APIStatusError as error:
        return {"problem": f"no answer: {type(error).__name__}", "passing": True, "said": True}
    except (errors.APIError, ValueError, IndexError, TypeError, AttributeError) as error:
        problem = f"no answer that can be read: {type(error).__name__}"
        return {"problem": problem, "passing": True, "said": True}
    usage = found.usage
    about = {
        "text": text or "",
        "tokens_in": getattr(usage, "prompt_tokens", 0) or 0,
        "tokens_out": getattr(usage, "completion_tokens", 0) or 0,
    }
    if refusal or ended == "content_filter":
        return about | {"problem": f"refused: {refusal or ended}"}
    if ended == "length":
        return about | {"problem": "the answer was cut off (--max-tokens)"}
    return about


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def count_tokens(text: str) -> int:
    """Estimate the tokens of a text: one for a Chinese character, one for four of others; for a dry run.

    >>> count_tokens("将加强培训 abcd")
    7
    """
    chinese = len(re.findall(r"[\u3000-\u9fff\uff00-\uffef]", text))
    return chinese + (len(text) - chinese + 3) // 4


def dry_run(
    tasks: str | Path,
    machine: Machine,
    *,
    codebook: Codebook | None = None,
    template: str | None = None,
    passes: int = 1,
    limit: int | None = None,
) -> tuple[list[dict[str, Any]], int, int]:
    """Return what would be sent: the requests of one pass, and an estimate of all tokens, in and out.

    Raises:
        SchemaError: See `code_by_machine`.
    """
    scheme = given_or_shipped(codebook)
    rows = [row for _, row in task_rows(tasks, scheme)][:limit]
    made = requests_of(rows, scheme, machine, template_text() if template is None else template)
    tokens = sum(count_tokens(part["content"]) for request in made for part in request["messages"])
    return made, passes * tokens, passes * len(made) * 25 * len(scheme.labels)
