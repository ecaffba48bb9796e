"""The base class of a problem of one's own: the simulation is written once, all else follows from it."""

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.sequential.choosing import called, file_of, place_of
from heuresis.problems.cutting import by_name
from heuresis.problems.problem import SPLITS, InstanceSet, Problem, ProblemError
from heuresis.problems.sequential.building import Builder
from heuresis.problems.sequential.instances import Data, SequentialInstance, fingerprint, size_of
from heuresis.problems.sequential.programs import baselines, driver
from heuresis.problems.sequential.reader import read
from heuresis.problems.sequential.scoring import GAP, MEAN, SequentialScoring

SIMULATOR = "heuresis.evaluators.sequential.simulator:Sequential"

Choose = Callable[..., int]
"""Called with the contract's features as keywords; returns the place of the chosen item, from 0."""


class SequentialProblem:
    """A problem in which every decision is a choice among items: `register(MyProblem())` makes it known.

    The docstring of a subclass is the statement that people and language models read. It has `name`, `contract`
    (`rule(...)`), `rules`, `splits` or `instances`, `draw`, and `simulate`; the other methods have defaults. No method
    keeps anything on the object, and all randomness is `draw`'s: `simulate` runs beside a program in the sandbox, and
    again outside of it, where the decisions that came back are scored.
    """

    name: ClassVar[str]
    """As it is typed, such as "weighted-completion"."""
    version: ClassVar[int] = 1
    """Another number where values of old programs hold no longer; the archive keeps them apart."""
    title: ClassVar[str] = ""
    """One line; empty: the first sentence of the docstring."""
    contract: Contract
    rules: ClassVar[Mapping[str, tuple[str, ...]]]
    """Classical rules: `{"spt": ("return p", "Smith 1956")}`, a body or a whole program, who it is of, and a title."""
    splits: ClassVar[Mapping[str, int]] = {}
    """How many instances `draw` makes for each of `search`, `select` and `test`."""
    sources: ClassVar[tuple[str, ...]] = ()
    """Literature."""
    simulator: ClassVar[str] = SIMULATOR
    """`package.module:Class` or `/path/file.py:Class` of a simulator of one's own, a subclass of `Sequential`."""
    standalone: ClassVar[str | None] = None
    """What stands below an exported rule; None: a function that chooses among the items of one decision."""

    def simulate(self, instance: Data, choose: Choose) -> Any:
        """Play one instance and return its outcome, by default its value; every decision is a call of `choose`."""
        del instance, choose
        raise ProblemError(f"{type(self).__name__} has no method simulate(self, instance, choose): write one")

    def draw(self, rng: np.random.Generator) -> Mapping[str, Any]:
        """One random instance: a mapping of names to arrays and numbers."""
        del rng
        raise ProblemError(
            f"{type(self).__name__} has neither draw(self, rng) nor instances(self, split): write one of them"
        )

    def instances(self, split: str) -> Sequence[Mapping[str, Any]]:
        """The instances of a split; by default as many as `splits` says, drawn, each from a seed of its own."""
        number = SPLITS.index(split)
        return [self.draw(np.random.default_rng([number, k])) for k in range(self.splits[split])]

    def value(self, instance: Data, outcome: Any) -> float:
        """The value of an outcome, smaller is better; by default the outcome itself."""
        del instance
        number: float = outcome
        return number

    def bound(self, instance: Data) -> float | None:
        """The optimum, or a lower bound of the value, of which nothing may fall short; None where there is none."""
        del instance
        return None

    def labels(self, instance: Data) -> Mapping[str, str | int | float]:
        """By what tables group instances, and within what the bootstrap draws; by default the first array's length."""
        return size_of(instance)

    def metrics(self, instance: Data, outcome: Any) -> Mapping[str, float]:
        """What else to show of an outcome; tables show the mean over the instances."""
        del instance, outcome
        return {}

    def explain(self, instance: Data, outcome: Any) -> str:
        """Where an outcome loses, in a few lines of Markdown; by default where a rule chooses otherwise."""
        del instance, outcome
        return ""

    def problem(self) -> Problem:
        """The problem as all of Heuresis takes it. Raises ProblemError where a part of it is missing or does not fit.

        One instance is played at random, and every method is called on it: what is wrong shows here, file and line.
        """
        where = type(self).__name__
        _check(self, where)
        builder = Builder(self, self._first("search"))
        builder.check_repeatable()
        builder.check_methods()
        if type(self).draw is not SequentialProblem.draw:
            builder.check_draw()
        splits = {split: functools.cache(functools.partial(self._split, split, builder)) for split in SPLITS}
        scoring = SequentialScoring(self, author_of(self), baselines(self.rules, self.contract, where))
        return Problem(
            name=self.name,
            version=self.version,
            title=self.title or _first_sentence(self),
            statement=_statement(self),
            contract=self.contract,
            simulator=_simulator_of(self),
            scoring=scoring,
            objective=GAP if type(self).bound is not SequentialProblem.bound else MEAN,
            splits=splits,
            baselines=scoring.rules,
            read=lambda paths: read(paths, builder.first, builder.build),
            parts=functools.partial(by_name, _content, scoring.groups),
            sources=self.sources,
            standalone=driver(self.contract) if self.standalone is None else self.standalone,
        )

    def fresh(self, count: int, seed: int) -> tuple[SequentialInstance, ...]:
        """So many drawn instances that no split has; none where `draw` is not written."""
        if type(self).draw is SequentialProblem.draw:
            return ()
        drawn = [called(self, "draw", np.random.default_rng([len(SPLITS), seed, k])) for k in range(count)]
        builder = Builder(self, drawn[0])
        return tuple(
            builder.build(f"fresh-{k}", raw, {}, f"{place_of(self)}: drawn instance {k}") for k, raw in enumerate(drawn)
        )

    def _first(self, split: str) -> object:
        """The first instance of a split, without making the others where they are drawn."""
        if type(self).instances is SequentialProblem.instances:
            return called(self, "draw", np.random.default_rng([SPLITS.index(split), 0]))
        return self._all(split)[0]

    def _all(self, split: str) -> Sequence[object]:
        found = called(self, "instances", split)
        if not isinstance(found, Sequence) or not found:
            raise ProblemError(
                f"{place_of(self)}: instances({split!r}) must return a list of one mapping or more, got {found!r:.60}"
            )
        return found

    def _split(self, split: str, builder: Builder) -> InstanceSet:
        found = []
        for k, raw in enumerate(self._all(split)):
            where = f"{place_of(self)}: instance {k} of {split}"
            found.append(builder.build(f"{split}-{k}", raw, {}, where))
        return InstanceSet(split, tuple(found), _content(found))


