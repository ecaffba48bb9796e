"""Reading the lists of pods and of nodes of the Alibaba GPU cluster trace (CSV), and what is taken of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.problem import InstanceError
from heuresis.problems.reading import shown, whole_word
from heuresis.problems.tables import Row, table
from heuresis.problems.vector_packing.bounds import fits
from heuresis.problems.vector_packing.details import Details, leaves_before, made
from heuresis.problems.vector_packing.instances import LARGEST_AMOUNT, ONE_TYPE, WIDTH, VectorInstance

POD_COLUMNS = ("cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
NODE_COLUMNS = ("cpu_milli", "memory_mib", "gpu")
TIMES = ("creation_time", "deletion_time")

DEVICE = 1000
"""Thousandths of one GPU."""

_TIME = re.compile(r"([0-9]{1,15})(\.0*)?")


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of pods or of nodes, all of its rows."""

    path: Path
    header: list[str]
    rows: list[Row]

    def has(self, columns: Sequence[str]) -> bool:
        """Whether all of these are there."""
        return set(columns) <= set(self.header)

    def column(self, name: str) -> list[str]:
        """The fields of one column."""
        at = self.header.index(name)
        return [row[at] for _, row in self.rows]


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken of lists beside amounts."""

    departures: bool = False  # pods leave at their `deletion_time`
    gpus: bool = False  # GPUs of nodes one by one, and of which models pods may take them


def listed(text: str, path: Path) -> Listed:
    """The header and the rows of a file. Raises InstanceError that names the line."""
    made_of = table(text.splitlines(keepends=True), path)
    found = Listed(path, made_of.header, [(line, [cell.strip() for cell in row]) for line, row in made_of.rows])
    if not (found.has(POD_COLUMNS) or found.has(NODE_COLUMNS)):
        expected = f"a list of pods ({', '.join(POD_COLUMNS)}) or of nodes ({', '.join(NODE_COLUMNS)})"
        where = f"{path}, line {made_of.line}"
        raise InstanceError(f"{where}: expected JSON, {expected}, got the columns {shown(found.header)}")
    return found


def instances_of(tables: Sequence[Listed], taken: Taken, notes: list[str]) -> Iterator[tuple[VectorInstance, str]]:
    """One instance for each list of pods, and where it stands; notes for people on what was taken and what not."""
    pods = [one for one in tables if one.has(POD_COLUMNS)]
    nodes = [one for one in tables if not one.has(POD_COLUMNS)]
    amounts = [_amounts(one, POD_COLUMNS) for one in pods]
    fleet = [_amounts(one, NODE_COLUMNS) for one in nodes]
    if len(nodes) > 1 or (nodes and not pods):
        raise InstanceError(f"{nodes[-1].path}: expected one list of nodes beside one or more lists of pods")
    for one, requests in zip(pods, amounts, strict=True):
        yield (
            _on_nodes(one, requests, nodes[0], fleet[0], taken, notes)
            if nodes
            else _on_one_type(one, requests, taken, notes),
            str(one.path),
        )


def _on_nodes(
    pods: Listed, requests: Ints, nodes: Listed, fleet: Ints, taken: Taken, notes: list[str]
) -> VectorInstance:
    """The pods on the nodes of a list."""
    order, until, times = _stay(pods, taken)
    details, gpus = Details(until), "GPUs are one divisible sum"
    if taken.gpus:
        details, gpus = _with_gpus(details, pods, nodes, order)
    notes.append(f"{pods.path.name}: on the {len(fleet)} nodes of {nodes.path.name}; {gpus}; {times}{_not_taken(pods)}")
    requests = np.ascontiguousarray(requests[order])
    return made(pods.path.name, requests, fleet, {}, str(pods.path), details, opens=False)


def _on_one_type(pods: Listed, requests: Ints, taken: Taken, notes: list[str]) -> VectorInstance:
    """CPU and memory alone on nodes of the trace's commonest type, opened at will."""
    types = np.array(ONE_TYPE, dtype=np.int64)
    two = requests * (types[0] > 0)
    inside = fits(two, types) & two.any(axis=1)
    if not inside.any():
        raise InstanceError(f"{pods.path}: no pod fits a node of 96 cores and 384 GiB")
    left_out = int(np.count_nonzero(~inside))
    kept = replace(pods, rows=[row for row, fitting in zip(pods.rows, inside.tolist(), strict=True) if fitting])
    order, until, times = _stay(kept, taken)
    notes.append(
        f"{pods.path.name}: CPU and memory alone, on nodes of 96 cores and 384 GiB; "
        f"{left_out} pods fit none and are left out; {times}{_not_taken(pods, 'num_gpu', 'gpu_milli', 'gpu_spec')}"
    )
    requests = np.ascontiguousarray(two[inside][order])
    return made(pods.path.name, requests, types, {}, str(pods.path), Details(until), opens=True)


