"""Programs side by side on one instance set: aggregates, bootstrap intervals, paired differences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.archive.records import Evaluation
from heuresis.evolve.results.side import Side, beside
from heuresis.problems.abilities import Described
from heuresis.problems.constraints import VIOLATION, broken
from heuresis.problems.metrics import Metric
from heuresis.problems.problem import InstanceSet, Problem
from heuresis.problems.scoring import Objective

DRAWS = 2000
"""Bootstrap resamples of an interval."""

BEGINNING = 4
"""Rows that the short form of a comparison shows."""

LEVEL = 0.95
"""Coverage of every interval that is shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line-up: a program or reference algorithm and its value on each instance (None: it has none there).

    `status` is that of the evaluation, or `partial` for a reference algorithm that is not run on the largest instances.
    """

    name: str
    values: tuple[float | None, ...]
    status: str = "ok"
    message: str = ""
    id: str | None = None  # of the candidate; None for reference algorithms
    evolvable: bool = True
    exact: bool = False  # its values are optima
    metrics: Mapping[str, float | None] = field(default_factory=dict)  # beside those that follow from the values
    over_time: NDArray[np.float64] | None = None  # `DRAWS` resamples of the value of the only instance

    @classmethod
    def of(cls, name: str, evaluation: Evaluation, over_time: NDArray[np.float64] | None) -> "Entry":
        """A program by the name that a table shows, as it was evaluated."""
        return cls(
            name=name,
            values=evaluation.values,
            status=evaluation.status,
            message=evaluation.message,
            id=evaluation.candidate,
            metrics=evaluation.metrics,
            over_time=over_time,
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its bootstrap interval of coverage `LEVEL`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one entry. `aggregate` is None where a value is missing; `groups` holds the complete groups.

    `difference` is aggregate minus the aggregate of the entry compared against, over the same resampled instances:
    negative is better than that entry, and an interval that excludes zero is more than chance.
    """

    name: str
    id: str | None
    evolvable: bool
    status: str
    message: str
    aggregate: Interval | None
    groups: Mapping[str, Interval]
    difference: Interval | None
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    broken: tuple[str, ...] = ()  # the constraints that it violates, and how
    exact: bool = False  # its values are optima


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Rows in order of the aggregate, best first; those that break constraints after, incomplete ones, failures last.

    Aggregates are without penalty, whatever is broken.
    """

    problem: str
    version: int
    split: str
    fingerprint: str
    instances: int
    objective: Objective
    groups: Mapping[str, int]  # name → number of instances
    against: str | None  # name of the entry that differences are taken from
    draws: int
    rows: tuple[Row, ...]
    family: str | None = None  # of the instances, where the problem has several
    files: tuple[str, ...] = ()  # names of those that the split was cut from
    constraints: tuple[str, ...] = ()
    setting: str = ""  # what was chosen of the instances: engine, rate, limit
    facts: tuple[str, ...] = ()  # what the instances are, in absolute numbers
    remarks: tuple[str, ...] = ()  # where the table tells less than it seems to
    shown: tuple[Metric, ...] = ()  # the metrics that people want to see beside the objective
    side: tuple[Side, ...] = ()  # metrics beside the objective, of `against` and of the baseline it is set beside

    def __repr__(self) -> str:
        told = ", ".join(f"{one.name} {one.aggregate.value:.4g}" for one in self.rows[:BEGINNING] if one.aggregate)
        more = ", …" if len(self.rows) > BEGINNING else ""
        return f"Comparison({self.problem} on {self.split}, {self.instances} instances, best first: {told}{more})"

    def row(self, name: str) -> Row:
        """The row of that name. Raises KeyError where there is none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the coverage of the intervals."""
        return {**asdict(self), "level": LEVEL}


def compare(
    problem: Problem,
    instance_set: InstanceSet,
    entries: Sequence[Entry],
    *,
    against: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Aggregate every entry, overall and by group, with intervals paired over entries.

    Every resampling starts from the same seed, so all entries see the same resampled instances (Efron, 1979,
    doi:10.1214/aos/1176344552). Where there is one instance, its blocks of time are resampled (`Entry.over_time`), for
    which `draws` must be `DRAWS`; entries without have intervals of no width. Raises ValueError where names repeat, a
    row of values has the wrong length or `against` names no entry.
    """
    instances = instance_set.instances
    _check(entries, len(instances), against)
    groups = problem.scoring.groups(instances)
    overall = _intervals(problem, instances, entries, np.arange(len(instances)), draws, seed)
    by_group = {
        name: _intervals(problem, instances, entries, index, draws, seed)
        for name, index in groups.items()
        if len(index) > 0
    }
    base = overall.get(against) if against is not None else None
    bounds = _bounds(problem, entries)
    rows = []
    for entry in entries:
        mine = overall.get(entry.name)
        metrics = {**_metrics(problem, instances, entry), **bounds} if mine else {}
        rows.append(
            Row(
                name=entry.name,
                id=entry.id,
                evolvable=entry.evolvable,
                status=entry.status,
                message=entry.message,
                aggregate=_interval(*mine) if mine else None,
                groups={name: _interval(*found[entry.name]) for name, found in by_group.items() if entry.name in found},
                difference=_interval(mine[0] - base[0], mine[1] - base[1]) if mine and base else None,
                metrics=metrics,
                broken=broken(problem.constraints, metrics) if bounds else (),
                exact=entry.exact,
            )
        )
    rows.sort(key=_rank)
    measured = {row.name: row.metrics for row in rows}
    return Comparison(
        problem=problem.name,
        version=problem.version,
        split=instance_set.name,
        fingerprint=instance_set.fingerprint,
        instances=len(instances),
        objective=problem.objective_on(instances),
        groups={name: len(index) for name, index in groups.items()},
        against=against,
        draws=draws,
        rows=tuple(rows),
        family=problem.family_on(instance_set),
        files=problem.files_of(instance_set),
        constraints=tuple(map(str, problem.constraints)),
        setting=problem.choice.words(),
        facts=tuple(problem.scoring.facts(instances)) if isinstance(problem.scoring, Described) else (),
        remarks=_remarks(problem, rows),
        shown=tuple(one for one in problem.metrics if one.shown),
        side=beside(problem, measured.get(against or "", {}), measured),
    )


