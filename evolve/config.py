"""What a run is asked to do; stored with it as JSON, so that `resume` needs nothing else."""

import json
import math
import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from heuresis.evolve.model_settings import NOTHING_SAID, ModelSettingError, ModelSettings
from heuresis.problems.problem import TIME_UNITS, Choice


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
    seeds: tuple[str, ...] = ()  # `--from`: programs as `programs.source_of` takes them; empty: all baselines
    scratch: bool = False  # `--from scratch`: no seeds at all
    family: str | None = None  # of instances to search on; None: the problem's default
    objective: str | None = None  # by name; None: the problem's default
    engine: str | None = None  # of the instances: a name or the absolute path of a file; None: the problem's default
    subject_to: tuple[str, ...] = ()  # constraints on metrics
    guards: bool = True  # whether the problem's own constraints on its objective hold too
    grammar: bool = False  # constrain decoding by a grammar made from the contract
    asking: ModelSettings = NOTHING_SAID  # how models are asked, where nothing else is said for one of them
    asking_each: tuple[tuple[str, ModelSettings], ...] = ()  # (model, settings)
    round_size: int = 8
    lag: int = 2  # a proposal of round r sees the rounds up to r - lag
    islands: int = 2
    timeout: float = 20.0  # seconds per child
    instances: tuple[str, ...] = ()  # paths of files that are cut into search, select and test; empty: the problem's
    rate: float | None = None  # factor on the rate of arrivals in these files
    load: float | None = None  # in its place: the share of the capacity of the engine or its replicas
    limit: int | None = None  # requests that are taken of each of these files
    noise: float | None = None  # of estimates where these files have none: sigma of the logarithm
    slo: str | None = None  # the class of requests in files that name none
    time_unit: str | None = None  # of times in these files that are numbers: s, ms, us or ns
    solve: bool | None = None  # whether optima that these files do not have are proven
    replicas: int | None = None  # of the engine, behind a router; None: as many as it says
    digests: tuple[str, ...] = ()  # SHA-256 of each file when the run began
    parts: tuple[tuple[str, str], ...] = ()  # (split, fingerprint) of what the files were cut into then

    def __post_init__(self) -> None:
        self._freeze()
        _check(self.problem, "problem", "a text", _text(self.problem) and self.problem != "")
        _check(self.seed, "seed", "an integer from 0 to 2**63 - 1", _whole(self.seed) and 0 <= self.seed < 1 << 63)
        for name in ("workers", "round_size", "lag", "islands"):
            value = getattr(self, name)
            _check(value, name, "a positive integer", _whole(value) and value > 0)
        _check(self.timeout, "timeout", "a positive, finite number", _finite(self.timeout) and self.timeout > 0)
        if (most := self.evaluations) is not None:
            _check(most, "evaluations", "a positive integer", _whole(most) and most > 0)
        if (minutes := self.minutes) is not None:
            _check(minutes, "minutes", "a positive, finite number", _finite(minutes) and minutes > 0)
        if (usd := self.budget_usd) is not None:
            _check(usd, "budget_usd", "a finite number of 0 or more", _finite(usd) and usd >= 0)
        for name in ("api_base", "family", "objective", "engine", "slo", "time_unit"):
            value = getattr(self, name)
            _check(value, name, "a text", value is None or _text(value))
        for name in ("models", "seeds", "subject_to"):
            value = getattr(self, name)
            _check(value, name, "a list of texts", isinstance(value, tuple) and all(map(_text, value)))
        for name in ("scratch", "grammar", "guards"):
            _check(getattr(self, name), name, "true or false", isinstance(getattr(self, name), bool))
        _check(self.asking, "asking", "settings of models", isinstance(self.asking, ModelSettings))
        each = _pairs(self.asking_each) and all(isinstance(one, ModelSettings) for _, one in self.asking_each)
        _check(self.asking_each, "asking_each", "models with their settings", each)
        _check(self.mix, "mix", "proposers with their shares", _pairs(self.mix))
        self._check_files()
        for name, share in self.mix:
            _check(share, f"mix, share of {name}", "a positive, finite number", _finite(share) and share > 0)

    def _freeze(self) -> None:
        """Lists become tuples, and a mapping of shares becomes pairs: as people write them in Python."""
        if isinstance(self.mix, Mapping):
            object.__setattr__(self, "mix", tuple(self.mix.items()))
        for one in fields(self):
            if isinstance(value := getattr(self, one.name), list):
                object.__setattr__(self, one.name, tuple(value))

    def _check_files(self) -> None:
        """What is said of instance files can be, and none is said without them."""
        for name in ("instances", "digests"):
            value = getattr(self, name)
            _check(value, name, "a list of texts", isinstance(value, tuple) and all(map(_text, value)))
        _check(self.parts, "parts", "splits with their fingerprints", _pairs(self.parts))
        for name in ("rate", "load"):
            value = getattr(self, name)
            _check(value, name, "a positive, finite number", value is None or (_finite(value) and value > 0))
        for name in ("limit", "replicas"):
            value = getattr(self, name)
            _check(value, name, "a positive integer", value is None or (_whole(value) and value > 0))
        noise = self.noise
        _check(noise, "noise", "a number from 0 to 10", noise is None or (_finite(noise) and 0 <= noise <= 10))
        unit = self.time_unit
        _check(unit, "time_unit", f"one of {', '.join(TIME_UNITS)}", unit is None or unit in TIME_UNITS)
        _check(self.solve, "solve", "true or false", self.solve in {None, True, False})
        for name in ("rate", "load", "limit", "noise", "slo", "time_unit", "solve"):
            value = getattr(self, name)
            _check(value, name, "instance files as well, for it changes them", value is None or bool(self.instances))
        _check(self.load, "load", "only one of rate and load", self.rate is None or self.load is None)

    @property
    def choice(self) -> Choice:
        """How the problem is asked for."""
        return Choice(
            self.family,
            self.objective,
            self.engine,
            self.rate,
            self.limit,
            load=self.load,
            replicas=self.replicas,
            noise=self.noise,
            slo=self.slo,
            time_unit=self.time_unit,
            solve=self.solve,
            instances=self.instances,
            subject_to=self.subject_to,
            guards=self.guards,
        )

    def asked(self, model: str) -> ModelSettings:
        """How a model is asked."""
        own = dict(self.asking_each).get(model, NOTHING_SAID)
        return own.over(self.asking).over(ModelSettings(api_base=self.api_base))

    @property
    def longest_request(self) -> float:
        """Seconds of the longest request to a model, as far as they are given."""
        return max((one.request_timeout or 0.0 for one in (self.asking, *dict(self.asking_each).values())), default=0.0)

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
        raw.setdefault("guards", False)  # runs from before there were any searched without
        for name in ("models", "seeds", "mix", "instances", "digests", "parts", "subject_to"):
            if isinstance(raw.get(name), list):
                raw[name] = tuple(tuple(item) if isinstance(item, list) else item for item in raw[name])
        try:
            if isinstance(raw.get("asking"), dict):
                raw["asking"] = ModelSettings(**raw["asking"])
            if isinstance(raw.get("asking_each"), list):
                raw["asking_each"] = tuple((name, ModelSettings(**said)) for name, said in raw["asking_each"])
        except (ModelSettingError, TypeError, ValueError) as error:
            raise ConfigError(f"settings of a model: {error}") from error
        if "problem" not in raw:
            raise ConfigError("problem: expected a text, got nothing")
        return cls(**raw)


def _check(value: object, name: str, expected: str, holds: bool) -> None:
    """Raise ConfigError where a setting is not what it must be."""
    if not holds:
        raise ConfigError(f"{name}: expected {expected}, got {reprlib.repr(value)}")


def _text(value: object) -> bool:
    return isinstance(value, str)


def _pairs(value: object) -> bool:
    """Whether these are pairs of a text and something else."""
    return isinstance(value, tuple) and all(isinstance(p, tuple) and len(p) == 2 and _text(p[0]) for p in value)


def _whole(value: object) -> bool:
    """Whether this is an integer; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _finite(value: object) -> bool:
    """Whether this is a number that a float can hold, neither NaN nor infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
