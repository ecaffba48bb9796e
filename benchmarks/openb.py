"""A problem of its own: `vector-packing` on a list of pods cut by time, as docs/results/vector-packing.md reports it.

    OPENB_PODS=openb_pod_list_default.csv.gz heuresis evolve benchmarks/openb.py --evaluations 30 --seed 1 --workers 1

`search` sees the first 40 % of the pods, `select` the next 25 %, `test` the rest; each is packed onto nodes that are
all still closed. One part is some hundred nodes, too few to tell rules apart, so the first two also have copies: runs
of 50 pods that follow each other, drawn from the part with replacement.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from heuresis.evaluators.aliases import Ints
from heuresis.problems import register
from heuresis.problems.problem import InstanceError, InstanceSet, Options
from heuresis.problems.vector_packing.instances import VectorInstance, fingerprint
from heuresis.problems.vector_packing.problem import PROBLEM
from heuresis.problems.vector_packing.reader import read

RUN = 50


def whole() -> VectorInstance:
    """The list that the environment variable OPENB_PODS names; nobody leaves."""
    if "OPENB_PODS" not in os.environ:
        raise InstanceError("OPENB_PODS is not set: expected the path of openb_pod_list_default.csv.gz")
    (found,) = read([Path(os.environ["OPENB_PODS"])]).instances
    return found


def drawn_again(requests: Ints, rng: np.random.Generator) -> Ints:
    """As many requests, in runs that follow each other in the part."""
    begins = rng.integers(0, len(requests) - RUN, -(-len(requests) // RUN))
    rows = (begins[:, None] + np.arange(RUN)).reshape(-1)[: len(requests)]
    return np.ascontiguousarray(requests[rows])


def cut(name: str, begin: float, end: float, copies: int) -> Callable[[], InstanceSet]:
    """A split: the requests between such shares of the list, and so many copies."""

    def build() -> InstanceSet:
        one, rng = whole(), np.random.default_rng([4_000_000, round(100 * begin)])
        part = one.requests[round(begin * one.size) : round(end * one.size)].copy()
        lists = [part, *(drawn_again(part, rng) for _ in range(copies))]
        labels = {"family": "openb", "requests": len(part)}
        found = [VectorInstance(f"{name}-{i}", rows, one.types, None, labels) for i, rows in enumerate(lists)]
        return InstanceSet(name, tuple(found), fingerprint(found))

    return build


SPLITS = {
    "search": cut("search", 0.0, 0.4, 5),
    "select": cut("select", 0.4, 0.65, 5),
    "test": cut("test", 0.65, 1.0, 0),
}

register(
    replace(
        PROBLEM,
        name="vector-packing-openb",
        title="Vector packing on the Alibaba pods, cut by time",
        splits=SPLITS,
        options=Options(),
    )
)
