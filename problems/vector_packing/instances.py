"""Instances of packing over several resources: requests in order, node types or a fleet; the generator; the splits."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.vector_packing.contract import RESOURCES
from heuresis.problems.problem import InstanceError, InstanceSet
from heuresis.problems.vector_packing.bounds import fits, never_placed, nodes_needed
from heuresis.problems.vector_packing.marginals import NODES, PODS

Labels = Mapping[str, str | int | float]

WIDTH = len(RESOURCES)
"""Columns of every array of amounts."""

LARGEST_AMOUNT = 1 << 40
LARGEST_SUM = 1 << 53
"""Limit of the largest capacity times the number of requests or nodes: means are then exact before they are divided."""
LARGEST_COUNT = 1 << 20
"""Limit of the number of requests, of nodes and of types."""
MOST_GPUS = MOST_MODELS = 62
"""Limit of the GPUs of one node and of the models of nodes: bits of an int64."""


@dataclass(frozen=True, slots=True, eq=False)
class VectorInstance:
    """Requests in the order of their arrival, and the nodes that take them; amounts are natural numbers, int64.

    `requests` (requests × 3) and `types` (types × 3) hold CPU, memory and GPU, 0 for a resource that the instance does
    not have. `fleet` has the type of each node that is there from the beginning (types of which it has none are
    dropped); None: nodes of the types are opened at will, and each request must fit one of them.

    `until` has of each request i the number of the request before whose arrival it leaves, more than i and at most the
    number of requests, which is: never; None: all stay. `device` is the amount of one GPU, all GPU amounts are then
    whole multiples of it, those of requests may also be less than one; 0: the GPUs of a node are one divisible sum.
    `models` (of each type, 0 to 61) and `allowed` (of each request, as bits the models that it may go to) are there
    together or not at all. `bound` is a lower bound: of the most nodes in use at one time, or of the requests that a
    fleet cannot take. Raises InstanceError where the arrays are not so.
    """

    name: str
    requests: Ints
    types: Ints
    fleet: Ints | None = None
    labels: Labels = field(default_factory=dict)
    until: Ints | None = None
    device: int = 0
    models: Ints | None = None
    allowed: Ints | None = None
    bound: int = field(init=False)

    def __post_init__(self) -> None:
        for what, array in (("requests", self.requests), ("types", self.types)):
            if array.dtype != np.int64 or array.ndim != 2 or array.shape[1] != WIDTH:
                raise InstanceError(f"{self.name}: {what} must be an int64 array with 3 columns")
            if not 1 <= len(array) <= LARGEST_COUNT:
                raise InstanceError(f"{self.name}: expected 1 to 2**20 {what}, got {len(array)}")
            if array.min() < 0 or array.max() > LARGEST_AMOUNT:
                raise InstanceError(f"{self.name}: amounts must be 0 to 2**40, in {what} they are not")
            if not np.all(array.any(axis=1)):
                number = int(np.argmin(array.any(axis=1)))
                raise InstanceError(f"{self.name}: {what}[{number}] is 0 in every resource")
            array.setflags(write=False)
        count = max(len(self.requests), 0 if self.fleet is None else len(self.fleet))
        if count * max(int(self.types.max()), int(self.requests.max())) > LARGEST_SUM:
            raise InstanceError(
                f"{self.name}: the largest amount times the number of requests or nodes must be at most 2**53; "
                f"use a larger unit"
            )
        self._check_stay()
        self._check_gpus()
        if self.fleet is not None:
            self._check_fleet(self.fleet)
        object.__setattr__(self, "bound", self._bound())

    def _check_stay(self) -> None:
        if self.until is None:
            return
        if self.until.dtype != np.int64 or self.until.shape != (self.size,):
            raise InstanceError(f"{self.name}: until must be an int64 array with one number of each request")
        if np.any(self.until <= np.arange(self.size)) or self.until.max() > self.size:
            raise InstanceError(f"{self.name}: a request must leave after it has come, and before one of the others")
        self.until.setflags(write=False)

    def _check_gpus(self) -> None:
        gpus = (self.requests[:, 2], self.types[:, 2])
        if self.device:
            if not 0 < self.device <= LARGEST_AMOUNT or self.types[:, 2].max() > MOST_GPUS * self.device:
                raise InstanceError(f"{self.name}: expected nodes with at most {MOST_GPUS} GPUs of {self.device} each")
            if np.any(gpus[1] % self.device) or np.any((gpus[0] > self.device) & (gpus[0] % self.device != 0)):
                raise InstanceError(f"{self.name}: GPU amounts above {self.device} must be whole multiples of it")
        if (self.models is None) != (self.allowed is None):
            raise InstanceError(f"{self.name}: models and allowed must be there together")
        if self.models is not None and self.allowed is not None:
            right = self.models.shape == (len(self.types),) and self.allowed.shape == (self.size,)
            if not right or self.models.min() < 0 or self.models.max() >= MOST_MODELS:
                raise InstanceError(f"{self.name}: expected a model, 0 to {MOST_MODELS - 1}, of each type, and bits")
            self.models.setflags(write=False)
            self.allowed.setflags(write=False)

    def _check_fleet(self, fleet: Ints) -> None:
        if fleet.dtype != np.int64 or fleet.ndim != 1 or not 1 <= len(fleet) <= LARGEST_COUNT:
            raise InstanceError(f"{self.name}: the fleet must be an int64 array of 1 to 2**20 types")
        if fleet.min() < 0 or fleet.max() >= len(self.types):
            raise InstanceError(f"{self.name}: the fleet names types beyond the {len(self.types)} there are")
        used, numbers = np.unique(fleet, return_inverse=True)
        if len(used) < len(self.types):
            # Amounts are measured by the largest node there is, so a type of which there is none must not count.
            object.__setattr__(self, "types", self.types[used])
            object.__setattr__(self, "fleet", numbers.astype(np.int64))
            if self.models is not None:
                object.__setattr__(self, "models", self.models[used])
        for array in (self.types, self.fleet, self.models):
            if array is not None:
                array.setflags(write=False)

    def _bound(self) -> int:
        inside = fits(self.requests, self.types, self.models, self.allowed)
        if self.fleet is not None:
            return never_placed(self.requests, inside, self.types[self.fleet].sum(axis=0), self.until)
        if not np.all(inside):
            raise InstanceError(f"{self.name}: requests[{int(np.argmin(inside))}] fits no node type")
        return nodes_needed(self.requests, self.types, self.until)

    @property
    def opens(self) -> bool:
        """Whether nodes are opened at will."""
        return self.fleet is None

    @property
    def size(self) -> int:
        """Number of requests."""
        return len(self.requests)

    @property
    def reference(self) -> float | None:
        """The lower bound of the value."""
        return float(self.bound)


def fingerprint(instances: Sequence[VectorInstance]) -> str:
    """SHA-256 (hex) of the content in order: for each instance its arrays, each after its length, little-endian.

    What an instance may have beside requests, types and fleet enters where it is there, after its name.
    """
    digest = hashlib.sha256(b"vector packing\x00")
    for one in instances:
        fleet = np.array([-1], dtype=np.int64) if one.fleet is None else one.fleet
        for array in (one.requests, one.types, fleet):
            digest.update(np.array([array.size], dtype="<i8").tobytes())
            digest.update(array.astype("<i8").tobytes())
        device = np.array([one.device], dtype=np.int64) if one.device else None
        more = {"until": one.until, "device": device, "models": one.models, "allowed": one.allowed}
        for name, extra in more.items():
            if extra is not None:
                digest.update(name.encode() + extra.astype("<i8").tobytes())
    return digest.hexdigest()


ONE_TYPE = ((96_000, 393_216, 0),)
"""The trace's commonest node without its GPUs: 96 cores and 384 GiB."""
SEVERAL_TYPES = ((96_000, 393_216, 8_000), (104_000, 524_288, 2_000), (128_000, 1_048_576, 1_000))
"""Three node types of the trace, none of which has less of everything than another."""

