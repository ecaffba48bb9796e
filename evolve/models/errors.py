"""What can go wrong with a model call, and keeping secrets out of what is stored about it."""

import os
import re

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
