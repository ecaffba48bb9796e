"""The one protocol behind which every proposer stands."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from heuresis.archive.records import Trial


@dataclass(frozen=True, slots=True)
class Request:
    """What a proposer is given. Everything in it follows from (run seed, number, prefix of the archive)."""

    number: int  # of the proposal
    rng: np.random.Generator
    parents: tuple[Trial, ...]  # evaluated programs, best first; empty when the population is
    failures: tuple[Trial, ...]  # the latest that failed, newest first


@dataclass(frozen=True, slots=True)
class Draft:
    """What a proposer made: a program's source, or the reason why there is none."""

    operator: str
    source: str | None
    parents: tuple[str, ...] = ()  # candidate ids
    reason: str = ""
    work: int = 0  # instances simulated to make it


class Proposer(Protocol):
    """Makes programs. Thread-safe; an instance holds no state that changes what it proposes."""

    name: str  # shown as the program's origin

    def propose(self, request: Request) -> Draft:
        """Make one program from the request. A failed attempt is a Draft with a reason, never an exception.

        Raises BudgetExhausted where a paid call would exceed the budget, and ProposerUnavailable where no attempt
        can ever succeed (wrong key, unknown model).
        """
        ...
