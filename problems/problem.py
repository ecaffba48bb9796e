"""What a problem is: statement, contract, simulator, splits, baselines, references and how decisions are scored."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.contract import Contract
from heuresis.problems.figures import Figure

SPLITS = ("search", "select", "test")
"""What splits are for: fitness, choosing champions, and reporting (never used by a run)."""


class MachineryError(RuntimeError):
    """Something that no program can cause, such as a value below a proven optimum: the run must stop."""


class InstanceError(ValueError):
    """An instance file or instance that is malformed; the message names the line or field."""


class ProblemError(ValueError):
    """A problem that cannot be used as its author wrote it; says what was expected, what came and what to do."""


class UnknownChoice(ValueError):
    """A family, objective or engine that a problem does not have; the message lists those it has."""


class UnknownFamily(UnknownChoice):
    """A family of instances that a problem does not have; the message lists those it has."""


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
class InstanceSet:
    """Instances in a fixed order. `fingerprint` is the SHA-256 of their content (hex), independent of names."""

    name: str  # a split's name, or the file it was read from
    instances: tuple[Any, ...]  # of the problem's own type, all satisfying `Instance`
    fingerprint: str
    notes: tuple[str, ...] = ()  # what a reader left out or assumed, in words for people


@dataclass(frozen=True, slots=True)
class Baseline:
    """A classical rule as a program under the contract."""

    name: str
    title: str
    source: str
    citation: str


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A trusted algorithm that does not fit the contract: measured and shown in every table, not evolvable."""

    name: str
    title: str
    solve: Callable[[Any], float | None]  # the value of one instance; None: it is not for this one
    citation: str
    exact: bool = False
    max_size: int | None = None  # largest instance it is run on; None: any
    measure: Callable[[Sequence[Any]], Mapping[str, float | None]] | None = None  # metrics that values do not tell


@dataclass(frozen=True, slots=True)
class Objective:
    """What a run minimises."""

    name: str
    definition: str
    fraction: bool = False  # of the reference; people see it in percent


@dataclass(frozen=True, slots=True)
class Choice:
    """How a problem is asked for; None is its default."""

    family: str | None = None  # of instances to search on
    objective: str | None = None  # by name, one of `Problem.objectives`
    engine: str | None = None  # on which instances run, where a problem has engines: a name, or the path of a file
    rate: float | None = None  # by which the arrivals in instance files are multiplied
    limit: int | None = None  # requests that are taken of each instance in files


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

    def figures(self, instance: Any, schedules: Mapping[str, Any]) -> Sequence[Figure]:
        """What to draw of schedules of one instance, by the name of who made them."""


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


@dataclass(frozen=True, slots=True)
class Options:
    """What a `Choice` may ask of a problem."""

    families: Mapping[str, Mapping[str, Callable[[], InstanceSet]]] = field(default_factory=dict)
    """Kinds of instances that a run may search on, by name, the default first: each its own `search` and `select`."""
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    """Where there are several: all of them by name, the default first."""
    takes: frozenset[str] = frozenset()
    """Which of the fields `engine`, `rate` and `limit` of a choice the problem knows."""
    configure: Callable[[Choice], "Problem"] | None = None
    """The problem with one of `objectives` and what else it `takes`; the family is not for it."""

    def __post_init__(self) -> None:
        for name, splits in self.families.items():
            if set(splits) != {"search", "select"}:
                raise ValueError(f"family {name}: splits must be search and select, never test")


@dataclass(frozen=True, slots=True)
class Problem:
    """All that Heuresis knows of one problem. The aggregate is always minimised."""

    name: str
    version: int
    title: str
    statement: str  # Markdown, for people and prompts
    contract: Contract
    simulator: str  # `package.module:Class` (or `/path/file.py:Class`) of a `Simulator`
    scoring: Scoring
    objective: Objective
    splits: Mapping[str, Callable[[], InstanceSet]]  # the keys of SPLITS
    baselines: tuple[Baseline, ...]
    algorithms: tuple[Algorithm, ...] = ()
    read: Callable[[Sequence[Path]], InstanceSet] | None = None  # instance files of the user
    sources: tuple[str, ...] = field(default=())  # literature
    standalone: str = ""  # Python source of a plain driver around the exported rule
    options: Options = Options()
    choice: Choice = Choice()
    """How it was asked for. `family` is the one whose `search` and `select` are in `splits`, None where there are none;
    `objective` is None where it is the default."""

    def __post_init__(self) -> None:
        if set(self.splits) != set(SPLITS):
            raise ValueError(f"problem {self.name}: splits must be {SPLITS}, got {tuple(self.splits)}")
        if self.options.families and self.choice.family is None:
            first = next(iter(self.options.families))
            object.__setattr__(self, "choice", replace(self.choice, family=first))

    def asked(self, choice: Choice) -> "Problem":
        """The problem as it is asked for. Raises UnknownChoice where it has no such family, objective or engine."""
        options, objective = self.options, choice.objective
        if objective is not None and objective not in options.objectives:
            names = ", ".join(options.objectives)
            known = f"expected one of {names}" if names else "this problem has only one"
            raise UnknownChoice(f"{self.name}: no objective {objective!r}: {known}")
        given = {name for name in ("engine", "rate", "limit") if getattr(choice, name) is not None}
        if given - options.takes:
            raise UnknownChoice(f"{self.name}: this problem takes no {' and no '.join(sorted(given - options.takes))}")
        problem = self
        if options.configure is not None and (objective or given):
            problem = options.configure(choice)
        return problem.of_family(choice.family)

    def of_family(self, name: str | None) -> "Problem":
        """The problem with the splits `search` and `select` of one family; `test` is the same for all.

        None is the default. Raises UnknownFamily where there is no such family.
        """
        if name is None:
            return self
        families = self.options.families
        if name not in families:
            known = f"expected one of {', '.join(families)}" if families else "this problem has none"
            raise UnknownFamily(f"{self.name}: no family {name!r}: {known}")
        return replace(self, splits={**self.splits, **families[name]}, choice=replace(self.choice, family=name))

    def family_of(self, fingerprint: str) -> str | None:
        """The family whose `search` or `select` has that fingerprint; None for all other instances, also of `test`."""
        for name, splits in self.options.families.items():
            if any(make().fingerprint == fingerprint for make in splits.values()):
                return name
        return None

    def family_on(self, instances: InstanceSet) -> str | None:
        """The name of this family where these are its instances of a split; else None."""
        make = self._of_own_family().get(instances.name)
        return self.choice.family if make is not None and make().fingerprint == instances.fingerprint else None

    def comparable(self) -> Mapping[str, str]:
        """By split the fingerprint of the instances of this family, whose scores alone may stand side by side.

        Empty where there are no families.
        """
        return {split: make().fingerprint for split, make in self._of_own_family().items()}

    def _of_own_family(self) -> Mapping[str, Callable[[], InstanceSet]]:
        return {} if self.choice.family is None else self.options.families[self.choice.family]

    def objective_on(self, instances: Sequence[Any]) -> Objective:
        """The objective that `scoring` aggregates on these instances."""
        return self.scoring.objective_on(instances) or self.objective

    @property
    def chosen(self) -> str:
        """The name of the objective, where it is another than the default; goes into each evaluation."""
        return self.choice.objective or ""

    def baseline(self, name: str) -> Baseline | None:
        """The baseline of that name, if there is one."""
        return next((b for b in self.baselines if b.name == name), None)
