"""What may change of a run that goes on: budgets, models and workers, but nothing that its records rest on."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from heuresis.archive.records import Extension
from heuresis.evolve.config import Config, ConfigError

_BUDGETS = ("evaluations", "minutes", "budget_usd")


@dataclass(frozen=True, slots=True)
class Changes:
    """What a resume is asked to change; None: as it was. Budgets are those of the whole run, not of what is to come."""

    evaluations: int | None = None
    minutes: float | None = None
    budget_usd: float | None = None
    models: tuple[str, ...] | None = None
    api_base: str | None = None
    workers: int | None = None
    seed: int | None = None  # these three may be said, and must be the run's own
    problem: str | None = None
    mix: tuple[tuple[str, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """What a run has used up so far."""

    evaluations: int
    seconds: float
    usd: float


def extended(config: Config, extensions: Iterable[Extension]) -> Config:
    """The settings of a run after what earlier resumes changed. Raises ConfigError where that cannot be."""
    for one in extensions:
        merged = json.loads(config.to_json()) | json.loads(one.changes)
        config = Config.from_json(json.dumps(merged))
    return config


def changed(config: Config, changes: Changes, used: Used) -> Config:
    """The settings with what is to change. Raises ConfigError for what would break the records, or end at once."""
    _refuse(config, changes)
    names = ("evaluations", "minutes", "budget_usd", "models", "api_base", "workers")
    given = {name: value for name in names if (value := getattr(changes, name)) is not None}
    if changes.models is not None:
        given["mix"] = _mix(config, changes.models)
    found = replace(config, **given)
    if any(getattr(changes, name) is not None for name in _BUDGETS):
        _check_room(found, used)
    return found


def difference(before: Config, after: Config) -> dict[str, Any]:
    """The settings that differ, with their new values, as JSON has them."""
    new, old = json.loads(after.to_json()), json.loads(before.to_json())
    return {name: value for name, value in new.items() if old[name] != value}


def told(before: Config, after: Config) -> str:
    """The same for people; empty where nothing differs."""
    names = [f.name for f in fields(Config) if getattr(before, f.name) != getattr(after, f.name)]
    return ", ".join(f"{name} {_shown(getattr(before, name))} → {_shown(getattr(after, name))}" for name in names)


def _shown(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ", ".join("=".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _refuse(config: Config, changes: Changes) -> None:
    why = {
        "seed": "every recorded proposal was drawn from it",
        "problem": "every recorded score is of it",
        "mix": "it decided who made each recorded proposal",
    }
    for name, reason in why.items():
        asked, own = getattr(changes, name), getattr(config, name)
        if asked is not None and asked != own:
            raise ConfigError(
                f"{name}: the run has {_shown(own)}, got {_shown(asked)}; that cannot change, because {reason}. "
                "Start another run, with --from to go on from its programs"
            )


def _mix(config: Config, models: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """The shares, with the new models in the places of the old ones."""
    if not config.mix:
        return ()
    places = [name for name, _ in config.mix if name != "offline"]
    if len(places) != len(models):
        raise ConfigError(
            f"models: the run shares its proposals by {_shown(config.mix)}, so {len(places)} can be named in place "
            f"of {', '.join(places) or 'none'}, got {', '.join(models)}; the shares themselves cannot change"
        )
    new = dict(zip(places, models, strict=True))
    return tuple((new.get(name, name), share) for name, share in config.mix)


def _check_room(config: Config, used: Used) -> None:
    """Raise ConfigError where a budget is used up already: budgets are in all, and the smallest of them ends a run."""
    spent = {
        "evaluations": (config.evaluations, used.evaluations, "evaluations"),
        "minutes": (config.minutes, used.seconds / 60.0, "minutes"),
        "budget_usd": (config.budget_usd, used.usd, "USD"),
    }
    for name, (most, so_far, unit) in spent.items():
        if most is not None and most <= so_far and not (name == "budget_usd" and most == so_far):
            option = "--" + name.replace("_", "-")
            raise ConfigError(
                f"the run has used {so_far:.6g} {unit} of {most:g}; budgets are those of the whole run, so give "
                f"{option} with more than that"
            )
