"""A problem of twenty instances of eight jobs per split: total tardiness without references, quick to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from heuresis.problems.metrics import Metric
from heuresis.problems.problem import InstanceSet
from heuresis.problems.registry import register
from heuresis.problems.tardiness.instances import TardinessInstance, fingerprint, generate
from heuresis.problems.tardiness.problem import PROBLEM
from heuresis.problems.tardiness.scoring import METRICS, Sequenced, TardinessScoring

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


@dataclass(frozen=True, slots=True)
class LateScoring(TardinessScoring):
    """Also counts the jobs that are late, of which rules that make tardiness small leave more than SPT does."""

    def metrics(
        self, instances: Sequence[TardinessInstance], schedules: Sequence[Sequenced]
    ) -> Mapping[str, float | None]:
        """`late_jobs`, over all instances."""
        pairs = zip(instances, schedules, strict=True)
        late = [np.count_nonzero(np.cumsum(one.p[done.jobs]) > one.d[done.jobs]) for one, done in pairs]
        return {"late_jobs": float(sum(late))}


LATE = register(
    replace(
        TINY,
        name="tiny-late",
        scoring=LateScoring(),
        metrics=(*METRICS, Metric("late_jobs", "jobs that are late", shown=True)),
    )
)
