"""What a problem is: statement, contract, simulator, splits, baselines, references, and how it can be asked for."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from heuresis.evaluators.language.contract import Contract
from heuresis.problems.constraints import Constraint, ConstraintError, check_names, chosen, combined, parsed
from heuresis.problems.metrics import Metric
from heuresis.problems.scoring import Bounded, Objective, Scoring
from heuresis.sandbox.names import listed

SPLITS = ("search", "select", "test")
"""What splits are for: fitness, choosing champions, and reporting (never used by a run)."""

LONGEST_CHOSEN = 1000
"""Characters of an objective with its constraints, as archives keep it."""


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


@dataclass(frozen=True, slots=True, repr=False)
class InstanceSet:
    """Instances in a fixed order. `fingerprint` is the SHA-256 of their content (hex), independent of names."""

    name: str  # a split's name, or the file it was read from
    instances: tuple[Any, ...]  # of the problem's own type, all satisfying `Instance`
    fingerprint: str
    notes: tuple[str, ...] = ()  # what a reader left out or assumed, in words for people

    def __repr__(self) -> str:
        return f"InstanceSet({self.name}, {len(self.instances)} instances, {self.fingerprint[:12]})"


Parts: TypeAlias = Mapping[str, InstanceSet]
"""A set cut into three that share nothing: the keys of SPLITS, each part named after its key."""


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
class Choice:
    """How a problem is asked for; None is its default."""

    family: str | None = None  # of instances to search on
    objective: str | None = None  # by name, one of `Problem.objectives`
    engine: str | None = None  # on which instances run, where a problem has engines: a name, or the path of a file
    rate: float | None = None  # by which the arrivals in instance files are multiplied
    limit: int | None = None  # requests that are taken of each instance in files
    load: float | None = None  # in place of `rate`: the share of their capacity at which engines get the requests
    replicas: int | None = None  # of the engine, where a router stands before several
    instances: tuple[str, ...] = ()  # files that are cut into parts, in place of the splits
    noise: float | None = None  # of estimates where files have none: sigma of the logarithm
    slo: str | None = None  # the class of requests in files that name none
    time_unit: str | None = None  # of times in files that are numbers: s, ms, us or ns
    solve: bool | None = None  # whether optima that files do not have are proven where that is quick
    subject_to: tuple[str, ...] = ()  # constraints on metrics (`constraints.parsed`)
    guards: bool | None = None  # whether the constraints hold too that the problem adds to the objective

    def words(self) -> str:
        """On which instances, for people; empty where nothing is chosen."""
        parts = ["instances of " + " and ".join(Path(file).name for file in self.instances)] if self.instances else []
        parts += [f"{self.family} instances"] if self.family else []
        for name in ("rate", "load", "limit", "replicas", "engine", "noise", "slo", "time_unit"):
            value = getattr(self, name)
            shown = Path(value or "").name if name == "engine" else f"{value:g}" if isinstance(value, float) else value
            parts += [] if value is None else [f"{name.replace('_', ' ')} {shown}"]
        parts += ["optima proven"] if self.solve else []
        return ", ".join(parts)

    def told(self) -> str:
        """The same, with objective and constraints."""
        parts = [self.words(), f"objective {self.objective}" if self.objective else ""]
        parts += [f"subject to {', '.join(self.subject_to)}"] if self.subject_to else []
        return ", ".join(part for part in parts if part)


PER_PROBLEM = ("engine", "rate", "limit", "load", "replicas", "noise", "slo", "time_unit", "solve")
"""Fields of a choice that only some problems know."""

TIME_UNITS: Mapping[str, int] = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
"""How many of a unit of time are a second."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a `Choice` may ask of a problem."""

    families: Mapping[str, Mapping[str, Callable[[], InstanceSet]]] = field(default_factory=dict)
    """Kinds of instances that a run may search on, by name, the default first: each its own `search` and `select`."""
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    """Where there are several: all of them by name, the default first."""
    takes: frozenset[str] = frozenset()
    """Which of `PER_PROBLEM` the problem knows."""
    guards: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of an objective the constraints that a search for it is subject to where nothing else is said."""
    configure: Callable[[Choice], "Problem"] | None = None
    """The problem with one of `objectives` and what else it `takes`; the family is not for it."""

    def __post_init__(self) -> None:
        for name, splits in self.families.items():
            if set(splits) != {"search", "select"}:
                raise ValueError(f"family {name}: splits must be search and select, never test")


def _same(instances: InstanceSet) -> InstanceSet:
    return instances


@dataclass(frozen=True, slots=True, repr=False)
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
    solved: Callable[[InstanceSet], InstanceSet] | None = None  # the same instances with what optima are quickly proven
    parts: Callable[[InstanceSet], Parts] | None = None  # cuts what was read into splits (`problems.cutting`)
    sources: tuple[str, ...] = field(default=())  # literature
    standalone: str = ""  # Python source of a plain driver around the exported rule
    options: Options = Options()
    metrics: tuple[Metric, ...] = ()  # that evaluations have; empty: told by evaluations only
    constraints: tuple[Constraint, ...] = ()  # that programs have to keep to, in the order of their texts
    notes: tuple[str, ...] = ()
    """How the instance files of a choice were read and cut, in words for people."""
    choice: Choice = Choice()
    """How it was asked for. `family` is the one whose `search` and `select` are in `splits`, None where there are none;
    `objective` is None where it is the default."""

    def __post_init__(self) -> None:
        if set(self.splits) != set(SPLITS):
            raise ValueError(f"problem {self.name}: splits must be {SPLITS}, got {tuple(self.splits)}")
        if self.options.families and self.choice.family is None and not self.choice.instances:
            first = next(iter(self.options.families))
            object.__setattr__(self, "choice", replace(self.choice, family=first))

    def __repr__(self) -> str:
        told = f", {self.choice.told()}" if self.choice.told() else ""
        return f"Problem({self.name}@{self.version}: {self.title}{told})"

    def asked(self, choice: Choice) -> "Problem":
        """The problem as it is asked for.

        Raises UnknownChoice where it has no such family, objective, engine, metric or baseline.
        """
        options, objective = self.options, choice.objective
        if objective is not None and objective not in options.objectives:
            names = listed(options.objectives, objective)
            known = f"expected one of {names}" if names else "this problem has only one"
            raise UnknownChoice(f"{self.name}: no objective {objective!r}: {known}")
        given = {name for name in PER_PROBLEM if getattr(choice, name) is not None}
        if given - options.takes - ({"solve"} if self.solved is not None else set()):
            raise UnknownChoice(f"{self.name}: this problem takes no {' and no '.join(sorted(given - options.takes))}")
        problem = self
        if options.configure is not None and (objective or given):
            problem = options.configure(choice)
        problem = problem.solving() if choice.solve else problem
        problem = problem.constrained(choice)
        return problem.on_files(choice) if choice.instances else problem.of_family(choice.family)

    def solving(self) -> "Problem":
        """The problem whose instance files are read with all optima that can be proven quickly."""
        read, solved = self.read, self.solved
        if read is None or solved is None:
            return self
        return replace(self, read=lambda paths: solved(read(paths)), choice=replace(self.choice, solve=True))

    def on_files(self, choice: Choice) -> "Problem":
        """The problem with the parts of the instance files of a choice in place of its splits.

        Raises UnknownChoice where the problem reads no files or a family is asked for as well, and InstanceError where
        the files cannot be read or cut.
        """
        if self.read is None or self.parts is None:
            raise UnknownChoice(f"{self.name}: this problem reads no instance files that could be cut into splits")
        if choice.family is not None:
            raise UnknownChoice(f"{self.name}: a family chooses no instances of files; leave one of the two away")
        found = self.read([Path(file) for file in choice.instances])
        cut = self.parts(found)
        return replace(
            self,
            splits={split: functools.partial(_same, cut[split]) for split in SPLITS},
            objective=self.scoring.objective_on(cut["search"].instances) or self.objective,
            choice=replace(self.choice, family=None, instances=choice.instances),
            notes=(*found.notes, *(note for split in SPLITS for note in cut[split].notes)),
        )

    def constrained(self, choice: Choice) -> "Problem":
        """The problem with the constraints of the choice, and with the guards of its objective where those hold.

        Raises UnknownChoice where there is no such metric or baseline.
        """
        guards = self.options.guards.get(self.objective.name, ()) if choice.guards else ()
        try:
            constraints = combined(map(parsed, choice.subject_to), map(parsed, guards))
            names = [one.name for one in self.metrics] or [one.metric for one in constraints]
            check_names(constraints, names, [one.name for one in self.baselines])
        except ConstraintError as error:
            raise UnknownChoice(f"{self.name}: {error}") from error
        made = replace(self.choice, subject_to=choice.subject_to, guards=choice.guards)
        scoring = self.scoring.bounded(constraints) if isinstance(self.scoring, Bounded) else self.scoring
        found = replace(self, scoring=scoring, constraints=constraints, choice=made)
        if len(found.chosen) > LONGEST_CHOSEN:
            raise UnknownChoice(f"{self.name}: {len(constraints)} constraints are too many; leave some away")
        return found

    def of_family(self, name: str | None) -> "Problem":
        """The problem with the splits `search` and `select` of one family; `test` is the same for all.

        None is the default. Raises UnknownFamily where there is no such family.
        """
        if name is None:
            return self
        families = self.options.families
        if name not in families:
            known = f"expected one of {listed(families, name)}" if families else "this problem has none"
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
        """By split the fingerprint of the instances of this family or these files, whose scores alone may be compared.

        Empty where there are neither families nor files.
        """
        own = self.splits if self.choice.instances else self._of_own_family()
        return {split: make().fingerprint for split, make in own.items()}

    def files_of(self, instances: InstanceSet) -> tuple[str, ...]:
        """The names of the instance files of which these are a part, without their folders; else none."""
        mine = bool(self.choice.instances) and self.comparable().get(instances.name) == instances.fingerprint
        return tuple(Path(file).name for file in self.choice.instances) if mine else ()

    def _of_own_family(self) -> Mapping[str, Callable[[], InstanceSet]]:
        return {} if self.choice.family is None else self.options.families[self.choice.family]

    def objective_on(self, instances: Sequence[Any]) -> Objective:
        """The objective that `scoring` aggregates on these instances."""
        return self.scoring.objective_on(instances) or self.objective

    @property
    def chosen(self) -> str:
        """What evaluations are made by, where it is not the default objective alone; goes into each evaluation.

        The name of the objective; under constraints `NAME subject to CONSTRAINT, …`. Only evaluations that are equal in
        it can be compared.
        """
        if not self.constraints:
            return self.choice.objective or ""
        return chosen(self.objective.name, self.constraints)

    @property
    def yardstick(self) -> str:
        """The name of the classical rule that side metrics are set beside: the first one; empty where there is none."""
        return self.baselines[0].name if self.baselines else ""

    def baseline(self, name: str) -> Baseline | None:
        """The baseline of that name, if there is one."""
        return next((b for b in self.baselines if b.name == name), None)
