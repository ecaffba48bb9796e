"""The trusted side of single-machine total tardiness: replay sequences, score them, explain where they lose."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators import ragged
from heuresis.evaluators.aliases import Decisions, Ints
from heuresis.evaluators.tardiness.objective import aggregate
from heuresis.problems import resampling
from heuresis.problems.figures import Figure, Gantt
from heuresis.problems.metrics import Metric
from heuresis.problems.problem import InstanceError, MachineryError
from heuresis.problems.scoring import Objective, Replay, Score, Scoring, complaint
from heuresis.problems.tardiness.figures import figures_of
from heuresis.problems.tardiness.instances import TardinessInstance

Instances = Sequence[TardinessInstance]

GAP = Objective(
    "aggregate gap",
    "the mean over the sizes n of (sum of total tardiness / sum of optimal total tardiness - 1), a fraction; where an "
    "instance has no proven optimum, or the optima of a size sum to 0, the mean total tardiness of an instance instead",
    fraction=True,
)
MEAN = Objective(
    "mean tardiness",
    "the mean total tardiness of an instance, because an instance has no optimum or the optima of a size sum to 0",
)

_NO_PERMUTATION = "the sequence is not a permutation of its jobs"
_NOT_FINITE = "a priority was NaN or infinite"

EXPLAINED_ROWS = 12
LARGEST_EXPLAINED = 200
"""Largest number of jobs for which `explain` solves an instance to show its optimal sequence."""

METRICS = (
    Metric("agg_gap", "sum of total tardiness over that of the optima, minus 1", "fraction", shown=True),
    Metric("avg_gap", "mean over instances of total tardiness over the optimum, minus 1", "fraction", shown=True),
    Metric("total", "sum of total tardiness"),
    Metric("late_on_zero", "instances that are late although the optimum is 0", shown=True),
)
"""What `score` tells beside the aggregate, in its order."""

AUDITED, LARGEST_AUDITED = 60, 100
"""How many instances are audited by the reference interpreter, and how many jobs the largest of them has."""


@dataclass(frozen=True, slots=True)
class Sequenced:
    """What became of an instance: its jobs in the order in which they run, and their total tardiness."""

    jobs: Ints
    total: int


def _references(instances: Instances) -> NDArray[np.float64]:
    return np.array([np.nan if i.optimum is None else i.optimum for i in instances], dtype=np.float64)


def _sizes(instances: Instances) -> tuple[list[int], NDArray[np.int64]]:
    """The numbers of jobs that occur, ascending, and for each instance the index of its own among them."""
    sizes, group = np.unique([i.size for i in instances], return_inverse=True)
    return sizes.tolist(), group.astype(np.int64)


def _offsets(instances: Instances) -> Ints:
    return ragged.offsets(i.size for i in instances)


def tardiness(p: NDArray[np.int64], d: NDArray[np.int64], sequence: NDArray[np.integer]) -> NDArray[np.int64]:
    """Tardiness of each job of a sequence, in its order."""
    late: NDArray[np.int64] = np.maximum(np.cumsum(p[sequence]) - d[sequence], 0)
    return late


@dataclass(frozen=True, slots=True)
class TardinessScoring(Scoring):
    """Scores sequences. Decisions: `uint8[instances]` (1: decided) and the sequences of job numbers, concatenated."""

    def pack(self, instances: Instances) -> Mapping[str, NDArray[np.generic]]:
        """The payload of `heuresis.evaluators.tardiness.simulator.Dispatch`."""
        return {
            "p": np.concatenate([i.p for i in instances]),
            "d": np.concatenate([i.d for i in instances]),
            "offsets": _offsets(instances),
            "reference": _references(instances),
            "group": _sizes(instances)[1],
        }

    def replay(self, instances: Instances, decisions: Decisions) -> Replay:
        """Run each instance's sequence; None where there is no permutation of its jobs."""
        offsets = _offsets(instances)
        if problem := ragged.misfit(decisions, len(instances), int(offsets[-1])):
            return Replay((None,) * len(instances), problem)
        decided, jobs = decisions[0] == 1, decisions[1].astype(np.int64)
        sizes = np.diff(offsets)
        owner = np.repeat(np.arange(len(sizes)), sizes)
        inside = (jobs >= 0) & (jobs < sizes[owner])
        at = np.where(inside, jobs + offsets[owner], 0)
        once = np.bincount(at[inside], minlength=int(offsets[-1])) == 1
        feasible = np.logical_and.reduceat(inside & once, offsets[:-1])
        totals = _totals(instances, at, offsets)
        schedules: list[Sequenced | None] = []
        faults: list[str] = []
        for ok, fits, part, total in zip(decided, feasible, ragged.split(offsets, jobs), totals, strict=True):
            schedules.append(Sequenced(part, int(total)) if ok and fits else None)
            faults.append("" if ok and fits else _NO_PERMUTATION if ok else _NOT_FINITE)
        return Replay(tuple(schedules), complaint(instances, faults, counted=True))

    def value(self, instance: TardinessInstance, schedule: Sequenced) -> float:
        """The total tardiness.

        Raises MachineryError where it lies below the proven optimum, and InstanceError where the optimum below which it
        lies is a claim of an instance file.
        """
        _check_bound(instance, schedule.total)
        return float(schedule.total)

    def cut(self, instances: Instances, decisions: Decisions) -> Sequence[Decisions]:
        """Of each instance, whether it was decided and its sequence."""
        return ragged.cut(_offsets(instances), decisions)

    def audited(self, instances: Instances) -> NDArray[np.int64]:
        """Up to 60 instances of up to 100 jobs, in turn one of each cell (n, tardiness factor, due-date range).

        Of the split `select` it is the first of each cell. Where all instances are larger, it is the smallest one.
        """
        cells = [
            members.tolist() for members in _cells(instances).values() if instances[members[0]].size <= LARGEST_AUDITED
        ]
        rounds = itertools.zip_longest(*cells)
        chosen = [i for members in rounds for i in members if i is not None][:AUDITED]
        chosen = chosen or [min(range(len(instances)), key=lambda i: instances[i].size)]
        return np.array(sorted(chosen, key=lambda i: (instances[i].size, i)), dtype=np.int64)

    def score(self, instances: Instances, values: Sequence[float]) -> Score:
        """The objective and the metrics of `METRICS`; gaps are None without references."""
        totals, reference = np.asarray(values, dtype=np.float64), _references(instances)
        metrics: dict[str, float | None] = {"agg_gap": None, "avg_gap": None, "total": float(totals.sum())}
        metrics["late_on_zero"] = None
        if not np.isnan(reference).any():
            late = reference > 0
            metrics["late_on_zero"] = float(np.count_nonzero(totals[~late] > 0))
            if late.any():
                metrics["agg_gap"] = float(totals.sum() / reference.sum() - 1.0)
                metrics["avg_gap"] = float(np.mean(totals[late] / reference[late] - 1.0))
        return Score(aggregate(totals, reference, _sizes(instances)[1]), metrics)

    def objective_on(self, instances: Instances) -> Objective:
        """Which of the two objectives applies to these instances."""
        reference, group = _references(instances), _sizes(instances)[1]
        return GAP if np.all(np.bincount(group, reference) > 0) else MEAN

    def resample(
        self, instances: Instances, values: NDArray[np.float64], draws: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Bootstrap within cells (n, tardiness factor, due-date range): programs × draws, the same draws for all.

        A draw in which the optima of a size sum to 0 counts as the point estimate.
        """
        counts = resampling.drawn(_cells(instances).values(), len(instances), draws, rng)
        reference, (sizes, group) = _references(instances), _sizes(instances)
        if self.objective_on(instances) is MEAN:
            means: NDArray[np.float64] = values @ counts.T / len(instances)
            return means
        result = np.zeros((len(values), draws))
        for index in range(len(sizes)):
            within = np.flatnonzero(group == index)
            reached, optimum = values[:, within] @ counts[:, within].T, counts[:, within] @ reference[within]
            point = values[:, within].sum(axis=1) / reference[within].sum()
            ratio = np.divide(reached, optimum, out=np.repeat(point[:, None], draws, axis=1), where=optimum > 0)
            result += (ratio - 1.0) / len(sizes)
        return result

    def groups(self, instances: Instances) -> Mapping[str, NDArray[np.int64]]:
        """Instances by number of jobs, named `n=20`, `n=50` and so on."""
        sizes, group = _sizes(instances)
        return {f"n={n}": np.flatnonzero(group == index).astype(np.int64) for index, n in enumerate(sizes)}

    def figures(self, instance: TardinessInstance, schedules: Mapping[str, Sequenced]) -> Sequence[Figure | Gantt]:
        """A Gantt chart, and how tardiness adds up."""
        return figures_of(instance, {name: one.jobs for name, one in schedules.items()})

    def explain(self, instance: TardinessInstance, schedule: Sequenced) -> str:
        """A Markdown table of late jobs against the optimal sequence, those that lose most first."""
        mine = _by_job(instance, schedule.jobs)
        if instance.size > LARGEST_EXPLAINED:
            return _table(instance, mine, None)
        from heuresis.evaluators.tardiness.exact import solve  # compiles: only when something is explained

        return _table(instance, mine, _by_job(instance, solve(instance.p, instance.d)[1]))

    def decisions_in(self, instances: Instances) -> int:
        """Jobs scheduled."""
        return sum(i.size for i in instances)


def _totals(instances: Instances, at: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Total tardiness per instance; `at` numbers the jobs of all instances in the order of their sequences."""
    p, d = np.concatenate([i.p for i in instances])[at], np.concatenate([i.d for i in instances])[at]
    ends = np.cumsum(p)  # of all instances one after the other; at most 5000 · 2**40 each, checked by the caller's data
    before = np.repeat(ends[offsets[:-1]] - p[offsets[:-1]], np.diff(offsets))
    totals: NDArray[np.int64] = np.add.reduceat(np.maximum(ends - before - d, 0), offsets[:-1])
    return totals


def _check_bound(instance: TardinessInstance, value: int) -> None:
    if instance.optimum is None or value >= instance.optimum:
        return
    if instance.claimed:
        raise InstanceError(
            f"{instance.name}: its file claims the optimum {instance.optimum}, but a sequence reaches {value}; "
            f"correct or remove the field 'optimum'"
        )
    raise MachineryError(f"{instance.name}: total tardiness {value} lies below the proven optimum {instance.optimum}")


def _cells(instances: Instances) -> Mapping[object, Ints]:
    return resampling.cells(
        (i.size, i.labels.get("tardiness_factor"), i.labels.get("due_date_range")) for i in instances
    )


def _by_job(instance: TardinessInstance, sequence: NDArray[np.int64]) -> NDArray[np.int64]:
    """Completion times by job number."""
    ends = np.empty(instance.size, dtype=np.int64)
    ends[sequence] = np.cumsum(instance.p[sequence])
    return ends


def _table(instance: TardinessInstance, ends: NDArray[np.int64], best: NDArray[np.int64] | None) -> str:
    late = np.maximum(ends - instance.d, 0)
    best_late = None if best is None else np.maximum(best - instance.d, 0)
    loss = late if best_late is None else late - best_late
    shown = [int(j) for j in np.argsort(-loss, kind="stable") if late[j] > 0][:EXPLAINED_ROWS]
    optimal = " end if optimal | tardiness if optimal |" if best is not None else ""
    lines = ["| job | p | d | end | tardiness |" + optimal, "|--:" * (5 if best is None else 7) + "|"]
    for j in shown:
        row = f"| {j} | {instance.p[j]} | {instance.d[j]} | {ends[j]} | {late[j]} |"
        lines.append(row if best is None or best_late is None else row + f" {best[j]} | {best_late[j]} |")
    count = int(np.count_nonzero(late))
    total = f"{count} of {instance.size} jobs late, total tardiness {int(late.sum())}"
    if best_late is not None:
        total += f"; the optimum has {int(np.count_nonzero(best_late))} late and {int(best_late.sum())}"
    more = f" The table shows the {len(shown)} that lose most." if count > len(shown) else ""
    return "\n".join([f"n = {instance.size}: {total}.{more}", "", *lines])
