"""The placement of requests once more, in plain Python and node by node, to judge what a compiled program decided."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from heuresis.evaluators.language.reference.distance import distance
from heuresis.evaluators.vector_packing.contract import COMMONEST, FURTHER, NOT_PLACED, REGULAR

Amounts = Sequence[int]


@dataclass(frozen=True, slots=True)
class PlainCase:
    """One instance, as `heuresis.evaluators.vector_packing.simulator.Placement` describes it."""

    requests: Sequence[Amounts]
    until: Sequence[int]
    allowed: Sequence[int]
    types: Sequence[Amounts]
    models: Sequence[int]
    fleet: Sequence[int]
    opens: bool
    device: int


@dataclass(slots=True)
class _Node:
    kind: int
    free: list[int]
    gpus: list[int]  # what each has free; none where GPUs are one sum
    held: dict[int, list[int]] = field(default_factory=dict)  # of each request that is here, its GPUs

    def has_room(self, request: Amounts, device: int) -> bool:
        if any(a > b for a, b in zip(request, self.free, strict=True)):
            return False
        if not device or request[2] == 0:
            return True
        if request[2] < device:
            return request[2] <= max(self.gpus, default=0)
        return request[2] // device <= self.gpus.count(device)

    def take(self, number: int, request: Amounts, device: int) -> None:
        """Put a request here: a share on the fullest GPU with room, whole GPUs on the first free ones."""
        self.held[number] = []
        if device and 0 < request[2] < device:
            fullest = min((room, d) for d, room in enumerate(self.gpus) if room >= request[2])
            self.held[number] = [fullest[1]]
        elif device:
            empty = [d for d, room in enumerate(self.gpus) if room == device]
            self.held[number] = empty[: request[2] // device]
        self._change(self.held[number], request, -1, device)

    def let_go(self, number: int, request: Amounts, device: int) -> None:
        self._change(self.held.pop(number), request, 1, device)

    def _change(self, gpus: Sequence[int], request: Amounts, sign: int, device: int) -> None:
        self.free = [a + sign * b for a, b in zip(self.free, request, strict=True)]
        for d in gpus:
            self.gpus[d] += sign * min(request[2], device)


def furthest(judge: Callable[..., float], case: PlainCase, chosen: Sequence[int]) -> float:
    """The largest distance of one instance's decisions, placed again request by request.

    Candidates that look the same to a rule have the same score, which is computed once.
    """
    scale = [max(one[r] for one in case.types) for r in range(3)]
    nodes: dict[int, _Node] = {number: _empty(case, kind) for number, kind in enumerate(case.fleet)}
    opened, asked, found, fillings = len(nodes), [0, 0, 0], 0.0, _Fillings(scale)
    for i, (request, choice) in enumerate(zip(case.requests, chosen, strict=True)):
        _depart(case, nodes, i)
        fillings.see(request)
        asked = [a + b for a, b in zip(asked, request, strict=True)]
        left = [sum(node.free[r] for node in nodes.values()) for r in range(3)]
        same = (*_means(left, len(nodes), scale), *_means(asked, i + 1, scale))
        known: dict[tuple[object, ...], float] = {}
        places, keys = [], []
        for code, one, fresh in _candidates(case, nodes, i):
            look = (*_shares(one.free, scale), _whole(one, case.device, scale), *fillings.ahead(one.free, request))
            look += (*_shares(case.types[one.kind], scale), fresh)
            if look not in known:
                known[look] = judge(*_shares(request, scale), *look, *same)
            places.append(code)
            keys.append(known[look])
        if choice not in places:
            if choice != NOT_PLACED or places:
                return math.inf
            continue
        found = max(found, distance(keys, places.index(choice)))
        node = choice
        if choice < 0:
            node, opened = opened, opened + 1
            nodes[node] = _empty(case, -2 - choice)
        nodes[node].take(i, request, case.device)
    return found


def _empty(case: PlainCase, kind: int) -> _Node:
    free = list(case.types[kind])
    return _Node(kind, free, [case.device] * (free[2] // case.device) if case.device else [])


def _depart(case: PlainCase, nodes: dict[int, _Node], i: int) -> None:
    """Let go who leaves before request `i` arrives; opened nodes that are empty then are given back."""
    for number, node in list(nodes.items()):
        leaving = [j for j in node.held if case.until[j] == i]
        for j in leaving:
            node.let_go(j, case.requests[j], case.device)
        if case.opens and not node.held:
            del nodes[number]


def _candidates(case: PlainCase, nodes: dict[int, _Node], i: int) -> list[tuple[int, _Node, float]]:
    """Decision, node and whether it is new, of all with room for a request, in the order in which ties are broken."""
    there = [(number, node, 0.0) for number, node in nodes.items()]
    new = [(-2 - kind, _empty(case, kind), 1.0) for kind in range(len(case.types))] if case.opens else []
    return [
        one
        for one in (*there, *new)
        if one[1].has_room(case.requests[i], case.device) and case.allowed[i] >> case.models[one[1].kind] & 1
    ]


def _whole(node: _Node, device: int, scale: Amounts) -> float:
    """What is free on GPUs that nobody uses, as a share."""
    free = device * node.gpus.count(device) if device else node.free[2]
    return free / scale[2] if scale[2] else 0.0


class _Fillings:
    """What nodes would have idle at best after some more requests of the commonest kinds."""

    def __init__(self, scale: Amounts) -> None:
        self._scale, self._seen, self._count, self._due = scale, Counter[tuple[int, ...]](), 0, 1
        self._common: list[tuple[int, ...]] = []
        self._known: dict[tuple[int, ...], list[int]] = {}  # of rooms, as long as these are the commonest kinds

    def see(self, request: Amounts) -> None:
        self._count += 1
        self._seen[tuple(request)] += 1
        if self._count == self._due:
            self._due = min(2 * self._count, self._count + REGULAR)
            self._known.clear()
            self._common = [kind for kind, _ in self._seen.most_common(COMMONEST)]

    def ahead(self, free: Amounts, request: Amounts) -> tuple[float, ...]:
        """Before and after the request is placed where so much is free, as shares."""
        after = [a - b for a, b in zip(free, request, strict=True)]
        return (*_shares(self._least(free), self._scale), *_shares(self._least(after), self._scale))

    def _least(self, free: Amounts) -> list[int]:
        room = tuple(free)
        if room not in self._known:
            self._known[room] = self._computed(room)
        return self._known[room]

    def _computed(self, free: tuple[int, ...]) -> list[int]:
        least, rooms = list(free), {free}
        for _ in range(FURTHER):
            rooms = {
                room
                for one in rooms
                for kind in self._common
                if min(room := tuple(a - b for a, b in zip(one, kind, strict=True))) >= 0
            }
            for room in rooms:
                least = [min(a, b) for a, b in zip(least, room, strict=True)]
        return least


def _shares(amounts: Amounts, scale: Amounts) -> tuple[float, ...]:
    return tuple(a / s if s else 0.0 for a, s in zip(amounts, scale, strict=True))


def _means(sums: Amounts, count: int, scale: Amounts) -> tuple[float, ...]:
    return tuple(a / (count * s) if count * s else 0.0 for a, s in zip(sums, scale, strict=True))
