"""What a problem is: statement, contract, simulator, splits, baselines, references and how decisions are scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

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
    solve: Callable[[Any], float]  # the value of one instance
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


class Scoring(Protocol):
    """The trusted side of a problem: from instances and untrusted decisions to values, scores and explanations."""

    def pack(self, instances: Sequence[Any]) -> Mapping[str, NDArray[np.generic]]:
        """The arrays from which a simulator is built in a zygote."""

    def values(
        self, instances: Sequence[Any], decisions: Sequence[NDArray[np.generic]]
    ) -> tuple[tuple[float | None, ...], str]:
        """Replay decisions (in the order of `instances`); None where infeasible, with a message on the first such.

        Raises MachineryError where a value lies below a proven bound.
        """

    def cut(
        self, instances: Sequence[Any], decisions: Sequence[NDArray[np.generic]]
    ) -> Sequence[Sequence[NDArray[np.generic]]]:
        """The decisions on each instance by themselves, to compare two runs that met the instances in other orders.

        Asked only of decisions in which `values` found a value for every instance.
        """

    def audited(self, instances: Sequence[Any]) -> NDArray[np.int64]:
        """The numbers of the instances on which a champion is audited by the reference interpreter, smallest first.

        A fixed choice, not empty: every kind of instance, and few enough for plain Python.
        """

    def score(self, instances: Sequence[Any], values: Sequence[float]) -> Score:
        """Aggregate one value per instance."""

    def resample(
        self, instances: Sequence[Any], values: NDArray[np.float64], draws: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Bootstrap the aggregate: `values` is programs × instances; returns programs × draws, paired over programs.

        Instances are drawn with replacement within their cell.
        """

    def groups(self, instances: Sequence[Any]) -> Mapping[str, NDArray[np.int64]]:
        """Named groups of instance indices that tables show side by side (smtt: `n=20`, `n=50`, …)."""

    def explain(self, instance: Any, decisions: Sequence[NDArray[np.generic]]) -> str:
        """A small Markdown table of where these decisions lose, against the optimum where there is one."""

    def decisions_in(self, instances: Sequence[Any]) -> int:
        """How many decisions one evaluation makes (smtt: jobs scheduled)."""


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
    objective_of: Callable[[Sequence[Any]], Objective] | None = None  # where it depends on the instances at hand
    families: Mapping[str, Mapping[str, Callable[[], InstanceSet]]] = field(default_factory=dict)
    """Kinds of instances that a run may search on, by name, the default first: each its own `search` and `select`."""
    family: str = ""
    """The one of `families` whose `search` and `select` are in `splits`; empty where there are none."""
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    """Where there are several to choose from: all of them by name, the default first."""
    chosen: str = ""
    """The name of the objective, where it is another than the default; goes into each evaluation."""
    configure: Callable[[Choice], "Problem"] | None = None
    """The problem with one of `objectives` and what else it `takes`; the family is not for it."""
    takes: frozenset[str] = frozenset()
    """Which of the fields `engine`, `rate` and `limit` of a choice the problem knows."""
    measure: Callable[[Sequence[Any], Sequence[NDArray[np.generic]]], Mapping[str, float | None]] | None = None
    """Metrics that follow from decisions and not from values; asked only where `values` found one everywhere."""
    figures: Callable[[Any, Mapping[str, Sequence[NDArray[np.generic]]]], Sequence[Figure]] | None = None
    """What to draw of one instance and feasible decisions on it, by the name of who made them."""

    def __post_init__(self) -> None:
        if set(self.splits) != set(SPLITS):
            raise ValueError(f"problem {self.name}: splits must be {SPLITS}, got {tuple(self.splits)}")
        for name, splits in self.families.items():
            if set(splits) != {"search", "select"}:
                raise ValueError(f"problem {self.name}, family {name}: splits must be search and select, never test")
        if self.families and not self.family:
            object.__setattr__(self, "family", next(iter(self.families)))

    def asked(self, choice: Choice) -> "Problem":
        """The problem as it is asked for. Raises UnknownChoice where it has no such family, objective or engine."""
        objective = choice.objective
        if objective is not None and objective not in self.objectives:
            known = f"expected one of {', '.join(self.objectives)}" if self.objectives else "this problem has only one"
            raise UnknownChoice(f"{self.name}: no objective {objective!r}: {known}")
        given = {name for name in ("engine", "rate", "limit") if getattr(choice, name) is not None}
        if given - self.takes:
            raise UnknownChoice(f"{self.name}: this problem takes no {' and no '.join(sorted(given - self.takes))}")
        problem = self.configure(choice) if self.configure is not None and (objective or given) else self
        return problem.of_family(choice.family)

    def of_family(self, name: str | None) -> "Problem":
        """The problem with the splits `search` and `select` of one family; `test` is the same for all.

        None is the default. Raises UnknownFamily where there is no such family.
        """
        if name is None:
            return self
        if name not in self.families:
            known = f"expected one of {', '.join(self.families)}" if self.families else "this problem has none"
            raise UnknownFamily(f"{self.name}: no family {name!r}: {known}")
        return replace(self, splits={**self.splits, **self.families[name]}, family=name)

    def family_of(self, fingerprint: str) -> str | None:
        """The family whose `search` or `select` has that fingerprint; None for all other instances, also of `test`."""
        for name, splits in self.families.items():
            if any(make().fingerprint == fingerprint for make in splits.values()):
                return name
        return None

    def family_on(self, instances: InstanceSet) -> str | None:
        """The name of this family where these are its instances of a split; else None."""
        make = self.families.get(self.family, {}).get(instances.name)
        return self.family if make is not None and make().fingerprint == instances.fingerprint else None

    def comparable(self) -> Mapping[str, str]:
        """By split the fingerprint of the instances of this family, whose scores alone may stand side by side.

        Empty where there are no families.
        """
        own = self.families.get(self.family, {})
        return {split: make().fingerprint for split, make in own.items()}

    def objective_on(self, instances: Sequence[Any]) -> Objective:
        """The objective that `scoring` aggregates on these instances."""
        return self.objective if self.objective_of is None else self.objective_of(instances)

    def baseline(self, name: str) -> Baseline | None:
        """The baseline of that name, if there is one."""
        return next((b for b in self.baselines if b.name == name), None)
