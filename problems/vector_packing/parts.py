"""Vector-packing instances of files cut into splits: by name, or where there are too few, in the order of arrival."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from heuresis.problems.cutting import by_name, ranges, stamp
from heuresis.problems.problem import SPLITS, InstanceError, InstanceSet, Parts
from heuresis.problems.vector_packing.instances import VectorInstance, fingerprint
from heuresis.problems.vector_packing.scoring import VectorScoring

LEAST = 20
"""Requests of a part of one list."""
LONGEST_GAP = 0.1
"""Share of a part that may be left out at its beginning, until those of the part before have left."""


def cut(found: InstanceSet) -> Parts:
    """The parts. A list of pods is one instance: its first requests are searched on, the last ones reported.

    Every part begins with empty nodes. Where requests leave, it begins when those of the part before have left, but
    leaves out at most `LONGEST_GAP` of its own requests for that: who stays longer stays to the end of its own part.
    """
    if len({fingerprint([one]) for one in found.instances}) >= len(SPLITS):
        return by_name(fingerprint, VectorScoring().groups, found)
    _check(found.instances)
    parts = {}
    for split in SPLITS:
        made = [_stretch(one, _numbers(one)[split]) for one in found.instances]
        part = InstanceSet(split, tuple(one for one, _ in made), fingerprint([one for one, _ in made]))
        parts[split] = replace(part, notes=tuple(f"{split}: {told}, {stamp(part)}" for _, told in made))
    return parts


def _check(instances: Sequence[VectorInstance]) -> None:
    """Raise InstanceError where lists are equal or too short."""
    if len(instances) == 2 and fingerprint(instances[:1]) == fingerprint(instances[1:]):
        raise InstanceError(f"{instances[1].name} has the same requests as {instances[0].name}: give them once")
    for one in instances:
        if min(map(len, _numbers(one).values())) < LEAST:
            raise InstanceError(
                f"{one.name}: {one.size} requests are too few to be cut in their order; expected 100 or more, or "
                f"{len(SPLITS)} different instances or more"
            )


def _numbers(one: VectorInstance) -> Mapping[str, range]:
    """Which requests each part has: the ranges, those after the first shortened by a gap where requests leave."""
    found = dict(ranges(one.size))
    if one.until is None:
        return found
    for split, numbers in list(found.items())[1:]:
        before = one.until[: numbers.start]
        leaving = before[before < one.size]
        gone = int(leaving.max()) if leaving.size else 0
        latest = numbers.start + int(LONGEST_GAP * len(numbers))
        found[split] = range(min(max(gone, numbers.start), latest), numbers.stop)
    return found


def _stretch(one: VectorInstance, numbers: range) -> tuple[VectorInstance, str]:
    """Some requests of an instance on its nodes, and which they are."""
    begin, end = numbers.start, numbers.stop
    told = f"{len(numbers):,} requests of {one.name}, from number {begin + 1:,} to {end:,}"
    until = one.until
    if until is not None:
        staying = int(np.count_nonzero(until[begin:end] > end))
        until = np.minimum(until[begin:end], end) - begin
        told += f", {staying:,} of them longer than that"
    allowed = None if one.allowed is None else one.allowed[begin:end].copy()
    return replace(one, requests=one.requests[begin:end].copy(), until=until, allowed=allowed), told
