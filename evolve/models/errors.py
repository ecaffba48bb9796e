"""What can go wrong with a model call, and keeping secrets out of what is stored about it."""

import os
import re
from typing import TYPE_CHECKING

from heuresis.evolve.errors import ProposerUnavailable

if TYPE_CHECKING:
    import openai

_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_PATTERNS = (
    (re.compile(r"\b(sk|pk|rk|gsk|xai|hf|AIza)[-_][A-Za-z0-9_\-*]{6,}"), "[redacted]"),
    (re.compile(r"\bAIza[A-Za-z0-9_\-]{20,}"), "[redacted]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=\-]{6,}"), r"\1 [redacted]"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.\-]*://)[^/\s@]+@"), r"\1[redacted]@"),
    (
        re.compile(r"(?i)([\"']?\b(?:x-)?(?:api[-_]?key|access[-_]?token|token|secret|key|signature|sig)[\"']?\s*[=:]\s*"
                   r"[\"']?)[^\s&\"',}]{6,}"),
        r"\1[redacted]",
    ),
)  # fmt: skip


def redact(text: str) -> str:
    """The text without secrets: values of the environment's keys, API keys, bearer tokens, credentials in URLs."""
    for name, value in os.environ.items():
        if len(value) >= 8 and _SECRET_NAMES.search(name):
            text = text.replace(value, "[redacted]")
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class CallError(RuntimeError):
    """A model call that brought no reply. The message is redacted.

    `retryable` says whether trying again may help, `retry_after` how many seconds the provider asked to wait;
    `billed` that the provider may have charged for it (a timeout, a reply that cannot be read); `unreachable` that
    there was no connection at all.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        billed: bool = False,
        unreachable: bool = False,
    ) -> None:
        super().__init__(redact(message)[:2_000])
        self.retryable, self.retry_after = retryable, retry_after
        self.billed, self.unreachable = billed, unreachable


class PriceUnknown(ValueError):
    """A budget in USD was asked for and nobody knows what the model costs."""


def translate(error: "openai.OpenAIError", name: str) -> Exception:
    """A provider's exception (litellm's derive from openai's) as CallError or ProposerUnavailable, redacted."""
    import openai

    text = redact(f"{name}: {type(error).__name__}: {error}")[:1_000]
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return ProposerUnavailable(f"{text}. Check the API key in the environment and what it may use.")
    if isinstance(error, openai.NotFoundError):
        return ProposerUnavailable(f"{text}. Check the model's name (--model) and the address (--api-base).")
    if isinstance(error, openai.APITimeoutError):
        return CallError(f"{name}: no reply within the time limit", retryable=True, billed=True)
    if isinstance(error, openai.APIConnectionError):
        # by name, because versions of openai differ in the HTTP library that this comes from
        refused = type(error.__cause__).__name__ == "ConnectError"
        cause = f"{text} ({error.__cause__})"
        return CallError(cause, retryable=True, billed=not refused, unreachable=refused)
    if isinstance(error, openai.RateLimitError):
        if "insufficient_quota" in f"{error.code} {error}":
            return ProposerUnavailable(f"{text}. The account has no quota left.")
        return CallError(text, retryable=True, retry_after=_retry_after(error))
    if isinstance(error, openai.APIStatusError) and (error.status_code >= 500 or error.status_code in (408, 409)):
        return CallError(text, retryable=True, retry_after=_retry_after(error))
    return CallError(text)


def _retry_after(error: "openai.APIStatusError") -> float | None:
    """Seconds from the header Retry-After; dates and nonsense count as absent."""
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
