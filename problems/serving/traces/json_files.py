"""Traces of serving in JSON: objects on lines such as Mooncake's, or in a list, and the project's own form."""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.problem import InstanceError
from heuresis.problems.reading import json_rows, labels, name_of, parsed, shown, whole
from heuresis.problems.serving.instances import LARGEST_TIME, LARGEST_TOKENS
from heuresis.problems.serving.traces.columns import names_any
from heuresis.problems.serving.traces.trace import Trace, ascending, number, numbered
from heuresis.problems.tables import Table

_AHEAD = 1_000
"""Objects whose keys become columns: fields such as a delay are not in the first line."""

_OPTIONAL = ("estimate", "client", "program", "slo", "after", "gap", "prefix", "prefix_block_size")
_FIELDS = frozenset({"name", "arrived_at", "prefill", "decode", *_OPTIONAL})


def is_request(line: str) -> bool:
    """Whether a line is an object with fields of a request, as in traces of one object on each line."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and "instances" not in row and names_any(row)


def table_of_lines(lines: Iterable[tuple[int, str]], path: Path, limit: int | None) -> Table:
    """The objects of JSON lines such as Mooncake's (Qin et al. 2025, FAST'25), read when they are asked for."""
    objects = ((line, _object(text, f"{path}, line {line}")) for line, text in lines if text.strip())
    return _table(objects, path, limit or _AHEAD)


def table_of_list(rows: Sequence[Any], path: Path) -> Table:
    """The same where the objects stand in one list; in place of lines they are counted."""
    for i, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise InstanceError(f"{path}, object {i}: expected an object, got {shown(row)}")
    return _table(enumerate(rows, 1), path, _AHEAD)


def _object(content: str, where: str) -> dict[str, Any]:
    row = parsed(content, where, one_line=True)
    if not isinstance(row, dict):
        raise InstanceError(f"{where}: expected an object, got {shown(row)}")
    return row


def _table(objects: Iterable[tuple[int, Mapping[str, Any]]], path: Path, ahead: int) -> Table:
    """A table with the keys of the first objects as columns; what an object does not have is None."""
    every = iter(objects)
    first = list(itertools.islice(every, min(ahead, _AHEAD)))
    header = list(dict.fromkeys(key for _, one in first for key in one))
    rows = ((line, [one.get(key) for key in header]) for line, one in itertools.chain(first, every))
    return Table(path, header, rows)


def read_own(text: str, path: Path, limit: int | None, per_second: int = 1) -> Iterator[Trace]:
    """The instances of `{"instances": [{"arrived_at": […], "prefill": […], "decode": […], …}]}`.

    Beside these there may be `estimate` (tokens), `client`, `program` (numbers or names), `slo` (names of the engine's
    classes), `after` (the number of an earlier request or -1), `gap` (seconds), `prefix` (for each prompt the ids of
    its blocks of `prefix_block_size` tokens) and, as anywhere, `name` and scalars that become labels.
    `per_second` of its times are a second.
    """
    for i, row in enumerate(json_rows(text, path)):
        where = f"{path}: instances[{i}]"
        if not isinstance(row, dict):
            raise InstanceError(f"{where}: expected an object, got {shown(row)}")
        name = name_of(row, where, f"{path.name}[{i}]")
        known = labels(row, _FIELDS, where)
        yield _trace(_columns(row, where, limit), name, where, known, row, per_second)


def _columns(row: Mapping[str, Any], where: str, limit: int | None) -> dict[str, list[Any]]:
    """The lists of a row, all of one length, each cut to `limit`."""
    for key in ("arrived_at", "prefill", "decode"):
        if key not in row:
            raise InstanceError(f"{where}: the field {key!r} is missing")
    columns = {key: row[key] for key in row if key in _FIELDS - {"name", "prefix_block_size"}}
    for key, values in columns.items():
        if not isinstance(values, list):
            raise InstanceError(f"{where}.{key}: expected a list, got {shown(values)}")
        if len(values) != len(columns["arrived_at"]) or not values:
            raise InstanceError(
                f"{where}.{key}: expected one value for each of the {len(columns['arrived_at'])} requests, at least "
                f"one, got {len(values)}"
            )
    return {key: values[:limit] for key, values in columns.items()}


def _trace(
    columns: Mapping[str, list[Any]],
    name: str,
    where: str,
    found: dict[str, str | int | float],
    row: Mapping[str, Any],
    per_second: int,
) -> Trace:
    latest = LARGEST_TIME * per_second
    arrivals = [one / per_second for one in _numbers(columns, "arrived_at", where, 0.0, latest)]
    size = row.get("prefix_block_size")
    if size is not None:
        size = _integer(size, f"{where}.prefix_block_size", 1, LARGEST_TOKENS)
    for i, one in enumerate(columns.get("prefix", [])):
        _ids(one, f"{where}.prefix[{i}]", LARGEST_TOKENS)
    return Trace(
        name=name,
        where=where,
        place=lambda i: f"{where}, request {i}",
        arrival=ascending(arrivals, lambda i: f"{where}.arrived_at[{i}]", "arrived_at"),
        prompt=_integers(columns, "prefill", where, 1),
        output=_integers(columns, "decode", where, 1),
        estimate=np.array(_numbers(columns, "estimate", where, 1.0, LARGEST_TOKENS)) if "estimate" in columns else None,
        client=_owners(columns, "client", where),
        program=_owners(columns, "program", where),
        classes=_classes(columns, where),
        after=_integers(columns, "after", where, -1) if "after" in columns else None,
        gap=np.array(_numbers(columns, "gap", where, 0.0, latest)) / per_second if "gap" in columns else None,
        hashes=columns.get("prefix"),
        hash_size=size,
        labels=found,
    )


def _integers(columns: Mapping[str, list[Any]], key: str, where: str, least: int) -> Ints:
    found = [_integer(value, f"{where}.{key}[{i}]", least, LARGEST_TOKENS) for i, value in enumerate(columns[key])]
    return np.array(found, dtype=np.int64)


def _numbers(columns: Mapping[str, list[Any]], key: str, where: str, least: float, most: float) -> list[float]:
    result = []
    for i, value in enumerate(columns[key]):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InstanceError(f"{where}.{key}[{i}]: expected a number, got {shown(value)}")
        result.append(number(repr(value), f"{where}.{key}[{i}]", key, least, most))
    return result


def _owners(columns: Mapping[str, list[Any]], key: str, where: str) -> Ints | None:
    """Numbers of clients or programs, which are names or numbers."""
    if key not in columns:
        return None
    for i, value in enumerate(columns[key]):
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise InstanceError(f"{where}.{key}[{i}]: expected a name or an integer, got {shown(value)}")
    return numbered(columns[key])


def _classes(columns: Mapping[str, list[Any]], where: str) -> list[str] | None:
    for i, value in enumerate(columns.get("slo", [])):
        if not isinstance(value, str):
            raise InstanceError(f"{where}.slo[{i}]: expected the name of a service level, got {shown(value)}")
    return columns.get("slo")


def _ids(values: Any, where: str, most: int) -> None:
    if not isinstance(values, list) or not all(type(one) is int for one in values):
        raise InstanceError(f"{where}: expected a list of integers, got {shown(values)}")
    if len(values) > most:
        raise InstanceError(f"{where}: expected ids of at most {most} blocks for this prompt, got {len(values)}")


def _integer(value: Any, where: str, least: int, most: int) -> int:
    found = whole(value)
    if found is None or not least <= found <= most:
        raise InstanceError(f"{where}: expected an integer of {least} to {most}, got {shown(value)}")
    return found
