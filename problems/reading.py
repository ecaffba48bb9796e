"""What readers of instance files share: JSON documents of instances, integers, and words for wrong values."""

import functools
import itertools
import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from heuresis.problems.problem import InstanceError

Instance = TypeVar("Instance", bound=Any)


def json_rows(text: str, path: Path) -> list[Any]:
    """The entries of `{"instances": [...]}`, one or more. Raises InstanceError for any other text."""
    document = parsed(text, str(path))
    rows = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows:
        raise InstanceError(f'{path}: expected {{"instances": [...]}} with one or more instances')
    return rows


def parsed(text: str, where: str, *, one_line: bool = False) -> Any:
    """JSON text as values. Raises InstanceError where it is none, and where an object has a key twice.

    Errors name the line and the column, of a text that is one line of a file the column.
    """
    try:
        return json.loads(text, object_pairs_hook=functools.partial(_once, where))
    except InstanceError:
        raise
    except json.JSONDecodeError as error:
        line = "" if one_line else f", line {error.lineno}"
        raise InstanceError(f"{where}{line}, column {error.colno}: not JSON: {error.msg}") from error
    except ValueError as error:  # Python reads no integer of more than 4300 digits
        raise InstanceError(f"{where}: a number with too many digits: {error}") from error
    except RecursionError as error:
        raise InstanceError(f"{where}: nested too deeply") from error


def _once(where: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; of two values under one key neither would be the right one to take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InstanceError(f"{where}: an object has the key {shown(repeated([key for key, _ in pairs]))} twice")
    return found


def repeated(names: Sequence[str]) -> str:
    """The first of the names that stands there a second time."""
    return next(name for i, name in enumerate(names) if name in names[:i])


def apart(instances: Sequence[Instance], notes: list[str]) -> tuple[Instance, ...]:
    """The instances, where several have one name, under names with a number, which is told."""
    taken = {one.name for one in instances}
    seen: set[str] = set()
    result = []
    for one in instances:
        name = one.name
        if name in seen:
            name = next(new for i in itertools.count(2) if (new := f"{one.name} ({i})") not in taken)
            notes.append(f"a second instance with the name {shown(one.name)} is called {shown(name)}")
        taken.add(name)
        seen.add(name)
        result.append(one if name == one.name else replace(one, name=name))
    return tuple(result)


def shown(value: Any) -> str:
    """A value as it stood in the file, shortened."""
    text = json.dumps(value, ensure_ascii=True, default=repr)
    return text if len(text) <= 40 else text[:37] + "..."


_INTEGER = re.compile(r"([+-]?\d{1,18})(?:\.0*)?", re.ASCII)


def whole(value: Any) -> int | None:
    """An integer of JSON, also one that is written as 18.0; None for anything else."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= 1 << 53:
        return int(value)
    return None


def whole_word(word: str) -> int | None:
    """An integer of a text, also one that is written as 18.0; None for anything else."""
    match = _INTEGER.fullmatch(word)
    return int(match[1]) if match else None


def name_of(row: Mapping[str, Any], where: str, default: str) -> str:
    """The name of an instance. Raises InstanceError where it is no text."""
    name = row.get("name", default)
    if not isinstance(name, str):
        raise InstanceError(f"{where}.name: expected a text, got {shown(name)}")
    return _writable(name, f"{where}.name")


def check_count(row: Mapping[str, Any], where: str, count: int, what: str) -> None:
    """The label `n`, where it is given, is the number of what there is. Raises InstanceError where it is not."""
    if "n" in row and whole(row["n"]) != count:
        raise InstanceError(f"{where}.n: expected the number of {what}, {count}, got {shown(row['n'])}")


def labels(row: Mapping[str, Any], taken: Collection[str], where: str) -> dict[str, str | int | float]:
    """All scalar fields of an instance but those taken, for tables by cell.

    Raises InstanceError where one is NaN or infinite.
    """
    found: dict[str, str | int | float] = {}
    for key, value in row.items():
        if key in taken or not isinstance(value, str | int | float):
            continue
        if isinstance(value, float) and not math.isfinite(value):
            raise InstanceError(f"{where}.{key}: expected a finite number or a text, got {shown(value)}")
        _writable(key, where)
        found[key] = _writable(value, f"{where}.{key}") if isinstance(value, str) else value
    return found


def _writable(text: str, where: str) -> str:
    """The text itself. Raises InstanceError where it holds half a surrogate pair, which no encoding can write."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InstanceError(
            f"{where}: expected characters, got half a surrogate pair at {error.start} of {shown(text)}"
        ) from error
    return text
