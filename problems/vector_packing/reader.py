"""Readers of vector-packing instances: Heuresis' JSON format and the lists of pods and nodes of the Alibaba trace."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.problem import InstanceError, InstanceSet
from heuresis.problems.reading import apart, json_rows, labels, name_of, shown, whole, whole_word
from heuresis.problems.tables import Table, table
from heuresis.problems.texts import read_text
from heuresis.problems.vector_packing.bounds import fits
from heuresis.problems.vector_packing.instances import (
    LARGEST_AMOUNT,
    LARGEST_COUNT,
    ONE_TYPE,
    WIDTH,
    VectorInstance,
    fingerprint,
)

POD_COLUMNS = ("cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
NODE_COLUMNS = ("cpu_milli", "memory_mib", "gpu")

Placed: TypeAlias = tuple[VectorInstance, str]
"""An instance and where it stands, for messages."""

_FIELDS = {"name", "types", "fleet", "requests"}


def read(paths: Sequence[Path]) -> InstanceSet:
    """Read files into one set, in the order given; any may be gzipped.

    JSON, or the trace's lists: each list of pods is an instance, on the nodes of the list of nodes where one is given,
    else of CPU and memory alone on nodes of the trace's commonest type, opened at will. Raises InstanceError that names
    the file and the line or field.
    """
    if not paths:
        raise InstanceError("expected one or more instance files, got none")
    found: list[Placed] = []
    notes: list[str] = []
    pods: list[tuple[Path, Ints]] = []
    nodes: list[tuple[Path, Ints]] = []
    for path in paths:
        text = read_text(path)
        if text.lstrip().startswith(("{", "[")):
            found += _read_json(text, path)
            continue
        listed = table(text.splitlines(keepends=True), path)
        if set(POD_COLUMNS) <= set(listed.header):
            pods.append((path, _amounts(listed, POD_COLUMNS)))
        elif set(NODE_COLUMNS) <= set(listed.header):
            nodes.append((path, _amounts(listed, NODE_COLUMNS)))
        else:
            raise _unknown(listed)
    found += _of_trace(pods, nodes, notes)
    instances = apart([one for one, _ in found], notes)
    for one, where in found:
        if one.opens != instances[0].opens:
            kinds = ("a fleet", "node types") if instances[0].opens else ("node types", "a fleet")
            raise InstanceError(
                f"{where}: an instance with {kinds[0]}, but {found[0][1]} has {kinds[1]}; they cannot be scored "
                "together, evaluate them apart"
            )
    return InstanceSet(", ".join(path.name for path in paths), instances, fingerprint(instances), tuple(notes))


def _read_json(text: str, path: Path) -> Iterator[Placed]:
    for i, row in enumerate(json_rows(text, path)):
        where = f"{path}: instances[{i}]"
        yield _instance(row, where, f"{path.name}[{i}]"), where


def _instance(row: Any, where: str, default_name: str) -> VectorInstance:
    if not isinstance(row, dict):
        raise InstanceError(f"{where}: expected an object, got {shown(row)}")
    if ("types" in row) == ("fleet" in row):
        raise InstanceError(f"{where}: expected one of the fields 'types' and 'fleet', got {shown(sorted(row))}")
    if "requests" not in row:
        raise InstanceError(f"{where}: the field 'requests' is missing")
    key = "types" if "types" in row else "fleet"
    nodes = _vectors(row[key], f"{where}.{key}", None)
    requests = _vectors(row["requests"], f"{where}.requests", len(row[key][0]))
    name = name_of(row, where, default_name)
    if key == "types":
        _fit(requests, nodes, f"{where}.requests")
    return _made(name, requests, nodes, labels(row, _FIELDS, where), where, opens=key == "types")


def _made(
    name: str, requests: Ints, nodes: Ints, labels: Mapping[str, str | int | float], where: str, *, opens: bool
) -> VectorInstance:
    """An instance on node types or on a fleet of these nodes."""
    try:
        if opens:
            return VectorInstance(name, requests, nodes, None, labels)
        types, fleet = np.unique(nodes, axis=0, return_inverse=True)
        return VectorInstance(name, requests, types, fleet.astype(np.int64).reshape(-1), labels)
    except InstanceError as error:
        raise InstanceError(f"{where}: {error}") from error


def _fit(requests: Ints, types: Ints, where: str) -> None:
    inside = fits(requests, types)
    if not np.all(inside):
        number = int(np.argmin(inside))
        raise InstanceError(f"{where}[{number}]: {requests[number].tolist()} fits no node type; leave it out")


def _vectors(values: Any, where: str, width: int | None) -> Ints:
    """A list of lists of as many natural numbers each (1 to 3; `width` where it is known), as an array of 3 columns."""
    if not isinstance(values, list) or not 1 <= len(values) <= LARGEST_COUNT:
        got = f"{len(values)} of them" if isinstance(values, list) else shown(values)
        raise InstanceError(f"{where}: expected a list of 1 to {LARGEST_COUNT} lists of amounts, got {got}")
    for i, one in enumerate(values):
        expected = width or (len(values[0]) if isinstance(values[0], list) else 0)
        if not isinstance(one, list) or len(one) != expected or not 1 <= len(one) <= WIDTH:
            wanted = str(expected) if 1 <= expected <= WIDTH else f"1 to {WIDTH}"
            raise InstanceError(
                f"{where}[{i}]: expected a list of {wanted} amounts (CPU, memory, GPU), got {shown(one)}"
            )
        for r, amount in enumerate(one):
            number = whole(amount)
            if number is None or not 0 <= number <= LARGEST_AMOUNT:
                raise InstanceError(
                    f"{where}[{i}][{r}]: expected an integer of 0 to 2**40{_unit(amount)}, got {shown(amount)}"
                )
        if not any(one):
            raise InstanceError(f"{where}[{i}]: all amounts are 0")
    array = np.zeros((len(values), WIDTH), dtype=np.int64)
    array[:, : len(values[0])] = values
    return array


def _unit(amount: Any) -> str:
    """What to do about an amount that another unit would make an integer within the limit; else nothing."""
    if isinstance(amount, float) and 0 < amount < LARGEST_AMOUNT:
        return " (choose a smaller unit, such as milli-CPU)"
    return " (choose a larger unit, such as MiB)" if type(amount) is int and amount > LARGEST_AMOUNT else ""


def _unknown(listed: Table) -> InstanceError:
    expected = f"a list of pods ({', '.join(POD_COLUMNS)}) or of nodes ({', '.join(NODE_COLUMNS)})"
    where = f"{listed.path}, line {listed.line}"
    return InstanceError(f"{where}: expected JSON, {expected}, got the columns {shown(listed.header)}")


def _amounts(listed: Table, columns: Sequence[str]) -> Ints:
    """CPU, memory and milli-GPU of each row."""
    at = [listed.header.index(column) for column in columns]
    found = [_vector([row[place] for place in at], columns, f"{listed.path}, line {line}") for line, row in listed.rows]
    if not found:
        raise InstanceError(f"{listed.path}: the list has no rows")
    return np.array(found, dtype=np.int64)


def _vector(cells: Sequence[str], columns: Sequence[str], where: str) -> tuple[int, int, int]:
    """The amounts of one row."""
    numbers = []
    for cell, column in zip(cells, columns, strict=True):
        amount = whole_word(cell.strip())
        if amount is None or not 0 <= amount <= LARGEST_AMOUNT:
            expected = f"{column} must be an integer from 0 to {LARGEST_AMOUNT}"
            raise InstanceError(f"{where}: {expected}, got {shown(cell)}")
        numbers.append(amount)
    cpu, memory, *gpu = numbers
    milli = gpu[0] * gpu[1] if len(gpu) == 2 else 1000 * gpu[0]
    if milli > LARGEST_AMOUNT:
        raise InstanceError(f"{where}: more than {LARGEST_AMOUNT} thousandths of GPUs in all: {milli}")
    if cpu == memory == milli == 0:
        raise InstanceError(f"{where}: all amounts are 0")
    return cpu, memory, milli


def _of_trace(
    pods: Sequence[tuple[Path, Ints]], nodes: Sequence[tuple[Path, Ints]], notes: list[str]
) -> Iterator[Placed]:
    """One instance for each list of pods."""
    if len(nodes) > 1 or (nodes and not pods):
        raise InstanceError(f"{nodes[-1][0]}: expected one list of nodes beside one or more lists of pods")
    for path, requests in pods:
        if nodes:
            notes.append(
                f"{path.name}: on the {len(nodes[0][1])} nodes of {nodes[0][0].name}; GPUs are one divisible sum"
            )
            yield _made(path.name, requests, nodes[0][1], {}, str(path), opens=False), str(path)
            continue
        types = np.array(ONE_TYPE, dtype=np.int64)
        two = requests * (types[0] > 0)
        inside = fits(two, types) & two.any(axis=1)
        if not inside.any():
            raise InstanceError(f"{path}: no pod fits a node of 96 cores and 384 GiB")
        left_out = int(np.count_nonzero(~inside))
        notes.append(
            f"{path.name}: CPU and memory alone, on nodes of 96 cores and 384 GiB; "
            f"{left_out} pods fit none and are left out"
        )
        yield _made(path.name, two[inside], types, {}, str(path), opens=True), str(path)
