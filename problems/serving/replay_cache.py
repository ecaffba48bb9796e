"""Replays that were made before: while a program is evaluated the same decisions are asked about up to four times."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from heuresis.evaluators.aliases import Decisions

T = TypeVar("T")

MOST_REQUESTS = 500_000
"""Results of instances of so many requests in all are kept: some 50 MB."""


def cut(decisions: Decisions) -> list[Decisions]:
    """Of each instance, whether it was decided, the length of its decisions and themselves.

    Raises ValueError where the lengths are not those of the decisions.
    """
    decided, told, stream = decisions
    lengths = told.astype(np.int64)
    inside = np.all((lengths >= 0) & (lengths <= len(stream)))  # else their sum might wrap around
    ends = np.cumsum(lengths)
    if decided.shape != lengths.shape or not inside or int(ends[-1]) != len(stream):
        raise ValueError(f"the lengths of the decisions do not add up to {len(stream)} numbers")
    return [
        (decided[i : i + 1], told[i : i + 1], stream[end - length : end])
        for i, (end, length) in enumerate(zip(ends.tolist(), lengths.tolist(), strict=True))
    ]


class Replays(Generic[T]):
    """What became of instances under decisions, by both of them; the results asked for last are kept. Thread-safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[int, T]] = OrderedDict()
        self._lock = threading.Lock()
        self._requests = 0

    def of(
        self,
        marks: Sequence[str],
        sizes: Sequence[int],
        decisions: Decisions,
        replay: Callable[[Sequence[int], Decisions], Sequence[T]],
    ) -> list[T]:
        """The result of each instance, given by its fingerprint and its number of requests.

        `replay` gets the numbers of the instances whose results are not known, and their decisions.
        """
        parts = cut(decisions)
        keys = [_key(mark, part) for mark, part in zip(marks, parts, strict=True)]
        with self._lock:
            known = {key: self._kept[key][1] for key in keys if key in self._kept}
        missing = [i for i, key in enumerate(keys) if key not in known]
        if missing:
            arrays = [np.concatenate([parts[i][k] for i in missing]) for k in range(3)]
            known.update(zip((keys[i] for i in missing), replay(missing, arrays), strict=True))
        with self._lock:
            for key, size in zip(keys, sizes, strict=True):
                self._keep(key, size, known[key])
        return [known[key] for key in keys]

    def _keep(self, key: bytes, size: int, result: T) -> None:
        self._requests += size - self._kept.pop(key, (0, result))[0]
        self._kept[key] = size, result
        while self._requests > MOST_REQUESTS:
            self._requests -= self._kept.popitem(last=False)[1][0]


def _key(mark: str, decisions: Decisions) -> bytes:
    digest = hashlib.sha256(mark.encode())
    for array in decisions:
        digest.update(array.dtype.str.encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()
