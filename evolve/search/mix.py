"""Several proposers in one run, chosen at random by shares."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from heuresis.evolve.proposers.proposer import Proposer


@dataclass(frozen=True, slots=True)
class Mix:
    """Proposers and the share of proposals that each makes; shares sum to anything positive."""

    proposers: tuple[Proposer, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.proposers or len(self.proposers) != len(self.shares) or min(self.shares) <= 0:
            raise ValueError(f"expected one positive share for each of one or more proposers, got {self.shares}")

    @classmethod
    def of(cls, proposers: Mapping[str, Proposer], shares: Mapping[str, float]) -> "Mix":
        """Proposers by name with their shares; equal ones where none are given."""
        given = shares or dict.fromkeys(proposers, 1.0)
        return cls(tuple(proposers[name] for name in given), tuple(given.values()))

    def choose(self, rng: np.random.Generator) -> Proposer:
        """One of them."""
        shares = np.array(self.shares)
        return self.proposers[int(rng.choice(len(shares), p=shares / shares.sum()))]
