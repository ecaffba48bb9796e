"""Servers of models with the manners of real ones, for whole runs."""

import json
import threading
from typing import Any

from scripted_server import Answer, ScriptedServer, completion, failure
from search_parts import rule

WRONG = "<<<<<<< SEARCH\n    return q\n=======\n    return d\n>>>>>>> REPLACE\n"


def fenced(number: int) -> str:
    """A program of its own for each number."""
    return f"```python\n{rule(f'max(t + p, d) + 0.00{number} * p')}```"


class Mannered(ScriptedServer):
    """Answers by what it is asked; subclasses say how. `count` is the number of the request, from 1 on."""

    def answer(self, body: dict[str, Any]) -> Answer:
        return self.reply(body, len(self.seen) + 1)

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        del body
        return completion(fenced(count), tokens=(2_000, 300))


class OtherLimit(Mannered):
    """Knows the limit of a reply by its newer name only."""

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        if "max_completion_tokens" in body:
            return super().reply(body, count)
        return failure(400, "'max_tokens' is not supported with this model", code="unsupported_parameter")


class NoSeed(Mannered):
    """Refuses a field as FastAPI does."""

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        if "seed" not in body:
            return super().reply(body, count)
        detail = [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "not permitted", "input": body}]
        return Answer(422, json.dumps({"detail": detail}).encode())


class Thoughtful(Mannered):
    """Thinks until its limit is reached, where that is below 20,000."""

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        if body.get("max_tokens", 0) >= 20_000:
            return super().reply(body, count)
        return completion("", finish="length", reasoning_content="thinking", tokens=(2_000, body["max_tokens"]))


class HalfThoughts(Mannered):
    """Swallows the mark that opens a thought."""

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        return completion(f"Try\n{WRONG}no.\n</think>\n{fenced(count)}", tokens=(2_000, 300))


class LimitedUpstream(Mannered):
    """Every other reply is an error inside a 200."""

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        if count % 2 == 0:
            return super().reply(body, count)
        error = {"message": "rate limited upstream, retry in 10 ms", "code": 429}
        return Answer(200, json.dumps({"error": error}).encode())


class Streaming(Mannered):
    """Streams, whatever it is asked for."""

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        pieces = [fenced(count)[i : i + 7] for i in range(0, len(fenced(count)), 7)]
        events = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
        events.append({"choices": [], "usage": {"prompt_tokens": 2_000, "completion_tokens": 300}})
        text = ": waiting\n\n" + "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        return Answer(200, text.encode(), {"Content-Type": "text/event-stream"})


class OneSlot(Mannered):
    """Answers one request after the other, each after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds, self._slot = seconds, threading.Lock()

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        made = super().reply(body, count)
        made.delay = threading.Event()
        threading.Thread(target=self._work, args=(made.delay,), daemon=True).start()
        return made

    def _work(self, done: threading.Event) -> None:
        with self._slot:
            threading.Event().wait(self._seconds)
        done.set()


class Together(Mannered):
    """Answers its first requests when so many of them are there."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self._first, self._there = first, threading.Event()

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        if count == self._first:
            self._there.set()
        made = super().reply(body, count)
        made.delay = self._there
        return made


class Poor(Mannered):
    """Wants to be paid."""

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        return failure(402, "Insufficient Balance")


class Refusing(Mannered):
    """Refuses everything, in plain words."""

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        return Answer(400, b"bad request: temperature must be 1", {"Content-Type": "text/plain"})


class SmallContext(Mannered):
    """Has room for so many characters of a prompt."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        self._room = characters

    def reply(self, body: dict[str, Any], count: int) -> Answer:
        size = sum(len(message["content"]) for message in body["messages"])
        if size <= self._room:
            return super().reply(body, count)
        return failure(400, f"the request exceeds the available context size ({self._room} tokens)")
