"""The placement of requests once more, in plain Python and node by node, to judge what a compiled program decided."""

import math
from collections.abc import Callable, Sequence

from heuresis.evaluators.language.reference.distance import distance

Amounts = Sequence[int]


def furthest(
    judge: Callable[..., float],
    requests: Sequence[Amounts],
    types: Sequence[Amounts],
    fleet: Sequence[int],
    opens: bool,
    chosen: Sequence[int],
) -> float:
    """The largest distance of one instance's decisions, placed again request by request.

    `fleet` holds the type of each node that is there from the beginning; where `opens`, new ones of every type may be
    opened. Nodes with the same capacity and as much free have the same score, which is computed once.
    """
    scale = [max(one[r] for one in types) for r in range(3)]
    kinds = list(fleet)  # of each node that is there
    free = [list(types[kind]) for kind in kinds]
    asked, found = [0, 0, 0], 0.0
    for number, (request, choice) in enumerate(zip(requests, chosen, strict=True), 1):
        asked = [a + b for a, b in zip(asked, request, strict=True)]
        left = [sum(node[r] for node in free) for r in range(3)]
        same = (*_means(left, len(free), scale), *_means(asked, number, scale))
        known: dict[tuple[object, ...], float] = {}
        places, keys = [], []
        for code, kind, room, fresh in _candidates(kinds, free, types, opens):
            if any(a > b for a, b in zip(request, room, strict=True)):
                continue
            look = (*_shares(room, scale), *_shares(types[kind], scale), fresh)
            if look not in known:
                known[look] = judge(*_shares(request, scale), *look, *same)
            places.append(code)
            keys.append(known[look])
        if choice not in places:
            if choice != -1 or places:
                return math.inf
            continue
        found = max(found, distance(keys, places.index(choice)))
        node = choice
        if choice < 0:
            node = len(kinds)
            kinds.append(-2 - choice)
            free.append(list(types[-2 - choice]))
        free[node] = [a - b for a, b in zip(free[node], request, strict=True)]
    return found


def _candidates(
    kinds: Sequence[int], free: Sequence[Amounts], types: Sequence[Amounts], opens: bool
) -> list[tuple[int, int, Amounts, float]]:
    """Decision, type, what is free and whether it is new, of all nodes, in the order in which ties are broken."""
    there = [(node, kind, room, 0.0) for node, (kind, room) in enumerate(zip(kinds, free, strict=True))]
    new = [(-2 - kind, kind, room, 1.0) for kind, room in enumerate(types)] if opens else []
    return [*there, *new]


def _shares(amounts: Amounts, scale: Amounts) -> tuple[float, ...]:
    return tuple(a / s if s else 0.0 for a, s in zip(amounts, scale, strict=True))


def _means(sums: Amounts, count: int, scale: Amounts) -> tuple[float, ...]:
    return tuple(a / (count * s) if count * s else 0.0 for a, s in zip(sums, scale, strict=True))
