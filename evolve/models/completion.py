"""Chat completions as servers really send them: whole, streamed all the same, in parts, or an error inside a 200."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from heuresis.evolve.models.errors import CallError, Refusal
from heuresis.evolve.models.secrecy import redact
from heuresis.evolve.models.words import words_in, words_of

LENGTH = "length"
"""The finish reason of a reply that was cut off at its limit."""

_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "MAX_TOKENS"})
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
_UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered. `thoughts` stand apart from the `text` where the server keeps them apart."""

    text: str
    thoughts: str
    finish_reason: str
    tokens_in: int
    tokens_out: int

    @property
    def reply(self) -> str:
        """The text; where it is empty and the reply complete, what a server mistook for thoughts."""
        return self.text if self.text.strip() or self.finish_reason == LENGTH else self.thoughts or self.text


def read_completion(body: str) -> Completion | Refusal:
    """A body of status 200 as what it is. Raises CallError where it is neither a completion nor an error."""
    found = _events(body) if _is_stream(body) else _document(body)
    refusal = _refusal(found)
    return refusal if refusal is not None else completion_in(found)


def completion_in(found: Any) -> Completion:
    """A decoded chat completion. Raises CallError where it is none."""
    try:
        choice = found["choices"][0]
        message = choice["message"]
        text, inner = _content(message.get("content"))
        refusal = message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        shape = redact(json.dumps(found, default=str))[:300]
        raise CallError(f"the reply is no chat completion with a choice: {shape}", billed=True) from None
    usage = found.get("usage") if isinstance(found.get("usage"), Mapping) else {}
    thoughts = [_content(message.get(name))[0] for name in _THOUGHTS]
    reason = str(choice.get("finish_reason") or "stop")
    return Completion(
        text or (refusal if isinstance(refusal, str) else ""),
        next(filter(None, thoughts), "") or inner,
        LENGTH if reason in _CUT else reason[:100],
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
    )


def _content(value: Any) -> tuple[str, str]:
    """The text of a message's content and the thoughts in it: a text, or parts of several types in any order."""
    if isinstance(value, str):
        return value, ""
    parts = value if isinstance(value, list) else [value] if isinstance(value, Mapping) else []
    texts, thoughts = list[str](), list[str]()
    for part in parts:
        kind = str(part.get("type", "text")) if isinstance(part, Mapping) else "text"
        hidden = "think" in kind or "reason" in kind
        (thoughts if hidden else texts).append(_part(part))
    return "".join(texts), "".join(thoughts)


def _part(part: Any) -> str:
    """The text of one part."""
    if not isinstance(part, Mapping):
        return part if isinstance(part, str) else ""
    for name in ("text", "content", "thinking", "reasoning", "value"):
        found = part.get(name)
        if found:
            return found if isinstance(found, str) else _content(found)[0] or _content(found)[1]
    return ""


def _refusal(found: Any) -> Refusal | None:
    """An error that stands where a completion should be; None where there is none."""
    if not isinstance(found, Mapping):
        return None
    choices = found.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    error = found.get("error") or choice.get("error")
    if error is None and choice.get("finish_reason") == "error":
        error = choice.get("message") or "the finish reason is `error`"
    if error is None and not choices and isinstance(found.get("detail"), str | list):
        error = found["detail"]
    if not error:
        return None
    code = error.get("code", error.get("status")) if isinstance(error, Mapping) else found.get("code")
    return Refusal(_status(code), words_in({"error": error}))


def _status(code: Any) -> int:
    """The HTTP status that an error inside a 200 names; that of a server's failure where it names none."""
    try:
        status = int(code)
    except (TypeError, ValueError):
        named = str(code).lower()
        if "rate" in named or "limit" in named:
            return 429
        return 500 if "invalid" not in named and "unsupported" not in named else _UNPROCESSABLE
    return status if 400 <= status < 600 else 500


def _document(body: str) -> Any:
    """A body as JSON. Raises CallError where it is none; a page of a proxy was billed by nobody."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        page = body.lstrip().startswith("<")
        said = words_of(body).text[:200]
        raise CallError(f"the reply is not JSON: {error}; it says: {said}", billed=not page) from None


def _is_stream(body: str) -> bool:
    """Whether a body is a stream of events, or of JSON objects on lines of their own."""
    start = body.lstrip()
    return start.startswith(("data:", "event:", "id:", "retry:", ":")) or start[:200].count("\n{") > 0


def _events(body: str) -> dict[str, Any]:
    """A stream put together into one completion. Raises CallError where it breaks off or cannot be read."""
    chunks = [_document(line) for line in _data(body)]
    error = next((chunk for chunk in chunks if isinstance(chunk, Mapping) and chunk.get("error")), None)
    if error is not None:
        return dict(error)
    choices = [c for chunk in chunks for c in _choices(chunk)]
    if not choices:
        raise CallError(f"the reply is a stream without a choice: {redact(body[:200])!r}", billed=True)
    said = [one for c in choices for name in ("delta", "message") if isinstance(one := c.get(name), Mapping)]
    message: dict[str, Any] = {"content": "".join(_content(one.get("content"))[0] for one in said)}
    message |= {name: "".join(_content(one.get(name))[0] for one in said) for name in _THOUGHTS}
    message["reasoning_content"] += "".join(_content(one.get("content"))[1] for one in said)
    finish = next((c["finish_reason"] for c in reversed(choices) if c.get("finish_reason")), None)
    counts = [chunk["usage"] for chunk in chunks if isinstance(chunk, Mapping) and chunk.get("usage")]
    if finish is None and "[DONE]" not in body[-200:]:
        raise CallError("the reply is a stream that breaks off", retryable=True, billed=True)
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": counts[-1] if counts else {}}


def _data(body: str) -> Iterable[str]:
    """What a stream carries, without names of events, comments and the end mark."""
    for line in body.splitlines():
        data = line.removeprefix("data:").strip() if line.startswith("data:") else line.strip()
        if data.startswith(("{", "[")) and data != "[DONE]":
            yield data


def _choices(chunk: Any) -> list[Mapping[str, Any]]:
    """The first choice of one piece of a stream, or what a server sends in its place."""
    if not isinstance(chunk, Mapping):
        return []
    choices = chunk.get("choices")
    if isinstance(choices, list):
        return [c for c in choices if isinstance(c, Mapping) and not c.get("index")]
    if isinstance(chunk.get("message"), Mapping):  # Ollama's own protocol
        return [{"message": chunk["message"], "finish_reason": chunk.get("done_reason")}]
    return []


def _count(value: object) -> int:
    """A token count as the provider gave it; 0 for anything that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
