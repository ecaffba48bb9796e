"""Where boxes stand: in rows, each box above what it imports in its layer, ordered so that few lines cross.

After Sugiyama, Tagawa and Toda 1981, doi:10.1109/TSMC.1981.4308636; lines to the same box share their way.
"""

import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rooms import LAYERS, Arrows, Box

STARTS, SWEEPS, STRAIGHTENINGS = 40, 16, 300
LINE = 10  # pixels that a line needs for itself where it passes a row


@dataclass(frozen=True, slots=True)
class Passage:
    """Where lines to one box pass a row on their way."""

    target: Box
    row: int
    across: bool  # whether they come from another layer


Place = Box | Passage
Rows = list[list[Place]]
Joins = Mapping[Place, Sequence[Place]]
"""What is joined by a line to what: in the row below, or in the row above."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows from the top, each from left to right; the lines down and up; the middle of each place in pixels."""

    rows: Rows
    down: Joins
    up: Joins
    middle: Mapping[Place, float]


def plan(arrows: Arrows, width_of: Callable[[Box], float], left: float, right: float, gap: float) -> Plan:
    """Boxes of such widths in rows between `left` and `right`, at least `gap` apart; all in pixels."""
    rows, down = _rows(arrows)
    up = _turned(down)
    rows = _with_few_crossings(rows, down, up)

    def width(place: Place) -> float:
        return width_of(place) + gap if isinstance(place, Box) else LINE

    middle: dict[Place, float] = {}
    for row in rows:
        offsets = list(itertools.accumulate(map(width, row), initial=0.0))
        start = (left + right - offsets[-1]) / 2
        middle |= {place: start + offset + width(place) / 2 for place, offset in zip(row, offsets, strict=False)}
    for turn in range(STRAIGHTENINGS):
        for row in rows[:: 1 if turn % 2 else -1]:
            wanted = [_wanted(place, middle, down, up) for place in row]
            middle |= zip(row, _spaced(wanted, [width(place) for place in row], left, right), strict=True)
    return Plan(rows, down, up, middle)


def _rows(arrows: Arrows) -> tuple[Rows, Joins]:
    """The rows, unordered, with a passage in each row that a line passes; and the lines down."""
    depth = _depths(arrows)
    floor = {box: (LAYERS.index(box.layer), -depth[box]) for box in arrows}
    floors = sorted(set(floor.values()))
    rows: Rows = [[box for box in arrows if floor[box] == here] for here in floors]
    down: dict[Place, list[Place]] = {}
    for box, others in arrows.items():
        for other in others:
            between = range(floors.index(floor[box]) + 1, floors.index(floor[other]))
            way: list[Place] = [box, *(Passage(other, row, box.layer != other.layer) for row in between), other]
            for one, following in itertools.pairwise(way):
                if isinstance(one, Passage) and one not in down:
                    rows[one.row].append(one)
                if following not in down.setdefault(one, []):
                    down[one].append(following)
    return rows, down


def _depths(arrows: Arrows) -> dict[Box, int]:
    """How high each box stands in its layer, from 0: above what it imports, but no lower than those above it need."""
    inside = {box: [other for other in others if other.layer == box.layer] for box, others in arrows.items()}
    lowest: dict[Box, int] = {}

    def lowest_of(box: Box) -> int:
        if box not in lowest:
            lowest[box] = max((lowest_of(other) + 1 for other in inside[box]), default=0)
        return lowest[box]

    depth: dict[Box, int] = {}
    for box in sorted(arrows, key=lowest_of, reverse=True):
        depth[box] = min((depth[other] - 1 for other, needs in inside.items() if box in needs), default=lowest[box])
    return depth


def _turned(down: Joins) -> Joins:
    up: dict[Place, list[Place]] = {}
    for one, others in down.items():
        for other in others:
            up.setdefault(other, []).append(one)
    return up


def _with_few_crossings(rows: Rows, down: Joins, up: Joins) -> Rows:
    """Each place goes to the middle of those that it is joined to, row by row, from several starts."""
    chance = random.Random(1)  # noqa: S311 - for looks, and the same each time
    best, fewest = rows, math.inf
    for _ in range(STARTS):
        order = [sorted(row, key=lambda _: chance.random()) for row in rows]
        for sweep in range(SWEEPS):
            if sweep % 2:
                pairs, near = list(itertools.pairwise(range(len(rows))))[::-1], down
                pairs = [(lower, upper) for upper, lower in pairs]
            else:
                pairs, near = list(itertools.pairwise(range(len(rows)))), up
            for fixed, moved in pairs:
                order[moved] = _by_middle(order[moved], order[fixed], near)
            crossings = _crossings(order, down)
            if crossings < fewest:
                best, fewest = list(order), crossings
    return best


def _by_middle(row: list[Place], fixed: list[Place], near: Joins) -> list[Place]:
    index = {place: i for i, place in enumerate(fixed)}

    def middle(item: tuple[int, Place]) -> float:
        there = [index[other] for other in near.get(item[1], ())]
        return math.fsum(there) / len(there) if there else item[0] * len(fixed) / len(row)

    return [place for _, place in sorted(enumerate(row), key=middle)]


def _crossings(rows: Rows, down: Joins) -> int:
    count = 0
    for upper, lower in itertools.pairwise(rows):
        index = {place: i for i, place in enumerate(lower)}
        lines = [(i, index[other]) for i, place in enumerate(upper) for other in down.get(place, ())]
        count += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in itertools.combinations(lines, 2))
    return count


def _wanted(place: Place, middle: Mapping[Place, float], down: Joins, up: Joins) -> tuple[float, float]:
    """Where a place would stand by itself, and how much it matters: long lines shall be straight."""
    near = [*down.get(place, ()), *up.get(place, ())]
    weights = [10.0 if isinstance(other, Passage) and isinstance(place, Passage) else 1.0 for other in near]
    if not near:
        return middle[place], 1.0
    total = math.fsum(weights)
    return math.fsum(w * middle[other] for w, other in zip(weights, near, strict=True)) / total, total


def _spaced(wanted: Sequence[tuple[float, float]], widths: Sequence[float], left: float, right: float) -> list[float]:
    """The middles nearest to the wanted ones that keep their order and do not overlap (pool adjacent violators)."""
    offsets = list(itertools.accumulate(((a + b) / 2 for a, b in itertools.pairwise(widths)), initial=0.0))
    pools: list[tuple[float, float, int]] = []  # position, weight, number of places
    for (position, weight), offset in zip(wanted, offsets, strict=True):
        pool = (position - offset, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            before = pools.pop()
            total = before[1] + pool[1]
            pool = ((before[0] * before[1] + pool[0] * pool[1]) / total, total, before[2] + pool[2])
        pools.append(pool)
    low, high = left + widths[0] / 2, right - widths[-1] / 2 - offsets[-1]
    shifts = itertools.chain.from_iterable([position] * number for position, _, number in pools)
    return [min(max(shift, low), high) + offset for shift, offset in zip(shifts, offsets, strict=True)]
