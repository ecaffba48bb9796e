"""The nodes of an instance while requests are placed, as compiled code keeps them.

Nodes of one type with equally much free are one candidate: they are kept as classes, each with its nodes in ascending
order (`head` has the first of each class, `following` the next of each node), so a rule is asked once for all of them
and the lowest number wins the tie. `free` has the amounts of each class (3 × classes), `look` the shares that a rule
sees (3 free and 3 capacities × classes).
"""

import numba
from numba import types

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.kernels.smallest import first_smallest

_I1, _I2, _F1, _F2 = types.int64[::1], types.int64[:, ::1], types.float64[::1], types.float64[:, ::1]
NONE = -1
_LAST = 1 << 40  # the rank of new nodes, behind all that are there


@numba.njit(types.void(_I2, _I2, _F1, _I1, _F2), error_model="numpy", cache=True)
def measure(requests: Ints, kinds: Ints, scale: Floats, least: Ints, capacity: Floats) -> None:
    """For each resource the largest capacity, the smallest request, and the capacity of each type as a share."""
    for r in range(3):
        least[r] = requests[0, r]
        for i in range(1, requests.shape[0]):
            least[r] = min(least[r], requests[i, r])
        for t in range(kinds.shape[0]):
            scale[r] = max(scale[r], float(kinds[t, r]))
        for t in range(kinds.shape[0]):
            capacity[t, r] = kinds[t, r] / scale[r] if scale[r] > 0.0 else 0.0


@numba.njit(types.int64(_F1, types.int64, _I1), error_model="numpy", cache=True)
def choose(value: Floats, count: int, rank: Ints) -> int:
    """The candidate of smallest value, of equal ones that of lowest rank; -1 where a value is NaN or infinite."""
    best: int = first_smallest(value, count)
    if best < 0:
        return -1
    smallest = value[best]
    for i in range(best + 1, count):
        if value[i] == smallest and rank[i] < rank[best]:
            best = i
    return best


@numba.njit(types.int64(_I2, _I1, types.int64, types.int64, _I1), error_model="numpy", cache=True)
def _find(free: Ints, kind: Ints, count: int, wanted: int, amounts: Ints) -> int:
    """The class of nodes of that type with so much free, or -1."""
    a, b, c = amounts[0], amounts[1], amounts[2]
    for k in range(count):
        if free[0, k] == a and free[1, k] == b and free[2, k] == c and kind[k] == wanted:
            return k
    return -1


@numba.njit(types.void(types.int64, types.int64, _I1, _I1), error_model="numpy", cache=True)
def _insert(node: int, k: int, head: Ints, following: Ints) -> None:
    """Put a node into its place in class `k`, by number."""
    if head[k] == NONE or node < head[k]:
        following[node] = head[k]
        head[k] = node
        return
    at = head[k]
    while following[at] != NONE and following[at] < node:
        at = following[at]
    following[node] = following[at]
    following[at] = node


@numba.njit(
    types.int64(types.int64, types.int64, _I1, _F1, _F2, types.int64, _I2, _I1, _I1, _F2, _I1),
    error_model="numpy",
    cache=True,
)
def join(
    node: int, t: int, amounts: Ints, scale: Floats, capacity: Floats, classes: int, free: Ints, kind: Ints,
    head: Ints, look: Floats, following: Ints,
) -> int:  # fmt: skip
    """Put a node of type `t` with `amounts` free into its class, a new one if need be; the number of classes."""
    k = _find(free, kind, classes, t, amounts)
    if k < 0:
        k = classes
        classes += 1
        kind[k], head[k] = t, NONE
        for r in range(3):
            free[r, k] = amounts[r]
            look[r, k] = amounts[r] / scale[r] if scale[r] > 0.0 else 0.0
            look[3 + r, k] = capacity[t, r]
    _insert(node, k, head, following)
    return classes


@numba.njit(types.int64(types.int64, types.int64, _I2, _I1, _I1, _F2, _I1), error_model="numpy", cache=True)
def leave(k: int, classes: int, free: Ints, kind: Ints, head: Ints, look: Floats, following: Ints) -> int:
    """Take the first node out of class `k`; the number of classes. The last one takes the place of an empty one."""
    head[k] = following[head[k]]
    if head[k] != NONE:
        return classes
    classes -= 1
    kind[k], head[k] = kind[classes], head[classes]
    for r in range(3):
        free[r, k] = free[r, classes]
    for r in range(6):
        look[r, k] = look[r, classes]
    return classes


@numba.njit(types.int64(_I2, types.int64, types.int64, _I2, _F2, _I1, _F2, _I1, _I1), error_model="numpy", cache=True)
def there(
    requests: Ints, i: int, classes: int, free: Ints, look: Floats, head: Ints, column: Floats, who: Ints, rank: Ints
) -> int:
    """Collect the classes with room for request `i`; how many there are."""
    a, b, c = requests[i, 0], requests[i, 1], requests[i, 2]
    m = 0
    for k in range(classes):
        if free[0, k] >= a and free[1, k] >= b and free[2, k] >= c:
            for r in range(6):
                column[r, m] = look[r, k]
            column[6, m], who[m], rank[m] = 0.0, k, head[k]
            m += 1
    return m


@numba.njit(types.int64(_I2, types.int64, types.int64, _I2, _F2, _F2, _I1, _I1), error_model="numpy", cache=True)
def openable(
    requests: Ints, i: int, m: int, kinds: Ints, capacity: Floats, column: Floats, who: Ints, rank: Ints
) -> int:
    """Add the types of which a new node has room; how many candidates there are then."""
    a, b, c = requests[i, 0], requests[i, 1], requests[i, 2]
    for t in range(kinds.shape[0]):
        if kinds[t, 0] >= a and kinds[t, 1] >= b and kinds[t, 2] >= c:
            for r in range(3):
                column[r, m] = capacity[t, r]
                column[3 + r, m] = capacity[t, r]
            column[6, m], who[m], rank[m] = 1.0, -2 - t, _LAST + t
            m += 1
    return m


@numba.njit(types.void(_I1, types.int64, _F1, _F1), error_model="numpy", cache=True)
def means(sums: Ints, count: int, scale: Floats, out: Floats) -> None:
    """Mean amounts as shares; 0 without anything to take the mean of."""
    for r in range(3):
        out[r] = sums[r] / (count * scale[r]) if count * scale[r] > 0.0 else 0.0
