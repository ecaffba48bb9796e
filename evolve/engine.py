"""What a zygote loads: the seals of Numba's cache first, then the worker, which imports Numba."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from heuresis.evaluators import seal

if TYPE_CHECKING:
    from heuresis.evolve.worker import Worker
    from heuresis.sandbox.task import Array


def worker(payload: "Mapping[str, Array]", options: Mapping[str, str]) -> "Worker":
    """A worker over the instances in the payload; damaged machine code is compiled anew."""
    seal.install()
    from heuresis.evolve.worker import Worker

    return Worker(payload, options)
