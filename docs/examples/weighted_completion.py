"""1||sum w_j C_j as a Heuresis problem: sequence jobs on one machine, finish the heavy ones early.

Sorting by p/w is optimal (Smith 1956, doi:10.1002/nav.3800030106), so a search that works finds it.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.compile import Program
from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit
from heuresis.evaluators.language.reference.distance import distance
from heuresis.problems.problem import Baseline, InstanceSet, MachineryError, Problem
from heuresis.problems.registry import register
from heuresis.problems.scoring import Objective, Replay, Score, Scoring, complaint

Values = NDArray[np.float64]
Arrays = Sequence[NDArray[np.generic]]

CONTRACT = Contract(
    functions=(
        Function(
            name="priority",
            parameters=(
                Parameter("p", Unit.TIME, "processing time of the job", varies=True, low=1.0),
                Parameter("w", Unit.ONE, "weight of the job", varies=True, low=1.0),
                Parameter("p_mean", Unit.TIME, "mean processing time of all jobs", varies=False, low=1.0),
            ),
            returns="the priority of a job, smaller goes first (ties by the job's number)",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Jobs:
    """One instance: processing times and weights."""

    name: str
    p: Values
    w: Values
    reference: float  # the optimum

    @property
    def labels(self) -> Mapping[str, str | int | float]:
        """What tables are grouped by."""
        return {"n": len(self.p)}


class Sequencing:
    """The simulator. It runs in the sandbox, beside the program, and reports decisions only."""

    contract: ClassVar[Contract] = CONTRACT

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        """Take the arrays that `CompletionScoring.pack` made."""
        self.p, self.w = np.asarray(payload["p"], np.float64), np.asarray(payload["w"], np.float64)
        self.best = np.asarray(payload["best"], np.float64)
        self.size = len(self.best)

    def warm(self) -> None:
        """Nothing of our own is compiled; a simulator with a Numba loop would compile it here."""

    def decide(self, program: Any, theta: Values, order: NDArray[np.int64]) -> Arrays:
        """Return `uint8[len(order)]` (1: every priority was finite) and the sequences, one row each."""
        finite = np.zeros(len(order), dtype=np.uint8)
        sequences = np.zeros((len(order), self.p.shape[1]), dtype=np.int32)
        priority = program.main if isinstance(program, Program) else program
        for row, i in enumerate(order):
            p, w, keys = self.p[i], self.w[i], np.empty(self.p.shape[1])
            priority(p, w, float(p.mean()), theta, keys, len(keys))
            finite[row] = np.isfinite(keys).all()
            sequences[row] = np.argsort(keys, kind="stable")
        return finite, sequences

    def loss(self, program: Any, theta: Values, subset: NDArray[np.int64]) -> float:
        """The objective on some instances, to tune constants; inf where the program fails."""
        return float(self.totals(program, theta, subset).sum() / self.best[subset].sum() - 1.0)

    def excess(self, program: Any, theta: Values, subset: NDArray[np.int64]) -> Values:
        """Each instance's part in the loss: the search looks where it is large."""
        excess: Values = (self.totals(program, theta, subset) - self.best[subset]) / self.best.sum()
        return excess

    def audit(self, judge: Callable[..., float], order: NDArray[np.int64], decisions: Arrays) -> Values:
        """How far each chosen job's key lies above the smallest one left, interpreted; the largest by instance."""
        furthest = np.full(len(order), np.inf)
        for row, (i, finite, sequence) in enumerate(zip(order, *decisions, strict=True)):
            p, w = self.p[i].tolist(), self.w[i].tolist()
            keys = [judge(p[j], w[j], sum(p) / len(p)) for j in range(len(p))]
            left, distances = list(range(len(p))), [0.0 if finite else np.inf]
            for job in sequence.tolist():
                place = left.index(job) if job in left else -1  # no job that is left: infinitely far
                distances.append(distance([keys[j] for j in left], place))
                left = [j for j in left if j != job]
            furthest[row] = max(distances)
        return furthest

    def totals(self, program: Any, theta: Values, subset: NDArray[np.int64]) -> Values:
        """The weighted sum of completion times by instance; inf everywhere where the program fails."""
        finite, sequences = self.decide(program, theta, subset)
        if not finite.all():
            return np.full(len(subset), np.inf)
        rows = zip(subset, np.asarray(sequences), strict=True)
        return np.array([weighted(self.p[i], self.w[i], sequence) for i, sequence in rows])


