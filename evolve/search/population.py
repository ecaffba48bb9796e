"""Who may become a parent: islands of good programs, as a pure fold over the trials of a run in the order of numbers.

Islands keep lines of descent apart for a while (Tanese 1989; Romera-Paredes et al. 2024,
doi:10.1038/s41586-023-06924-6); every so many proposals the best of each is shown to the next one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from heuresis.archive.records import Trial
from heuresis.evolve.results.ranking import SEED, _alike, failed, rank, succeeded

CAPACITY = 24
"""Programs that an island keeps."""

MIGRATION = 64
"""Proposals between two migrations."""

TOURNAMENT = 12
"""Programs drawn for each parent; the best of them is taken."""

REMEMBERED_FAILURES = 20

Island = tuple[Trial, ...]
"""Evaluated trials of different programs and different values, best first."""


@dataclass(frozen=True, slots=True)
class Population:
    """The state after the trials numbered below `count`.

    Proposal `n` belongs to island `n % len(islands)`; a seed to all of them, so that none begins with the worst alone.
    """

    islands: tuple[Island, ...]
    failures: tuple[Trial, ...] = ()  # the latest, newest first
    count: int = 0
    capacity: int = CAPACITY
    migration: int = MIGRATION

    @classmethod
    def empty(cls, islands: int, *, capacity: int = CAPACITY, migration: int = MIGRATION) -> "Population":
        """The state before any trial. Raises ValueError where a number is not positive."""
        if min(islands, capacity, migration) < 1:
            raise ValueError(f"islands, capacity and migration must be positive: {islands}, {capacity}, {migration}")
        return cls(((),) * islands, capacity=capacity, migration=migration)

    def grown(self, trials: Iterable[Trial]) -> "Population":
        """The state after more trials, numbered from `count` on without a gap; raises ValueError otherwise."""
        population = self
        for trial in trials:
            if trial.proposal.number != population.count:
                raise ValueError(f"expected trial {population.count} next, got {trial.proposal.number}")
            population = population._with(trial)
        return population

    def parents(self, rng: np.random.Generator, count: int, number: int) -> tuple[Trial, ...]:
        """Up to `count` different parents for proposal `number`, best first, each the best of a small random draw.

        They come from the proposal's own island, or from all of them while that is empty.
        """
        island = self.islands[number % len(self.islands)]
        left = list(island or {t.proposal.number: t for i in self.islands for t in i}.values())
        chosen: list[Trial] = []
        while left and len(chosen) < count:
            draw = rng.integers(len(left), size=TOURNAMENT)
            winner = min((left[int(i)] for i in draw), key=rank)
            left.remove(winner)
            chosen.append(winner)
        return tuple(sorted(chosen, key=rank))

    @property
    def best(self) -> Trial | None:
        """The best program of all islands."""
        return min((island[0] for island in self.islands if island), key=rank, default=None)

    def _with(self, trial: Trial) -> "Population":
        number = trial.proposal.number
        islands = self.islands
        if succeeded(trial):
            homes = range(len(islands)) if trial.proposal.operator == SEED else (number % len(islands),)
            islands = tuple(self._settle(i, trial) if k in homes else i for k, i in enumerate(islands))
        if (number + 1) % self.migration == 0:
            leaders = [island[0] if island else None for island in islands]
            arrivals = leaders[-1:] + leaders[:-1]
            islands = tuple(i if a is None else self._settle(i, a) for i, a in zip(islands, arrivals, strict=True))
        failures = ((trial, *self.failures)[:REMEMBERED_FAILURES]) if failed(trial) else self.failures
        return replace(self, islands=islands, failures=failures, count=number + 1)

    def _settle(self, island: Island, trial: Trial) -> Island:
        """The island with the trial, of those with the same program or values only the best, at most `capacity`."""
        kept: list[Trial] = []
        for one in sorted((*island, trial), key=rank):
            if not any(_alike(one, other) for other in kept):
                kept.append(one)
        return tuple(kept[: self.capacity])
