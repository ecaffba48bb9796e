"""The course of a search so far: settled trials, the population they make, what has been seen, and the progress."""

from collections.abc import Callable, Mapping

from heuresis.archive.calls import ModelCalls
from heuresis.archive.records import Trial
from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.results.progress import Progress
from heuresis.evolve.results.ranking import rank
from heuresis.evolve.results.reasons import Reasons
from heuresis.evolve.search.budget import Budget
from heuresis.evolve.search.listener import Listener
from heuresis.evolve.search.population import Population

HISTORY = 400
"""Values of the best so far that are kept for a sparkline; thinned to half when there are more."""

PATIENCE = 200
"""Proposals in a row without a program to evaluate (failed attempts, duplicates) after which a search is stopped."""


class Course:
    """Grows by one trial at a time, in the order of numbers. Used by the thread of the loop only."""

    def __init__(
        self,
        budget: Budget,
        listener: Listener,
        islands: int,
        baselines: Mapping[str, float],
        models: Callable[[], tuple[ModelCalls, ...]] = tuple,
    ) -> None:
        self.population = Population.empty(islands)
        self.trials: list[Trial] = []
        self._evaluated = [0]  # among the trials below each number
        self._first: dict[str, int] = {}  # candidate → the number that made it first
        self._best: Trial | None = None
        self._history: list[float] = []
        self._stride = self._since = 1
        self._barren = 0  # proposals in a row that were not evaluated, those from before a resume not counted
        self._reasons = Reasons()
        self._proposers: dict[str, tuple[int, int, float | None]] = {}
        self._budget, self._listener, self._baselines = budget, listener, dict(baselines)
        self._models = models

    def evaluated(self, prefix: int) -> int:
        """How many of the proposals below `prefix` were evaluated, failures included."""
        return self._evaluated[prefix]

    def seen(self, candidate: str, prefix: int) -> bool:
        """Whether a proposal below `prefix` made this program. Thread-safe for a prefix that is settled."""
        return self._first.get(candidate, prefix) < prefix

    def at(self, prefix: int) -> Population:
        """The population of the trials below `prefix`, which never shrinks from one call to the next."""
        self.population = self.population.grown(self.trials[self.population.count : prefix])
        return self.population

    def settle(self, trial: Trial, *, recorded: bool) -> None:
        """Take in the next trial; one from before a resume is not told to the listener.

        Raises ProposerUnavailable after PATIENCE proposals in a row without an evaluation: no budget of evaluations
        would ever end such a search.
        """
        proposal, evaluation = trial.proposal, trial.evaluation
        self.trials.append(trial)
        self._evaluated.append(self._evaluated[-1] + (evaluation is not None))
        if proposal.candidate is not None:
            self._first.setdefault(proposal.candidate, proposal.number)
        self._reasons.add(trial)
        value = evaluation.aggregate if evaluation is not None else None
        proposals, evaluated, best = self._proposers.get(proposal.proposer, (0, 0, None))
        best = value if best is None else best if value is None else min(best, value)
        self._proposers[proposal.proposer] = (proposals + 1, evaluated + (evaluation is not None), best)
        if value is not None and (self._best is None or rank(trial) < rank(self._best)):
            self._best = trial
        if evaluation is not None:
            self._remember()
        if not recorded:
            self._barren = 0 if evaluation is not None else self._barren + 1
            self._listener.settled(trial, self.progress())
            if self._barren == PATIENCE:
                raise ProposerUnavailable(
                    f"{PATIENCE} proposals in a row made no program to evaluate, so the search stopped; "
                    f"the last one, by {proposal.proposer}: {proposal.reason}"
                )

    def progress(self) -> Progress:
        """How the search stands."""
        best = self._best
        return Progress(
            evaluations=self._evaluated[-1],
            proposals=len(self.trials),
            best=best.evaluation.aggregate if best is not None and best.evaluation is not None else None,
            best_id=best.proposal.candidate if best is not None else None,
            best_history=tuple(self._history),
            failures=dict(self._reasons.by_kind),
            reasons=self._reasons.top(),
            by_proposer=dict(self._proposers),
            seconds=self._budget.used,
            budget_left=self._budget.left(self._evaluated[-1]),
            baselines=self._baselines,
            models=self._models(),
        )

    def _remember(self) -> None:
        """Add the best so far to the history, every so many evaluations."""
        self._since += 1
        best = self._best.evaluation.aggregate if self._best is not None and self._best.evaluation is not None else None
        if best is None or self._since < self._stride:
            return
        self._since = 0
        self._history.append(best)
        if len(self._history) > HISTORY:
            self._history, self._stride = self._history[::2], self._stride * 2
