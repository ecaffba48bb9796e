"""Trusted algorithms beside the rules of vector packing: decreasing orders, known beforehand, and fragmentation."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.problems.problem import Algorithm, Baseline, MachineryError
from heuresis.problems.vector_packing.instances import VectorInstance
from heuresis.problems.vector_packing.scoring import VectorScoring

LEAST_SHARE = 1e-6
"""What a resource that is not asked for counts in the product of shares."""


def algorithms(first_fit: Baseline) -> tuple[Algorithm, ...]:
    """The references; `first_fit` is the rule that the decreasing orders go through."""
    panigrahy = "Panigrahy, Talwar, Uyeda and Wieder 2011, Heuristics for vector bin packing, Microsoft Research"
    return (
        Algorithm("ffd_sum", "FFDSum: first fit by decreasing weighted sum", _decreasing(first_fit, _sums), panigrahy),
        Algorithm("ffd_prod", "FFDProd: first fit by decreasing product", _decreasing(first_fit, _products), panigrahy),
        Algorithm(
            "fgd",
            "FGD: fragmentation gradient descent",
            _fragmentation_descent,
            "Weng et al. 2023, Beware of Fragmentation, USENIX ATC'23",
        ),
    )


def _decreasing(
    first_fit: Baseline, size: Callable[[VectorInstance], Floats]
) -> Callable[[VectorInstance], float | None]:
    def value(instance: VectorInstance) -> float | None:
        if instance.until is not None:
            return None  # who is there at one time does not wait to be sorted
        order = np.argsort(-size(instance), kind="stable")
        sorted_instance = _with_requests(instance, order)
        decisions = _simulated(sorted_instance, first_fit.source)
        return _value(sorted_instance, decisions)

    return value


def _sums(instance: VectorInstance) -> Floats:
    """Shares of the largest capacity, summed with the mean share asked for as weights (FFDAvgSum there)."""
    shares = _shares(instance)
    return np.asarray(shares @ shares.mean(axis=0), dtype=np.float64)


def _products(instance: VectorInstance) -> Floats:
    """The product of the shares of the resources that the nodes have."""
    present = instance.types.any(axis=0)
    return np.asarray(np.prod(np.maximum(_shares(instance)[:, present], LEAST_SHARE), axis=1), dtype=np.float64)


def _shares(instance: VectorInstance) -> Floats:
    shares: Floats = instance.requests / np.maximum(instance.types.max(axis=0), 1)
    return shares


def _simulated(instance: VectorInstance, source: str) -> Sequence[NDArray[np.generic]]:
    """What a rule decides, by the simulator that programs run on."""
    from heuresis.evaluators.vector_packing.simulator import Placement  # compiled code: only when it is asked for

    simulator = Placement(VectorScoring().pack([instance]))
    return simulator.decide(_compiled(source), np.empty(0), np.zeros(1, dtype=np.int64))


@functools.cache
def _compiled(source: str) -> object:
    from heuresis.evaluators.language.compile import compile_program
    from heuresis.evaluators.vector_packing.contract import CONTRACT
    from heuresis.sandbox.screen.screen import screen

    return compile_program(screen(source, CONTRACT.allow_list()), CONTRACT)


def _with_requests(instance: VectorInstance, rows: Ints) -> VectorInstance:
    """The instance with some of its requests in another order; nobody leaves."""
    allowed = None if instance.allowed is None else instance.allowed[rows]
    requests = np.ascontiguousarray(instance.requests[rows])
    return dataclasses.replace(instance, requests=requests, allowed=allowed, until=None)


def _fragmentation_descent(instance: VectorInstance) -> float:
    from heuresis.evaluators.vector_packing.algorithms import fragmentation_descent
    from heuresis.evaluators.vector_packing.simulator import Placement

    allowed = np.full(instance.size, -1) if instance.allowed is None else instance.allowed
    rows = np.column_stack([instance.requests, allowed])
    _, first, counts = np.unique(rows, axis=0, return_index=True, return_counts=True)
    cases, typical = (
        Placement(VectorScoring().pack([one])).cases for one in (instance, _with_requests(instance, first))
    )
    chosen = np.empty(instance.size, dtype=np.int32)
    fragmentation_descent(cases, typical, counts / instance.size, chosen)
    return _value(instance, (np.ones(1, dtype=np.uint8), chosen))


def _value(instance: VectorInstance, decisions: Sequence[NDArray[np.generic]]) -> float:
    scoring = VectorScoring()
    replay = scoring.replay([instance], decisions)
    found = replay.schedules[0]
    if found is None:
        raise MachineryError(f"{instance.name}: a reference algorithm decided what is not feasible: {replay.fault}")
    return scoring.value(instance, found)
