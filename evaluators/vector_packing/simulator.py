"""Packing requests over several resources onto nodes: what a rule may see, and the simulator that lets it place.

`loops.py` has the compiled loops, `plain.py` the same in plain Python.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.language.arguments import checked, main_of, vector
from heuresis.evaluators.language.compile import Program
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.vector_packing import loops
from heuresis.evaluators.vector_packing.contract import CONTRACT, NOT_PLACED
from heuresis.evaluators.vector_packing.objective import aggregate, lost
from heuresis.evaluators.vector_packing.plain import PlainCase, furthest


class Placement:
    """Places requests in order, each on the node of smallest `score` among those where every resource fits.

    The payload, all int64 but `reference`: `requests` (three amounts of each request, all instances concatenated),
    `until` (of each, before the arrival of which request of its instance it leaves; their number where it stays),
    `allowed` (of each, the models of nodes that it may go to, as bits) and `offsets` (in requests, instances + 1);
    `types` (three capacities of each node type), `models` (of each type, 0 to 61) and `type_offsets`; `fleet` (the type
    of each node that is there from the beginning) and `fleet_offsets`; `opens` (1 where nodes are opened at will, then
    there is no fleet), `devices` (the amount of one GPU; 0 where the GPUs of a node are one sum) and `reference`
    (float64, a lower bound of each instance's value).
    """

    contract: ClassVar[Contract] = CONTRACT

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        def ints(name: str) -> Ints:
            return np.ascontiguousarray(payload[name], dtype=np.int64)

        requests, types = ints("requests").reshape(-1, 3), ints("types").reshape(-1, 3)
        self.cases = loops.Cases(
            requests, ints("until"), ints("allowed"), ints("offsets"), types, ints("models"), ints("type_offsets"),
            ints("fleet"), ints("fleet_offsets"), ints("opens"), ints("devices"),
        )  # fmt: skip
        self.offsets, self.opens = self.cases.offsets, self.cases.opens
        self.reference = np.ascontiguousarray(payload["reference"], dtype=np.float64)
        self.size = len(self.offsets) - 1

    def warm(self) -> None:
        """Compile the loops, or load them from the on-disk cache."""
        loops.warm()

    def decide(self, program: object, theta: Floats, order: Ints) -> Decisions:
        """Return `uint8[len(order)]` (1 where every score was finite) and the decisions, concatenated (`int32`).

        A decision is the number of a node (in a fleet its position, else in order of opening), `-2 - t` for a new node
        of type t, which gets the next number, or `NOT_PLACED`. After a failure the instance's are `NOT_PLACED`.
        """
        order = checked(order, self.size)
        valid = np.zeros(len(order), dtype=np.uint8)
        chosen = np.full(int(np.diff(self.offsets)[order].sum()), NOT_PLACED, dtype=np.int32)
        loops.placements(main_of(program), vector(theta), _foresees(program), order, self.cases, valid, chosen)
        return valid, chosen

    def loss(self, program: object, theta: Floats, subset: Ints) -> float:
        """The objective on the instances in `subset` (`aggregate`); inf where the program fails on one of them."""
        values = self._values(program, theta, checked(subset, self.size))
        if values is None:
            return float("inf")
        opens, sizes = self.opens[subset], np.diff(self.offsets)[subset]
        return aggregate(values, self.reference[subset], sizes, opens)

    def excess(self, program: object, theta: Floats, subset: Ints) -> Floats:
        """Each instance's part in the loss beyond what its lower bound has."""
        subset = checked(subset, self.size)
        values = self._values(program, theta, subset)
        if values is None:
            return np.full(len(subset), np.inf)
        reference = self.reference[subset]
        if np.all(self.opens[subset] == 1):
            excess: Floats = (values - reference) / reference.sum()
            return excess
        sizes = np.diff(self.offsets)[subset].astype(np.float64)
        return (lost(values, sizes) - lost(reference, sizes)) / len(subset)

    def audit(self, judge: Callable[..., float], order: Ints, decisions: Decisions) -> Floats:
        """The largest distance of a chosen score from the smallest one, by instance (see `Simulator`)."""
        order = checked(order, self.size)
        sizes = np.diff(self.offsets)[order]
        valid, chosen = decisions
        if valid.shape != order.shape or chosen.shape != (sizes.sum(),):
            raise ValueError(f"expected decisions on {len(order)} instances of {sizes.sum()} requests in all")
        found = np.full(len(order), np.inf)
        parts = np.split(chosen, np.cumsum(sizes)[:-1])
        for place, (i, part) in enumerate(zip(order, parts, strict=True)):
            if valid[place] == 1:
                found[place] = furthest(judge, self._case(int(i)), part.tolist())
        return found

    def _case(self, i: int) -> PlainCase:
        """One instance as lists."""
        cases = self.cases
        mine = slice(cases.offsets[i], cases.offsets[i + 1])
        types = slice(cases.type_offsets[i], cases.type_offsets[i + 1])
        return PlainCase(
            requests=cases.requests[mine].tolist(),
            until=cases.until[mine].tolist(),
            allowed=cases.allowed[mine].tolist(),
            types=cases.amounts[types].tolist(),
            models=cases.models[types].tolist(),
            fleet=cases.fleet[cases.fleet_offsets[i] : cases.fleet_offsets[i + 1]].tolist(),
            opens=bool(cases.opens[i] == 1),
            device=int(cases.devices[i]),
        )

    def _values(self, program: object, theta: Floats, subset: Ints) -> Floats | None:
        """The value of each instance; None where the program fails on one of them."""
        values = np.empty(len(subset))
        done = loops.values(main_of(program), vector(theta), _foresees(program), subset, self.cases, values)
        return values if done else None


def _foresees(program: object) -> bool:
    """Whether a program may read what nodes would have idle (of one handed over bare nothing is known)."""
    return not isinstance(program, Program) or any(name.startswith("idle_") for name in program.reads[0])
