"""Several proposers in one run, chosen at random by shares."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.proposers.proposer import Draft, Proposer, Request, check_draft, check_proposer
from heuresis.evolve.telling import Tell, silent

PAUSE_SECONDS = 600.0
"""How long a proposer that is not available is left out of a mix, before it is tried again."""


class Pauses:
    """Who is left out for a while, by name. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock, self._until = clock, threading.Lock(), dict[str, float]()

    def begin(self, name: str) -> bool:
        """Leave somebody out from now on; False where that is so already."""
        with self._lock:
            new = not self.holds(name)
            self._until[name] = self._clock() + PAUSE_SECONDS
        return new

    def holds(self, name: str) -> bool:
        """Whether somebody is left out at present."""
        return self._clock() < self._until.get(name, 0.0)


@dataclass(frozen=True, slots=True)
class Mix:
    """Proposers and the share of proposals that each makes; shares sum to anything positive.

    A proposer that is not available is paused, which `tell` says, and the others go on.
    """

    proposers: tuple[Proposer, ...]
    shares: tuple[float, ...]
    tell: Tell = silent
    pauses: Pauses = field(default_factory=Pauses)

    def __post_init__(self) -> None:
        if not self.proposers or len(self.proposers) != len(self.shares) or min(self.shares) <= 0:
            raise ValueError(f"expected one positive share for each of one or more proposers, got {self.shares}")
        for one in self.proposers:
            check_proposer(one)

    @classmethod
    def of(cls, proposers: Mapping[str, Proposer], shares: Mapping[str, float]) -> "Mix":
        """Proposers by name with their shares; equal ones where none are given."""
        given = shares or dict.fromkeys(proposers, 1.0)
        return cls(tuple(proposers[name] for name in given), tuple(given.values()))

    def propose(self, proposer: Proposer, request: Request) -> tuple[str, Draft]:
        """What one of them makes, or another one where that is not available, and the name of who made it.

        Raises ProposerUnavailable where none of them is, and ProposerFault where what it made is no draft.
        """
        while True:
            try:
                draft = proposer.propose(request)
            except ProposerUnavailable as error:
                new = self.pauses.begin(proposer.name)
                if all(self.pauses.holds(one.name) for one in self.proposers):
                    raise
                if new:
                    self.tell(
                        f"{error} {proposer.name} is paused for {PAUSE_SECONDS / 60:g} minutes; the others go on."
                    )
                proposer = self.choose(request.rng)
            else:
                check_draft(proposer.name, draft)
                return proposer.name, draft

    def choose(self, rng: np.random.Generator) -> Proposer:
        """One of those that are not paused; of all where all are."""
        awake = [not self.pauses.holds(one.name) for one in self.proposers]
        shares = np.array(self.shares) * (awake if any(awake) else 1.0)
        return self.proposers[int(rng.choice(len(shares), p=shares / shares.sum()))]
