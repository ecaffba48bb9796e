"""What can go wrong with a model call, and what follows from what a server says about it."""

import re
from dataclasses import dataclass

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.models.secrecy import redact
from heuresis.evolve.models.words import Words

_QUOTA = re.compile(
    r"insufficient[_ ](?:quota|balance|credit|funds)|credit balance|out of credits|exceeded your current quota|"
    r"payment required|billing|(?:account|balance).{0,40}(?:overdue|arrears|suspended|deactivated)"
)
_CONTEXT = re.compile(
    r"context[_ ](?:length|window|size)|maximum context|max_model_len|(?:input|prompt).{0,40}too (?:long|large)|"
    r"(?:prompt|input|request|message)[a-z ()]*exceeds?.{0,60}(?:context|token|length)|exceeds the available context|"
    r"too many (?:input )?tokens|input token count|n_ctx"
)

NOTHING_THERE = "Nothing answers there: is the server up, and --api-base right?"
"""What is said where there is no connection."""


class CallError(RuntimeError):
    """A model call that brought no reply. The message is redacted.

    `retryable` says whether trying again may help, `limited` that the server wants to be asked more slowly, and
    `retry_after` how many seconds it asked to wait; `billed` that the provider may have charged for it (a timeout, a
    reply that cannot be read); `unreachable` that there was no connection at all; `slow` that the time limit was
    reached; `too_long` that the prompt does not fit the model's context.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        limited: bool = False,
        billed: bool = False,
        unreachable: bool = False,
        slow: bool = False,
        too_long: bool = False,
    ) -> None:
        super().__init__(redact(message)[:2_000])
        self.retryable, self.retry_after, self.limited = retryable, retry_after, limited
        self.billed, self.unreachable, self.slow, self.too_long = billed, unreachable, slow, too_long


class PriceUnknown(ValueError):
    """A budget in USD was asked for and nobody knows what the model costs."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A server's answer that is no reply: its status, also where it stands inside a 200, and its words."""

    status: int
    words: Words
    retry_after: float | None = None  # seconds, from its headers

    @property
    def said(self) -> str:
        """Status and words, for people."""
        return f"{self.status}: {self.words.text or 'without a word'}"

    @property
    def about_context(self) -> bool:
        """Whether prompt and reply do not fit the model's context."""
        if self.status == 413 or (self.status == 429 and "request too large" in self.words.all):
            return True
        return self.status in (400, 422, 500) and _CONTEXT.search(self.words.all) is not None

    @property
    def _out_of_quota(self) -> bool:
        """Whether the account has to be paid for; a quota that comes back in a told while is a rate limit."""
        if self.status == 429 and self.words.retry_after is not None and "insufficient" not in self.words.all:
            return False
        return self.status == 402 or (self.status in (400, 403, 429) and _QUOTA.search(self.words.all) is not None)

    def error(self, name: str) -> Exception:
        """As ProposerUnavailable where no call of this model can succeed, else as CallError."""
        text = f"{name}: {self.said}"
        if self._out_of_quota:
            return ProposerUnavailable(f"{text}. The account has no quota left.")
        if self.status in (401, 403):
            return ProposerUnavailable(f"{text}. Check the API key in the environment and what it may use.")
        if self.status in (404, 405):
            return ProposerUnavailable(f"{text}. Check the model's name (--model) and the address (--api-base).")
        if self.about_context:
            return CallError(text, too_long=True)
        delay = self.retry_after if self.retry_after is not None else self.words.retry_after
        limited = self.status == 429 or (self.status == 503 and delay is not None)
        again = limited or self.status >= 500 or self.status in (408, 409, 425)
        return CallError(text, retryable=again, retry_after=delay, limited=limited)
