"""The embedded default: typed genetic programming with numeric tuning. Needs no model, no key and no network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.archive.records import Trial
from heuresis.evaluators.language.compile import default_source
from heuresis.evaluators.language.expressions.interpreter import decode, encode
from heuresis.evaluators.language.expressions.printer import from_source, to_source
from heuresis.evaluators.language.expressions.tree import Expr
from heuresis.evaluators.language.literals import lift_literals
from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.genetic.breed import OPERATOR_NAMES, Effort, interpretable
from heuresis.evolve.proposers.functions import alone, with_others
from heuresis.evolve.proposers.proposer import Draft, Request
from heuresis.problems.problem import Problem
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.task import Task

TUNE_SHARE, PRUNE_SHARE, RANDOM_SHARE = 0.05, 0.1, 0.03
MAIN_SHARE, GRAFT_SHARE = 0.5, 0.05  # where a contract has several functions
TUNE_EVALUATIONS = 600
TUNE_TIMES = 6  # as many decisions as the tuning after a variation may take
SECONDS = 120.0  # of one step in its child; far above what it takes, so that no clock decides what is found


class OfflineProposer:
    """Proposes what one step of genetic programming in a worker found.

    Functions that are an expression vary, one at a time, among the others of the first parent: mostly the main one,
    sometimes an optional one (a default body is an expression too), and now and then one is taken over from another
    parent. Of programs that are more (loops, arrays, helper functions) the constants are tuned now and then, and always
    where no parent has an expression.
    """

    name = "offline"

    def __init__(self, problem: Problem, assessor: Assessor, effort: Effort | None = None) -> None:
        self.problem, self.assessor, self.effort = problem, assessor, effort or Effort()

    def propose(self, request: Request) -> Draft:
        """One step: mostly breeding; sometimes pruning, tuning alone, or a fresh random program."""
        rng, choice = request.rng, request.rng.random()
        if not request.parents or choice < RANDOM_SHARE:
            return self._breed(0, 0, [], rng)
        parents = [request.parents[i] for i in rng.permutation(len(request.parents))]
        part = self._part(rng)
        if choice >= 1.0 - GRAFT_SHARE and (draft := self._graft(parents, part, rng)) is not None:
            return draft
        readable = [one for one in map(self._readable, parents) if one.trees[part] is not None]
        whole = next((one for one in readable if None not in one.trees), None)
        if whole is None or choice < RANDOM_SHARE + TUNE_SHARE:
            chosen = next((trial for trial in parents if _has_constants(trial)), parents[0])
            return self._tune(chosen.proposal.source or "", _ids(chosen), rng)
        if choice < RANDOM_SHARE + TUNE_SHARE + PRUNE_SHARE:
            return self._breed(1, part, [whole], rng)
        return self._breed(0, part, [whole, *(one for one in readable if one is not whole)], rng)

    def _part(self, rng: np.random.Generator) -> int:
        """Which function is to vary."""
        count = len(self.problem.contract.functions)
        return 0 if count == 1 or rng.random() < MAIN_SHARE else int(rng.integers(1, count))

    def _readable(self, trial: Trial) -> "_Readable":
        contract, source = self.problem.contract, trial.proposal.source or ""
        if len(contract.functions) == 1:
            return _Readable(trial, (_interpretable(from_source(source, contract)),), (True,))
        here = tuple(f.required or alone(source, f.name) is not None for f in contract.functions)
        sources = [source if there else default_source(f) for there, f in zip(here, contract.functions, strict=True)]
        trees = (from_source(text, contract.alone(part)) for part, text in enumerate(sources))
        return _Readable(trial, tuple(map(_interpretable, trees)), here)

    def _graft(self, parents: list[Trial], part: int, rng: np.random.Generator) -> Draft | None:
        """The first parent with a function of the second that is another there, tuned; None where there is none."""
        if len(self.problem.contract.functions) == 1 or len(parents) < 2:
            return None
        stock, scion = (trial.proposal.source or "" for trial in parents[:2])
        name = self.problem.contract.functions[part].name
        taken = alone(scion, name)
        if taken is None or taken == alone(stock, name):
            return None
        return self._tune(with_others(taken, stock, self.problem.contract), _ids(*parents[:2]), rng, "graft")

    def _breed(self, kind: int, part: int, parents: list["_Readable"], rng: np.random.Generator) -> Draft:
        contract = self.problem.contract.alone(part)
        arrays = [encode(tree, contract) for one in parents if (tree := one.trees[part]) is not None]
        seed = rng.integers(2**32, size=4, dtype=np.int64)
        head = (seed, np.array([kind, part], dtype=np.int64), self.effort.to_array(), *self._others(parents))
        outcome = self.assessor.run(Task(tasks.BREED, arrays=(*head, *arrays), limits=Limits(seconds=SECONDS)))
        ids = _ids(*(one.trial for one in parents))
        if not outcome.ok:
            return Draft("breed", None, ids, f"{outcome.status}: {outcome.message}")
        try:
            encoded, facts = outcome.arrays
            tree = decode(encoded.astype(np.float64), contract)
            operator, work = OPERATOR_NAMES[int(facts[0])], int(facts[2])
            used = () if operator == "random" else (*ids[:1], *((ids[int(facts[3])],) if facts[3] else ()))
        except (ValueError, IndexError, OverflowError) as error:  # what comes from a child is not trusted
            return Draft("breed", None, ids, f"no expression came back: {error}")
        source = to_source(tree, contract)
        if parents and (used or part):
            source = with_others(source, parents[0].trial.proposal.source or "", self.problem.contract)
        return Draft(operator, source, used, work=work)

    def _others(self, parents: list["_Readable"]) -> list[NDArray[np.float64]]:
        """The functions of the first parent, as a step takes them: empty where it has the default body."""
        contract = self.problem.contract
        if len(contract.functions) == 1:
            return []
        if not parents:
            return [np.empty(0) for _ in contract.functions]
        parts = enumerate(zip(parents[0].trees, parents[0].here, strict=True))
        return [encode(tree, contract.alone(k)) if tree and here else np.empty(0) for k, (tree, here) in parts]

    def _tune(self, source: str, ids: tuple[str, ...], rng: np.random.Generator, operator: str = "tune") -> Draft:
        seed = rng.integers(2**32, size=4, dtype=np.int64).tolist()
        subset, evaluations = self._affordable(rng)
        tuned = self.assessor.tune(source, seed=seed, evaluations=evaluations, subset=subset)
        if tuned.message:
            return Draft(operator, None, ids, tuned.message)
        if operator == "tune" and not tuned.better:
            return Draft(operator, None, ids, "no better constants were found", work=tuned.work)
        return Draft(operator, tuned.source, ids, work=tuned.work)

    def _affordable(self, rng: np.random.Generator) -> tuple[NDArray[np.int64] | None, int]:
        """What to tune on, None for all instances, and how often: within the decisions that one step may take."""
        instances, scoring = self.assessor.instance_set().instances, self.problem.scoring
        subset, steps = None, scoring.decisions_in(instances)
        if steps > self.effort.tune_steps:
            order = rng.permutation(len(instances))
            sums = np.cumsum([scoring.decisions_in([instances[i]]) for i in order])
            subset = np.sort(order[: max(1, int(np.searchsorted(sums, self.effort.tune_steps, side="right")))])
            steps = int(sums[len(subset) - 1])
        return subset, max(1, min(TUNE_EVALUATIONS, TUNE_TIMES * self.effort.all_tuning // steps))


@dataclass(frozen=True, slots=True)
class _Readable:
    """A program, each of its functions as an expression (None where it is none), and which it defines itself."""

    trial: Trial
    trees: tuple[Expr | None, ...]
    here: tuple[bool, ...]


def _has_constants(trial: Trial) -> bool:
    """Whether there is anything to tune."""
    try:
        return len(lift_literals(trial.proposal.source or "")[1]) > 0
    except SyntaxError:
        return False


def _interpretable(tree: Expr | None) -> Expr | None:
    return tree if tree is not None and interpretable(tree) else None


def _ids(*trials: Trial) -> tuple[str, ...]:
    return tuple(trial.proposal.candidate for trial in trials if trial.proposal.candidate is not None)
