"""What a problem is: statement, contract, simulator, splits, baselines, references, and how it can be asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from heuresis.evaluators.language.contract import Contract
from heuresis.problems.scoring import Objective, Scoring

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
class Choice:
    """How a problem is asked for; None is its default."""

    family: str | None = None  # of instances to search on
    objective: str | None = None  # by name, one of `Problem.objectives`
    engine: str | None = None  # on which instances run, where a problem has engines: a name, or the path of a file
    rate: float | None = None  # by which the arrivals in instance files are multiplied
    limit: int | None = None  # requests that are taken of each instance in files


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
