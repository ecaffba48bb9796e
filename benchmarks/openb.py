"""A problem of its own: `vector-packing` on a list of pods cut by time, as docs/results/vector-packing.md reports it.

    OPENB_PODS=openb_pod_list_default.csv.gz heuresis evolve benchmarks/openb.py --evaluations 200 --seed 1 --workers 1

`search` sees the first 40 % of the pods, `select` the next 25 %, `test` the rest, each packed onto nodes that are all
still closed. The first two also have windows of them, so that one node more or less is told from none.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from heuresis.problems import register
from heuresis.problems.problem import InstanceError, InstanceSet, Options
from heuresis.problems.vector_packing.instances import VectorInstance, fingerprint
from heuresis.problems.vector_packing.problem import PROBLEM
from heuresis.problems.vector_packing.reader import read

ENDS = (0.4, 0.65, 1.0)
"""Where `search`, `select` and `test` end, as shares of the list."""


def whole() -> VectorInstance:
    """The list that the environment variable OPENB_PODS names; nobody leaves."""
    if "OPENB_PODS" not in os.environ:
        raise InstanceError("OPENB_PODS is not set: expected the path of openb_pod_list_default.csv.gz")
    (found,) = read([Path(os.environ["OPENB_PODS"])]).instances
    return found


def cut(name: str, windows: Iterable[tuple[float, float]]) -> Callable[[], InstanceSet]:
    """A split of the requests of the list between such shares of it, each window an instance."""

    def build() -> InstanceSet:
        one = whole()
        found = []
        for begin, end in windows:
            low, high = round(begin * one.size), round(end * one.size)
            requests = np.ascontiguousarray(one.requests[low:high])
            labels = {"family": "openb", "requests": high - low}
            found.append(VectorInstance(f"{one.name}[{low}:{high}]", requests, one.types, None, labels))
        return InstanceSet(name, tuple(found), fingerprint(found))

    return build


def halves(begin: float, end: float) -> list[tuple[float, float]]:
    """A part as a whole, and its two halves and the one across them."""
    quarter = (end - begin) / 4
    return [(begin, end), *((begin + i * quarter, begin + (i + 2) * quarter) for i in range(3))]


register(
    replace(
        PROBLEM,
        name="vector-packing-openb",
        title="Vector packing on the Alibaba pods, cut by time",
        splits={
            "search": cut("search", halves(0.0, ENDS[0])),
            "select": cut("select", halves(ENDS[0], ENDS[1])),
            "test": cut("test", [(ENDS[1], ENDS[2])]),
        },
        options=Options(),
    )
)