FAMILIES = ("cpu-mem", "gpu")
"""One node type with CPU and memory, and several with GPUs too."""
MIXES = ("trace", "shifted")
"""Sizes as often as in the trace; and each up to eight times as often or as rare, drawn anew for each instance."""


@dataclass(frozen=True, slots=True)
class Split:
    """What a split holds: for each number (of requests, or of nodes of a fleet) so many instances of each kind.

    Seeds are (`stream`, family, mix, that number, load, instance), so streams never meet.
    """

    name: str
    stream: int
    per_kind: Mapping[int, int]
    loads: tuple[int, ...] = ()  # of a fleet, in percent of the scarcest resource; empty: nodes are opened at will


SEARCH = Split("search", 1, {300: 2, 600: 2, 1000: 1})
SELECT = Split("select", 2, {150: 2, 1000: 4, 3000: 3})
TEST = Split("test", 3, {1000: 10, 4000: 5, 8000: 2})
FLEET_SEARCH = Split("search", 4, {40: 2, 80: 2}, (90, 100, 115))
FLEET_SELECT = Split("select", 5, {10: 2, 60: 2, 120: 2}, (95, 105, 120))
FLEET_TEST = Split("test", 6, {60: 4, 120: 4, 240: 1}, (90, 100, 110, 130))


