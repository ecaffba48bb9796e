"""The compiled router against plain Python and against one replica alone; what must hold of every schedule."""

import math

import numpy as np
import pytest
import serving_parts
from hypothesis import given, settings
from router_parts import JUDGES, PROGRAMS, behind, fleets, router
from serving_parts import NO_CONSTANTS, ONE, Payload, engine, instances, payload

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.routing import loop
from heuresis.evaluators.routing.contract import CONTRACT
from heuresis.evaluators.routing.plain.audit import call_of, calls_of, fleet_of
from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.routing.roles import DECODES_ONLY, PREFILLS_ONLY
from heuresis.evaluators.routing.simulator import Routing
from heuresis.evaluators.serving import loop as serving_loops
from heuresis.evaluators.serving import replay
from heuresis.evaluators.serving.engine import BLOCK_SIZE, BLOCKS, Engine
from heuresis.evaluators.serving.plain.scheduler import Mismatch
from heuresis.evaluators.serving.replica.records import NONE
from heuresis.evaluators.serving.simulator import Serving

COMPILED = (loop, serving_loops, replay)
"""Compiled when they are imported, which takes minutes the first time: before the clock of a test runs."""


def served(built: Routing, decisions: object) -> Routed:
    (found,), faults = built.routed(ONE, decisions)  # type: ignore[arg-type]
    assert faults == [""]
    assert found is not None
    return found


@pytest.mark.parametrize("name", PROGRAMS)
@given(requests=fleets())
@settings(max_examples=25, deadline=None)
def test_decisions_and_times_are_those_of_plain_python(name: str, requests: Payload) -> None:
    built = Routing(requests)
    decisions = built.decide(PROGRAMS[name], NO_CONSTANTS, ONE)
    assert decisions[0].tolist() == [1]
    plain = fleet_of(built.cases[0], call_of(JUDGES[name]))
    plain.run()
    calls = calls_of(decisions[2].tolist())
    assert calls + [[]] * (len(plain.plan) - len(calls)) == plain.plan
    found = served(built, decisions)
    jobs = plain.jobs
    for got, wanted in (
        (found.results.arrived, [plain.came[j.number] for j in jobs]),
        (found.results.first_token, [j.first for j in jobs]),
        (found.results.finish, [j.finish for j in jobs]),
        (found.results.output, [max(1, j.output) for j in jobs]),
        (found.restarts, [j.restarts for j in jobs]),
        (found.cached, [j.found for j in jobs]),
        (found.recomputed, [j.recomputed for j in jobs]),
        (found.moves, [plain.moves.get(j.number, 0) for j in jobs]),
        (found.replica, [plain.where.get(j.number, -1) for j in jobs]),
    ):
        assert np.array_equal(got, wanted, equal_nan=True)
    assert found.replica_seconds == pytest.approx(plain.replica_seconds, rel=1e-12)
    assert built.audit(JUDGES[name], ONE, decisions).max() <= 1e-9
    assert built.excess(PROGRAMS[name], NO_CONSTANTS, ONE)[0] == built.value(0, found)


@given(case=instances())
@settings(max_examples=25, deadline=None)
def test_one_replica_alone_serves_as_the_simulator_of_replicas_does(case: tuple[Engine, Payload]) -> None:
    on, requests = case
    built, alone = Routing(behind(requests, [on])), Serving(requests)
    found = served(built, built.decide(PROGRAMS["shortest_queue"], NO_CONSTANTS, ONE))
    wanted = alone.served(ONE, alone.decide(serving_parts.PROGRAMS["fcfs"], NO_CONSTANTS, ONE))
    assert np.array_equal(found.results.first_token, wanted.first_token, equal_nan=True)
    assert np.array_equal(found.results.finish, wanted.finish, equal_nan=True)
    assert np.array_equal(found.restarts, wanted.restarts)
    assert np.array_equal(found.cached, wanted.cached)


