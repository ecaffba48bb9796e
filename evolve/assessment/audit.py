"""The decisions of a champion, judged by the reference interpreter: nothing that was compiled is believed."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heuresis.archive.records import Evaluation
from heuresis.evaluators.language.reference.distance import TOLERANCE
from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.assess import Assessor
from heuresis.problems.scoring import valued
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.task import Array, Task

PATIENCE = 6
"""An audit may take so many times as long as one evaluation of all instances."""

FEW = 10
"""A program too slow for the sample is audited on this fraction of it (one of so many), the smallest instances."""


@dataclass(frozen=True, slots=True)
class Audit:
    """How an audit ended: on so many instances, with the largest relative distance of a chosen key from the smallest.

    `distance` is None where the program could not be audited, and `message` says why.
    """

    instances: int
    distance: float | None
    message: str = ""

    @property
    def passed(self) -> bool:
        """Whether the reference interpreter chooses what the compiled program chose."""
        return self.distance is not None and self.distance <= TOLERANCE

    def __str__(self) -> str:
        if self.distance is None:
            return f"not audited by the reference interpreter: {self.message}"
        text = f"audited by the reference interpreter on {self.instances} instances, largest distance"
        return f"{text} {self.distance:.1g}{f' ({self.message})' if self.message else ''}"


def audit(assessor: Assessor, source: str, evaluation: Evaluation, where: str) -> Audit:
    """Audit the decisions behind a successful evaluation on a fixed sample of its instances (`Scoring.audited`).

    A program that takes too long there is audited on the smallest instances of the sample only.
    """
    sample = assessor.problem.scoring.audited(assessor.instance_set(where).instances)
    found = _on(assessor, source, evaluation, where, sample)
    if found.distance is None and found.message.startswith(str(Status.TIMEOUT)):
        found = _on(assessor, source, evaluation, where, sample[: max(1, len(sample) // FEW)])
    return found


def _on(assessor: Assessor, source: str, evaluation: Evaluation, where: str, order: NDArray[np.int64]) -> Audit:
    instances = assessor.instance_set(where).instances
    decided = assessor.run(tasks.decide(source, order), where)
    if not decided.ok:
        return _not_audited(decided)
    scoring, sample = assessor.problem.scoring, [instances[i] for i in order]
    values = valued(scoring, sample, scoring.replay(sample, decided.arrays).schedules)
    if list(values) != [evaluation.values[i] for i in order]:
        return Audit(len(order), float("inf"), "on its own these instances have other values")
    task: Task = tasks.audit(source, order, decided.arrays)
    limits = replace(assessor.limits, seconds=PATIENCE * assessor.limits.seconds)
    outcome = assessor.run(replace(task, limits=limits), where)
    if not outcome.ok:
        return _not_audited(outcome)
    furthest = _furthest(outcome.arrays, len(order))
    if furthest is None:
        return Audit(0, None, "no distances came back")
    return Audit(len(order), furthest)


def _not_audited(outcome: Outcome) -> Audit:
    return Audit(0, None, f"{outcome.status}: {outcome.message}")


def _furthest(arrays: tuple[Array, ...], count: int) -> float | None:
    """The largest of the distances; None where they are not what they should be."""
    if len(arrays) != 1 or arrays[0].dtype != np.float64 or arrays[0].shape != (count,):
        return None
    distances = arrays[0].astype(np.float64)
    return None if np.isnan(distances).any() or (distances < 0).any() else float(distances.max())
