"""A heap of (value, number) in the rows of an array, the smallest first; its size is kept by whoever has it."""

from numba import types

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.kernels.inner import inner_njit

_HEAP = types.float64[:, ::1]


@inner_njit(types.void(_HEAP, types.int64, types.float64, types.int64), error_model="numpy", cache=True)
def push(heap: Floats, size: int, value: float, i: int) -> None:
    """Put a number with its value into a heap of `size`; it has one more afterwards."""
    at = size
    while at > 0:
        up = (at - 1) // 2
        if heap[up, 0] < value or (heap[up, 0] == value and heap[up, 1] < i):
            break
        heap[at, 0], heap[at, 1] = heap[up, 0], heap[up, 1]
        at = up
    heap[at, 0], heap[at, 1] = value, i


@inner_njit(types.void(_HEAP, types.int64), error_model="numpy", cache=True)
def drop(heap: Floats, size: int) -> None:
    """Take the first one from a heap of `size`; it has one less afterwards."""
    last, at = size - 1, 0
    value, i = heap[last, 0], heap[last, 1]
    while 2 * at + 1 < last:
        down = 2 * at + 1
        if down + 1 < last and (
            heap[down + 1, 0] < heap[down, 0]
            or (heap[down + 1, 0] == heap[down, 0] and heap[down + 1, 1] < heap[down, 1])
        ):
            down += 1
        if value < heap[down, 0] or (value == heap[down, 0] and i < heap[down, 1]):
            break
        heap[at, 0], heap[at, 1] = heap[down, 0], heap[down, 1]
        at = down
    heap[at, 0], heap[at, 1] = value, i
