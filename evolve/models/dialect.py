"""What an endpoint takes and what it refuses: learnt from its answers, kept for the run, told once."""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from heuresis.evolve.models.client import Message
from heuresis.evolve.models.errors import Refusal
from heuresis.evolve.telling import Tell

LENGTH_KEYS = ("max_tokens", "max_completion_tokens")
"""The names under which endpoints know the limit of a reply."""

OPTIONAL = ("seed", "temperature", "reasoning_effort", "grammar", "stream")
"""Parameters that a call can do without; what is refused without a name is tried in this order."""

SPARE = 32
"""Tokens by which a reply stays below the room that a server has told."""

LEAST_ROOM = 512
"""Tokens of a reply below which a prompt counts as too long."""

_UNNAMED = re.compile(
    r"extra (?:fields?|inputs?)|(?:unknown|unexpected|unrecognized|unrecognised|unsupported|additional) "
    r"(?:request )?(?:field|parameter|argument|propert|keyword|value)|not permitted"
)
_SYSTEM = re.compile(
    r"(?:role|message|prompt|instruction)s?\b.{0,40}\bsystem\b|\bsystem\b.{0,30}(?:role|message|prompt|instruction)|"
    r"roles? must alternate|developer instruction|\brole\b.{0,40}(?:should be|must be|expected|one of).{0,20}user"
)
_TOO_MUCH = re.compile(r"too (?:large|many|big|high)|at most|maxim|exceed|range|less than|greater|smaller|limit|[<>≤≥]")
_WINDOW = re.compile(r"(?:context|window|model_len)[a-z_ ]{0,24}[=:(]? ?(\d[\d,]*)")


@dataclass(frozen=True, slots=True)
class Request:
    """One call as it is meant, before an endpoint's dialect."""

    messages: Sequence[Message]
    seed: int
    temperature: float
    grammar: str | None = None
    reasoning_effort: str | None = None
    most: int | None = None  # tokens of the reply; None: as the endpoint has it