def build(split: Split) -> InstanceSet:
    """Generate a split."""
    instances = tuple(_fleets(split) if split.loads else _open(split))
    return InstanceSet(split.name, instances, fingerprint(instances))


def _open(split: Split) -> Iterator[VectorInstance]:
    for count, number in split.per_kind.items():
        for f, family in enumerate(FAMILIES):
            types = np.array(ONE_TYPE if f == 0 else SEVERAL_TYPES, dtype=np.int64)
            for m, mix in enumerate(MIXES):
                for i in range(number):
                    bits = _bits(split.stream, f, m, count, 0, i)
                    requests = draw_requests(bits, count, types, shifted=m == 1)
                    labels: Labels = {"family": family, "mix": mix, "requests": count}
                    yield VectorInstance(f"{split.name}-{family}-{mix}-{count}-{i}", requests, types, None, labels)


def _fleets(split: Split) -> Iterator[VectorInstance]:
    for count, number in split.per_kind.items():
        for load in split.loads:
            for m, mix in enumerate(MIXES):
                for i in range(number):
                    bits = _bits(split.stream, len(FAMILIES), m, count, load, i)
                    types, fleet = draw_fleet(bits, count)
                    requests = draw_load(bits, load, types, fleet, shifted=m == 1)
                    labels: Labels = {"family": "fleet", "mix": mix, "nodes": count, "load": load / 100}
                    name = f"{split.name}-fleet-{mix}-{count}-load{load}-{i}"
                    yield VectorInstance(name, requests, types, fleet, labels)


def _bits(*seed: int) -> np.random.PCG64:
    return np.random.PCG64(np.random.SeedSequence([4_000_000, *seed]))


def _draw(bits: np.random.PCG64, weights: Ints, count: int) -> Ints:
    """Numbers of rows, drawn by weight from the raw stream of PCG64, which NumPy keeps the same across releases."""
    ends = np.cumsum(weights)
    drawn = (bits.random_raw(count) % np.uint64(ends[-1])).astype(np.int64)
    rows: Ints = np.searchsorted(ends, drawn, side="right").astype(np.int64)
    return rows


def _rows(bits: np.random.PCG64, types: Ints, *, shifted: bool) -> tuple[Ints, Ints]:
    """The sizes of requests that fit one of the types, with their weights, each shifted by up to eight either way."""
    table = np.array(PODS, dtype=np.int64)
    sizes = np.where(types.max(axis=0) > 0, table[:, :WIDTH], 0)
    inside = fits(sizes, types)
    weights = 64 * table[inside, WIDTH]
    if shifted:
        powers = (bits.random_raw(len(weights)) % np.uint64(7)).astype(np.int64)  # 2**-3 to 2**3
        weights = np.left_shift(weights, powers) // 8
    return sizes[inside], weights


def draw_requests(bits: np.random.PCG64, count: int, types: Ints, *, shifted: bool) -> Ints:
    """So many requests as in the trace, of those that fit one of the node types."""
    sizes, weights = _rows(bits, types, shifted=shifted)
    requests: Ints = sizes[_draw(bits, weights, count)]
    return requests


def draw_fleet(bits: np.random.PCG64, count: int) -> tuple[Ints, Ints]:
    """So many nodes as in the trace: the types that occur, and the type of each node."""
    table = np.array(NODES, dtype=np.int64)
    drawn = _draw(bits, table[:, WIDTH], count)
    occurring, fleet = np.unique(drawn, return_inverse=True)
    return table[occurring, :WIDTH], fleet.astype(np.int64).reshape(-1)


def draw_load(bits: np.random.PCG64, load: int, types: Ints, fleet: Ints, *, shifted: bool) -> Ints:
    """Requests until they ask for `load` percent of the fleet's scarcest resource."""
    sizes, weights = _rows(bits, types, shifted=shifted)
    capacity = types[fleet].sum(axis=0)
    found: list[Ints] = []
    asked = np.zeros(WIDTH, dtype=np.int64)
    while np.all(100 * asked < load * capacity) or not found:
        one = sizes[_draw(bits, weights, 1)[0]]
        found.append(one)
        asked = asked + one
    return np.array(found, dtype=np.int64)
