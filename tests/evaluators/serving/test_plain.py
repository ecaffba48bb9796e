"""The compiled replica against plain Python: the same decisions, the same times, and what must hold of every schedule."""

import numpy as np
import pytest
from hypothesis import given, settings
from serving_parts import JUDGES, NO_CONSTANTS, ONE, PROGRAMS, Payload, engine, instances, payload, simulator

from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.plain.audit import call_of, engine_of, jobs_of, plan_of
from heuresis.evaluators.serving.plain.scheduler import PlainScheduler


@pytest.mark.parametrize("name", PROGRAMS)
@given(case=instances())
@settings(max_examples=25, deadline=None)
def test_decisions_and_times_are_those_of_plain_python(name: str, case: tuple[Engine, Payload]) -> None:
    on, requests = case
    built = simulator(requests)
    decisions = built.decide(PROGRAMS[name], NO_CONSTANTS, ONE)
    assert decisions[0].tolist() == [1]
    jobs = jobs_of(built.cases[0])
    plain = PlainScheduler(on, jobs, call_of(JUDGES[name]))
    plain.run()
    assert plan_of(decisions[2].tolist()) == plain.plan
    served = built.served(ONE, decisions)
    assert served.faults.tolist() == [0]
    for found, wanted in (
        (served.arrived, [j.arrived for j in jobs]),
        (served.first_token, [j.first for j in jobs]),
        (served.finish, [j.finish for j in jobs]),
        (served.output, [j.output for j in jobs]),
        (served.restarts, [j.restarts for j in jobs]),
        (served.cached, [j.found for j in jobs]),
        (served.recomputed, [j.recomputed for j in jobs]),
    ):
        assert np.array_equal(found, wanted, equal_nan=True)
    assert built.audit(JUDGES[name], ONE, decisions).max() <= 1e-9


@pytest.mark.parametrize("name", ["fcfs", "of_now", "reserving"])
@given(case=instances())
@settings(max_examples=20, deadline=None)
def test_nothing_is_lost_and_no_limit_is_passed(name: str, case: tuple[Engine, Payload]) -> None:
    on, requests = case
    built = simulator(requests)
    decisions = built.decide(PROGRAMS[name], NO_CONSTANTS, ONE)
    served = built.served(ONE, decisions)
    fits = requests["prompt"] + 1 <= on.kv_tokens
    assert np.array_equal(~np.isnan(served.finish), fits)  # everybody is served, even by a scheduler that holds back
    assert np.array_equal(served.output, np.where(fits, np.minimum(requests["output"], on.kv_tokens - requests["prompt"]), 0))  # fmt: skip
    assert np.all(served.first_token[fits] > served.arrived[fits])
    assert np.all(served.finish[fits] >= served.first_token[fits])
    rows = built.timeline(0, decisions[2])
    assert np.all(np.diff(rows[:, 0]) >= 0)
    assert rows[:, 2].max(initial=0) <= on.max_num_seqs
    assert rows[:, 3].max(initial=0) <= on.blocks
    assert rows[-1, 1:].tolist() == [0, 0, 0] if len(rows) else not fits.any()  # no block leaks


@given(case=instances())
@settings(max_examples=25, deadline=None)
def test_an_engine_that_has_work_does_not_stand_still(case: tuple[Engine, Payload]) -> None:
    """Work conservation: while somebody is there the next iteration follows at once; arrivals are up to 2 s apart."""
    on, requests = case
    built = simulator(requests)
    rows = built.timeline(0, built.decide(PROGRAMS["fcfs"], NO_CONSTANTS, ONE)[2])
    budget, memory = on.max_num_batched_tokens, on.kv_tokens
    longest = max(one.milliseconds(budget, on.max_num_seqs, memory, budget * memory) for one in (on.mixed, on.decode))
    swapping = memory * on.kv_bytes_per_token / on.link_bytes_per_second
    assert longest / 1000.0 + swapping < 1.0  # so that standing still until the next arrival would be seen
    at_work = rows[:-1, 1] + rows[:-1, 2] > 0
    assert np.all(np.diff(rows[:, 0])[at_work] <= longest / 1000.0 + swapping)


def test_where_all_are_rejected_there_is_no_iteration() -> None:
    built = simulator(payload(engine(blocks=3, block_size=1), [0.0], [3], [1]))
    decisions = built.decide(PROGRAMS["reserving"], NO_CONSTANTS, ONE)
    assert np.isnan(built.served(ONE, decisions).finish).all()
    assert built.timeline(0, decisions[2]).shape == (0, 4)


@given(case=instances())
@settings(max_examples=25, deadline=None)
def test_first_come_first_served_lets_nobody_overtake(case: tuple[Engine, Payload]) -> None:
    _, requests = case
    built = simulator(requests)
    decisions = built.decide(PROGRAMS["fcfs"], NO_CONSTANTS, ONE)
    arrived = built.served(ONE, decisions).arrived
    admitted = list(dict.fromkeys(i for ops in plan_of(decisions[2].tolist()) for i, tokens in ops if tokens))
    assert admitted == sorted(admitted, key=lambda i: (arrived[i], i))


def test_an_engine_comes_back_from_its_numbers() -> None:
    on = engine(
        prefix_caching=True, watermark=0.25, preemption="swap", batching="running_order", admission="first_chunk"
    )  # fmt: skip
    assert np.array_equal(engine_of(on.to_array()).to_array(), on.to_array())


def test_a_judge_of_other_rules_finds_the_decisions_wrong() -> None:
    built = simulator(payload(engine(max_num_seqs=1), [0.0, 0.01, 0.02], [8, 8, 4], [3, 3, 3]))
    decisions = built.decide(PROGRAMS["fcfs"], NO_CONSTANTS, ONE)
    assert built.audit(JUDGES["fcfs"], ONE, decisions).tolist() == [0.0]
    assert built.audit(JUDGES["last_come"], ONE, decisions)[0] > 1e-9
    assert built.audit(JUDGES["reserving"], ONE, decisions)[0] > 1e-9
    undecided = (np.zeros(1, np.uint8), *decisions[1:])
    assert built.audit(JUDGES["fcfs"], ONE, undecided).tolist() == [np.inf]
    cut = (decisions[0], decisions[1] - 1, decisions[2][:-1])
    assert built.audit(JUDGES["fcfs"], ONE, cut).tolist() == [np.inf]
