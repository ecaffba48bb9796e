"""The search: parents → proposal → candidate → evaluation, until a budget is used up."""

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import numpy as np

from heuresis.archive.records import Evaluation, Proposal, Trial, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve.proposers.proposer import Draft, Request
from heuresis.evolve.results.ranking import SEED
from heuresis.evolve.search.course import Course
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.search.population import Population
from heuresis.evolve.search.rounds import Rounds

PARENTS, FAILURES = 6, 5
"""How many parents and latest failures a proposer is offered."""


@dataclass(frozen=True, slots=True)
class Loop:
    """One search. `recorded` holds the trials from before a resume, by number; `seeds` are (origin, source)."""

    run: str
    seed: int
    seeds: tuple[tuple[str, str], ...]
    mix: Mix
    evaluate: Callable[[str, int], Evaluation]  # (source, number)
    archive: Archive
    course: Course
    rounds: Rounds
    recorded: Mapping[int, Trial]

    def search(self) -> NoReturn:
        """Propose and evaluate. Ends by raising BudgetExhausted, Stopped, or the error that stopped it."""
        with self.rounds:
            for number in itertools.count():
                prefix = self.rounds.open(number)
                population = self.course.at(prefix)
                recorded = self.recorded.get(number)
                step = partial(self.step, number, prefix, population, recorded)
                self.rounds.start(number, step, recorded=recorded is not None and not recorded.pending)
        raise AssertionError("the numbers never end")

    def step(self, number: int, prefix: int, population: Population, recorded: Trial | None) -> Trial:
        """Make and record one trial, or what is missing of it."""
        if recorded is not None and not recorded.pending:
            return recorded
        proposal = recorded.proposal if recorded is not None else self.propose(number, prefix, population)
        self.rounds.record(self.archive.record_proposal, proposal)
        if proposal.source is None or proposal.reason:
            return Trial(proposal, None)
        evaluation = self.evaluate(proposal.source, number)
        self.rounds.record(self.archive.record_evaluation, evaluation)
        return Trial(proposal, evaluation)

    def propose(self, number: int, prefix: int, population: Population) -> Proposal:
        """Everything here follows from (seed, number) and the trials below `prefix`."""
        started = time.perf_counter()
        if number < len(self.seeds):
            origin, source = self.seeds[number]
            draft = Draft(SEED, source)
        else:
            rng = np.random.default_rng([self.seed, number])
            proposer = self.mix.choose(rng)
            parents = population.parents(rng, PARENTS, number)
            request = Request(number, rng, parents, population.failures[:FAILURES])
            origin, draft = self.mix.propose(proposer, request)
        candidate = None if draft.source is None else candidate_id(draft.source)
        duplicate = candidate is not None and self.course.seen(candidate, prefix)
        reason = f"duplicate of {candidate}" if duplicate else draft.reason
        seconds = time.perf_counter() - started
        made = draft.operator, draft.parents, draft.source, candidate, reason, draft.work, seconds
        return Proposal(self.run, number, prefix, origin, *made)
