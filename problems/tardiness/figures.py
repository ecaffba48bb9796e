"""What is drawn of sequences of jobs on one machine: who runs when, and how tardiness adds up."""

from collections.abc import Mapping, Sequence

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems.figures import Bar, Curve, Figure, Gantt
from heuresis.problems.tardiness.instances import TardinessInstance


def figures_of(instance: TardinessInstance, sequences: Mapping[str, Ints]) -> Sequence[Figure | Gantt]:
    """A Gantt chart with a row for each sequence, late jobs marked, and the tardiness of the jobs done so far."""
    rows = {name: _bars(instance, jobs) for name, jobs in sequences.items()}
    curves = [_tardiness(name, instance, jobs) for name, jobs in sequences.items()]
    return (
        Gantt("jobs on the machine", "time", rows),
        Figure("total tardiness of the jobs done so far", "time", "tardiness", curves),
    )


def _bars(instance: TardinessInstance, jobs: Ints) -> Sequence[Bar]:
    ends = np.cumsum(instance.p[jobs])
    return [
        Bar(str(job), float(end - instance.p[job]), float(end), late=bool(end > instance.d[job]))
        for job, end in zip(jobs.tolist(), ends, strict=True)
    ]


def _tardiness(name: str, instance: TardinessInstance, jobs: Ints) -> Curve:
    ends = np.cumsum(instance.p[jobs]).astype(np.float64)
    late = np.cumsum(np.maximum(0.0, ends - instance.d[jobs]))
    return Curve(name, np.concatenate([[0.0], ends]), np.concatenate([[0.0], late]), steps=True)