@pytest.mark.parametrize("name", PROGRAMS)
@given(requests=fleets())
@settings(max_examples=10, deadline=None)
def test_everybody_is_served_or_refused_and_nothing_is_left(name: str, requests: Payload) -> None:
    built = Routing(requests)
    fault, _, stream, world = built._run(PROGRAMS[name], NO_CONSTANTS, 0, None)
    assert fault == 0
    memory = (built.cases[0].requests.engine[:, BLOCKS] * built.cases[0].requests.engine[:, BLOCK_SIZE]).min()
    fits = requests["prompt"] + 1 <= memory
    stays = fits & (world.m["refused"] == 0)
    assert np.array_equal(~np.isnan(world.q["finish"]), stays)
    assert np.array_equal(world.q["output"], np.where(fits, np.minimum(requests["output"], memory - requests["prompt"]), 0))  # fmt: skip
    assert world.fleet["committed"].tolist() == world.fleet["projected"].tolist() == [0] * len(world.fleet)
    assert not world.fleet["transit"].any()
    assert not any(world.states[name].any() for name in ("pending", "waits", "decodes", "prefills"))
    assert np.all(world.fleet["leaves"] == NONE)
    sent = [i for ops in calls_of(stream.tolist()) for i, _ in ops if i >= 0]
    split = PREFILLS_ONLY in requests["role"]
    twice = stays & (np.minimum(requests["output"], memory - requests["prompt"]) > 1) & split
    assert sorted(sent) == sorted([*np.flatnonzero(stays), *np.flatnonzero(twice)])


def small(**more: object) -> Routing:
    """Six requests that come together, before two replicas of which each serves two at a time."""
    on = engine(max_num_seqs=2)
    given = payload(on, [0.0] * 6, [9, 2, 8, 3, 7, 4], [5, 6, 7, 8, 9, 10], **more)  # type: ignore[arg-type]
    return Routing(behind(given, [on, on]))


def test_the_queue_is_served_in_its_order() -> None:
    one_at_a_time = router("queued + running", "prompt", "queued + running - 0.5")
    built = small()
    calls = calls_of(built.decide(compile_program(one_at_a_time, CONTRACT), NO_CONSTANTS, ONE)[2].tolist())
    assert [i for ops in calls for i, _ in ops] == [0, 1, 3, 5, 4, 2]  # the first two find idle replicas


def test_what_waits_is_sent_in_the_end_though_the_router_holds_it_for_ever() -> None:
    built = small()
    found = served(built, built.decide(PROGRAMS["stubborn"], NO_CONSTANTS, ONE))
    order = np.argsort(found.results.finish)
    assert np.all(found.results.first_token[order[1:]] > found.results.finish[order[:-1]])  # one after the other


def test_kv_takes_its_time_over_the_link() -> None:
    on = engine(kv_bytes_per_token=1000.0, link_bytes_per_second=20_000.0)
    requests = payload(on, [0.0], [8], [3])
    alone = Routing(behind(requests, [on]))
    split = Routing(behind(requests, [on, on], [PREFILLS_ONLY, DECODES_ONLY]))
    times = [served(b, b.decide(PROGRAMS["shortest_queue"], NO_CONSTANTS, ONE)).results for b in (alone, split)]
    assert times[0].first_token[0] == times[1].first_token[0]
    assert times[1].finish[0] - times[0].finish[0] == pytest.approx(8 * 1000.0 / 20_000.0)


def test_a_replica_that_is_switched_on_takes_its_time_and_costs_from_then_on() -> None:
    on = engine(max_num_seqs=1)
    requests = payload(on, [0.0] * 4, [4] * 4, [9] * 4)
    built = Routing(behind(requests, [on] * 3, None, 1, 0.1, 2.0))
    found = served(built, built.decide(PROGRAMS["scaling"], NO_CONSTANTS, ONE))
    end = found.results.finish.max()
    assert end < found.replica_seconds < 3 * end - 0.1
    assert built.value(0, found) == pytest.approx(found.results.e2e.mean() + 2.0 * found.replica_seconds / 4)
    fixed = Routing(behind(requests, [on] * 3))
    best = served(fixed, fixed.decide(PROGRAMS["scaling"], NO_CONSTANTS, ONE))
    assert best.replica_seconds == pytest.approx(3 * best.results.finish.max())
    assert best.results.finish.max() < end


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        ([], "end before"),
        ([0, 0], "end before"),
        ([0, 5, 0, 0], "end before"),
        ([0, 1, 0], "end before"),
        ([-1, 0], "end before"),
        ([5, 0], "end before"),
        ([0, 2, 1, 0, 5, 0], "not held"),
        ([0, 2, 0, 2, 5, 0], "not held"),
        ([0, 2, 99, 0, 5, 0], "not held"),
        ([0, 4, 0, 0, 0, 1, 5, 0], "not held"),
        ([0, 1, -2, 5, 0], "number of replicas"),
        ([0, 2, 0, 0, 1000, 0], "never served"),
        ([0, 3, 0, 0, 1, 0, 5, 0], "end before"),
    ],
)
def test_decisions_that_cannot_be_are_refused(stream: list[int], fault: str) -> None:
    found, faults = small().routed(ONE, (np.ones(1, np.uint8), np.array([len(stream)]), np.array(stream, np.int32)))
    assert found == [None]
    assert fault in faults[0]


