"""How a search stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from heuresis.archive.calls import ModelCalls
from heuresis.evolve.results.reasons import Reason


@dataclass(frozen=True, slots=True)
class Progress:
    """How a search stands. Aggregates are on `search`, smaller is better; counts include what a resumed run had."""

    evaluations: int  # programs evaluated, failures included
    proposals: int
    best: float | None
    best_id: str | None  # candidate id
    best_history: tuple[float, ...]  # the best so far after each evaluation, thinned to a few hundred values
    failures: Mapping[str, int]  # by kind: statuses of evaluations, `duplicate`, `no program`
    by_proposer: Mapping[str, tuple[int, int, float | None]]  # proposals, evaluated, best
    seconds: float  # that all processes of the run have searched
    budget_left: Mapping[str, str]  # by unit, for people; empty where nothing is limited
    baselines: Mapping[str, float]
    models: tuple[ModelCalls, ...] = ()  # what became of the calls of each
    reasons: tuple[Reason, ...] = ()  # the most frequent ones of `failures`
