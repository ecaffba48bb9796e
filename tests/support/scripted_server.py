"""An OpenAI-compatible server on loopback that answers from a script and remembers what it was asked."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Answer:
    """One scripted response; `drop` closes the connection after so many bytes of the body, `drip` sends them one by one
    with so many seconds in between."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: threading.Event | None = None  # answered when it is set
    drop: int | None = None
    drip: float | None = None


def completion(
    text: str | None, *, finish: str = "stop", tokens: tuple[int, int] | None = (100, 20), **message: Any
) -> Answer:
    body: dict[str, Any] = {
        "id": "x", "object": "chat.completion", "created": 0, "model": "scripted",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}],
    }  # fmt: skip
    if tokens is not None:
        body["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    return Answer(body=json.dumps(body).encode())


def failure(
    status: int, message: str = "no", *, code: str | None = None, headers: dict[str, str] | None = None
) -> Answer:
    return Answer(status, json.dumps({"error": {"message": message, "code": code}}).encode(), headers or {})


def _parts(answer: Answer) -> list[bytes]:
    body = answer.body if answer.drop is None else answer.body[: answer.drop]
    return [body] if answer.drip is None else [body[i : i + 1] for i in range(len(body))]


class ScriptedServer(AbstractContextManager["ScriptedServer"]):
    """Gives the answers in order, then the last one again and again. `seen` are the request bodies.

    `listing` is what it answers to requests without a body, by path or to all of them; by default it knows none.
    """

    def __init__(
        self,
        *answers: Answer,
        on_request: Callable[[dict[str, Any]], None] | None = None,
        listing: Answer | dict[str, Answer] | None = None,
    ) -> None:
        self.seen: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.looked_at: list[str] = []
        self.most_open = self._open = 0
        self._listing = listing or Answer(501, b"Unsupported method")
        self.headers: list[Message] = []  # case does not matter in their names
        self._answers, self._on_request, self._lock = list(answers), on_request, threading.Lock()
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                script._serve(self)

            def do_GET(self) -> None:
                script._list(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, body: dict[str, Any]) -> Answer:
        """The next one in order; override it to answer by what is asked."""
        del body
        return self._answers[min(len(self.seen), len(self._answers) - 1)]

    def _list(self, request: BaseHTTPRequestHandler) -> None:
        self.looked_at.append(request.path)
        listing = self._listing
        self._send(request, listing.get(request.path, Answer(404)) if isinstance(listing, dict) else listing)

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        with self._lock:
            self._open += 1
            self.most_open = max(self.most_open, self._open)
            answer = self.answer(body)
            self.seen.append(body)
            self.paths.append(request.path)
            self.headers.append(request.headers)
        if self._on_request is not None:
            self._on_request(body)
        if answer.delay is not None:
            answer.delay.wait(20)
        with self._lock:
            self._open -= 1
        self._send(request, answer)

    def _send(self, request: BaseHTTPRequestHandler, answer: Answer) -> None:
        request.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer.body)))
        request.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client has given up
            for part in _parts(answer):
                request.wfile.write(part)
                request.wfile.flush()
                time.sleep(answer.drip or 0.0)
        if answer.drop is not None:
            request.close_connection = True
