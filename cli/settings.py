"""The settings of a run, from the command line and from a RUN.toml."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from heuresis.cli.errors import USAGE, UserError
from heuresis.cli.programs import find_program, read_program

if TYPE_CHECKING:
    from heuresis.evolve.config import Config
    from heuresis.evolve.model_settings import ModelSettings
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
    settings = _model_tables(raw, path) | _read(raw, _KINDS, f"{path}: ", allowed=MODEL_KINDS)
    for key, ending in (("problem", ".py"), ("engine", ".toml")):
        if settings.get(key, "").endswith(ending):
            settings[key] = str(path.parent / settings[key])
    if "instances" in settings:
        settings["instances"] = tuple(str(path.parent / file) for file in settings["instances"])
    return settings


def asked_first(said: "ModelSettings", settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of models, those of the command line before all others."""
    from heuresis.evolve.model_settings import NOTHING_SAID, ModelSettings

    general = {key: settings.pop(key) for key in MODEL_KINDS if key in settings and key != "api_base"}
    each = settings.get("asking_each", ())
    found = {"asking": said.over(ModelSettings(**general))}
    return found | {"asking_each": tuple((name, said.over(one)) for name, one in each if one != NOTHING_SAID)}


def _model_tables(raw: dict[str, Any], path: Path) -> dict[str, Any]:
    """The tables `[models."NAME"]` of a RUN.toml: a model for each, with its settings."""
    from heuresis.evolve.model_settings import ModelSettingError, ModelSettings

    tables = raw.get("models")
    if not isinstance(tables, dict):
        return {}
    each = []
    for name, table in tables.items():
        where = f'{path}: models."{name}"'
        if not isinstance(table, dict):
            raise UserError(f"{where}: expected a table of settings, got {table!r}", USAGE)
        try:
            each.append((name, ModelSettings(**_read(table, MODEL_KINDS, f"{where}."))))
        except ModelSettingError as error:
            raise UserError(f"{where}: {error}", USAGE) from None
    raw["models"] = list(tables)
    return {"asking_each": tuple(each)}


def _read(raw: Mapping[str, Any], kinds: "Kinds", where: str, allowed: "Kinds | None" = None) -> dict[str, Any]:
    """The values of a table, by the kinds of its keys. Raises UserError with the key that cannot be."""
    known = {**(allowed or {}), **kinds}
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise UserError(f"{where}unknown settings: {', '.join(unknown)}; known are {', '.join(known)}", USAGE)
    found = {}
    for key, value in raw.items():
        expected, read = known[key]
        try:
            found[key] = read(value)
        except _OtherKindError:
            raise UserError(f"{where}{key}: expected {expected}, got {value!r}", USAGE) from None
    return found


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
    from heuresis.evolve.model_settings import NOTHING_SAID

    for key, ending in (("problem", ".py"), ("engine", ".toml")):
        if settings.get(key, "").endswith(ending):
            settings[key] = str(Path(settings[key]).resolve())
    for key in ("api_base", "grammar"):
        if settings.get(key) and not settings.get("models"):
            option = "--" + key.replace("_", "-")
            raise UserError(f"{option} is for a model, but none is given; add --model openai/NAME", USAGE)
    if settings.get("asking", NOTHING_SAID) != NOTHING_SAID and not (settings.get("models") or settings.get("mix")):
        raise UserError("options about asking models are given, but no model; add --model openai/NAME", USAGE)
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


def _table(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise _OtherKindError


Kinds: TypeAlias = Mapping[str, tuple[str, Callable[[object], Any]]]
"""What is expected of each key, in words, and how its value is read."""

MODEL_KINDS: Final[Kinds] = {
    "max_tokens": ("a whole number", _whole),
    "request_timeout": ("a number of seconds", _number),
    "attempts": ("a whole number", _whole),
    "temperature": ("a number", _number),
    "reasoning_effort": ("a word, such as 'low'", _text),
    "extra_body": ("a table of fields", _table),
    "concurrency": ("a whole number", _whole),
    "api_base": ("a URL", _text),
    "api_key_env": ("the name of an environment variable, or 'none'", _text),
    "price_in": ("USD per million tokens", _number),
    "price_out": ("USD per million tokens", _number),
}
"""Keys about asking models: of a RUN.toml for all of them, of a table `[models."NAME"]` for one."""

_KINDS: Final[Kinds] = {
    "problem": ("a name or the path of a .py file", _text),
    "family": ("a name, such as 'uniform'", _text),
    "objective": ("a name, such as 'ttft_p99'", _text),
    "engine": ("a name or the path of a .toml file", _text),
    "instances": ("paths of instance files, such as ['trace.csv']", _texts),
    "rate": ("a number, by which arrivals are multiplied", _number),
    "load": ("a number, the share of the capacity", _number),
    "limit": ("a whole number", _whole),
    "replicas": ("a whole number", _whole),
    "noise": ("a number", _number),
    "slo": ("the name of a class", _text),
    "subject_to": ("constraints, such as ['e2e_mean<=1.1*fcfs']", _texts),
    "guards": ("true or false", _switch),
    "models": ("names of models, such as ['local'], or a table for each", _texts),
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
