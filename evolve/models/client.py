"""Model clients: one HTTP attempt each, to any OpenAI-compatible endpoint; other providers through litellm.

Clients do not retry: every attempt is a row in the archive (`calls.py`), so that no call goes unrecorded.
"""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from heuresis.evolve.models.errors import CallError, redact
from heuresis.evolve.models.prices import Price

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. A last message of the role `assistant` is the beginning of the reply."""

    role: str  # system, user or assistant
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. `usd` is what the call cost, or the most it can have cost where usage is not told."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    seconds: float = 0.0  # measured
    finish_reason: str = "stop"


class ModelClient(Protocol):
    """One model. Thread-safe."""

    name: str
    max_tokens: int  # the longest reply that is asked for

    def max_usd(self, messages: Sequence[Message]) -> float:
        """The most that one call with these messages can cost, in USD."""
        ...

    def complete(
        self, messages: Sequence[Message], *, seed: int, temperature: float, grammar: str | None = None
    ) -> Reply:
        """Call the model once.

        Raises CallError where no reply came, ProposerUnavailable where none ever can (wrong key, unknown model).
        """
        ...


def tokens_at_most(messages: Sequence[Message]) -> int:
    """An upper bound of the tokens of a prompt: no token is shorter than one byte."""
    return sum(len(m.content.encode("utf-8", "replace")) + 16 for m in messages) + 16


def is_loopback(url: str) -> bool:
    """Whether a URL points to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class PricedClient:
    """What the clients share: a name, a price and the bound that follows from it."""

    def __init__(self, name: str, price: Price | None, max_tokens: int, timeout: float) -> None:
        self.name, self.price, self.max_tokens, self.timeout = name, price, max_tokens, timeout

    def max_usd(self, messages: Sequence[Message]) -> float:
        """The most that one call can cost; 0 where the price is unknown (then no budget in USD is accepted)."""
        return 0.0 if self.price is None else self.price.bound(tokens_at_most(messages), self.max_tokens)

    def read(self, body: Any, messages: Sequence[Message], seconds: float) -> Reply:
        """A chat completion as a Reply. Raises CallError where it is none."""
        text, finish_reason = _first_choice(body)
        usage = body.get("usage") if isinstance(body, Mapping) else None
        usage = usage if isinstance(usage, Mapping) else {}
        tokens_in, tokens_out = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        known = tokens_in > 0 or tokens_out > 0
        usd = self.max_usd(messages)
        if self.price is not None and known:
            usd = self.price.usd(tokens_in, tokens_out)
        return Reply(text, tokens_in, tokens_out, usd, seconds, finish_reason)


def _count(value: object) -> int:
    """A token count as the provider gave it; 0 for anything that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _first_choice(body: Any) -> tuple[str, str]:
    """Text and finish reason of a chat completion; a refusal counts as text, for the archive."""
    try:
        choice = body["choices"][0]
        message = choice["message"]
        text = message.get("content") or message.get("refusal") or ""
    except (KeyError, IndexError, TypeError, AttributeError):
        shape = redact(json.dumps(body, default=str))[:300]
        raise CallError(f"the reply is no chat completion with a choice: {shape}", billed=True) from None
    if isinstance(text, list):  # some servers answer in parts
        text = "".join(str(part.get("text", "")) for part in text if isinstance(part, Mapping))
    return str(text), str(choice.get("finish_reason") or "stop")
