"""Readers of vector-packing instances: Heuresis' JSON format and the lists of pods and nodes of the Alibaba trace."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.problem import InstanceError, InstanceSet
from heuresis.problems.reading import apart, json_rows, labels, name_of, shown, whole
from heuresis.problems.texts import read_text
from heuresis.problems.vector_packing.bounds import fits
from heuresis.problems.vector_packing.details import Details, leaves_before, made
from heuresis.problems.vector_packing.instances import (
    LARGEST_AMOUNT,
    LARGEST_COUNT,
    WIDTH,
    VectorInstance,
    fingerprint,
)
from heuresis.problems.vector_packing.lists import Listed, Taken, instances_of, listed

Placed: TypeAlias = tuple[VectorInstance, str]
"""An instance and where it stands, for messages."""

_FIELDS = {"name", "types", "fleet", "requests", "times", "device"}


def read(paths: Sequence[Path], *, departures: bool = False, gpus: bool = False) -> InstanceSet:
    """Read files into one set, in the order given; any may be gzipped.

    JSON, or the trace's lists: each list of pods is an instance, on the nodes of the list of nodes where one is given,
    else of CPU and memory alone on nodes of the trace's commonest type, opened at will. `departures`: pods of lists
    leave at their `deletion_time`; `gpus`: the GPUs of nodes in lists are taken one by one, of the models that pods
    name. Raises InstanceError that names the file and the line or field.
    """
    if not paths:
        raise InstanceError("expected one or more instance files, got none")
    found: list[Placed] = []
    notes: list[str] = []
    tables: list[Listed] = []
    for path in paths:
        text = read_text(path)
        if text.lstrip().startswith(("{", "[")):
            found += _read_json(text, path)
        else:
            tables.append(listed(text, path))
    found += instances_of(tables, Taken(departures, gpus), notes)
    instances = apart([one for one, _ in found], notes)
    for one, where in found:
        if one.opens != instances[0].opens:
            kinds = ("a fleet", "node types") if instances[0].opens else ("node types", "a fleet")
            raise InstanceError(
                f"{where}: an instance with {kinds[0]}, but {found[0][1]} has {kinds[1]}; they cannot be scored "
                "together, evaluate them apart"
            )
    return InstanceSet(", ".join(path.name for path in paths), instances, fingerprint(instances), tuple(notes))


def read_fleet(paths: Sequence[Path], *, departures: bool = True) -> InstanceSet:
    """Read files of instances with a fleet; what lists say of GPUs counts, and of departures if asked for.

    Raises InstanceError where there is no fleet, too: nodes opened at will are another problem.
    """
    found = read(paths, departures=departures, gpus=True)
    for one in found.instances:
        if one.opens:
            raise InstanceError(
                f"{one.name}: expected the nodes of a fleet, got requests without them; give the list of nodes as well "
                "(--instances PODS.csv --instances NODES.csv; in JSON the field 'fleet'), or take the problem "
                "vector-packing, which opens nodes at will"
            )
    return found


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
    details = Details(_until(row, where, len(requests)), _device(row, where))
    return made(name, requests, nodes, labels(row, _FIELDS, where), where, details, opens=key == "types")


def _until(row: dict[str, Any], where: str, count: int) -> Ints | None:
    """When requests leave, from the pairs of arrival and departure (null: never) in `times`; None without them."""
    if "times" not in row:
        return None
    times = row["times"]
    if not isinstance(times, list) or len(times) != count:
        raise InstanceError(f"{where}.times: expected [arrival, departure] of each of the {count} requests")
    arrivals, departures = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    for i, one in enumerate(times):
        pair = one if isinstance(one, list) and len(one) == 2 else [None, None]
        right = [type(t) is int and 0 <= t <= LARGEST_AMOUNT for t in pair]
        if not right[0] or not (right[1] or pair[1] is None):
            raise InstanceError(
                f"{where}.times[{i}]: expected [arrival, departure] in integers of 0 to 2**40, the departure or null "
                f"for none, got {shown(one)}"
            )
        arrivals[i], departures[i] = one[0], np.iinfo(np.int64).max if one[1] is None else one[1]
    if np.any(np.diff(arrivals) < 0):
        number = int(np.argmax(np.diff(arrivals) < 0)) + 1
        raise InstanceError(f"{where}.times[{number}]: it comes before the request above it; sort them by arrival")
    return leaves_before(arrivals, departures)


def _device(row: dict[str, Any], where: str) -> int:
    """The amount of one GPU; 0 where GPUs are one sum."""
    device = row.get("device", 0)
    if type(device) is not int or not 0 <= device <= LARGEST_AMOUNT:
        raise InstanceError(f"{where}.device: expected the amount of one GPU, an integer, got {shown(device)}")
    return device


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
