"""The simulator of problems that are written as one simulation in plain Python."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints, Stream
from heuresis.evaluators.language.arguments import checked, main_of, vector
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.sequential.choosing import ByRule, Definition, Ended, furthest, played, valued
from heuresis.evaluators.sequential.features import Reader
from heuresis.evaluators.sequential.objective import aggregate, is_gap
from heuresis.evaluators.sequential.packing import AUTHOR, REFERENCE, STEPS, unpack
from heuresis.evaluators.simulator import named

COST = 20
"""A decision in plain Python counts as so many compiled ones in what a step of the search may do."""


class Sequential:
    """Runs an author's `simulate` with a rule that chooses among the items of each decision.

    The payload is that of `packing.pack`. A subclass with a compiled loop of its own writes `follow` anew; `definition`
    is the author's object, and the instances are mappings of arrays and numbers as `simulate` sees them. `lengths` is
    what an instance costs, counted in compiled decisions.
    """

    contract: Contract
    cost = COST

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        self.definition = definition_of(np.asarray(payload[AUTHOR], np.uint8).tobytes().decode())
        self.contract = self.definition.contract
        self.instances = unpack(payload)
        self.size = len(self.instances)
        self.reference = np.asarray(payload[REFERENCE], dtype=np.float64)
        self.lengths = self.cost * np.asarray(payload[STEPS], dtype=np.int64)
        self._reader = Reader(self.contract.main)

    def warm(self) -> None:
        """Nothing of ours is compiled here; a subclass with a compiled loop compiles it."""

    def follow(
        self, instance: Mapping[str, Any], rule: Callable[..., Any], theta: Floats
    ) -> tuple[Stream, float] | None:
        """The choices of a rule on one instance, `int32`, and its value; None where a key is NaN or infinite.

        A choice is the place of an item among those that `simulate` hands to `choose`; of equal keys the first wins.
        Raises SimulateError, and what the rule raises.
        """
        choose = ByRule(self._reader, rule, theta)
        try:
            outcome = played(self.definition, instance, choose)
        except Ended as end:
            if end.cause is not None:
                raise end.cause from None
            return None
        return np.array(choose.choices, dtype=np.int32), valued(self.definition, instance, outcome)

    def decide(self, program: object, theta: Floats, order: Ints) -> Sequence[NDArray[np.generic]]:
        """Return `uint8[len(order)]` (1: decided), `int32[len(order)]` (how many choices) and the choices (`int32`)."""
        found = [self._followed(i, program, theta) for i in checked(order, self.size)]
        streams = [np.empty(0, dtype=np.int32) if one is None else one[0] for one in found]
        valid = np.array([one is not None for one in found], dtype=np.uint8)
        return valid, np.array([len(s) for s in streams], dtype=np.int32), np.concatenate(streams)

    def loss(self, program: object, theta: Floats, subset: Ints) -> float:
        """The objective on some instances (`objective.aggregate`); inf where the program fails on one."""
        subset = checked(subset, self.size)
        values = self._values(program, theta, subset)
        return float("inf") if values is None else aggregate(values, self.reference[subset])

    def excess(self, program: object, theta: Floats, subset: Ints) -> Floats:
        """Each instance's part in the loss: (value − bound) / sum of bounds, or its value where bounds are missing."""
        subset = checked(subset, self.size)
        values = self._values(program, theta, subset)
        if values is None:
            return np.full(len(subset), np.inf)
        if not is_gap(self.reference):
            return values
        excess: Floats = (values - self.reference[subset]) / self.reference.sum()
        return excess

    def audit(self, judge: Callable[..., float], order: Ints, decisions: Sequence[NDArray[np.generic]]) -> Floats:
        """The largest distance of a choice from the interpreter's, by instance (see `Simulator`).

        `simulate` runs once more, in plain Python; where `follow` is its own loop, nothing is shared with it.
        """
        order = checked(order, self.size)
        valid, counts, choices = decisions
        streams = np.split(choices, np.cumsum(counts)[:-1].astype(np.int64))
        found = np.full(len(order), np.inf)
        for place, (i, stream) in enumerate(zip(order, streams, strict=True)):
            if valid[place] == 1:
                found[place] = furthest(self.definition, self.instances[i], judge, stream.tolist())
        return found

    def _followed(self, i: int, program: object, theta: Floats) -> tuple[Stream, float] | None:
        return self.follow(self.instances[i], main_of(program), vector(theta))

    def _values(self, program: object, theta: Floats, subset: Ints) -> Floats | None:
        values = np.empty(len(subset))
        for place, i in enumerate(subset):
            one = self._followed(i, program, theta)
            if one is None:
                return None
            values[place] = one[1]
        return values


def definition_of(name: str) -> Definition:
    """An object of the author's class, by `/path/file.py:Class` or `package.module:Class`."""
    return cast(Callable[[], Definition], named(name))()