class CompletionScoring(Scoring):
    """The trusted side: it computes every value itself, from the instance and the decisions.

    A schedule is the sequence of an instance's jobs.
    """

    def pack(self, instances: Sequence[Jobs]) -> Mapping[str, NDArray[np.generic]]:
        """The arrays for the simulator."""
        best = np.array([jobs.reference for jobs in instances])
        return {"p": np.array([jobs.p for jobs in instances]), "w": np.array([j.w for j in instances]), "best": best}

    def replay(self, instances: Sequence[Jobs], decisions: Arrays) -> Replay:
        """Each instance's sequence; None where it is no permutation."""
        shapes = [a.shape for a in decisions]
        if shapes != [(len(instances),), (len(instances), len(instances[0].p))]:  # a child may send anything
            return Replay((None,) * len(instances), f"expected one sequence of each instance, got arrays {shapes}")
        finite, sequences = decisions
        schedules: list[NDArray[np.int64] | None] = []
        faults = []
        for jobs, good, sequence in zip(instances, finite, sequences, strict=True):
            fits = sorted(sequence.tolist()) == list(range(len(jobs.p)))
            schedules.append(sequence.astype(np.int64) if good and fits else None)
            faults.append("" if good and fits else "not a permutation" if good else "a priority is not finite")
        return Replay(tuple(schedules), complaint(instances, faults))

    def value(self, instance: Jobs, schedule: NDArray[np.int64]) -> float:
        """The weighted sum of completion times."""
        value = weighted(instance.p, instance.w, schedule)
        if value < instance.reference * (1 - 1e-9):
            raise MachineryError(f"{instance.name}: {value} is below the optimum {instance.reference}")
        return value

    def cut(self, instances: Sequence[Jobs], decisions: Arrays) -> Sequence[Arrays]:
        """The decisions on each instance by themselves: one row of each array."""
        finite, sequences = decisions
        return [(finite[i], sequences[i]) for i in range(len(instances))]

    def audited(self, instances: Sequence[Jobs]) -> NDArray[np.int64]:
        """All instances are small: the first ten are audited."""
        return np.arange(min(10, len(instances)))

    def score(self, instances: Sequence[Jobs], values: Sequence[float]) -> Score:
        """The gap of the sums, a fraction."""
        gap = sum(values) / sum(jobs.reference for jobs in instances) - 1.0
        return Score(gap, {"agg_gap": gap, "total": float(sum(values))})

    def resample(self, instances: Sequence[Jobs], values: Values, draws: int, rng: np.random.Generator) -> Values:
        """Bootstrap the gap: the same resampled instances for every program."""
        picks = rng.integers(len(instances), size=(draws, len(instances)))
        best = np.array([jobs.reference for jobs in instances])
        gaps: Values = values[:, picks].sum(axis=2) / best[picks].sum(axis=1) - 1.0
        return gaps

    def groups(self, instances: Sequence[Jobs]) -> Mapping[str, NDArray[np.int64]]:
        """All instances have one size, so there is one group."""
        return {f"n={len(instances[0].p)}": np.arange(len(instances))}

    def explain(self, instance: Jobs, schedule: NDArray[np.int64]) -> str:
        """The first jobs of the sequence beside the optimal ones."""
        best = np.argsort(instance.p / instance.w, kind="stable")
        rows = list(zip(schedule, best, strict=True))[:8]
        return "\n".join(["| chosen | optimal |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])

    def decisions_in(self, instances: Sequence[Jobs]) -> int:
        """Jobs sequenced."""
        return sum(len(jobs.p) for jobs in instances)


def weighted(p: Values, w: Values, sequence: NDArray[np.generic]) -> float:
    """The weighted sum of completion times."""
    return float(np.cumsum(p[sequence]) @ w[sequence])


@functools.cache
def split(name: str, seed: int, count: int) -> InstanceSet:
    """Random instances of 20 jobs; another seed for each split."""
    rng = np.random.default_rng(seed)
    instances = []
    for k in range(count):
        p, w = rng.integers(1, 101, 20).astype(np.float64), rng.integers(1, 11, 20).astype(np.float64)
        instances.append(Jobs(f"{name}-{k}", p, w, weighted(p, w, np.argsort(p / w, kind="stable"))))
    content = b"".join(jobs.p.tobytes() + jobs.w.tobytes() for jobs in instances)
    return InstanceSet(name, tuple(instances), hashlib.sha256(content).hexdigest())


PROBLEM = register(
    Problem(
        name="weighted-completion",
        version=1,
        title="Weighted completion time on one machine, 1||sum w_j C_j",
        statement="Sequence jobs on a single machine so that the weighted sum of completion times is small.",
        contract=CONTRACT,
        simulator=f"{__file__}:Sequencing",
        scoring=CompletionScoring(),
        objective=Objective("aggregate gap", "sum of values / sum of optima - 1, a fraction", fraction=True),
        splits={
            "search": functools.partial(split, "search", 1, 20),
            "select": functools.partial(split, "select", 2, 20),
            "test": functools.partial(split, "test", 3, 40),
        },
        baselines=(
            Baseline("spt", "shortest processing time", "def priority(p, w, p_mean):\n    return p\n", "Smith 1956"),
            Baseline("heaviest", "largest weight", "def priority(p, w, p_mean):\n    return -w\n", "folklore"),
        ),
    )
)
