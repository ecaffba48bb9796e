"""From the mappings that an author hands over to instances, each played once at random to see that it can be."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from heuresis.evaluators.sequential.choosing import (
    AtRandom,
    Ended,
    SimulateError,
    called,
    measured,
    place_of,
    played,
    valued,
)
from heuresis.evaluators.sequential.features import Reader
from heuresis.evaluators.sequential.objective import falls_short
from heuresis.problems.problem import ProblemError
from heuresis.problems.sequential.author import Author
from heuresis.problems.sequential.instances import Data, SequentialInstance, canonical, check_alike, fingerprint

MOST_STEPS = 1_000_000
"""Decisions of an instance: a play at random that has made so many is taken for one that never ends."""


class Builder:
    """Makes instances of one problem, all of the fields and kinds of its first one. Raises ProblemError."""

    def __init__(self, definition: Author, first: object) -> None:
        self.definition = definition
        self.first = canonical(first, f"{place_of(definition)}: the first instance")
        self._reader = Reader(definition.contract.main)

    def build(self, name: str, raw: object, own: Mapping[str, str | int | float], where: str) -> SequentialInstance:
        """One instance, with its labels (`own` ones go before the author's), its bound and its steps."""
        data = canonical(raw, where)
        check_alike(data, self.first, where)
        try:
            value, choose = self._play(data, where, 0)
            reference, labels = self._bound(data, where), self._labels(data, where)
        except SimulateError as error:
            raise ProblemError(f"{where}: {error}") from error
        if reference is not None and falls_short(value, reference):
            raise ProblemError(
                f"{where}: choices at random reach {value:g}, and `bound` says that nothing falls short of "
                f"{reference:g}; correct `bound`, `simulate` or `value`"
            )
        return SequentialInstance(name, data, {**labels, **own}, reference, len(choose.choices))

    def check_repeatable(self) -> None:
        """Raise ProblemError where `simulate` plays the first instance differently when it chooses the same again."""
        where = f"{place_of(self.definition)}: the first instance"
        plays = [self._play(self.first, where, 1) for _ in range(2)]
        (value, choose), (other, again) = plays
        if value != other or choose.seen.digest() != again.seen.digest():
            raise ProblemError(
                f"{place_of(self.definition)}: `simulate` does not do the same again where the same is chosen (values "
                f"{value:g} and {other:g}): it must follow from the instance and the choices alone, so draw everything "
                f"random in `draw`, and keep nothing on the object"
            )

    def check_methods(self) -> None:
        """Raise ProblemError where a method fails that a search would call much later, or returns another kind."""
        where = f"{place_of(self.definition)}: the first instance"
        self._bound(self.first, where)
        self._labels(self.first, where)
        outcome = played(self.definition, self.first, AtRandom(self._reader, 1, MOST_STEPS))
        measured(self.definition, self.first, outcome)
        text = called(self.definition, "explain", self.first, outcome)
        if not isinstance(text, str):
            raise ProblemError(f"{place_of(self.definition)}: explain must return a text, got {text!r:.60}")

    def check_draw(self) -> None:
        """Raise ProblemError where `draw` makes another instance of the same seed."""
        drawn = [called(self.definition, "draw", np.random.default_rng(7)) for _ in range(2)]
        where = f"{place_of(self.definition)}: an instance of `draw`"
        if len({fingerprint([canonical(data, where)]) for data in drawn}) > 1:
            raise ProblemError(f"{where}: the same seed gave another instance; draw all random numbers from `rng`")

    def _play(self, data: Data, where: str, seed: int) -> tuple[float, AtRandom]:
        choose = AtRandom(self._reader, seed, MOST_STEPS)
        try:
            outcome = played(self.definition, data, choose)
        except Ended as end:
            raise ProblemError(
                f"{where}: `simulate` took {end.reason} at random choices; does it come to an end?"
            ) from end
        if not choose.choices:
            raise ProblemError(f"{where}: `simulate` never called choose(...), so there is nothing to decide")
        return valued(self.definition, data, outcome), choose

    def _bound(self, data: Data, where: str) -> float | None:
        bound = called(self.definition, "bound", data)
        if bound is None:
            return None
        if not isinstance(bound, int | float | np.integer | np.floating) or not np.isfinite(bound):
            raise ProblemError(f"{where}: bound must return one finite number, or None, got {bound!r:.60}")
        return float(bound)

    def _labels(self, data: Data, where: str) -> dict[str, str | int | float]:
        labels: Any = called(self.definition, "labels", data)
        if not isinstance(labels, Mapping) or not all(isinstance(key, str) for key in labels):
            raise ProblemError(f'{where}: labels must return a mapping such as {{"n": 20}}, got {labels!r:.60}')
        found = {key: value.item() if isinstance(value, np.generic) else value for key, value in labels.items()}
        for key, value in found.items():
            if not isinstance(value, str | int | float):
                raise ProblemError(f"{where}: the label {key!r} must be a text or a number, got {value!r:.60}")
        return found
