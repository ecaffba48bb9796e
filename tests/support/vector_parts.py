"""Random instances of vector packing for property tests, and rules in plain Python."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from on_demand import OnDemand

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.vector_packing.contract import CONTRACT
from heuresis.evaluators.vector_packing.simulator import Placement
from heuresis.problems.vector_packing.instances import VectorInstance
from heuresis.problems.vector_packing.problem import PROBLEM
from heuresis.sandbox.screen.screen import screen

HEAD = CONTRACT.main.signature + ":\n    return "
NO_CONSTANTS = np.zeros(0)
RULES = {b.name: screen(b.source, CONTRACT.allow_list()) for b in PROBLEM.baselines} | {
    "all_parameters": HEAD
    + "cpu * free_cpu - mem * free_mem + gpu * free_gpu + cap_cpu - cap_mem * cap_gpu + 0.3 * fresh"
    " - mean_free_cpu * free_cpu + mean_free_mem * free_mem - mean_free_gpu * free_gpu + mean_cpu * free_gpu"
    " - mean_mem * free_cpu + mean_gpu * free_mem + whole_gpu * cap_gpu - idle_cpu * idle_mem + 0.7 * idle_gpu"
    " + idle_after_cpu * idle_after_mem - idle_after_gpu",
    "constant": HEAD + "1.0",
    "coarse": HEAD
    + "math.floor(3.0 * free_cpu) - math.floor(2.0 * free_mem) + math.floor(2.0 * mean_free_cpu) * fresh",
    "opens_often": HEAD + "free_cpu - cpu - fresh",
}
PROGRAMS = OnDemand(lambda source: compile_program(source, CONTRACT), RULES)


TYPES = ((10, 10, 40), (8, 12, 20), (12, 6, 0))
"""CPU, memory and GPU of nodes, with GPUs of 10 each."""


def array(rows: Sequence[Sequence[int]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows of one to three amounts, filled up with zeros."""
    return np.array([[*row, 0, 0][:3] for row in rows], dtype=np.int64)


def made(
    requests: Sequence[Sequence[int]], types: Sequence[Sequence[int]], fleet: Sequence[int] | None = None
) -> VectorInstance:
    """An instance named `i`."""
    nodes = None if fleet is None else np.array(fleet, dtype=np.int64)
    return VectorInstance("i", array(requests), array(types), nodes)


def simulator(*instances: VectorInstance) -> Placement:
    """The simulator over these instances."""
    return Placement(PROBLEM.scoring.pack(instances))


@st.composite
def instances(draw: st.DrawFn, opens: bool | None = None) -> VectorInstance:
    """One to three resources, few different amounts (so that nodes are often alike), up to 30 requests."""
    width = draw(st.integers(1, 3))
    amounts = st.integers(0, draw(st.sampled_from([3, 10, 100_000])))
    vectors = st.tuples(*[amounts] * width).filter(any)
    types = draw(st.lists(vectors, min_size=1, max_size=3))
    requests = st.lists(vectors, min_size=1, max_size=30)
    if draw(st.booleans()) if opens is None else opens:
        inside = vectors.filter(lambda q: any(all(a <= b for a, b in zip(q, t, strict=True)) for t in types))
        smallest = [tuple(int(i == r) for i in range(width)) for r in range(width)]
        fitting = [q for q in smallest if any(all(a <= b for a, b in zip(q, t, strict=True)) for t in types)]
        found = draw(st.lists(st.sampled_from(fitting) | inside, min_size=1, max_size=30))
        return made(found, types)
    fleet = draw(st.lists(st.integers(0, len(types) - 1), min_size=1, max_size=8))
    return made(draw(requests), types, fleet)


@st.composite
def clusters(draw: st.DrawFn) -> VectorInstance:
    """Requests that leave, GPUs that are devices of 10, and models that requests ask for; up to 25 requests."""
    opens = draw(st.booleans())
    types = np.array(draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3)), dtype=np.int64)
    if opens:
        types[0] = TYPES[0]  # has room for every request
    count = draw(st.integers(1, 25))
    gpus = st.sampled_from([0, 0, 1, 3, 4, 6, 7, 10, 20])
    asked = draw(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5), gpus), min_size=count, max_size=count))
    stays = draw(st.lists(st.integers(1, 12), min_size=count, max_size=count))
    until = np.minimum(np.arange(count) + np.array(stays, dtype=np.int64), count)
    bits = st.sampled_from([-1, -1, 1, 3] if opens else [-1, -1, 1, 2, 3, 4])
    allowed = np.array(draw(st.lists(bits, min_size=count, max_size=count)), dtype=np.int64)
    fleet = None
    if not opens:
        numbers = st.integers(0, len(types) - 1)
        fleet = np.array(draw(st.lists(numbers, min_size=1, max_size=5)), dtype=np.int64)
    models = np.arange(len(types), dtype=np.int64) % 2
    return VectorInstance("i", np.array(asked, dtype=np.int64), types, fleet, {}, until, 10, models, allowed)


def plain(source: str) -> Callable[[VectorInstance], list[int]]:
    """The decisions of a rule in plain Python behind the driver that is exported with it."""
    namespace: dict[str, Any] = {}
    exec("import math\n" + source + "\n" + PROBLEM.standalone, namespace)
    place = namespace["place"]

    def decisions(instance: VectorInstance) -> list[int]:
        types = instance.types.tolist()
        there = [] if instance.fleet is None else [types[t] for t in instance.fleet]
        placed, nodes = place(instance.requests.tolist(), there, types if instance.opens else ())
        found: list[int] = []
        for node in placed:
            new = node is not None and instance.opens and node == sum(code <= -2 for code in found)
            found.append(-1 if node is None else -2 - types.index(nodes[node]) if new else node)
        return found

    return decisions
