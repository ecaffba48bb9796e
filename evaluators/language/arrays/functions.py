"""Functions of whole arrays as programs mean them, in Python that is both interpreted and compiled.

Arrays are lists of floats here and arrays of float64 where they are compiled (`compiled.py`); what is used of
them means the same for both. Sums run from the first element to the last. What NumPy refuses is refused: the least of
nothing, arrays of different lengths. Bounds of slices are safe for every integer of 64 bits: what is added to one
that is negative is a length.
"""

import math


def _same(n: int, m: int) -> int:
    """The length of two arrays."""
    if n != m:
        raise ValueError("arrays of different lengths")
    return n


def _sign(x: float) -> float:
    """1, -1, or 0; of NaN 0."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0


def _floors(x: float) -> float:
    """The whole number below as a float; an infinity and NaN stay what they are."""
    return math.copysign(float(math.floor(x)), x) if abs(x) < 4503599627370496.0 else float(x)


def _ceils(x: float) -> float:
    """The whole number above as a float; an infinity and NaN stay what they are."""
    return math.copysign(float(math.ceil(x)), x) if abs(x) < 4503599627370496.0 else float(x)


def _copy(a: list[float]) -> list[float]:
    """A new array of the same elements."""
    return a.copy()


def _slice(a: list[float], low: int, high: int) -> list[float]:
    """A new array of the elements from `low` up to, without, `high`; negative numbers count from the end."""
    n = len(a)
    low = min(max(low + n if low < 0 else low, 0), n)
    high = max(min(max(high + n if high < 0 else high, 0), n), low)
    return a[low:high].copy()


def _compress(a: list[float], mask: list[float]) -> list[float]:
    """The elements where the mask is not 0."""
    if len(mask) != len(a):
        raise ValueError("a mask of another length")
    out = a.copy()
    k = 0
    for i in range(len(a)):
        if mask[i] != 0.0:
            out[k] = a[i]
            k += 1
    return out[:k].copy()


def _put_slice(a: list[float], low: int, high: int, new: list[float]) -> list[float]:
    """Write new elements from `low` up to, without, `high`; the array itself."""
    n = len(a)
    low = min(max(low + n if low < 0 else low, 0), n)
    high = max(min(max(high + n if high < 0 else high, 0), n), low)
    if len(new) != high - low:
        raise ValueError("a slice of another length")
    for i in range(high - low):
        a[low + i] = new[i]
    return a


def _fill_slice(a: list[float], low: int, high: int, value: float) -> list[float]:
    """Write one value from `low` up to, without, `high`; the array itself."""
    n = len(a)
    low = min(max(low + n if low < 0 else low, 0), n)
    high = max(min(max(high + n if high < 0 else high, 0), n), low)
    for i in range(low, high):
        a[i] = float(value)
    return a


def _put_mask(a: list[float], mask: list[float], new: list[float]) -> list[float]:
    """Write the new elements, in order, where the mask is not 0; the array itself."""
    if len(mask) != len(a):
        raise ValueError("a mask of another length")
    k = 0
    for i in range(len(a)):
        if mask[i] != 0.0:
            k += 1
    if len(new) != k:
        raise ValueError("as many values as the mask chooses are wanted")
    k = 0
    for i in range(len(a)):
        if mask[i] != 0.0:
            a[i] = new[k]
            k += 1
    return a


def _fill_mask(a: list[float], mask: list[float], value: float) -> list[float]:
    """Write one value where the mask is not 0; the array itself."""
    if len(mask) != len(a):
        raise ValueError("a mask of another length")
    for i in range(len(a)):
        if mask[i] != 0.0:
            a[i] = float(value)
    return a


def _cumsum(a: list[float]) -> list[float]:
    """Sums up to each element."""
    out = a.copy()
    for i in range(1, len(out)):
        out[i] += out[i - 1]
    return out


def _sort(a: list[float]) -> list[float]:
    """The elements, smallest first, -0.0 before 0.0, and NaN last: so it matters to no element how one sorts."""
    out = a.copy()
    n = 0
    below = 0  # how many are -0.0
    for i in range(len(a)):
        if not math.isnan(a[i]):
            out[n] = a[i]
            n += 1
            if a[i] == 0.0 and math.copysign(1.0, a[i]) < 0.0:
                below += 1
    ordered = out[:n].copy()
    ordered.sort()
    for i in range(len(a)):
        if i >= n:
            out[i] = math.nan
        elif ordered[i] == 0.0:
            out[i] = -0.0 if below > 0 else 0.0
            below -= 1
        else:
            out[i] = ordered[i]
    return out


def _sum(a: list[float]) -> float:
    """The sum; 0 of nothing."""
    total = 0.0
    for i in range(len(a)):
        total += a[i]
    return total


def _prod(a: list[float]) -> float:
    """The product; 1 of nothing."""
    total = 1.0
    for i in range(len(a)):
        total *= a[i]
    return total


def _dot(a: list[float], b: list[float]) -> float:
    """The sum of the products of elements."""
    if len(a) != len(b):
        raise ValueError("arrays of different lengths")
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def _mean(a: list[float]) -> float:
    """The mean; refused of nothing."""
    if len(a) == 0:
        raise ValueError("the mean of an empty array")
    total = 0.0
    for i in range(len(a)):
        total += a[i]
    return total / len(a)


def _var(a: list[float]) -> float:
    """The mean squared distance from the mean; refused of nothing."""
    if len(a) == 0:
        raise ValueError("the variance of an empty array")
    mean = 0.0
    for i in range(len(a)):
        mean += a[i]
    mean /= len(a)
    total = 0.0
    for i in range(len(a)):
        total += (a[i] - mean) * (a[i] - mean)
    return total / len(a)


def _median(a: list[float]) -> float:
    """The middle element of a sorted array, or the mean of the middle two; refused of nothing."""
    n = len(a)
    if n == 0:
        raise ValueError("the median of an empty array")
    return a[n // 2] if n % 2 == 1 else 0.5 * (a[n // 2 - 1] + a[n // 2])


def _argmin(a: list[float]) -> int:
    """The position of the first smallest element; NaN counts only at the first place. Refused of nothing."""
    if len(a) == 0:
        raise ValueError("the smallest of an empty array")
    best = 0
    for i in range(1, len(a)):
        if a[i] < a[best]:
            best = i
    return best


def _argmax(a: list[float]) -> int:
    """The position of the first largest element; NaN counts only at the first place. Refused of nothing."""
    if len(a) == 0:
        raise ValueError("the largest of an empty array")
    best = 0
    for i in range(1, len(a)):
        if a[i] > a[best]:
            best = i
    return best


def _min(a: list[float]) -> float:
    """The smallest element, as `min` finds it; refused of nothing."""
    if len(a) == 0:
        raise ValueError("the smallest of an empty array")
    best = a[0]
    for i in range(1, len(a)):
        best = min(best, a[i])
    return best


def _max(a: list[float]) -> float:
    """The largest element, as `max` finds it; refused of nothing."""
    if len(a) == 0:
        raise ValueError("the largest of an empty array")
    best = a[0]
    for i in range(1, len(a)):
        best = max(best, a[i])
    return best


def _count_nonzero(a: list[float]) -> int:
    """How many elements are not 0."""
    count = 0
    for i in range(len(a)):
        if a[i] != 0.0:
            count += 1
    return count


def _any(a: list[float]) -> bool:
    """Whether an element is not 0."""
    found = False
    for i in range(len(a)):
        found = found or a[i] != 0.0
    return found


def _all(a: list[float]) -> bool:
    """Whether no element is 0."""
    found = True
    for i in range(len(a)):
        found = found and a[i] != 0.0
    return found
