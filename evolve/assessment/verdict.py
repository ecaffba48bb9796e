"""What the outcomes of a program say about it: its status, its values, and whether two runs decided the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.problems.scoring import Scoring, valued
from heuresis.sandbox.outcome import Outcome, Status

INVALID = "invalid"
"""Status of an evaluation whose program ran, but left an instance without a feasible value."""

UNSTABLE = "unstable"
"""Status of an evaluation whose program decided otherwise when it ran again with the instances in another order."""

REFUTED = "refuted"
"""Status of an evaluation whose decisions are not those that the reference interpreter makes of the program."""

SECOND_RUN, CHAMPION = 2, 3
"""What an order of instances is drawn for; the third number of its seed, so that nothing else draws the same."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a program in a child of its own, on the instances numbered in `order`, in that order."""

    outcome: Outcome
    order: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status of a program, why, and its values in the order of the instance set (empty where it has none).

    `schedules` are what the values were computed from, in the same order.
    """

    status: str
    message: str
    values: tuple[float | None, ...] = ()
    schedules: tuple[Any | None, ...] = field(default=(), compare=False, repr=False)

    @property
    def ok(self) -> bool:
        """Whether every instance has a value."""
        return self.status == Status.OK


def another_order(seed: int, number: int, purpose: int = SECOND_RUN) -> np.random.Generator:
    """From which a run draws the order of instances for a second run of proposal `number`."""
    return np.random.default_rng([seed, number, purpose])


def verdict(scoring: Scoring, instances: Sequence[Any], ran: Ran) -> Verdict:
    """What one run says: the one trusted replay of an evaluation. Raises MachineryError where a value is too good."""
    if not ran.outcome.ok:
        return Verdict(str(ran.outcome.status), ran.outcome.message)
    met = [instances[i] for i in ran.order]
    replay = scoring.replay(met, ran.outcome.arrays)
    values: list[float | None] = [None] * len(instances)
    schedules: list[Any | None] = [None] * len(instances)
    for index, value, schedule in zip(ran.order, valued(scoring, met, replay.schedules), replay.schedules, strict=True):
        values[int(index)] = value if value is not None and math.isfinite(value) else None
        schedules[int(index)] = schedule
    return Verdict(INVALID if None in values else str(Status.OK), replay.fault, tuple(values), tuple(schedules))


def second_verdict(scoring: Scoring, instances: Sequence[Any], first: Ran, before: Verdict, again: Ran) -> Verdict:
    """What a second run, in another order, says of a program whose first run found a value for each instance.

    `before` where every decision is the same: then nothing is replayed again. `unstable` where one differs; what the
    second run came to is only replayed to say where. A second run that ends otherwise (`timeout`, say) gives that
    status.
    """
    if not again.outcome.ok:
        message = f"when it ran again, with the instances in another order: {again.outcome.message}"
        return Verdict(str(again.outcome.status), message)
    if _alike(scoring, instances, first, again):
        return before
    after = verdict(scoring, instances, again)
    differing = [i for i, pair in enumerate(zip(before.values, after.values, strict=True)) if pair[0] != pair[1]]
    if after.ok and not differing:
        one, other = _decisions(scoring, instances, first), _decisions(scoring, instances, again)
        differing = [i for i in range(len(instances)) if one[i] != other[i]]
    if not differing:
        return before
    where = f"first on instance {instances[differing[0]].name}; on {len(differing)} of {len(instances)} instances"
    return Verdict(UNSTABLE, f"decides otherwise when it runs again with the instances in another order ({where})")


def _alike(scoring: Scoring, instances: Sequence[Any], first: Ran, again: Ran) -> bool:
    """Whether the decisions of the first run, put into the order of the second, are those of the second to the bit.

    Only the first run's are cut: nothing has said yet that the second's have the shape of decisions.
    """
    parts = scoring.cut([instances[i] for i in first.order], first.outcome.arrays)
    place = {int(index): number for number, index in enumerate(first.order)}
    ordered = [parts[place[int(index)]] for index in again.order]
    if len(first.outcome.arrays) != len(again.outcome.arrays):
        return False
    for number, (one, other) in enumerate(zip(first.outcome.arrays, again.outcome.arrays, strict=True)):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        if b"".join(part[number].tobytes() for part in ordered) != other.tobytes():
            return False
    return True


def _decisions(scoring: Scoring, instances: Sequence[Any], ran: Ran) -> dict[int, list[tuple[str, Any, bytes]]]:
    """The decisions on each instance, by its number, down to the last bit."""
    parts = scoring.cut([instances[i] for i in ran.order], ran.outcome.arrays)
    return {
        int(index): [(a.dtype.str, a.shape, a.tobytes()) for a in arrays]
        for index, arrays in zip(ran.order, parts, strict=True)
    }
