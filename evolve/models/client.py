"""What a client of a language model is: one request each, to any provider.

Clients do not retry: every attempt is a row in the archive (`calls.py`), so that no call goes unrecorded.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from heuresis.evolve.models.prices import Price


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
    limit: int | None = field(default=None, compare=False)  # asked for, in tokens; None: the endpoint's, or not known

    @property
    def cut_off(self) -> bool:
        """Whether the reply ended at its limit."""
        return self.finish_reason == "length"


@dataclass(frozen=True, slots=True)
class ReplyLimit:
    """How long replies may become, in tokens, thoughts included.

    `first` is what is asked for at the beginning (None: as the endpoint has it), `most` what may be asked for where
    that turns out to be too short.
    """

    first: int | None
    most: int

    @classmethod
    def fixed(cls, tokens: int) -> "ReplyLimit":
        """A limit that is never exceeded."""
        return cls(tokens, tokens)


class ModelClient(Protocol):
    """One model. Thread-safe."""

    name: str

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

    def ask_for_more(self, cut: Reply) -> bool:
        """Let replies become longer than one that was cut off; False where they may not."""
        ...


def tokens_at_most(messages: Sequence[Message]) -> int:
    """An upper bound of the tokens of a prompt: no token is shorter than one byte."""
    return sum(len(m.content.encode("utf-8", "replace")) + 16 for m in messages) + 16


class PricedClient:
    """What the clients share: a name, a price, the limit of replies, and the bound of costs that follows from both."""

    def __init__(self, name: str, price: Price | None, limit: ReplyLimit, timeout: float) -> None:
        self.name, self.price, self.timeout = name, price, timeout
        self._allowed, self._growing = limit, threading.Lock()
        self.limit = limit.first

    def max_usd(self, messages: Sequence[Message]) -> float:
        """The most that one call can cost; 0 where the price is unknown (then no budget in USD is accepted)."""
        if self.price is None:
            return 0.0
        limit = self.sendable(self.limit)
        return self.price.bound(tokens_at_most(messages), self._allowed.most if limit is None else limit)

    def ask_for_more(self, cut: Reply) -> bool:
        """Let replies become four times as long as one that was cut off; False where they may not."""
        with self._growing:
            reached = cut.limit if cut.limit is not None else cut.tokens_out
            wanted = min(self._allowed.most, max(4 * reached, self.limit or 0) or self._allowed.most)
            if self.sendable(wanted) is None or wanted <= reached:
                return False
            self.limit = wanted
            return True

    def sendable(self, limit: int | None) -> int | None:
        """The limit of a reply that is sent where this one is wanted; None where none is."""
        return limit

    def cost(self, messages: Sequence[Message], tokens_in: int, tokens_out: int) -> float:
        """USD of a call with these token counts; the most it can have cost where they are not known."""
        if self.price is None or (tokens_in <= 0 and tokens_out <= 0):
            return self.max_usd(messages)
        return self.price.usd(tokens_in, tokens_out)
