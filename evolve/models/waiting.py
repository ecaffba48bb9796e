"""How long a server asks to wait: in its headers, or in the body of an error."""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_UNITS = {
    **dict.fromkeys(("ms", "millisecond"), 0.001),
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("m", "min", "minute"), 60.0),
    **dict.fromkeys(("h", "hour"), 3600.0),
}
_SPAN = r"((?:\d+(?:\.\d+)?\s*(?:milliseconds?|ms|minutes?|min|m|seconds?|secs?|s|hours?|h)\s*)+)"
_TOLD = re.compile(rf"(?:try again|retry|wait|reset)[a-z ]{{0,20}}\s*(?:in|after|for|:)?\s*{_SPAN}\b", re.IGNORECASE)
_RESET = re.compile(r"(?:x-|anthropic-)?rate-?limit-(?:reset(?:-(?P<after>[a-z]+))?|(?P<before>[a-z]+)-reset)")


def delay_of(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds to wait by `retry-after-ms`, `Retry-After` or the moments at which rate limits are reset; None: untold.

    `now` is the time in seconds since 1970 (default: the present).
    """
    present = time.time() if now is None else now
    found = {name.lower(): value for name, value in headers.items()}
    milliseconds = _amount(found.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    told = _until(found.get("retry-after", ""), present)
    return told if told is not None else _reset(found, present)


def delay_in(text: str) -> float | None:
    """Seconds that a text asks to wait; None where it does not."""
    span = seconds_of(text)
    if span is not None:
        return span
    told = _TOLD.search(text)
    return _amount(text) if told is None else seconds_of(told[1])


def seconds_of(text: str) -> float | None:
    """A span of time such as `1m30.5s`, `250 ms` or `20 seconds`, in seconds; None where it is none."""
    if not re.fullmatch(_SPAN, text.strip(), re.IGNORECASE):
        return None
    pairs = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]+)", text.lower())
    return sum(float(amount) * _UNITS[unit if unit in _UNITS else unit.removesuffix("s")] for amount, unit in pairs)


def _reset(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the limit that is used up is reset; until the last one where no header says which it is."""
    waits: dict[str, float] = {}
    for name, value in headers.items():
        match = _RESET.fullmatch(name)
        seconds = None if match is None else _until(value, now)
        if match is not None and seconds is not None:
            waits[match["after"] or match["before"] or ""] = seconds
    used_up = {what for what in waits if _remaining(headers, what) == 0}
    return max((wait for what, wait in waits.items() if what in used_up or not used_up), default=None)


def _remaining(headers: Mapping[str, str], what: str) -> float | None:
    """How much is left of a limit."""
    ends = (f"remaining-{what}", f"{what}-remaining") if what else ("ratelimit-remaining", "rate-limit-remaining")
    return next((_amount(value) for name, value in headers.items() if name.endswith(ends)), None)


def _until(value: str, now: float) -> float | None:
    """Seconds until what a header names: a number of them, a span, a date, or seconds or milliseconds since 1970."""
    number = _amount(value)
    if number is not None:
        since_1970 = number / 1000 if number > 1e11 else number
        return max(0.0, since_1970 - now) if since_1970 > 1e9 else number
    span = seconds_of(value)
    return span if span is not None else _date(value, now)


def _date(value: str, now: float) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(value)
        except (ValueError, TypeError, IndexError):
            continue
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    return None


def _amount(value: str) -> float | None:
    """A finite number of 0 or more; None for anything else."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number >= 0 and math.isfinite(number) else None
