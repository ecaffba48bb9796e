"""What a run is asked to do; stored with it as JSON, so that `resume` needs nothing else."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any


class ConfigError(ValueError):
    """A setting that cannot be: says which, what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one run. Keys never hold secrets: API keys come from the environment only."""

    problem: str  # a registered name, or the path of a Python file that registers one
    seed: int = 0
    workers: int = 2
    evaluations: int | None = None  # hard budgets; None: not limited
    minutes: float | None = None
    budget_usd: float | None = None
    models: tuple[str, ...] = ()  # `local`, `local:FILE.gguf`, `openai/NAME` or any name litellm knows
    api_base: str | None = None
    mix: tuple[tuple[str, float], ...] = ()  # (proposer, share); empty: offline alone, or the models alone
    seeds: tuple[str, ...] = ()  # `--from`: sources of programs; empty: all baselines
    scratch: bool = False  # `--from scratch`: no seeds at all
    grammar: bool = False  # constrain decoding by a grammar made from the contract
    round_size: int = 8
    lag: int = 2  # a proposal of round r sees the rounds up to r - lag
    islands: int = 4
    timeout: float = 20.0  # seconds per child

    def __post_init__(self) -> None:
        for name in ("workers", "round_size", "lag", "islands", "timeout"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("evaluations", "minutes"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"{name} must be positive, got {value}")
        if self.budget_usd is not None and self.budget_usd < 0:
            raise ConfigError(f"budget_usd must not be negative, got {self.budget_usd}")
        if any(share <= 0 for _, share in self.mix):
            raise ConfigError(f"shares of --mix must be positive, got {dict(self.mix)}")

    def to_json(self) -> str:
        """One JSON object, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Config":
        """Read what `to_json` wrote; unknown keys are errors."""
        raw: dict[str, Any] = json.loads(text)
        unknown = set(raw) - {f.name for f in fields(cls)}
        if unknown:
            raise ConfigError(f"unknown settings: {', '.join(sorted(unknown))}")
        for name in ("models", "seeds"):
            raw[name] = tuple(raw.get(name, ()))
        raw["mix"] = tuple((str(n), float(s)) for n, s in raw.get("mix", ()))
        return cls(**raw)
