"""Tardiness instances of files cut into splits: by name, and with one objective in all of them."""

from dataclasses import replace

from heuresis.problems.cutting import by_name
from heuresis.problems.problem import InstanceSet, Parts
from heuresis.problems.tardiness.instances import fingerprint
from heuresis.problems.tardiness.scoring import MEAN, TardinessScoring


def cut(found: InstanceSet) -> Parts:
    """The parts; where one of them has no gap to optima, none has: their scores would be of different kinds."""
    scoring = TardinessScoring()
    parts = by_name(fingerprint, scoring.groups, found)
    if all(scoring.objective_on(part.instances) is not MEAN for part in parts.values()):
        return parts
    return {split: _without_optima(part) for split, part in parts.items()}


def _without_optima(part: InstanceSet) -> InstanceSet:
    return replace(part, instances=tuple(replace(one, optimum=None, claimed=False) for one in part.instances))
