"""How far what a compiled program chose lies from what the reference would choose."""

import math
from collections.abc import Sequence

TOLERANCE = 1e-9
"""A program passes where no chosen key lies further above the smallest one, relatively: mathematical libraries round
differently in the last bit, which an honest program may turn into another choice between keys that are nearly equal."""


def distance(keys: Sequence[float], chosen: int) -> float:
    """How far the key at `chosen` lies above the smallest key, as a fraction of that one's size.

    `keys` are in the order in which ties are broken: of equal keys the first wins. 0 where the right one was chosen;
    infinite where that is no possible choice, where a key is NaN or infinite (a program without a key decides nothing),
    where the keys are equal and another than the first was chosen, and where the smallest key is 0 and another was
    chosen: nothing but 0 is near 0.
    """
    if not 0 <= chosen < len(keys) or not all(map(math.isfinite, keys)):
        return math.inf
    least, key = min(keys), keys[chosen]
    if key == least:
        return 0.0 if keys.index(least) == chosen else math.inf
    return (key - least) / abs(least) if least else math.inf
