"""What is computed once of each instance is known as long as the instance, and no longer."""

import gc
from collections.abc import Sequence

from heuresis.problems.serving.per_instance import PerInstance


class Thing:
    """Told apart by identity, as instances are."""


def test_each_instance_is_computed_once_and_the_missing_ones_together() -> None:
    asked: list[list[Thing]] = []

    def compute(things: Sequence[Thing]) -> list[int]:
        asked.append(list(things))
        return [id(one) for one in things]

    known = PerInstance[Thing, int](compute)
    first, second, third = Thing(), Thing(), Thing()
    assert known.of([second, first, second]) == [id(second), id(first), id(second)]
    assert known.of([first, third]) == [id(first), id(third)]
    assert asked == [[second, first], [third]]


def test_it_is_forgotten_with_the_instance() -> None:
    known = PerInstance[Thing, Thing](lambda things: [Thing() for _ in things])
    kept = Thing()
    results = known.of([kept, Thing()])
    gc.collect()
    assert len(known) == 1
    assert known.of([kept]) == results[:1]
