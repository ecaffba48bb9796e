"""What model calls cost: litellm's price table, read as a file because importing litellm takes seconds."""

import functools
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True, slots=True)
class Price:
    """USD per token. The `most` figures bound tariffs that rise with the length of the prompt."""

    per_token_in: float
    per_token_out: float
    most_in: float = 0.0
    most_out: float = 0.0

    def __post_init__(self) -> None:
        if self.per_token_in < 0 or self.per_token_out < 0:
            raise ValueError(f"prices must not be negative, got {self.per_token_in} and {self.per_token_out}")

    def usd(self, tokens_in: int, tokens_out: int) -> float:
        """The cost of a call with these token counts."""
        return tokens_in * self.per_token_in + tokens_out * self.per_token_out

    def bound(self, tokens_in: int, tokens_out: int) -> float:
        """The most that a call with at most these token counts can cost."""
        top_in, top_out = max(self.per_token_in, self.most_in), max(self.per_token_out, self.most_out)
        return tokens_in * top_in + tokens_out * top_out


@dataclass(frozen=True, slots=True)
class Output:
    """What a model may write: the longest reply in tokens, and whether it thinks before."""

    tokens: int
    reasoning: bool


FREE = Price(0.0, 0.0)
"""Models on this machine."""


def per_million(price_in: float, price_out: float) -> Price:
    """A price given in USD per million tokens, as providers print it."""
    return Price(price_in / 1e6, price_out / 1e6)


@functools.cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / _TABLE
    if not path.is_file():
        return {}
    table: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return table


def _entry(model: str) -> Mapping[str, Any] | None:
    """The table's row of a model, with or without its provider in front."""
    table = _table()
    for name in (model, model.partition("/")[2]):
        if name and name in table:
            return table[name]
    return None


def price_of(model: str) -> Price | None:
    """The price of a model; None where the table does not know it."""
    entry = _entry(model)
    if entry is None or "input_cost_per_token" not in entry or "output_cost_per_token" not in entry:
        return None

    def most(stem: str) -> float:
        return max((float(v) for k, v in entry.items() if k.startswith(stem) and isinstance(v, int | float)), default=0)

    return Price(
        float(entry["input_cost_per_token"]),
        float(entry["output_cost_per_token"]),
        most("input_cost_per_token_above"),
        max(most("output_cost_per_token_above"), most("output_cost_per_reasoning_token")),
    )


def output_of(model: str) -> Output | None:
    """The longest reply of a model; None where the table does not know it."""
    entry = _entry(model)
    tokens = None if entry is None else entry.get("max_output_tokens")
    if entry is None or not isinstance(tokens, int) or tokens <= 0:
        return None
    return Output(tokens, entry.get("supports_reasoning") is True)


def is_openai(model: str) -> bool:
    """Whether a bare name is one of OpenAI's own models."""
    entry = _table().get(model)
    return entry is not None and entry.get("litellm_provider") in ("openai", "text-completion-openai")
