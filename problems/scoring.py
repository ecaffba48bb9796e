"""How a problem is scored: from decisions to schedules, values and all that is told of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from heuresis.problems.constraints import Constraint
from heuresis.problems.figures import Figure, Gantt


class Instance(Protocol):
    """What every instance has, whatever the problem; the rest is the problem's own dataclass."""

    @property
    def name(self) -> str:
        """For people; unique within its set where its author took care."""

    @property
    def labels(self) -> Mapping[str, str | int | float]:
        """Scalars to group tables by, such as the cell of the generator."""

    @property
    def reference(self) -> float | None:
        """The proven optimum or a lower bound of the value, where there is one."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What a run minimises."""

    name: str
    definition: str
    fraction: bool = False  # of the reference; people see it in percent
    label: str = ""  # what tables call it, where its name alone would suggest that larger is better

    @property
    def shown(self) -> str:
        """What tables call it."""
        return self.label or self.name

    def told(self, value: float) -> str:
        """A value in a sentence: a fraction in percent, as in tables."""
        return f"{100 * value:.2f} %" if self.fraction else f"{value:.6g}"


@dataclass(frozen=True, slots=True)
class Score:
    """An aggregate over instances and the metrics beside it; gaps are fractions, None without references."""

    aggregate: float
    metrics: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Replay:
    """Decisions, executed once more on the trusted side; all that is said of them later is said of the schedules.

    A schedule is of the problem's own type: what became of one instance.
    """

    schedules: tuple[Any | None, ...]  # in the order of the instances; None where the decisions are not feasible
    fault: str = ""  # what is wrong on the first such instance, or with the shapes of all; empty where nothing is


class Scoring(Protocol):
    """The trusted side of a problem: from untrusted decisions to schedules, and from these to all that is told.

    `replay` alone reads decisions; it does so once for each evaluation. A scoring may inherit from this class, and then
    has `metrics`, `worst` and `objective_on` as they are here.
    """

    def pack(self, instances: Sequence[Any]) -> Mapping[str, NDArray[np.generic]]:
        """The arrays from which a simulator is built in a zygote."""

    def replay(self, instances: Sequence[Any], decisions: Sequence[NDArray[np.generic]]) -> Replay:
        """Execute decisions (in the order of `instances`), from the instances alone and without the program.

        Whatever came back from the sandbox is a fault where it is not feasible or not of the declared types and shapes.
        """

    def value(self, instance: Any, schedule: Any) -> float:
        """The value of one instance's schedule. Raises MachineryError where it lies below a proven bound."""

    def metrics(self, instances: Sequence[Any], schedules: Sequence[Any]) -> Mapping[str, float | None]:
        """Metrics that follow from schedules and not from values; asked only where every instance has a schedule."""
        del instances, schedules
        return {}

    def cut(
        self, instances: Sequence[Any], decisions: Sequence[NDArray[np.generic]]
    ) -> Sequence[Sequence[NDArray[np.generic]]]:
        """The decisions on each instance by themselves, to compare two runs that met the instances in other orders.

        Asked only of decisions in which `replay` found a schedule for every instance. Where each array of decisions is
        its parts one after the other, two runs that decide the same are told without a second replay.
        """

    def audited(self, instances: Sequence[Any]) -> NDArray[np.int64]:
        """The numbers of the instances on which a champion is audited by the reference interpreter, smallest first.

        A fixed choice, not empty: every kind of instance, and few enough for plain Python.
        """

    def score(self, instances: Sequence[Any], values: Sequence[float]) -> Score:
        """Aggregate one value per instance."""

    def objective_on(self, instances: Sequence[Any]) -> Objective | None:
        """What `score` aggregates on these instances, where that is not the problem's objective."""
        del instances
        return None

    def resample(
        self, instances: Sequence[Any], values: NDArray[np.float64], draws: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Bootstrap the aggregate: `values` is programs × instances; returns programs × draws, paired over programs.

        Instances are drawn with replacement within their cell.
        """

    def groups(self, instances: Sequence[Any]) -> Mapping[str, NDArray[np.int64]]:
        """Named groups of instance indices that tables show side by side (smtt: `n=20`, `n=50`, …)."""

    def worst(self, instances: Sequence[Any], values: Sequence[float | None]) -> int:
        """The number of the instance that loses most against its reference; one without a value loses most of all."""
        losses = [
            math.inf if value is None else value - (instance.reference or 0.0)
            for instance, value in zip(instances, values, strict=True)
        ]
        return losses.index(max(losses))

    def explain(self, instance: Any, schedule: Any) -> str:
        """A small Markdown table of where this schedule loses, against the optimum where there is one."""

    def decisions_in(self, instances: Sequence[Any]) -> int:
        """How many decisions one evaluation makes (smtt: jobs scheduled)."""


@runtime_checkable
class Drawn(Protocol):
    """A scoring whose schedules can be drawn."""

    def figures(self, instance: Any, schedules: Mapping[str, Any]) -> Sequence[Figure | Gantt]:
        """What to draw of schedules of one instance, by the name of who made them."""


@runtime_checkable
class Bounded(Protocol):
    """A scoring whose simulators can mind constraints where programs are tuned and bred."""

    def bounded(self, constraints: tuple[Constraint, ...]) -> Scoring:
        """The scoring with simulators that worsen the losses of programs which break these, as far as they can tell."""


def valued(scoring: Scoring, instances: Sequence[Any], schedules: Sequence[Any | None]) -> tuple[float | None, ...]:
    """The value of each instance, None where it has no schedule. Raises MachineryError as `Scoring.value` does."""
    return tuple(
        None if schedule is None else scoring.value(instance, schedule)
        for instance, schedule in zip(instances, schedules, strict=True)
    )


def complaint(instances: Sequence[Instance], faults: Sequence[str], *, counted: bool = False) -> str:
    """A message on the first instance that has a fault, and if asked for on how many there are; "" where none has."""
    bad = [index for index, fault in enumerate(faults) if fault]
    if not bad:
        return ""
    more = f"; {len(bad)} of {len(instances)} instances have no value" if counted else ""
    return f"{faults[bad[0]]} (first on instance {instances[bad[0]].name}{more})"