def test_tampered_decisions_are_refused_or_score_as_what_they_are() -> None:
    built = small()
    valid, lengths, stream = built.decide(PROGRAMS["shortest_queue"], NO_CONSTANTS, ONE)
    honest = served(built, (valid, lengths, stream))
    assert built.routed(ONE, (valid * 0, lengths, stream))[0] == [None]
    longer = np.concatenate([stream, np.array([0, 0], np.int32)])
    assert "beyond" in built.routed(ONE, (valid, lengths + 2, longer))[1][0]
    moved = stream.copy()
    moved[3] = 1 - moved[3]  # the first request goes to the other replica
    other = served(built, (valid, lengths, moved))
    assert not np.array_equal(other.results.finish, honest.results.finish)
    assert built.audit(JUDGES["shortest_queue"], ONE, (valid, lengths, moved))[0] > 1e-9


def test_a_value_that_is_not_a_number_decides_nothing() -> None:
    for source in (router("(now - now) / (now - now)"), router("0.0", "0.0 / (prompt - prompt)"),
                   router("0.0", None, "math.log(-1.0)")):  # fmt: skip
        built, program = small(), compile_program(source, CONTRACT)
        decisions = built.decide(program, NO_CONSTANTS, ONE)
        assert decisions[0].tolist() == [0]
        assert math.isinf(built.loss(program, NO_CONSTANTS, ONE))
        assert built.routed(ONE, decisions)[0] == [None]


def test_a_plan_that_ends_within_a_record_is_none() -> None:
    with pytest.raises(Mismatch):
        calls_of([0, 3, 1, 0])


def test_the_main_function_alone_goes_with_the_default_bodies() -> None:
    built, whole = small(), PROGRAMS["shortest_queue"]
    wanted = built.decide(whole, NO_CONSTANTS, ONE)
    for part in (whole.main, Program(whole.functions[:1], whole.reads[:1])):
        found = built.decide(part, NO_CONSTANTS, ONE)
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("name", ["shortest_queue", "holding", "scaling"])
@given(requests=fleets())
@settings(max_examples=15, deadline=None)
def test_at_each_date_those_are_here_who_have_come_and_are_not_done(name: str, requests: Payload) -> None:
    built = Routing(requests)
    decisions = built.decide(PROGRAMS[name], NO_CONSTANTS, ONE)
    found = served(built, decisions)
    times, there = found.results, ~np.isnan(found.results.finish)
    ticks = np.linspace(0.0, max(times.finish[there], default=1.0), 50, endpoint=False)
    held, seen = built.timeline(0, decisions[2], ticks)
    here = [(times.arrived[there] <= t) & (times.finish[there] > t) for t in ticks]
    assert np.array_equal(held + seen[:, :, :2].sum(axis=(1, 2)), np.sum(here, axis=1))
    assert np.all(seen[:, :, 2] <= built.cases[0].requests.engine[:, BLOCKS])
    assert np.array_equal(seen[:, :, 2] > 0, seen[:, :, 1] > 0)
    assert np.all(seen[:, :, 3] >= (seen[:, :, 1] > 0))
    with pytest.raises(ValueError, match="not feasible"):
        built.timeline(0, decisions[2][:-1], ticks)
