"""What an evicted request finds of its own blocks, and whose blocks are given up before."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_parts import JUDGES, NO_CONSTANTS, ONE, PROGRAMS, Payload, engine, payload, simulator

from heuresis.evaluators.serving.engine import Admission, Batching, Engine
from heuresis.evaluators.serving.plain.audit import call_of, jobs_of, plan_of
from heuresis.evaluators.serving.plain.scheduler import PlainScheduler
from heuresis.evaluators.serving.results import Served


def served(given: Payload) -> Served:
    built = simulator(given)
    found = built.served(ONE, built.decide(PROGRAMS["fcfs"], NO_CONSTANTS, ONE))
    assert found.faults.tolist() == [0]
    return found


def two_grow(output: int, **changes: Any) -> Served:
    """Two requests of two blocks on five; both want a third, so the second is evicted until the first is done."""
    on = engine(blocks=5, max_num_seqs=2, **changes)
    found = served(payload(on, [0.0, 0.0], [8, 8], [output, 6]))
    assert found.restarts.tolist() == [0, 1]
    return found


def test_an_evicted_request_finds_its_blocks_again() -> None:
    assert two_grow(4).recomputed.tolist() == [0, 8]
    assert two_grow(4, prefix_caching=True).recomputed.tolist() == [0, 0]


def test_its_last_block_is_given_up_first() -> None:
    """The first request takes the one block that holds nothing and then, for its thirteenth token, one of the other's."""
    assert two_grow(6, prefix_caching=True).recomputed.tolist() == [0, 4]


def test_blocks_of_its_output_are_found_too() -> None:
    on = engine(blocks=9, max_num_seqs=2, prefix_caching=True)
    found = served(payload(on, [0.0, 0.0], [9, 9], [12, 12]))
    assert found.restarts.tolist() == [0, 1]
    assert found.recomputed.tolist() == [0, 0]  # it had 16 tokens, four full blocks, when both wanted a fifth


def test_swapped_blocks_are_on_the_host_and_nowhere_else() -> None:
    times = [two_grow(4, preemption="swap", prefix_caching=caching).finish for caching in (False, True)]
    assert np.array_equal(*times)


@pytest.mark.parametrize(("blocks", "cached"), [(5, 0), (6, 4)])
def test_blocks_that_nobody_will_find_go_in_their_turn(blocks: int, cached: int) -> None:
    """The first leaves a block that the last looks for; the second leaves two, later; the third takes three."""
    on = engine(blocks=blocks, max_num_seqs=1, prefix_caching=True)
    chains = {"prefix_offsets": [0, 1, 1, 1, 2], "prefix_blocks": np.array([0, 0])}
    found = served(payload(on, [0.0] * 4, [5, 9, 9, 5], [1] * 4, **chains))
    assert found.cached.tolist() == [0, 0, 0, cached]


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Engine, Payload]:
    """Long requests that share nothing, all at once, on memory for about two of them."""
    seats = draw(st.integers(2, 4))
    on = engine(
        blocks=draw(st.integers(9, 20)), block_size=draw(st.sampled_from((1, 2, 4))), max_num_seqs=seats,
        max_num_batched_tokens=seats + draw(st.integers(1, 6)), batching=draw(st.sampled_from(list(Batching))),
        prefix_caching=True, admission=draw(st.sampled_from(list(Admission))),
    )  # fmt: skip
    n = draw(st.integers(3, 8))
    lengths = st.lists(st.integers(1, on.kv_tokens // 2), min_size=n, max_size=n)
    return on, payload(on, [0.0] * n, draw(lengths), draw(lengths))


@pytest.mark.parametrize("name", ["fcfs", "prefix"])
@given(case=crowds())
@settings(max_examples=40, deadline=None)
def test_crowds_are_served_as_in_plain_python(name: str, case: tuple[Engine, Payload]) -> None:
    on, requests = case
    built = simulator(requests)
    decisions = built.decide(PROGRAMS[name], NO_CONSTANTS, ONE)
    assert decisions[0].tolist() == [1]
    jobs = jobs_of(built.cases[0])
    plain = PlainScheduler(on, jobs, call_of(JUDGES[name]))
    plain.run()
    assert plan_of(decisions[2].tolist()) == plain.plan
    found = built.served(ONE, decisions)
    assert found.faults.tolist() == [0]
    assert found.finish.tolist() == [j.finish for j in jobs]
    assert found.recomputed.tolist() == [j.recomputed for j in jobs]
    assert built.timeline(0, decisions[2])[-1, 1:].tolist() == [0, 0, 0]
