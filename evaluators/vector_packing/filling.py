"""What a node would have idle at best, once it is filled with requests such as came so far, in compiled code.

The commonest kinds of requests are those among the first 1, 2, 4, … 512, 1024, 1536, … requests, so that what was
computed for a room can be kept until the next count.
"""

from typing import NamedTuple

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.kernels.inner import borrowing_njit
from heuresis.evaluators.vector_packing.contract import COMMONEST, FURTHER, REGULAR

_I1, _I2, _F1, _F2, _INT = (
    types.int64[::1],
    types.int64[:, ::1],
    types.float64[::1],
    types.float64[:, ::1],
    types.int64,
)
_SLOTS = 1 << 14
_MIXING = (
    0x2545F4914F6CDD1D,
    0x1B873593A3E5C8B5,
    0x369DEA0F31A53F85,
)  # odd; amounts are multiples of large powers of 2


class Filling(NamedTuple):
    """Kinds of requests with how often each came, the commonest of them, and what was computed for rooms with these."""

    kinds: Ints  # requests × 3, as many of them as `counts[0]`
    times: Ints  # how often each came
    counts: Ints  # kinds, commonest kinds, requests at which these are found anew
    common: Ints  # COMMONEST × 3
    rooms: Ints  # slots × 3; -1: empty
    least: Ints  # of each resource, what is computed just now
    idle: Floats  # slots × 3, shares


FILLING = types.NamedTuple((_I2, _I1, _I1, _I2, _I2, _I1, _F2), Filling)


@numba.njit(FILLING(_INT), error_model="numpy", cache=True)
def nothing_seen(requests: int) -> Filling:
    """Before the first of so many requests; 0: nothing will be asked."""
    slots = _SLOTS if requests else 0
    counts = np.zeros(3, np.int64)
    counts[2] = 1
    kinds, times = np.zeros((requests, 3), np.int64), np.zeros(requests, np.int64)
    rooms = np.full((slots, 3), -1, np.int64)
    common, least = np.zeros((COMMONEST, 3), np.int64), np.zeros(3, np.int64)
    return Filling(kinds, times, counts, common, rooms, least, np.zeros((slots, 3)))


@numba.njit(types.void(FILLING), error_model="numpy", cache=True)
def _find(filling: Filling) -> None:
    """The commonest kinds, of equally common ones those that came first."""
    left = filling.times[: filling.counts[0]].copy()
    filling.counts[1] = min(COMMONEST, filling.counts[0])
    for j in range(filling.counts[1]):
        best = np.argmax(left)
        filling.common[j] = filling.kinds[best]
        left[best] = 0


@borrowing_njit(types.void(FILLING, _I1, _INT), error_model="numpy", cache=True)
def see(filling: Filling, request: Ints, number: int) -> None:
    """Count a request, the `number`-th; find the commonest kinds anew where it is time for that."""
    kinds, x, y, z = filling.kinds, request[0], request[1], request[2]
    k = 0
    while k < filling.counts[0] and (kinds[k, 0] != x or kinds[k, 1] != y or kinds[k, 2] != z):
        k += 1
    if k == filling.counts[0]:
        kinds[k, 0], kinds[k, 1], kinds[k, 2] = x, y, z
        filling.counts[0] += 1
    filling.times[k] += 1
    if number == filling.counts[2]:
        filling.counts[2] = min(2 * number, number + REGULAR)
        filling.rooms[:] = -1
        _find(filling)


@borrowing_njit(
    types.void(_I2, _INT, _INT, _INT, _INT, _INT, _INT, _I1), inlined=False, error_model="numpy", cache=True
)
def _fill(kinds: Ints, first: int, count: int, a: int, b: int, c: int, further: int, least: Ints) -> None:
    """Lower `least` to what is left of each resource after one to so many requests of the kinds from `first` on."""
    for j in range(first, count):
        x, y, z = a - kinds[j, 0], b - kinds[j, 1], c - kinds[j, 2]
        if x >= 0 and y >= 0 and z >= 0:
            least[0], least[1], least[2] = min(least[0], x), min(least[1], y), min(least[2], z)
            if further > 1:
                _fill(kinds, j, count, x, y, z, further - 1, least)


@borrowing_njit(_INT(FILLING, _INT, _INT, _INT, _F1), error_model="numpy", cache=True)
def idle(filling: Filling, a: int, b: int, c: int, scale: Floats) -> int:
    """The slot of `filling.idle` with what a room would have idle."""
    mixed = (a * _MIXING[0] + b) * _MIXING[1] + c
    slot = (mixed * _MIXING[2] >> 40) & (_SLOTS - 1)
    if filling.rooms[slot, 0] != a or filling.rooms[slot, 1] != b or filling.rooms[slot, 2] != c:
        filling.rooms[slot, 0], filling.rooms[slot, 1], filling.rooms[slot, 2] = a, b, c
        least = filling.least
        least[0], least[1], least[2] = a, b, c
        _fill(filling.common, 0, filling.counts[1], a, b, c, FURTHER, least)
        for r in range(3):
            filling.idle[slot, r] = least[r] / scale[r] if scale[r] > 0.0 else 0.0
    return slot
