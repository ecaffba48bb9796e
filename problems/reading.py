"""What readers of instance files share: text of files, JSON documents of instances, and words for wrong values."""

import functools
import gzip
import json
import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from heuresis.problems.problem import InstanceError

_LARGEST_FILE = 1 << 29


def read_text(path: Path) -> str:
    """The file's text, unpacked where its name ends in .gz. Raises InstanceError where it cannot be read."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                data = file.read(_LARGEST_FILE + 1)
        else:
            with path.open("rb") as file:
                data = file.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise InstanceError(f"{path}: larger than {_LARGEST_FILE >> 20} MiB")
        return data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise InstanceError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except UnicodeDecodeError as error:
        raise InstanceError(f"{path}: not a text file: byte {error.start} is not UTF-8") from error


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


def shown(value: Any) -> str:
    """A value as it stood in the file, shortened."""
    text = json.dumps(value, ensure_ascii=True, default=repr)
    return text if len(text) <= 40 else text[:37] + "..."


def name_of(row: Mapping[str, Any], where: str, default: str) -> str:
    """The name of an instance. Raises InstanceError where it is no text."""
    name = row.get("name", default)
    if not isinstance(name, str):
        raise InstanceError(f"{where}.name: expected a text, got {shown(name)}")
    return _writable(name, f"{where}.name")


def check_count(row: Mapping[str, Any], where: str, count: int, what: str) -> None:
    """The label `n`, where it is given, is the number of what there is. Raises InstanceError where it is not."""
    if "n" in row and (type(row["n"]) is not int or row["n"] != count):
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
