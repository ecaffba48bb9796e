"""Keeping secrets out of what is stored and said about model calls."""

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

_used: set[str] = set()


def keep_secret(value: str) -> None:
    """Take a key's value out of every text from now on, whatever its variable is called."""
    if len(value) >= 8:
        _used.add(value)


def redact(text: str) -> str:
    """The text without secrets: values of the environment's keys, API keys, bearer tokens, credentials in URLs."""
    named = {value.strip() for name, value in os.environ.items() if _SECRET_NAMES.search(name)}
    for value in sorted(_used | named, key=len, reverse=True):
        if len(value) >= 8:
            text = text.replace(value, "[redacted]")
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
