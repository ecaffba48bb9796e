"""The GPUs of a node, one by one, in compiled code: which of them a request takes, and what is free for others.

A share of a GPU lies on the fullest GPU with room for it, whole GPUs are the first ones that are free. A request keeps
what it took as a set of bits, one for each GPU. Where an instance has no devices (`device` is 0), a node's GPUs are
one sum and nothing is kept.
"""

from numba import types

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.kernels.inner import borrowing_njit

_I1, _INT = types.int64[::1], types.int64


@borrowing_njit(types.void(_I1, _INT, _INT), error_model="numpy", cache=True)
def fill(gpus: Ints, amount: int, device: int) -> None:
    """Make all GPUs of a node with that amount free; those that it does not have are 0."""
    for d in range(gpus.shape[0]):
        gpus[d] = device if (d + 1) * device <= amount else 0


@borrowing_njit(_INT(_I1, _INT, _INT), error_model="numpy", cache=True)
def take(gpus: Ints, amount: int, device: int) -> int:
    """Take an amount that there is room for; which GPUs it lies on."""
    taken = 0
    if amount == 0 or gpus.shape[0] == 0:
        return taken
    if amount < device:
        best = -1
        for d in range(gpus.shape[0]):
            if gpus[d] >= amount and (best < 0 or gpus[d] < gpus[best]):
                best = d
        gpus[best] -= amount
        return 1 << best
    left = amount // device
    for d in range(gpus.shape[0]):
        if left > 0 and gpus[d] == device:
            gpus[d] = 0
            taken |= 1 << d
            left -= 1
    return taken


@borrowing_njit(types.void(_I1, _INT, _INT, _INT), error_model="numpy", cache=True)
def give_back(gpus: Ints, taken: int, amount: int, device: int) -> None:
    """Free what a request took."""
    for d in range(gpus.shape[0]):
        if taken >> d & 1:
            gpus[d] += min(amount, device)


@borrowing_njit(_INT(_I1, _INT, _INT, types.boolean), error_model="numpy", cache=True)
def room(gpus: Ints, amount: int, device: int, whole: bool) -> int:
    """The largest request for whole GPUs, or for a share of one, that fits; `amount` is what is free in all."""
    if gpus.shape[0] == 0:
        return amount
    free, largest = 0, 0
    for d in range(gpus.shape[0]):
        free += gpus[d] == device
        largest = max(largest, gpus[d])
    return free * device if whole else largest
