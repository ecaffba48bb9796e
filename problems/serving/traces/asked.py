"""Traces as they are asked for: at a rate or a load, so many requests of each, on the first of some engines."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.cutting import stamp
from heuresis.problems.problem import Choice, InstanceError, InstanceSet, Parts
from heuresis.problems.serving.instances import fingerprint
from heuresis.problems.serving.load import at_load
from heuresis.problems.serving.traces.parts import by_time
from heuresis.problems.serving.traces.reader import read, reading_of


def reader(choice: Choice, fleet: Sequence[Engine]) -> Callable[[Sequence[Path]], InstanceSet]:
    """Reads files; a load is one of all these engines together. Raises InstanceError where a wish cannot be."""
    wanted = choice.load
    if wanted is not None and choice.rate is not None:
        raise InstanceError("expected one of rate (a factor) and load (a share of the capacity), got both")
    if wanted is not None and not 0 < wanted < math.inf:
        raise InstanceError(f"load must be a positive number, got {wanted}")
    try:
        reading = reading_of(choice)
    except ValueError as error:
        raise InstanceError(str(error)) from error

    def found(paths: Sequence[Path]) -> InstanceSet:
        as_they_are = read(paths, fleet[0], reading)
        if wanted is None:
            return as_they_are
        instances = tuple(at_load(one, wanted, fleet) for one in as_they_are.instances)
        return replace(as_they_are, instances=instances, fingerprint=fingerprint(instances))

    return found


def cut(found: InstanceSet) -> Parts:
    """Traces cut by time, on one replica of their engine."""
    parts = {}
    for split, stretches in by_time(found.instances).items():
        instances = tuple(one for stretch in stretches for one in stretch.instances(split))
        part = InstanceSet(split, instances, fingerprint(instances))
        told = (one.told(split, [one.requests.engine]) for one in stretches)
        parts[split] = replace(part, notes=tuple(f"{words}, {stamp(part)}" for words in told))
    return parts
