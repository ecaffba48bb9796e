"""Engines as TOML files: those that come with Heuresis, and a user's own (`docs/engines.md`)."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Final

from heuresis.evaluators.serving.engine import Engine, EngineError, IterationTime, ServiceLevel

_FOLDER: Final = Path(__file__).parent
_KEYS: Final = tuple(one.name for one in fields(Engine) if one.name != "name")
_OPTIONAL: Final = tuple(one.name for one in fields(Engine) if one.default is not MISSING)
_MIXED: Final = tuple(one.name for one in fields(IterationTime))
_DECODE: Final = tuple(name for name in _MIXED if name not in {"prefill", "attention"})
_SLO: Final = tuple(one.name for one in fields(ServiceLevel))


class UnknownEngine(ValueError):
    """A name that no engine has; the message lists those there are."""


def names() -> tuple[str, ...]:
    """The engines that come with Heuresis, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load(name_or_path: str | Path) -> Engine:
    """An engine that comes with Heuresis, by name, or a file of one's own (its name ends in .toml).

    A file has all keys of `Engine` without a default but `name`, which is its own; or `base`, an engine that comes
    with Heuresis, and the keys that differ. Raises UnknownEngine, or EngineError that names the file and the key.
    """
    text = str(name_or_path)
    if text.endswith(".toml"):
        return _made(_complete(Path(text)), Path(text))
    if text not in names():
        raise UnknownEngine(f"unknown engine {text!r}; known: {', '.join(names())}; or give a file FILE.toml")
    path = _FOLDER / f"{text}.toml"
    return _made(_complete(path), path)


def _complete(path: Path) -> dict[str, Any]:
    """The file's keys, with those of its base."""
    table = parsed(path)
    if isinstance(table.get("replicas"), list):
        raise EngineError(f"{path}: lists several replicas, for the problem serving-router; expected one engine")
    if "base" not in table:
        return table
    base = table.pop("base")
    if base not in names():
        raise EngineError(f"{path}: base: unknown engine {base!r}; known: {', '.join(names())}")
    under = parsed(_FOLDER / f"{base}.toml")
    if "base" in under:
        raise EngineError(f"{path}: base: {base} has a base itself; use that one, {under['base']}")
    _only(table, _KEYS, str(path))
    return under | _own_origin(table, path.name, base) | table


def _own_origin(table: Mapping[str, Any], file: str, base: str) -> dict[str, str]:
    """Where the numbers come from, where a file with a base does not say so: its base's origin would be wrong of them.

    Nothing where all of them are the base's.
    """
    changed = [key for key in table if key not in {"title", "origin"}]
    return {"origin": f"{', '.join(changed)}: {file}, without an origin. The rest: {base}."} if changed else {}


def parsed(path: Path) -> dict[str, Any]:
    """The tables of a file. Raises EngineError where it is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EngineError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise EngineError(f"{path}: not a text file: byte {error.start} is not UTF-8") from error
    except (ValueError, RecursionError) as error:  # ill-formed, a number with thousands of digits, or nested too deeply
        raise EngineError(f"{path}: not TOML: {error}") from error


def _made(table: Mapping[str, Any], path: Path) -> Engine:
    _only(table, _KEYS, str(path))
    missing = [key for key in _KEYS if key not in table and key not in _OPTIONAL]
    if missing:
        raise EngineError(f'{path}: missing: {", ".join(missing)}; or base = "ENGINE", whose keys the file then has')
    levels = table["slo"]
    if not isinstance(levels, list) or not levels:
        raise EngineError(f"{path}: slo: expected one or more tables [[slo]], got {levels!r}")
    values = dict(table)
    values["mixed"] = _time(table["mixed"], _MIXED, f"{path}: mixed")
    values["decode"] = _time(table["decode"], _DECODE, f"{path}: decode")
    values["slo"] = tuple(_level(one, f"{path}: slo[{i}]") for i, one in enumerate(levels))
    try:
        return Engine(name=path.stem, **values)
    except EngineError as error:
        raise EngineError(f"{path}: {error}") from error


def _time(table: Any, known: Sequence[str], where: str) -> IterationTime:
    """The coefficients of a regime; those that it does not have are 0."""
    _exactly(table, known, where)
    try:
        return IterationTime(**(dict.fromkeys(_MIXED, 0.0) | table))
    except EngineError as error:
        raise EngineError(f"{where}: {error}") from error


def _level(table: Any, where: str) -> ServiceLevel:
    _exactly(table, _SLO, where)
    try:
        return ServiceLevel(**table)
    except EngineError as error:
        raise EngineError(f"{where}: {error}") from error


def _exactly(table: Any, known: Sequence[str], where: str) -> None:
    """All of the known keys and no other."""
    _only(table, known, where)
    missing = [key for key in known if key not in table]
    if missing:
        raise EngineError(f"{where}: missing: {', '.join(missing)}")


def _only(table: Any, known: Sequence[str], where: str) -> None:
    if not isinstance(table, Mapping):
        raise EngineError(f"{where}: expected a table, got {table!r}")
    for key in table:
        if key not in known:
            raise EngineError(f"{where}: unknown key {key!r}; known: {', '.join(known)}")
