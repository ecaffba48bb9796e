"""A problem of twenty instances of eight jobs per split: total tardiness without references, quick to run."""

from dataclasses import replace

from heuresis.problems.problem import InstanceSet
from heuresis.problems.registry import register
from heuresis.problems.tardiness.instances import TardinessInstance, fingerprint, generate
from heuresis.problems.tardiness.problem import PROBLEM

SIGNATURE = "def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):"


def _split(name: str, stream: int) -> InstanceSet:
    cells = [(factor, width) for factor in (2, 4, 6, 8) for width in (2, 4, 6, 8, 10)]
    instances = tuple(
        TardinessInstance(f"{name}-{factor}-{width}", *generate(8, factor, width, (stream, factor, width)))
        for factor, width in cells
    )
    return InstanceSet(name, instances, fingerprint(instances))


TINY = register(
    replace(
        PROBLEM,
        name="tiny",
        splits={
            "search": lambda: _split("search", 91),
            "select": lambda: _split("select", 92),
            "test": lambda: _split("test", 93),
        },
        algorithms=(),
    )
)
