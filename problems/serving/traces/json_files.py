"""Traces of serving in JSON: Mooncake's lines, and the project's own form."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.problem import InstanceError
from heuresis.problems.reading import json_rows, labels, name_of, parsed, shown
from heuresis.problems.serving.instances import LARGEST_TIME, LARGEST_TOKENS
from heuresis.problems.serving.traces.trace import Trace, ascending, number, numbered, spread

MOONCAKE_BLOCK = 512
"""Tokens of the blocks that Mooncake's traces hash."""

_LINE = ("timestamp", "input_length", "output_length")
_LATEST_MILLISECONDS = 1 << 50
_OPTIONAL = ("estimate", "client", "program", "slo", "after", "gap", "prefix", "prefix_block_size")
_FIELDS = frozenset({"name", "arrived_at", "prefill", "decode", *_OPTIONAL})


def is_mooncake(text: str) -> bool:
    """Whether the first line is an object with one of the fields of a Mooncake trace."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        row = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and any(key in row for key in _LINE)


def read_mooncake(text: str, path: Path, limit: int | None, notes: list[str]) -> Trace:
    """The first `limit` requests of a Mooncake trace (Qin et al. 2025, FAST'25), a JSON object on each line.

    Its clock ticks every 3 seconds: the requests of one tick are spread evenly until the next.
    """
    rows: list[tuple[int, dict[str, Any]]] = []
    silent = 0
    for line, content in enumerate(text.splitlines(), 1):
        if not content.strip():
            continue
        row = _line(content, f"{path}, line {line}")
        if row["input_length"] == 0 or row["output_length"] == 0:
            silent += 1
        else:
            rows.append((line, row))
    if not rows:
        raise InstanceError(f"{path}: no request has both a prompt and an answer")
    if silent:
        notes.append(f"{path.name}: {silent} requests without a prompt or an answer are left out")
    rows = rows[:limit]

    def place(i: int) -> str:
        return f"{path}, line {rows[i][0]}"

    ticks = [row["timestamp"] for _, row in rows]
    ascending(ticks, place, "timestamp")
    times = np.array(spread(ticks))
    if len(set(ticks)) < len(ticks):
        notes.append(f"{path.name}: requests of one timestamp are spread evenly until the next")
    hashes = [row.get("hash_ids", []) for _, row in rows]
    return Trace(
        name=path.name,
        where=str(path),
        place=place,
        arrival=times - times[0],
        prompt=np.array([row["input_length"] for _, row in rows], dtype=np.int64),
        output=np.array([row["output_length"] for _, row in rows], dtype=np.int64),
        hashes=hashes if any(hashes) else None,
        hash_size=MOONCAKE_BLOCK,
    )


def _line(content: str, where: str) -> dict[str, Any]:
    row = parsed(content, where, one_line=True)
    if not isinstance(row, dict):
        raise InstanceError(f"{where}: expected an object, got {shown(row)}")
    for key in _LINE:
        if key not in row:
            raise InstanceError(f"{where}: the field {key!r} is missing")
        most = _LATEST_MILLISECONDS if key == "timestamp" else LARGEST_TOKENS
        _integer(row[key], f"{where}: {key}", 0, most)
    ids = row.get("hash_ids", [])
    most = -(-row["input_length"] // MOONCAKE_BLOCK)
    _ids(ids, f"{where}: hash_ids", most)
    return row


def read_own(text: str, path: Path, limit: int | None) -> Iterator[Trace]:
    """The instances of `{"instances": [{"arrived_at": […], "prefill": […], "decode": […], …}]}`.

    Beside these there may be `estimate` (tokens), `client`, `program` (numbers or names), `slo` (names of the engine's
    classes), `after` (the number of an earlier request or -1), `gap` (seconds), `prefix` (for each prompt the ids of
    its blocks of `prefix_block_size` tokens) and, as anywhere, `name` and scalars that become labels.
    """
    for i, row in enumerate(json_rows(text, path)):
        where = f"{path}: instances[{i}]"
        if not isinstance(row, dict):
            raise InstanceError(f"{where}: expected an object, got {shown(row)}")
        name = name_of(row, where, f"{path.name}[{i}]")
        yield _trace(_columns(row, where, limit), name, where, labels(row, _FIELDS, where), row)


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
    columns: Mapping[str, list[Any]], name: str, where: str, found: dict[str, str | int | float], row: Mapping[str, Any]
) -> Trace:
    arrivals = _numbers(columns, "arrived_at", where, 0.0, LARGEST_TIME)
    size = row.get("prefix_block_size")
    if size is not None:
        _integer(size, f"{where}.prefix_block_size", 1, LARGEST_TOKENS)
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
        gap=np.array(_numbers(columns, "gap", where, 0.0, LARGEST_TIME)) if "gap" in columns else None,
        hashes=columns.get("prefix"),
        hash_size=size,
        labels=found,
    )


def _integers(columns: Mapping[str, list[Any]], key: str, where: str, least: int) -> Ints:
    for i, value in enumerate(columns[key]):
        _integer(value, f"{where}.{key}[{i}]", least, LARGEST_TOKENS)
    return np.array(columns[key], dtype=np.int64)


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


def _integer(value: Any, where: str, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise InstanceError(f"{where}: expected an integer of {least} to {most}, got {shown(value)}")
