"""How a model is asked: limits, parameters, address and price, for all models of a run or for one of them."""

import math
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

NO_KEY = "none"
"""`api_key_env` of an endpoint that takes no key."""

_OURS = frozenset({"messages", "model", "n", "stream"})
"""Fields of a request that no setting may replace."""

DEEPEST = 8
"""How deep tables and lists of further fields may lie in each other."""


class ModelSettingError(ValueError):
    """A setting of a model that cannot be: says which, what was expected and what came."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What is said about asking a model; None: nothing, so that a default applies (`models/factory.py`)."""

    max_tokens: int | None = None  # of a reply, thoughts included; never exceeded where it is given
    request_timeout: float | None = None  # seconds of one request, from its turn on
    attempts: int | None = None  # requests per turn of a conversation, the first included; waiting is none
    temperature: float | None = None
    reasoning_effort: str | None = None  # as the endpoint names it: `low`, `high`, …
    concurrency: int | None = None  # requests at a time
    api_base: str | None = None
    api_key_env: str | None = None  # the variable with the key, or `none`
    price_in: float | None = None  # USD per million tokens
    price_out: float | None = None
    extra_body: Mapping[str, Any] | None = None  # further fields of each request

    def __post_init__(self) -> None:
        for name in ("max_tokens", "attempts", "concurrency"):
            self._check(name, "a positive integer", lambda v: type(v) is int and v > 0)
        self._check("request_timeout", "a positive, finite number of seconds", lambda v: _number(v) and v > 0)
        for name in ("temperature", "price_in", "price_out"):
            self._check(name, "a finite number of 0 or more", lambda v: _number(v) and v >= 0)
        for name in ("reasoning_effort", "api_base"):
            self._check(name, "a text", lambda v: isinstance(v, str) and v != "")
        self._check(
            "api_key_env",
            "the name of an environment variable (never a key itself), or none",
            lambda v: isinstance(v, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", v) is not None,
            shown=False,
        )
        self._check("extra_body", f"a table of fields as JSON has them, {DEEPEST} deep at most", _fields)
        ours = sorted(_OURS & set(self.extra_body or {}))
        if ours:
            raise ModelSettingError(f"extra_body: expected fields that Heuresis does not set itself, got {ours[0]!r}")
        if (self.price_in is None) != (self.price_out is None):
            raise ModelSettingError("price_in and price_out: expected both or none, got one of them")

    def over(self, general: "ModelSettings") -> "ModelSettings":
        """These settings, completed by more general ones."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return ModelSettings(**{k: getattr(general, k) if v is None else v for k, v in found.items()})

    def _check(self, name: str, expected: str, holds: Any, *, shown: bool = True) -> None:
        value = getattr(self, name)
        if value is not None and not holds(value):
            came = reprlib.repr(value) if shown else "something else"
            raise ModelSettingError(f"{name}: expected {expected}, got {came}")


def _number(value: object) -> bool:
    """Whether this is a number that a float can hold, neither NaN nor infinite."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _fields(value: object) -> bool:
    """Whether this is an object that JSON can hold, and not too deep to be kept with the run."""
    return isinstance(value, Mapping) and _holdable(value, DEEPEST)


def _holdable(value: object, depth: int) -> bool:
    """Whether JSON can hold a value of at most this depth."""
    if isinstance(value, Mapping):
        return depth > 0 and all(isinstance(k, str) and _holdable(v, depth - 1) for k, v in value.items())
    if isinstance(value, list):
        return depth > 0 and all(_holdable(one, depth - 1) for one in value)
    return value is None or isinstance(value, str | bool | int) or _number(value)


NOTHING_SAID = ModelSettings()
"""All defaults."""