def _metrics(problem: Problem, instances: Sequence[Any], entry: Entry) -> Mapping[str, float | None]:
    """What follows from the values, and what was measured on the decisions."""
    found = problem.scoring.score(instances, [v for v in entry.values if v is not None]).metrics
    return {**entry.metrics, **found}


def _remarks(problem: Problem, rows: Sequence[Row]) -> tuple[str, ...]:
    if not isinstance(problem.scoring, Described):
        return ()
    return tuple(problem.scoring.remarks([row.metrics for row in rows if row.metrics]))


def _bounds(problem: Problem, entries: Sequence[Entry]) -> Mapping[str, float | None]:
    """Where the bounds of the constraints lie on these instances, as any entry evaluated under them has it."""
    names = [str(one) for one in problem.constraints]
    for entry in entries:
        if VIOLATION in entry.metrics:
            return {name: entry.metrics[name] for name in names}
    return {}


def _check(entries: Sequence[Entry], count: int, against: str | None) -> None:
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise ValueError(f"entries of a comparison need different names, got {names}")
    if against is not None and against not in names:
        raise ValueError(f"nothing named {against!r} to compare against; there are {names}")
    for entry in entries:
        if entry.values and len(entry.values) != count:
            raise ValueError(f"{entry.name} has {len(entry.values)} values for {count} instances")


def _intervals(
    problem: Problem,
    instances: Sequence[Any],
    entries: Sequence[Entry],
    index: np.ndarray[Any, np.dtype[np.int64]],
    draws: int,
    seed: int,
) -> dict[str, tuple[float, np.ndarray[Any, np.dtype[np.float64]]]]:
    """Aggregate and resampled aggregates of every entry that has a value on each of the instances at `index`."""
    chosen = [instances[i] for i in index]
    complete = {}
    for entry in entries:
        values = [entry.values[i] for i in index] if entry.values else [None]
        if entry.status in {"ok", "partial"} and chosen and None not in values:
            complete[entry.name] = [float(v) for v in values if v is not None]
    if not complete:
        return {}
    matrix = np.array(list(complete.values()), dtype=np.float64)
    resampled = problem.scoring.resample(chosen, matrix, draws, np.random.default_rng(seed))
    blocks = {entry.name: entry.over_time for entry in entries if entry.over_time is not None}
    return {
        name: (problem.scoring.score(chosen, values).aggregate, blocks.get(name, resampled[i]))
        for i, (name, values) in enumerate(complete.items())
    }


def _interval(value: float, resampled: np.ndarray[Any, np.dtype[np.float64]]) -> Interval:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(float(value), float(low), float(high))


def _rank(row: Row) -> tuple[int, float]:
    if row.aggregate is not None:
        return (1 if row.broken else 0, row.aggregate.value)
    return (2 if row.status in {"ok", "partial"} else 3, 0.0)
