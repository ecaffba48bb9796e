"""Instances of LLM serving: requests with their arrivals and lengths, on an engine."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.problem import InstanceError

Labels = Mapping[str, str | int | float]

LARGEST_COUNT = 1 << 24
"""Limit of the number of requests, of clients and of programs."""
LARGEST_TOKENS = 1 << 30
"""Limit of a prompt and of an output."""
LARGEST_TIME = 1e9
"""Limit of each arrival and gap in seconds: a microsecond is then still told apart in float64."""

_FLOATS = ("arrival", "estimate", "gap")
_INTS = ("prompt", "output", "client", "program", "slo", "after")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ServingInstance:
    """Requests in the order of their arrival, and the engine that serves them. All arrays are read-only.

    `arrival` (seconds, float64) does not decrease. `prompt` and `output` are tokens, 1 or more (int64); the output
    length is hidden from policies, which see `estimate` (tokens, float64, positive) in its place. `client` and
    `program` number whose request it is, `slo` is an index into `engine.slo`. A request with `after[i]` >= 0 arrives
    `gap[i]` seconds after that earlier request finished, and its `arrival` is only the time in the trace; -1: it
    arrives by the clock, and its gap is 0. `prefix_blocks[prefix_offsets[i]:prefix_offsets[i + 1]]` are the ids of the
    first full blocks of the prompt (`engine.block_size` tokens each), for as many as other requests might share: dense
    numbers 0..K-1, chained, so that equal ids mean that all is equal up to there. Raises InstanceError where the arrays
    are not so.
    """

    name: str
    labels: Labels
    engine: Engine
    arrival: Floats
    prompt: Ints
    output: Ints
    estimate: Floats
    client: Ints
    program: Ints
    slo: Ints
    after: Ints
    gap: Floats
    prefix_offsets: Ints
    prefix_blocks: Ints
    distinct_blocks: int = field(init=False)  # K, the number of different ids

    def __post_init__(self) -> None:
        n = len(self.arrival)
        if not 1 <= n <= LARGEST_COUNT:
            raise InstanceError(f"{self.name}: expected 1 to 2**24 requests, got {n}")
        for names, kind in ((_FLOATS, np.float64), (_INTS, np.int64)):
            for what in names:
                array = getattr(self, what)
                if array.dtype != kind or array.shape != (n,):
                    raise InstanceError(f"{self.name}: {what} must be a 1-D {kind.__name__} array of {n} requests")
        self._within("arrival", 0.0, LARGEST_TIME, "seconds of 0 to 1e9")
        if np.any(np.diff(self.arrival) < 0):
            number = int(np.argmax(np.diff(self.arrival) < 0)) + 1
            raise InstanceError(f"{self.name}: arrival[{number}] is before the one before it; sort the requests")
        self._within("prompt", 1, LARGEST_TOKENS, "tokens of 1 to 2**30")
        self._within("output", 1, LARGEST_TOKENS, "tokens of 1 to 2**30")
        self._within("estimate", 1e-9, LARGEST_TOKENS, "positive tokens of at most 2**30")
        self._within("client", 0, LARGEST_COUNT - 1, "numbers of 0 to 2**24 - 1")
        self._within("program", 0, LARGEST_COUNT - 1, "numbers of 0 to 2**24 - 1")
        last = len(self.engine.slo) - 1
        self._within("slo", 0, last, f"classes of {self.engine.name}, 0 to {last}")
        self._within("after", -1, np.arange(n) - 1, "-1 or the number of an earlier request")
        self._within("gap", 0.0, np.where(self.after >= 0, LARGEST_TIME, 0.0), "seconds of 0 to 1e9, 0 without `after`")
        object.__setattr__(self, "distinct_blocks", self._check_prefixes())
        for what in (*_FLOATS, *_INTS, "prefix_offsets", "prefix_blocks"):
            getattr(self, what).setflags(write=False)

    def _within(self, what: str, least: float, most: float | Ints | Floats, expected: str) -> None:
        array = getattr(self, what)
        inside = (array >= least) & (array <= most)  # false for what is not a number
        if not np.all(inside):
            number = int(np.argmin(inside))
            raise InstanceError(f"{self.name}: {what} must be {expected}; {what}[{number}] is {array[number]}")

    def _check_prefixes(self) -> int:
        offsets, blocks, n = self.prefix_offsets, self.prefix_blocks, self.size
        if offsets.dtype != np.int64 or blocks.dtype != np.int64 or blocks.ndim != 1 or offsets.shape != (n + 1,):
            raise InstanceError(f"{self.name}: prefix_offsets and prefix_blocks must be int64 arrays, the first n + 1")
        counts = np.diff(offsets)
        if offsets[0] != 0 or offsets[-1] != len(blocks) or np.any(counts < 0):
            raise InstanceError(f"{self.name}: prefix_offsets must rise from 0 to {len(blocks)}")
        if np.any(counts > self.prompt // self.engine.block_size):
            number = int(np.argmax(counts > self.prompt // self.engine.block_size))
            raise InstanceError(f"{self.name}: request {number} has more prefix blocks than its prompt has full ones")
        if not len(blocks):
            return 0
        distinct = int(blocks.max()) + 1
        if blocks.min() < 0 or distinct > len(blocks) or np.any(np.bincount(blocks, minlength=distinct) == 0):
            raise InstanceError(f"{self.name}: prefix_blocks must be dense numbers, each of 0..K-1 at least once")
        place = np.arange(len(blocks)) - np.repeat(offsets[:-1], counts)
        before = np.where(place > 0, np.roll(blocks, 1), -1)
        for found in (place, before):
            of_block = np.empty(distinct, dtype=np.int64)
            of_block[blocks] = found
            if np.any(of_block[blocks] != found):
                raise InstanceError(f"{self.name}: prefix_blocks must be chained: an id follows always the same id")
        return distinct

    @property
    def size(self) -> int:
        """Number of requests."""
        return len(self.arrival)

    @property
    def reference(self) -> float | None:
        """There is no proven bound."""
        return None


def fingerprint(instances: Sequence[ServingInstance]) -> str:
    """SHA-256 (hex) of the content in order: of each instance the engine's numbers and every array, little-endian.

    The service levels belong to the numbers; names do not.
    """
    digest = hashlib.sha256(b"llm serving\x00")
    for one in instances:
        levels = [value for level in one.engine.slo for value in (level.ttft, level.tpot)]
        levels += [float(i) for i, level in enumerate(one.engine.slo) if level.best_effort]
        floats = (one.engine.to_array(), np.array(levels, dtype=np.float64), *(getattr(one, what) for what in _FLOATS))
        ints = (*(getattr(one, what) for what in _INTS), one.prefix_offsets, one.prefix_blocks)
        digest.update(np.array([one.engine.replicas], dtype="<i8").tobytes())
        for arrays, kind in ((floats, "<f8"), (ints, "<i8")):
            for array in arrays:
                digest.update(np.array([array.size], dtype="<i8").tobytes())
                digest.update(array.astype(kind).tobytes())
    return digest.hexdigest()


def chained(prefixes: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Offsets and dense chained ids of prefixes given as any numbers whose equality means equal blocks of tokens.

    Two blocks get one id only where all before them is equal too. Numbers are given in the order of first sight.
    """
    known: dict[tuple[int, int], int] = {}
    blocks: list[int] = []
    offsets = [0]
    for prefix in prefixes:
        before = -1
        for one in prefix:
            before = known.setdefault((before, one), len(known))
            blocks.append(before)
        offsets.append(len(blocks))
    return np.array(offsets, dtype=np.int64), np.array(blocks, dtype=np.int64)
