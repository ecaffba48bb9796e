"""The settings of a run, from the command line and from a RUN.toml."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heuresis.cli.errors import USAGE, UserError
from heuresis.cli.programs import find_program, read_program

if TYPE_CHECKING:
    from heuresis.evolve.config import Config
    from heuresis.problems.problem import Problem

DEFAULT_MINUTES = 5.0
"""Budget of a run that was given none."""

SCRATCH = "scratch"


def parse_mix(text: str, where: str = "--mix") -> tuple[tuple[str, float], ...]:
    """`offline=0.7,local=0.3` as pairs. Raises UserError where it is not that."""
    pairs = []
    for part in text.split(","):
        name, equals, share = part.strip().rpartition("=")
        try:
            pairs.append((name.strip(), float(share)))
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise UserError(f"{where}: expected NAME=SHARE,… such as offline=0.7,local=0.3, got {part!r}", USAGE)
    return tuple(pairs)


def read_settings(text: str) -> dict[str, Any]:
    """The settings of a RUN.toml, or none but the problem. Raises UserError with the key that cannot be."""
    if not text.endswith(".toml"):
        return {"problem": text}
    path = Path(text)
    try:
        raw = tomllib.loads(read_program(path))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from error
    if "problem" not in raw:
        raise UserError(f"{path}: the key `problem` is missing", USAGE)
    unknown = sorted(set(raw) - set(_KINDS))
    if unknown:
        raise UserError(f"{path}: unknown settings: {', '.join(unknown)}; known are {', '.join(_KINDS)}", USAGE)
    settings = {}
    for key, value in raw.items():
        expected, read = _KINDS[key]
        try:
            settings[key] = read(value)
        except _OtherKindError:
            raise UserError(f"{path}: {key}: expected {expected}, got {value!r}", USAGE) from None
    for key, ending in (("problem", ".py"), ("engine", ".toml")):
        if settings.get(key, "").endswith(ending):
            settings[key] = str(path.parent / settings[key])
    return settings


def seed_programs(texts: list[str], problem: "Problem", archive: str | None) -> dict[str, Any]:
    """What `--from` says, as settings. Raises UserError where a program does not fit the contract."""
    from heuresis.sandbox.screen.screen import ScreenError, screen

    if not texts:
        return {}
    if SCRATCH in texts:
        if len(texts) > 1:
            raise UserError("--from scratch uses no programs; leave the others away", USAGE)
        return {"scratch": True}
    sources = []
    for text in texts:
        source = find_program(text, problem, archive).source
        try:
            screen(source, problem.contract.allow_list())
        except ScreenError as error:
            raise UserError(f"--from {text}: {error}") from error
        sources.append(source)
    return {"seeds": tuple(sources)}


def make_config(settings: dict[str, Any]) -> "Config":
    """The settings as a run takes them, with a budget. Raises ConfigError and UserError."""
    from heuresis.evolve.config import Config, available_cores

    for key, ending in (("problem", ".py"), ("engine", ".toml")):
        if settings.get(key, "").endswith(ending):
            settings[key] = str(Path(settings[key]).resolve())
    for key in ("api_base", "grammar"):
        if settings.get(key) and not settings.get("models"):
            option = "--" + key.replace("_", "-")
            raise UserError(f"{option} is for a model, but none is given; add --model openai/NAME", USAGE)
    config = Config(**{"workers": available_cores(), **settings})
    if config.evaluations is None and config.minutes is None and not (config.models and config.budget_usd is not None):
        from heuresis.cli import render

        render.say(f"no budget given: stopping after {DEFAULT_MINUTES:g} minutes (--minutes, --evaluations)")
        config = replace(config, minutes=DEFAULT_MINUTES)
    return config


class _OtherKindError(Exception):
    """A value of another kind than its key has."""


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _OtherKindError


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise _OtherKindError


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise _OtherKindError


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _OtherKindError


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(one) for one in value)
    return (_text(value),)


def _shares(value: object) -> tuple[tuple[str, float], ...]:
    if isinstance(value, dict):
        return tuple((str(name), _number(share)) for name, share in value.items())
    return parse_mix(_text(value), "mix")


_KINDS: Final[Mapping[str, tuple[str, Callable[[object], Any]]]] = {
    "problem": ("a name or the path of a .py file", _text),
    "family": ("a name, such as 'uniform'", _text),
    "objective": ("a name, such as 'ttft_p99'", _text),
    "engine": ("a name or the path of a .toml file", _text),
    "subject_to": ("constraints, such as ['e2e_mean<=1.1*fcfs']", _texts),
    "guards": ("true or false", _switch),
    "models": ("names of models, such as ['local']", _texts),
    "api_base": ("a URL", _text),
    "mix": ("shares, such as { offline = 0.7, local = 0.3 }", _shares),
    "grammar": ("true or false", _switch),
    "evaluations": ("a whole number", _whole),
    "minutes": ("a number", _number),
    "budget_usd": ("a number", _number),
    "seed": ("a whole number", _whole),
    "workers": ("a whole number", _whole),
    "from": ("programs, such as ['mdd'], or 'scratch'", _texts),
    "timeout": ("a number of seconds", _number),
    "round_size": ("a whole number", _whole),
    "lag": ("a whole number", _whole),
    "islands": ("a whole number", _whole),
}