@dataclass(frozen=True, slots=True)
class Manner:
    """What is known of an endpoint."""

    length_key: str | None = LENGTH_KEYS[0]  # None: it takes no limit of the reply
    refused: frozenset[str] = frozenset()
    system_role: bool = True
    longest: int | None = None  # the largest limit of a reply that it takes

    def limit(self, wanted: int | None) -> int | None:
        """The limit of a reply that is sent where this one is wanted."""
        if wanted is None or self.length_key is None:
            return None
        return wanted if self.longest is None else min(wanted, self.longest)

    def fields(self, request: Request) -> dict[str, Any]:
        """The fields of a chat completion, but for the model."""
        wanted = {
            "messages": [{"role": m.role, "content": m.content} for m in self._messages(request.messages)],
            "stream": False,
            "temperature": request.temperature,
            "seed": request.seed,
            "reasoning_effort": request.reasoning_effort,
            "grammar": request.grammar,
        }
        limit = self.limit(request.most)
        if limit is not None and self.length_key is not None:
            wanted[self.length_key] = limit
        return {key: value for key, value in wanted.items() if value is not None and key not in self.refused}

    def _messages(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The conversation, without the role `system` where the endpoint knows none."""
        if self.system_role or not messages or messages[0].role != "system":
            return messages
        system, *others = messages
        if others and others[0].role == "user":
            return [replace(others[0], content=f"{system.content}\n\n{others[0].content}"), *others[1:]]
        return [replace(system, role="user"), *others]


class Dialect:
    """The manner of one endpoint, which grows with what it refuses. Thread-safe."""

    def __init__(self, name: str, tell: Tell, manner: Manner | None = None) -> None:
        self.name, self._tell = name, tell
        self._manner, self._lock = manner or Manner(), threading.Lock()

    @property
    def manner(self) -> Manner:
        """What is known by now."""
        return self._manner

    def learn(self, refusal: Refusal, sent: Mapping[str, Any], manner: Manner) -> bool:
        """Whether a refused request is worth another try, because it will be put otherwise.

        `sent` are the fields that were refused, and `manner` the one by which they were made: what another thread has
        learnt meanwhile is tried first.
        """
        with self._lock:
            if self._manner != manner:
                return True
            learnt, what = _learnt(refusal, sent, manner)
            if learnt == manner:
                return False
            self._manner = learnt
        self._tell(f"{self.name}: {what}; the server said: {refusal.said}")
        return True


def _learnt(refusal: Refusal, sent: Mapping[str, Any], manner: Manner) -> tuple[Manner, str]:
    """What is known after a refusal, and what is done from then on; the same manner where nothing follows from it."""
    text = refusal.words.all
    if not _about_the_request(refusal.status, text, sent):
        return manner, ""
    length = _length(refusal, sent, manner)
    if length is not None:
        return length
    named = [key for key in OPTIONAL if key in sent and _mentions(text, key)]
    if not named and "messages" in sent and manner.system_role and _has_system(sent) and _SYSTEM.search(text):
        return replace(manner, system_role=False), "asked without the role system from now on"
    if not named and _UNNAMED.search(text) and not refusal.about_context:
        named = [key for key in OPTIONAL if key in sent][:1]
    if not named:
        return manner, ""
    return replace(manner, refused=manner.refused | set(named)), f"asked without {', '.join(named)} from now on"


def _about_the_request(status: int, text: str, sent: Mapping[str, Any]) -> bool:
    """Whether the refusal may be of a parameter: client errors, and servers that fail over one and name it."""
    if status in (401, 402, 403, 404, 408, 409, 413, 429):
        return False
    if 400 <= status < 500:
        return True
    return any(_mentions(text, key) for key in (*OPTIONAL, *LENGTH_KEYS) if key in sent) and (
        re.search(r"support|unexpected|unknown|unrecogni|invalid|not permitted", text) is not None
    )


def _length(refusal: Refusal, sent: Mapping[str, Any], manner: Manner) -> tuple[Manner, str] | None:
    """What follows where the limit of the reply is refused; None where it is not."""
    text, key = refusal.words.all, manner.length_key
    if key is None:
        return None
    room = _room(refusal, sent[key]) if key in sent else None
    if room is not None:
        return replace(manner, longest=room), f"replies are limited to {room:,} tokens from now on"
    if refusal.about_context or not any(_mentions(text, name) for name in LENGTH_KEYS):
        return None
    if manner.refused & set(LENGTH_KEYS):
        return replace(manner, length_key=None), "asked without a limit of the reply from now on"
    other = LENGTH_KEYS[1] if key == LENGTH_KEYS[0] else LENGTH_KEYS[0]
    return replace(manner, length_key=other, refused=manner.refused | {key}), f"asked with {other} from now on"


def _room(refusal: Refusal, limit: int) -> int | None:
    """The largest limit that fits, where the refusal is of one that is too large; None elsewhere."""
    text = refusal.words.all
    smaller = [n for n in _numbers(text) if 16 <= n < limit]
    if refusal.about_context:
        window = _WINDOW.search(text)
        prompt = max((n for n in smaller if window is not None and n < _whole(window[1])), default=0)
        room = _whole(window[1]) - prompt - SPARE if window is not None and prompt else 0
        return room if LEAST_ROOM <= room < limit else None
    about_length = any(_mentions(text, name) for name in LENGTH_KEYS) or "output token" in text
    if not about_length or not _TOO_MUCH.search(text):
        return None
    return max(smaller, default=limit // 2)


def _numbers(text: str) -> list[int]:
    return [_whole(found) for found in re.findall(r"\d[\d,]*", text)]


def _whole(digits: str) -> int:
    return int(digits.replace(",", ""))


def _mentions(text: str, name: str) -> bool:
    """Whether a parameter stands in a text as a word of its own."""
    return re.search(rf"(?<![a-z0-9_]){name}(?![a-z0-9_])", text) is not None


def _has_system(sent: Mapping[str, Any]) -> bool:
    return any(message["role"] == "system" for message in sent["messages"])
