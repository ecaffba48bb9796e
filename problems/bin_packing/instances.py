"""Instances of online bin packing: two families of the literature, and the splits of them."""

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Ints
from heuresis.problems.bounds import l1, l2
from heuresis.problems.problem import InstanceError, InstanceSet

LARGEST_COUNT = 1_000_000
LARGEST_CAPACITY = 2_000_000
"""Limits of one instance: two arrays as long as the capacity are shown to a rule."""

SCALE, LARGEST_ITEM, WEIBULL_CAPACITY = 45, 100, 100
"""Weibull sizes: shape 3, scale 45, rounded and clipped to 1..100; capacity 100 (Castineiras et al. 2012)."""

SMALLEST_UNIFORM, LARGEST_UNIFORM, UNIFORM_CAPACITY = 20, 100, 150
"""Sizes of Falkenauer's uniform class (1996), OR-Library u120 to u1000: uniform on 20..100, capacity 150."""


@dataclass(frozen=True, slots=True, eq=False)
class PackingInstance:
    """Items in the order of arrival, 1-D int64, each of size 1 to `capacity`.

    `bound` is L1, the bound that the literature measures against, and `proven` is L2, below which no packing can be.
    Raises InstanceError where the items are not so.
    """

    name: str
    items: Ints
    capacity: int
    labels: Mapping[str, str | int | float] = field(default_factory=dict)
    bound: int = field(init=False)
    proven: int = field(init=False)

    def __post_init__(self) -> None:
        if self.items.dtype != np.int64 or self.items.ndim != 1:
            raise InstanceError(f"{self.name}: items must be a 1-D int64 array")
        if not 1 <= len(self.items) <= LARGEST_COUNT:
            raise InstanceError(f"{self.name}: expected 1 to {LARGEST_COUNT} items, got {len(self.items)}")
        if not 1 <= self.capacity <= LARGEST_CAPACITY:
            raise InstanceError(f"{self.name}: expected a capacity of 1 to {LARGEST_CAPACITY}, got {self.capacity}")
        if self.items.min() < 1 or self.items.max() > self.capacity:
            raise InstanceError(f"{self.name}: items must have sizes of 1 to the capacity, {self.capacity}")
        self.items.setflags(write=False)
        object.__setattr__(self, "bound", l1(self.items, self.capacity))
        object.__setattr__(self, "proven", l2(self.items, self.capacity))

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def reference(self) -> float:
        """The lower bound L1."""
        return float(self.bound)


def fingerprint(instances: Sequence[PackingInstance]) -> str:
    """SHA-256 (hex) of the content in order: of each instance n, the capacity and the items as little-endian int64."""
    digest = hashlib.sha256(b"bin packing\x00")
    for instance in instances:
        digest.update(np.array([instance.size, instance.capacity], dtype="<i8").tobytes())
        digest.update(instance.items.astype("<i8").tobytes())
    return digest.hexdigest()


@functools.cache
def weibull_thresholds() -> NDArray[np.uint64]:
    """For each size s from 1 to 99 the number 2⁶⁴ · P(X < s + 1/2), X Weibull of shape 3 and scale 45, rounded down.

    Computed by decimal arithmetic of 60 digits, whose exponential is correctly rounded: the same on every machine, as
    the logarithm and the root of a mathematical library need not be.
    """
    with localcontext() as context:
        context.prec = 60
        shares = [1 - (-((Decimal(2 * s + 1) / (2 * SCALE)) ** 3)).exp() for s in range(1, LARGEST_ITEM)]
        return np.array([int(share * 2**64) for share in shares], dtype=np.uint64)


def weibull(n: int, seed: Sequence[int]) -> Ints:
    """Items of the Weibull family, drawn by inversion from the raw stream of PCG64 (the same across NumPy releases)."""
    bits = np.random.PCG64(np.random.SeedSequence(list(seed)))
    return 1 + np.searchsorted(weibull_thresholds(), bits.random_raw(n), side="right").astype(np.int64)


def uniform(n: int, seed: Sequence[int]) -> Ints:
    """Items of the uniform family from the raw stream of PCG64 (the bias of the remainder is below 1e-17)."""
    bits = np.random.PCG64(np.random.SeedSequence(list(seed)))
    span = np.uint64(LARGEST_UNIFORM - SMALLEST_UNIFORM + 1)
    return SMALLEST_UNIFORM + (bits.random_raw(n) % span).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Family:
    """A distribution of sizes. `number` separates its seeds from those of others; `prefix` begins its groups' names."""

    name: str
    number: int
    prefix: str
    capacity: int
    draw: Callable[[int, Sequence[int]], Ints]

    def group(self, n: int) -> str:
        """How tables call its instances of n items: `weibull-5k`, `u500`."""
        return f"{self.prefix}{n}" if n % 1_000 or self.prefix == "u" else f"{self.prefix}{n // 1_000}k"


WEIBULL = Family("weibull", 1, "weibull-", WEIBULL_CAPACITY, weibull)
UNIFORM = Family("uniform", 2, "u", UNIFORM_CAPACITY, uniform)

SEARCH, SELECT, TEST = 1, 2, 3
"""Streams of seeds. A seed is (stream, family, n, number), so no two splits share one."""

_WEIBULL_LENGTHS = tuple(2_000 + k * 6_000 // 23 for k in range(24))
_UNIFORM_LENGTHS = tuple(100 + k * 1_000 // 71 for k in range(72))
# Rules see how many items of each size came so far. Were all instances of a search equally long, they would learn
# when the end comes; so lengths vary there, and none repeats.


def searched(family: Family) -> InstanceSet:
    """The split `search` of a family: 24 Weibull instances of 2,000 to 8,000 items, 72 uniform ones of 100 to 1,100."""
    lengths = _WEIBULL_LENGTHS if family is WEIBULL else _UNIFORM_LENGTHS
    return _set("search", [_instance(family, SEARCH, "search", n, 0, family.name) for n in lengths])


def selected(family: Family) -> InstanceSet:
    """The split `select` of a family: 16 instances of each length that tables show."""
    return _set("select", _of_lengths(family, SELECT, "select", 16))


def reported() -> InstanceSet:
    """The split `test`, of both families: 20 instances of each length."""
    return _set("test", [i for family in (WEIBULL, UNIFORM) for i in _of_lengths(family, TEST, "test", 20)])


def mixed(one: InstanceSet, other: InstanceSet) -> InstanceSet:
    """The instances of two families together."""
    return _set(one.name, [*one.instances, *other.instances])


def _of_lengths(family: Family, stream: int, split: str, count: int) -> list[PackingInstance]:
    lengths = (1_000, 5_000, 10_000) if family is WEIBULL else (120, 250, 500, 1_000)
    return [
        _instance(family, stream, split, n, number, family.group(n)) for n in lengths for number in range(count)
    ]  # fmt: skip


def _instance(family: Family, stream: int, split: str, n: int, number: int, group: str) -> PackingInstance:
    items = family.draw(n, (stream, family.number, n, number))
    name = f"{split}-{family.group(n)}-{number}"
    return PackingInstance(name, items, family.capacity, {"family": family.name, "group": group, "n": n})


def _set(name: str, instances: Sequence[PackingInstance]) -> InstanceSet:
    return InstanceSet(name, tuple(instances), fingerprint(instances))
