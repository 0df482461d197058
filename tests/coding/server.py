"""A small real server on 127.0.0.1 that answers as an OpenAI-compatible endpoint: by rule, and also badly."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd

from gongkai.coding.exchange import write_tasks


class Server(ThreadingHTTPServer):
    """Answers by rule; `faults` maps a word of the sentence to what goes wrong, once or always.

    One that `remembers` honours Idempotency-Key: what it answered under a key it says again and counts once. One
    that `repeats` says failures again too.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.answered, self.seen, self.faults, self.delay, self.heads = [], [], {}, 0.0, []
        self.remembers, self.repeats, self.given, self.failed = False, False, {}, {}
        self.reads = None
        self.rule = lambda text: {"commitment": {"code": int("将" in text), "rule": "1"},
                                  "boilerplate": {"code": int("进一步" in text), "rule": "2"}}  # fmt: skip

    def handle_error(self, *_):
        """A client that was killed has hung up; that is no error of the server's."""

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = asked["messages"][-1]["content"].rpartition("Sentence to code: ")[2].strip()
        server = self.server
        with server.lock:
            server.seen.append(text)
            server.heads.append({k.lower(): v for k, v in self.headers.items()})
            once = self.headers.get("Idempotency-Key") if server.repeats else None
            if once in server.failed:
                what = server.failed[once]
            else:
                fault = next((f for word, f in server.faults.items() if word in text and f), None)
                what = fault.pop(0) if isinstance(fault, list) else fault
                if once and what is not None:
                    server.failed[once] = what
        if server.delay:
            time.sleep(server.delay)
        if isinstance(what, int):
            return self.give(json.dumps({"error": {"message": f"status {what}"}}).encode(), what)
        if what == "slow":
            time.sleep(2)
        if what == "garbage":
            return self.give(b"<html>gateway</html>", 200)
        if what == "hang up":
            self.close_connection = True
            return self.connection.close()
        prompt = asked["messages"][0]["content"]
        said = json.dumps(
            server.reads(prompt, text) if server.reads else server.rule(text), ensure_ascii=False
        )
        message = {
            "role": "assistant",
            "content": {"prose": "I think it is a promise.", "cut": said[:20]}.get(what, said),
        }
        if what == "wrong":
            message["content"] = said.replace('"code": 1', '"code": "maybe"').replace(
                '"code": 0', '"code": "maybe"'
            )
        if what == "refusal":
            message |= {"content": None, "refusal": "I cannot help with that."}
        body = {
            "id": "x", "object": "chat.completion", "created": 0, "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "length" if what == "cut" else "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }  # fmt: skip
        key = self.headers.get("Idempotency-Key") if server.remembers else None
        with server.lock:
            if key is None or key not in server.given:
                server.answered.append(text)
            body = server.given.setdefault(key, body) if key else body
        self.give(json.dumps(body, ensure_ascii=False).encode(), 200)

    def give(self, body, status):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def running_server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def many(folder, n):
    """Write a task file of n sentences, no two alike."""
    rows = pd.DataFrame(
        {"sentence_id": [f"s{k}" for k in range(n)], "text": [f"第{k}条将进一步加强。" for k in range(n)], "year": 2021,
         "section": "overview", "heading": "", "lead": "", "report_id": "r", "agency": "甲局"}
    )  # fmt: skip
    return write_tasks(rows, folder / "many.csv")


def coded_with_kills(server, tasks, out, signals, waits):
    """Run `gongkai code` and end it by each signal after so many further answers; then run it to its end.

    Returns the ended runs' exit codes, and the last run.
    """
    command = [sys.executable, "-m", "gongkai", "code", str(tasks), "-o", str(out), "--llm", "tiny", "--jobs", "8",
               "--endpoint", server.address]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    codes = []
    for signal, wait in zip(signals, waits, strict=True):
        at = len(server.answered) + wait
        running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while len(server.answered) < at and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(signal)
        running.communicate(timeout=60)
        codes.append(running.returncode)
        assert not out.exists()
    return codes, subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