def _stay(pods: Listed, taken: Taken) -> tuple[Ints, Ints | None, str]:
    """In which order pods come, before which one each leaves (None: all stay), and both in words."""
    in_file = np.arange(len(pods.rows))
    if not taken.departures:
        return in_file, None, "all pods stay, in the order of the file"
    if not pods.has(TIMES):
        return in_file, None, f"all pods stay, in the order of the file: it has no {' and '.join(TIMES)}"
    arrivals, departures = (_times(pods, name) for name in TIMES)
    order = np.argsort(arrivals, kind="stable")
    until = leaves_before(arrivals[order], departures[order])
    leaving = int(np.count_nonzero(until < len(order)))
    return order, until, f"pods come at creation_time and leave at deletion_time, {leaving} before the last one comes"


def _with_gpus(details: Details, pods: Listed, nodes: Listed, order: Ints) -> tuple[Details, str]:
    """GPUs one by one, and the models that pods ask for, where the lists name them; both in words."""
    words = "GPUs are taken one by one, a share on the fullest one with room"
    details = replace(details, device=DEVICE)
    if not pods.has(("gpu_spec",)):
        return details, words
    specs = pods.column("gpu_spec")
    allowed = [[name for name in specs[i].split("|") if name] for i in order.tolist()]
    asking = sum(map(bool, allowed))
    if asking and not nodes.has(("model",)):
        raise InstanceError(f"{nodes.path}: expected the column model, because {pods.path.name} has gpu_spec")
    details = replace(details, models=nodes.column("model") if asking else None, allowed=allowed)
    return details, f"{words}; {asking} pods ask for models of GPUs (gpu_spec)"


def _not_taken(pods: Listed, *more: str) -> str:
    """The columns that are not looked at, in words."""
    names = [name for name in (*more, "qos", "pod_phase", "scheduled_time") if pods.has((name,))]
    return f"; not taken: {', '.join(names)}" if names else ""


def _times(pods: Listed, name: str) -> Ints:
    """Seconds; who has no `deletion_time` stays."""
    never = np.iinfo(np.int64).max
    found = []
    for (line, _), field in zip(pods.rows, pods.column(name), strict=True):
        match = _TIME.fullmatch(field)
        if match is None and not (field == "" and name == "deletion_time"):
            raise InstanceError(
                f"{pods.path}, line {line}: {name} must be whole seconds, 0 or more, got {shown(field)}"
            )
        found.append(int(match[1]) if match else never)
    return np.array(found, dtype=np.int64)


def _amounts(one: Listed, columns: Sequence[str]) -> Ints:
    """CPU, memory and milli-GPU of each row."""
    path = one.path
    at = [one.header.index(column) for column in columns]
    found = np.zeros((len(one.rows), WIDTH), dtype=np.int64)
    for i, (line, row) in enumerate(one.rows):
        cpu, memory, *gpu = (
            _amount(row[place], column, f"{path}, line {line}") for place, column in zip(at, columns, strict=True)
        )
        milli = gpu[0] * gpu[1] if len(gpu) == 2 else DEVICE * gpu[0]
        if milli > LARGEST_AMOUNT:
            raise InstanceError(f"{path}, line {line}: more than {LARGEST_AMOUNT} thousandths of GPUs in all: {milli}")
        if cpu == memory == milli == 0:
            raise InstanceError(f"{path}, line {line}: all amounts are 0")
        found[i] = cpu, memory, milli
    if not one.rows:
        raise InstanceError(f"{path}: the list has no rows")
    return found


def _amount(cell: str, column: str, where: str) -> int:
    amount = whole_word(cell)
    if amount is None or not 0 <= amount <= LARGEST_AMOUNT:
        raise InstanceError(f"{where}: {column} must be an integer from 0 to {LARGEST_AMOUNT}, got {shown(cell)}")
    return amount
