"""The embedded default: typed genetic programming with numeric tuning. Needs no model, no key and no network."""

import numpy as np
from numpy.typing import NDArray

from heuresis.archive.records import Trial
from heuresis.evaluators.expression import Expr
from heuresis.evaluators.expression_text import from_source, to_source
from heuresis.evaluators.interpret import decode, encode
from heuresis.evolve import tasks
from heuresis.evolve.assess import Assessor
from heuresis.evolve.proposers.breed import OPERATOR_NAMES, Effort, interpretable
from heuresis.evolve.proposers.others import with_others
from heuresis.evolve.proposers.proposer import Draft, Request
from heuresis.problems.problem import Problem
from heuresis.sandbox.engine import Task
from heuresis.sandbox.limits import Limits

TUNE_SHARE, PRUNE_SHARE, RANDOM_SHARE = 0.05, 0.1, 0.03
TUNE_EVALUATIONS = 600
TUNE_TIMES = 6  # as many decisions as the tuning after a variation may take
SECONDS = 120.0  # of one step in its child; far above what it takes, so that no clock decides what is found


class OfflineProposer:
    """Proposes what one step of genetic programming in a worker found.

    Programs that are an expression vary. Of those that are more (loops, arrays, helper functions) the constants are
    tuned now and then, and always where no parent is an expression. Only the main function of a contract varies: its
    optional ones are those of the first parent.
    """

    name = "offline"

    def __init__(self, problem: Problem, assessor: Assessor, effort: Effort | None = None) -> None:
        self.problem, self.assessor, self.effort = problem, assessor, effort or Effort()

    def propose(self, request: Request) -> Draft:
        """One step: mostly breeding; sometimes pruning, tuning alone, or a fresh random program."""
        rng, choice = request.rng, request.rng.random()
        if not request.parents or choice < RANDOM_SHARE:
            return self._breed(0, [], rng)
        parents = [request.parents[i] for i in rng.permutation(len(request.parents))]
        readable = [(parent, tree) for parent in parents if (tree := self._tree(parent)) is not None]
        if not readable or choice < RANDOM_SHARE + TUNE_SHARE:
            return self._tune(parents[0], rng)
        if choice < RANDOM_SHARE + TUNE_SHARE + PRUNE_SHARE:
            return self._breed(1, readable[:1], rng)
        return self._breed(0, readable, rng)

    def _tree(self, trial: Trial) -> Expr | None:
        tree = from_source(trial.proposal.source or "", self.problem.contract)
        return tree if tree is not None and interpretable(tree) else None

    def _breed(self, kind: int, parents: list[tuple[Trial, Expr]], rng: np.random.Generator) -> Draft:
        arrays = [encode(tree, self.problem.contract) for _, tree in parents]
        seed = rng.integers(2**32, size=4, dtype=np.int64)
        head = (seed, np.array([kind], dtype=np.int64), self.effort.to_array())
        outcome = self.assessor.run(Task(tasks.BREED, arrays=(*head, *arrays), limits=Limits(seconds=SECONDS)))
        ids = _ids(*(trial for trial, _ in parents))
        if not outcome.ok:
            return Draft("breed", None, ids, f"{outcome.status}: {outcome.message}")
        try:
            encoded, facts = outcome.arrays
            tree = decode(encoded.astype(np.float64), self.problem.contract)
            operator, work = OPERATOR_NAMES[int(facts[0])], int(facts[2])
        except (ValueError, IndexError, OverflowError) as error:  # what comes from a child is not trusted
            return Draft("breed", None, ids, f"no expression came back: {error}")
        used = {"crossover": ids, "random": ()}.get(operator, ids[:1])
        source = to_source(tree, self.problem.contract)
        if parents and used:
            source = with_others(source, parents[0][0].proposal.source or "", self.problem.contract)
        return Draft(operator, source, used, work=work)

    def _tune(self, parent: Trial, rng: np.random.Generator) -> Draft:
        source = parent.proposal.source or ""
        ids = _ids(parent)
        seed = rng.integers(2**32, size=4, dtype=np.int64).tolist()
        subset, evaluations = self._affordable(rng)
        tuned = self.assessor.tune(source, seed=seed, evaluations=evaluations, subset=subset)
        if tuned.message:
            return Draft("tune", None, ids, tuned.message)
        return Draft("tune", tuned.source, ids, work=tuned.work)

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


def _ids(*trials: Trial) -> tuple[str, ...]:
    return tuple(trial.proposal.candidate for trial in trials if trial.proposal.candidate is not None)
