"""Vector-packing instances of files cut into splits: by name, or where there are too few, in the order of arrival."""

from collections.abc import Sequence
from dataclasses import replace

from heuresis.problems.cutting import by_name, ranges, stamp
from heuresis.problems.problem import SPLITS, InstanceError, InstanceSet, Parts
from heuresis.problems.vector_packing.instances import VectorInstance, fingerprint
from heuresis.problems.vector_packing.scoring import VectorScoring

LEAST = 20
"""Requests of a part of one list."""


def cut(found: InstanceSet) -> Parts:
    """The parts. A list of pods is one instance: its first requests are searched on, the last ones reported.

    Every part begins with empty nodes, and nothing of one is left in the next, so no gap is needed.
    """
    if len({fingerprint([one]) for one in found.instances}) >= len(SPLITS):
        return by_name(fingerprint, VectorScoring().groups, found)
    _check(found.instances)
    parts = {}
    for split in SPLITS:
        made = [_stretch(one, ranges(one.size)[split]) for one in found.instances]
        part = InstanceSet(split, tuple(one for one, _ in made), fingerprint([one for one, _ in made]))
        parts[split] = replace(part, notes=tuple(f"{split}: {told}, {stamp(part)}" for _, told in made))
    return parts


def _check(instances: Sequence[VectorInstance]) -> None:
    """Raise InstanceError where lists are equal or too short."""
    if len(instances) == 2 and fingerprint(instances[:1]) == fingerprint(instances[1:]):
        raise InstanceError(f"{instances[1].name} has the same requests as {instances[0].name}: give them once")
    for one in instances:
        if min(map(len, ranges(one.size).values())) < LEAST:
            raise InstanceError(
                f"{one.name}: {one.size} requests are too few to be cut in their order; expected 100 or more, or "
                f"{len(SPLITS)} different instances or more"
            )


def _stretch(one: VectorInstance, numbers: range) -> tuple[VectorInstance, str]:
    """Some requests of an instance on its nodes, and which they are."""
    requests = one.requests[numbers.start : numbers.stop].copy()
    told = f"{len(numbers):,} requests of {one.name}, from number {numbers.start + 1:,} to {numbers.stop:,}"
    return replace(one, requests=requests), told
