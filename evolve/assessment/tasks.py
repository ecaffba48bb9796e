"""What the controller asks of a worker (`worker.py`): names and arrays of each kind of work."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heuresis.sandbox.task import Array, Task

ENGINE = "heuresis.evolve.engine:worker"

SIMULATOR = "simulator"
"""The option of the engine that names the simulator, `package.module:Class` or `/path/file.py:Class`."""

IMPROVES = "improves"
"""The option, of any value, of workers that shall also tune and breed: they take twice as long to get warm."""

DECIDE, CHECK, TUNE, BREED, AUDIT = "decide", "check", "tune", "breed", "audit"


def decide(source: str, order: NDArray[np.int64]) -> Task:
    """Decisions of a program on the instances numbered in `order`, validity first."""
    return Task(DECIDE, source, (np.empty(0), order.astype(np.int64)))


def check(source: str) -> Task:
    """Whether a program compiles; one empty array comes back."""
    return Task(CHECK, source)


def tune(source: str, seed: Sequence[int], evaluations: int, subset: NDArray[np.int64]) -> Task:
    """Constants tuned on the instances in `subset`; theta, loss[1] and work[1] (instances simulated) come back."""
    return Task(TUNE, source, (np.array(seed, dtype=np.int64), np.array([evaluations]), subset.astype(np.int64)))


def audit(source: str, order: NDArray[np.int64], decisions: Sequence[Array]) -> Task:
    """How far decisions on the instances in `order` lie from those of the program, interpreted: one number of each."""
    return Task(AUDIT, source, (order.astype(np.int64), *decisions))
