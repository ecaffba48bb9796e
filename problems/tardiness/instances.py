"""Instances of single-machine total tardiness: the field's generator, the splits, and their proven optima."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.cache import CacheError, cache_dir, discard, write_cache
from heuresis.problems.problem import InstanceError, InstanceSet

TARDINESS_FACTORS = (2, 4, 6, 8)
"""Tenths: the share of late jobs that the due dates aim at, roughly."""
DUE_DATE_RANGES = (2, 4, 6, 8, 10)
"""Tenths: the width of the due dates over the sum of processing times."""
LARGEST_SIZE = 5_000
LARGEST_TIME = 1 << 40
"""Limit of the sum of processing times and of each due date: total tardiness then stays exact in float64 and int64."""


@dataclass(frozen=True, slots=True, eq=False)
class TardinessInstance:
    """Jobs of processing times `p` >= 1 and due dates `d` >= 0, both 1-D int64, all available at time 0.

    `optimum` is the least total tardiness where it is known; `claimed` where that comes from a file and not from
    the exact solver. Raises InstanceError where the arrays are not so.
    """

    name: str
    p: Ints
    d: Ints
    labels: Mapping[str, str | int | float] = field(default_factory=dict)
    optimum: int | None = None
    claimed: bool = False

    def __post_init__(self) -> None:
        if self.p.dtype != np.int64 or self.d.dtype != np.int64 or self.p.ndim != 1 or self.p.shape != self.d.shape:
            raise InstanceError(f"{self.name}: p and d must be 1-D int64 arrays of one length")
        if not 1 <= len(self.p) <= LARGEST_SIZE:
            raise InstanceError(f"{self.name}: expected 1 to {LARGEST_SIZE} jobs, got {len(self.p)}")
        if self.p.min() < 1 or self.d.min() < 0:
            raise InstanceError(f"{self.name}: processing times must be positive and due dates not negative")
        if max(int(self.p.max()), int(self.d.max()), sum(self.p.tolist())) > LARGEST_TIME:
            raise InstanceError(f"{self.name}: the sum of p and each d must be at most 2**40")
        if self.optimum is not None and self.optimum < 0:
            raise InstanceError(f"{self.name}: the optimum must not be negative, got {self.optimum}")
        self.p.setflags(write=False)
        self.d.setflags(write=False)

    @property
    def size(self) -> int:
        """Number of jobs."""
        return len(self.p)

    @property
    def reference(self) -> float | None:
        """The proven optimum, where there is one."""
        return None if self.optimum is None else float(self.optimum)


def fingerprint(instances: Sequence[TardinessInstance]) -> str:
    """SHA-256 (hex) of the content in order: for each instance n, p and d as little-endian int64."""
    digest = hashlib.sha256(b"1||sum T\x00")
    for instance in instances:
        digest.update(np.array([instance.size], dtype="<i8").tobytes())
        digest.update(instance.p.astype("<i8").tobytes())
        digest.update(instance.d.astype("<i8").tobytes())
    return digest.hexdigest()


def generate(n: int, factor: int, width: int, seed: Sequence[int]) -> tuple[Ints, Ints]:
    """Potts and Van Wassenhove (1982): p uniform on 1..100, d uniform on P(1 - TF - RDD/2)..P(1 - TF + RDD/2).

    `factor` and `width` are TF and RDD in tenths, P is the sum of p, negative due dates become 0. Draws come from the
    raw stream of PCG64, which NumPy keeps the same across releases (the bias of the remainder is below 1e-13).
    """
    bits = np.random.PCG64(np.random.SeedSequence(list(seed)))
    p = (1 + bits.random_raw(n) % np.uint64(100)).astype(np.int64)
    total = int(p.sum())
    low = total * (20 - 2 * factor - width) // 20
    high = total * (20 - 2 * factor + width) // 20
    d = (bits.random_raw(n) % np.uint64(high - low + 1)).astype(np.int64) + low
    return p, np.maximum(d, 0)


@dataclass(frozen=True, slots=True)
class Split:
    """How many instances per cell and size. Seeds are (`stream`, n, TF, RDD, number), so streams never meet."""

    name: str
    stream: int
    per_cell: Mapping[int, int]  # n → instances in each of the 20 cells


SEARCH = Split("search", 1, {20: 4, 50: 4, 100: 4})
# A rule tuned on up to 100 jobs can be poor on 200 without any sign of it at 100; so champions also prove themselves on
# more jobs than any run searches on, and on another number than `test` reports.
SELECT = Split("select", 2, {20: 10, 50: 10, 100: 10, 250: 3})
TEST = Split("test", 3, {20: 25, 50: 25, 100: 25, 200: 10})


def seeds(split: Split) -> Iterator[tuple[int, int, int, int, int]]:
    """The seeds of a split in the order of its instances: by n, then TF, then RDD, then number."""
    for n, count in split.per_cell.items():
        for factor in TARDINESS_FACTORS:
            for width in DUE_DATE_RANGES:
                for number in range(count):
                    yield split.stream, n, factor, width, number


def build(split: Split) -> InstanceSet:
    """Generate a split with its proven optima, from the cache where they are there."""
    instances = []
    for seed in seeds(split):
        _, n, factor, width, number = seed
        p, d = generate(n, factor, width, seed)
        labels = {"n": n, "tardiness_factor": factor / 10, "due_date_range": width / 10}
        name = f"{split.name}-n{n}-tf{factor / 10}-rdd{width / 10}-{number}"
        instances.append(TardinessInstance(name, p, d, labels))
    mark = fingerprint(instances)
    optima = proven_optima(instances, mark)
    solved = tuple(replace(i, optimum=optimum) for i, optimum in zip(instances, optima, strict=True))
    return InstanceSet(split.name, solved, mark)


LARGEST_SOLVED = 200
"""Jobs up to which an optimum is proven in milliseconds, or in seconds at worst."""


def without_optima(instances: Sequence[TardinessInstance]) -> tuple[str, ...]:
    """In words for people what it means that some have none; nothing where all have one."""
    missing = sum(instance.optimum is None for instance in instances)
    if not missing:
        return ()
    return (f"{missing} of {len(instances)} instances have no optimum: the objective is the mean tardiness",)


def solved(found: InstanceSet) -> InstanceSet:
    """The same instances, with proven optima in place of those that are missing, up to `LARGEST_SOLVED` jobs."""
    open_ones = [one for one in found.instances if one.optimum is None and one.size <= LARGEST_SOLVED]
    if not open_ones:
        return found
    optima = iter(proven_optima(open_ones, fingerprint(open_ones)))
    done = tuple(
        replace(one, optimum=next(optima)) if one.optimum is None and one.size <= LARGEST_SOLVED else one
        for one in found.instances
    )
    kept = (note for note in found.notes if not note.startswith(without_optima(found.instances)))
    told = f"the optima of {len(open_ones)} instances were proven here (--solve)"
    return replace(found, instances=done, notes=(*kept, told, *without_optima(done)))


def proven_optima(instances: Sequence[TardinessInstance], mark: str) -> tuple[int, ...]:
    """The optimum of each instance, read from the cache by fingerprint or solved and written there.

    A cache that cannot be read or written costs time and nothing else; a file that holds anything unlikely is removed,
    and told.
    """
    path = _cache_file(mark)
    known = None if path is None else _read_cache(path, instances, mark)
    if known is not None:
        return known
    if path is not None and path.exists():
        discard(path)
    solve = _solver()
    optima = tuple(solve(instance.p, instance.d)[0] for instance in instances)
    if path is not None:
        _write_cache(path, mark, optima)
    return optima


def _cache_file(mark: str) -> Path | None:
    try:
        return cache_dir() / "optima" / f"{mark}.json"
    except CacheError:
        return None


def _solver() -> Callable[[Ints, Ints], tuple[int, Ints]]:
    from heuresis.evaluators.tardiness.exact import solve  # compiles: only when something must be solved

    return solve


def _read_cache(path: Path, instances: Sequence[TardinessInstance], mark: str) -> tuple[int, ...] | None:
    """The cached optima, or None where there are none that fit these instances and lie within simple bounds."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        optima = tuple(stored["optima"])
        if stored["fingerprint"] != mark or stored["checksum"] != _checksum(mark, optima):
            return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if len(optima) != len(instances) or not all(type(optimum) is int for optimum in optima):
        return None
    within = all(low <= o <= high for o, (low, high) in zip(optima, map(bounds, instances), strict=True))
    return optima if within else None


def bounds(instance: TardinessInstance) -> tuple[int, int]:
    """Simple bounds of the least total tardiness: the least maximum tardiness, and the better of EDD and SPT."""
    lateness = [
        np.maximum(np.cumsum(instance.p[order]) - instance.d[order], 0)
        for order in (np.argsort(instance.d, kind="stable"), np.argsort(instance.p, kind="stable"))
    ]
    return int(lateness[0].max()), min(int(late.sum()) for late in lateness)


def _checksum(mark: str, optima: Sequence[int]) -> str:
    return hashlib.sha256(f"{mark} {' '.join(map(str, optima))}".encode()).hexdigest()


def _write_cache(path: Path, mark: str, optima: tuple[int, ...]) -> None:
    """Keep proven optima with their checksum."""
    stored = {"fingerprint": mark, "checksum": _checksum(mark, optima), "optima": optima}
    write_cache(path, json.dumps(stored))