def _content(instances: Sequence[SequentialInstance]) -> str:
    return fingerprint([one.data for one in instances])


def author_of(problem: SequentialProblem) -> str:
    """How a worker finds the class of a problem: by its file, or by its module where that is one of a package.

    Raises ProblemError where it cannot be found again.
    """
    kind = type(problem)
    file = file_of(problem)
    if not file or "." in kind.__qualname__:
        raise ProblemError(
            f"{kind.__qualname__} must stand in a file, not inside of a function or of an interactive session: "
            f"the sandbox's processes load it from there"
        )
    if "." in kind.__module__:
        return f"{kind.__module__}:{kind.__qualname__}"
    return f"{Path(file).resolve()}:{kind.__qualname__}"


def _simulator_of(problem: SequentialProblem) -> str:
    """The simulator's full name: one without a colon is a class in the author's own file."""
    if ":" in problem.simulator:
        return problem.simulator
    return f"{author_of(problem).rpartition(':')[0]}:{problem.simulator}"


def _check(problem: SequentialProblem, where: str) -> None:
    """Raise ProblemError at the first part that is missing or of another type."""
    kind = type(problem)
    if inspect.signature(kind).parameters:
        raise ProblemError(
            f"{where}: made anew in every process of the sandbox, without arguments, so __init__ can take none; "
            f"write a subclass for each variant"
        )
    name = getattr(problem, "name", None)
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ProblemError(
            f"{where}: expected name = 'small-letters-and-hyphens', under which it is typed, got {name!r:.60}"
        )
    if type(problem.version) is not int or problem.version < 1:
        raise ProblemError(f"{where}: version must be a whole number from 1 on, got {problem.version!r:.60}")
    contract = getattr(problem, "contract", None)
    if not isinstance(contract, Contract):
        raise ProblemError(
            f"{where}: expected contract = rule(name, item(...), ..., returns=...), got {contract!r:.60}"
        )
    if len(contract.functions) > 1 or not any(p.varies for p in contract.main.parameters):
        raise ProblemError(f"{where}: expected a contract of one function that gives each item a number")
    if kind.simulate is SequentialProblem.simulate:
        raise ProblemError(f"{where} has no method simulate(self, instance, choose): write one")
    if kind.instances is not SequentialProblem.instances:
        return
    if kind.draw is SequentialProblem.draw:
        raise ProblemError(f"{where} has neither draw(self, rng) nor instances(self, split): write one of them")
    splits: Any = problem.splits
    counts = list(splits.values()) if isinstance(splits, Mapping) and set(splits) == set(SPLITS) else [0]
    if not all(type(count) is int and count > 0 for count in counts):
        raise ProblemError(
            f'{where}: expected splits = {{"search": 20, "select": 20, "test": 40}}, how many instances `draw` makes '
            f"for each, got {splits!r:.80}"
        )


def _statement(problem: SequentialProblem) -> str:
    """The docstring of the subclass."""
    text = type(problem).__doc__
    if not text or not text.strip():
        raise ProblemError(
            f"{type(problem).__name__}: write a docstring that says what is decided and what is to be small; "
            f"people and language models read it"
        )
    return inspect.cleandoc(text) + "\n"


def _first_sentence(problem: SequentialProblem) -> str:
    sentence = re.split(r"\.(?:\s|$)", _statement(problem), maxsplit=1)[0]
    return " ".join(sentence.split())
