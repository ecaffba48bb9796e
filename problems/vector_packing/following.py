"""Following decisions event by event, on the trusted side, where requests leave, GPUs are devices or models matter."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.vector_packing.contract import NOT_PLACED
from heuresis.problems.vector_packing.instances import VectorInstance


@dataclass(slots=True)
class Cluster:
    """The nodes while decisions are followed; a node that was opened and is empty again is not `there`."""

    instance: VectorInstance
    kinds: Ints
    free: Ints  # nodes × 3
    gpus: Ints  # nodes × GPUs, what each has free; no columns where GPUs are one sum
    there: NDArray[np.bool_]
    held: Ints  # how many requests are on each node
    count: int = 0  # nodes so far; rows beyond are empty
    busy: int = 0  # nodes that hold a request
    places: dict[int, tuple[int, list[int]]] = field(default_factory=dict)  # of requests: node and GPUs

    def room(self, request: int, nodes: slice) -> NDArray[np.bool_]:
        """Which of these nodes could take a request."""
        one, amounts, gpus = self.instance, self.instance.requests[request], self.gpus[nodes]
        found: NDArray[np.bool_] = self.there[nodes] & np.all(self.free[nodes] >= amounts, axis=1)
        if one.device and amounts[2] >= one.device:
            found &= (gpus == one.device).sum(axis=1) * one.device >= amounts[2]
        elif one.device and amounts[2]:
            found &= (gpus >= amounts[2]).any(axis=1)
        if one.models is not None and one.allowed is not None:
            found &= (one.allowed[request] >> one.models[self.kinds[nodes]] & 1) == 1
        return found

    def open(self, kind: int) -> int:
        """Add an empty node; its number."""
        node = self.count
        self.count += 1
        self.kinds[node], self.free[node], self.there[node] = kind, self.instance.types[kind], True
        self.gpus[node] = _empty(self.instance, kind, self.gpus.shape[1])
        return node

    def put(self, request: int, node: int) -> None:
        """Place a request: a share on the fullest GPU with room, whole GPUs on the first free ones."""
        device, amount = self.instance.device, int(self.instance.requests[request, 2])
        row, taken = self.gpus[node], []
        if device and amount >= device:
            taken = np.flatnonzero(row == device)[: amount // device].tolist()
        elif device and amount:
            with_room = np.flatnonzero(row >= amount)
            taken = [int(with_room[np.argmin(row[with_room])])]
        self.places[request] = node, taken
        self._change(request, node, taken, -1)

    def remove(self, request: int) -> None:
        """Let a request go that was placed."""
        node, taken = self.places.pop(request)
        self._change(request, node, taken, 1)
        if self.instance.opens and self.held[node] == 0:
            self.there[node] = False

    def _change(self, request: int, node: int, taken: list[int], sign: int) -> None:
        amounts = self.instance.requests[request]
        self.free[node] += sign * amounts
        self.gpus[node, taken] += sign * min(int(amounts[2]), self.instance.device)
        before, self.held[node] = self.held[node], self.held[node] - sign
        self.busy += int(self.held[node] > 0) - int(before > 0)


def follow(instance: VectorInstance, chosen: Ints) -> tuple[Cluster, Ints] | str:
    """The nodes after the last arrival and after each arrival how many hold a request; a message on what is wrong."""
    cluster, leaving = _at_the_beginning(instance), _leaving(instance)
    busy = np.zeros(instance.size, dtype=np.int64)
    for i, choice in enumerate(chosen.tolist()):
        for gone in leaving.get(i, ()):
            if gone in cluster.places:
                cluster.remove(gone)
        if problem := _obey(cluster, i, choice):
            return problem
        busy[i] = cluster.busy
    return cluster, busy


def _obey(cluster: Cluster, request: int, choice: int) -> str:
    """Carry out the decision on a request; what is wrong with it, or nothing."""
    opens, types = cluster.instance.opens, len(cluster.instance.types)
    if choice == NOT_PLACED and not opens:
        free = cluster.room(request, slice(cluster.count)).any()
        return f"request {request} is not placed although a node has room for it" if free else ""
    if opens and -2 - types < choice < NOT_PLACED:
        choice = cluster.open(-2 - choice)
    if not 0 <= choice < cluster.count or not cluster.there[choice]:
        what = "is not placed on" if opens else "goes to"
        return f"request {request} {what} a node that is {'' if opens else 'not '}there"
    if not cluster.room(request, slice(choice, choice + 1))[0]:
        return f"request {request} goes to node {choice}, which has no room for it"
    cluster.put(request, choice)
    return ""


def _at_the_beginning(instance: VectorInstance) -> Cluster:
    size = instance.size if instance.fleet is None else len(instance.fleet)
    width = int(instance.types[:, 2].max()) // instance.device if instance.device else 0
    cluster = Cluster(
        instance,
        np.zeros(size, dtype=np.int64),
        np.zeros((size, 3), dtype=np.int64),
        np.zeros((size, width), dtype=np.int64),
        np.zeros(size, dtype=np.bool_),
        np.zeros(size, dtype=np.int64),
    )
    for kind in [] if instance.fleet is None else instance.fleet.tolist():
        cluster.open(kind)
    return cluster


def _empty(instance: VectorInstance, kind: int, width: int) -> Ints:
    """What each GPU of an empty node has free; 0 beyond those that it has."""
    count = int(instance.types[kind, 2]) // instance.device if instance.device else 0
    return np.where(np.arange(width) < count, instance.device, 0)


def _leaving(instance: VectorInstance) -> dict[int, list[int]]:
    """Before which arrival which requests leave."""
    found: dict[int, list[int]] = {}
    for request, moment in enumerate([] if instance.until is None else instance.until.tolist()):
        found.setdefault(moment, []).append(request)
    return found
