"""The replica simulator: what schedulers see and decide, forged decisions, objectives, failures."""

import numpy as np
import pytest
from serving_parts import (
    JUDGES,
    NO_CONSTANTS,
    ONE,
    PROGRAMS,
    Payload,
    engine,
    payload,
    scheduler,
    simulator,
)

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.expressions.interpreter import encode, interpreter
from heuresis.evaluators.language.expressions.printer import from_source
from heuresis.evaluators.serving.contract import CONTRACT
from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.faults import FAULTS
from heuresis.evaluators.serving.plain.audit import plan_of
from heuresis.evaluators.serving.results import Served

FCFS = PROGRAMS["fcfs"]


def plan(given: Payload, program: object = FCFS) -> list[list[tuple[int, int]]]:
    valid, _, stream = simulator(given).decide(program, NO_CONSTANTS, ONE)
    assert valid.tolist() == [1]
    return plan_of(stream.tolist())


def served(given: Payload, program: object = FCFS) -> Served:
    built = simulator(given)
    return built.served(ONE, built.decide(program, NO_CONSTANTS, ONE))


def milliseconds(on: Engine, prefill: int, decodes: int, kv: int = 0, work: float = 0.0) -> float:
    return (on.mixed if prefill else on.decode).milliseconds(prefill, decodes, kv, work)


def test_a_request_alone_takes_its_chunks_and_its_tokens() -> None:
    on = engine()
    found = served(payload(on, [0.5], [20], [3]))
    chunks = milliseconds(on, 12, 0, 0, 12 * 6) + milliseconds(on, 8, 0, 0, 8 * (12 + 4))
    tokens = milliseconds(on, 0, 1, 20) + milliseconds(on, 0, 1, 21)
    assert found.first_token[0] == pytest.approx(0.5 + chunks / 1e3)
    assert found.finish[0] == pytest.approx(0.5 + (chunks + tokens) / 1e3)


def test_decodes_come_before_prefills_and_share_the_budget() -> None:
    requests = payload(engine(), [0.0, 0.001], [4, 30], [6, 1])
    assert plan(requests) == [[(0, 4)], [(1, 11)], [(1, 11)], [(1, 8)], [], []]


def test_smaller_priorities_are_admitted_first_and_ties_go_to_the_lower_number() -> None:
    on = engine(max_num_seqs=1)
    shortest = compile_program(scheduler("prompt"), CONTRACT)
    order = [i for ops in plan(payload(on, [0.0] * 4, [8, 3, 8, 3], [1] * 4), shortest) for i, _ in ops]
    assert order == [1, 3, 0, 2]


def test_the_largest_priority_is_evicted_and_computed_again() -> None:
    requests = payload(engine(blocks=5, max_num_seqs=2), [0.0, 0.0], [8, 8], [6, 6], estimate=[6.0, 7.0])
    found = served(requests)
    assert found.restarts.tolist() == [0, 1]  # of equal priorities the one admitted last
    assert found.recomputed[1] == 8
    assert served(requests, compile_program(scheduler("-estimate"), CONTRACT)).restarts.tolist() == [1, 0]


def test_swapping_moves_bytes_over_the_link_instead_of_computing_again() -> None:
    changes = {"blocks": 5, "max_num_seqs": 2, "preemption": "swap"}
    slow, fast = engine(**changes, link_bytes_per_second=1e4), engine(**changes, link_bytes_per_second=1e9)
    times = [served(payload(on, [0.0, 0.0], [8, 8], [6, 6])) for on in (slow, fast)]
    assert [t.restarts.sum() for t in times] == [1, 1]
    assert [t.recomputed.sum() for t in times] == [0, 0]
    moved = times[0].finish.max() - times[1].finish.max()
    assert moved == pytest.approx(2 * 8 * 1000.0 / 1e4, rel=1e-3)  # 8 tokens out and in again


def test_prefixes_are_computed_once_while_they_are_cached() -> None:
    on = engine(prefix_caching=True, max_num_seqs=1)
    chains = {"prefix_offsets": [0, 2, 4, 6], "prefix_blocks": np.array([0, 1, 0, 1, 0, 2])}
    found = served(payload(on, [0.0] * 3, [8, 9, 9], [1] * 3, **chains))
    assert found.cached.tolist() == [0, 8, 4]
    assert served(payload(engine(max_num_seqs=1), [0.0] * 3, [8, 9, 9], [1] * 3, **chains)).cached.tolist() == [0, 0, 0]


def test_the_least_recently_used_blocks_are_given_up_first() -> None:
    on = engine(prefix_caching=True, max_num_seqs=1, blocks=4)
    chains = {"prefix_offsets": [0, 1, 2, 5, 6, 7], "prefix_blocks": np.array([0, 1, 2, 3, 4, 1, 0])}
    found = served(payload(on, [0.0] * 5, [5, 5, 13, 5, 5], [1] * 5, **chains))
    assert found.cached.tolist() == [0, 0, 0, 0, 0]  # the third took all four blocks
    small = served(payload(on, [0.0] * 4, [5, 5, 5, 5], [1] * 4, prefix_offsets=[0, 1, 2, 3, 4],
                           prefix_blocks=np.array([0, 1, 2, 1])))  # fmt: skip
    assert small.cached.tolist() == [0, 0, 0, 4]


def test_a_follower_arrives_its_gap_after_the_other_is_done() -> None:
    found = served(payload(engine(), [0.0, 0.0, 3.0], [4, 4, 4], [3, 3, 1], after=[-1, 0, -1], gap=[0.0, 0.25, 0.0]))
    assert found.arrived[1] == found.finish[0] + 0.25
    assert found.arrived[2] == 3.0


def test_a_prompt_beyond_the_memory_is_rejected_and_its_follower_comes() -> None:
    on = engine(blocks=4)
    found = served(payload(on, [0.0, 0.0, 0.0], [16, 15, 4], [1, 9, 99], after=[-1, 0, -1], gap=[0.0, 1.0, 0.0]))
    assert np.isnan(found.finish).tolist() == [True, False, False]
    assert found.arrived[1] == 1.0
    assert found.output.tolist() == [0, 1, 12]  # cut where the memory ends


def test_a_scheduler_may_hold_requests_back_but_not_for_ever() -> None:
    on = engine()
    never = compile_program(scheduler("arrival", "-1.0"), CONTRACT)
    found = served(payload(on, [0.0, 5.0], [4, 4], [1, 1]), never)
    assert found.first_token[0] >= 5.0
    assert np.all(found.finish > 0)


def test_reserved_blocks_are_kept_for_the_request() -> None:
    on = engine(blocks=10, max_num_seqs=3)
    requests = payload(on, [0.0] * 3, [4, 4, 4], [20, 20, 20])
    assert served(requests).restarts.sum() > 0
    reserving = compile_program(scheduler("arrival", "math.ceil((prompt + estimate) / 4.0)"), CONTRACT)
    assert served(requests, reserving).restarts.sum() == 0


def test_the_prefill_budget_bounds_chunks_beside_decodes() -> None:
    requests = payload(engine(), [0.0, 0.001], [4, 30], [20, 1])
    three = compile_program(scheduler("arrival", None, "3.9"), CONTRACT)
    assert plan(requests, three)[:4] == [[(0, 3)], [(0, 1), (1, 2)], [(1, 3)], [(1, 3)]]
    assert max(tokens for ops in plan(requests, three) for _, tokens in ops) == 3


def test_a_client_is_served_in_proportion() -> None:
    on = engine(max_num_seqs=1)
    greedy = payload(on, [0.0] * 9, [8] * 9, [2] * 9, client=[7, 7, 7, 7, 7, 7, 2, 2, 2])
    order = [i for ops in plan(greedy, PROGRAMS["fair"]) for i, _ in ops]
    assert order.index(6) < order.index(2)
    assert sorted(order) == list(range(9))


@pytest.mark.parametrize("name", ["fcfs", "shortest_left", "of_now"])
def test_the_interpreter_of_expressions_decides_as_the_compiled_program(name: str) -> None:
    texts = {
        "fcfs": "arrival",
        "shortest_left": "estimate - generated + 0.01 * prompt",
        "of_now": "(now - arrival) * free",
    }
    tree = from_source(scheduler(texts[name]), CONTRACT)
    assert tree is not None
    rng = np.random.default_rng(4)
    built = simulator(payload(engine(), np.sort(rng.random(30)), rng.integers(1, 30, 30), rng.integers(1, 20, 30)))
    wanted = built.decide(compile_program(scheduler(texts[name]), CONTRACT), NO_CONSTANTS, ONE)
    found = built.decide(interpreter(CONTRACT), encode(tree, CONTRACT), ONE)
    assert found[2].tolist() == wanted[2].tolist()


@pytest.mark.parametrize(
    ("source", "arrival"),
    [
        (scheduler("1.0 / (prompt - 5.0)"), [0.0, 0.0]),  # in the heap
        (scheduler("now / (prompt - 5.0) + 1.0 / 0.0 * n_waiting"), [0.1, 0.2]),  # judged again and again
        (scheduler("arrival", "math.sqrt(-1.0)"), [0.0, 0.0]),
        (scheduler("arrival", None, "math.log(-1.0)"), [0.0, 0.0]),
    ],
)
def test_a_value_that_is_not_finite_fails_the_instance(source: str, arrival: list[float]) -> None:
    program = compile_program(source, CONTRACT)
    built = simulator(payload(engine(), arrival, [5, 5], [2, 2]))
    decisions = built.decide(program, NO_CONSTANTS, ONE)
    assert decisions[0].tolist() == [0]
    assert built.served(ONE, decisions).faults.tolist() == [1]
    assert built.loss(program, NO_CONSTANTS, ONE) == np.inf
    assert built.excess(program, NO_CONSTANTS, ONE).tolist() == [np.inf]


def forged(given: Payload, records: list[list[int]]) -> str:
    stream = np.array([number for record in records for number in record], dtype=np.int32)
    decisions = (np.ones(1, np.uint8), np.array([len(stream)]), stream)
    return FAULTS[int(simulator(given).served(ONE, decisions).faults[0])]


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        ([[0, 4, 0, 4, 1, 4], [2, 0]], ""),
        ([[0, 4, 0, 4, 1, 4]], "never served"),
        ([[0, 4, 0, 4, 1, 4], [3, 0]], "without anything to run"),
        ([[0, 4, 0, 4]], "end within a record"),
        ([[0, 3, 0, 4, 1]], "end within a record"),
        ([[-1, 0]], "end within a record"),
        ([[0, 2, 0, 5], [0, 0]], "more than are left"),
        ([[0, 2, 0, 0], [0, 0]], "no tokens"),
        ([[0, 2, 7, 4], [0, 0]], "not here"),
        ([[0, 2, 3, 4], [0, 0]], "not here"),  # the number behind the last request is a pause
        ([[0, 1, -1], [0, 0]], "does not run"),
        ([[0, 2, 0, 3], [1, 0]], "nothing decodes"),
        ([[0, 4, 0, 1, 0, 1], [0, 0]], "two chunks"),
        ([[0, 2, 0, 4], [0, 3, -1, 1, 4]], "in an iteration that evicts"),
        ([[0, 2, 0, 4], [0, 4, 1, 4, 1, 4]], "two chunks"),
    ],
)
def test_the_replay_refuses_forged_decisions(records: list[list[int]], complaint: str) -> None:
    fault = forged(payload(engine(), [0.0, 0.0], [4, 4], [3, 3]), records)
    assert complaint in fault
    assert bool(complaint) == bool(fault)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"max_num_seqs": 1}, "more running requests"),
        ({"max_num_batched_tokens": 7}, "more tokens"),
        ({"blocks": 3}, "more blocks"),
    ],
)
def test_the_replay_refuses_what_passes_a_limit(changes: dict[str, int], complaint: str) -> None:
    given = [[0, 4, 0, 4, 1, 4], [2, 0]]
    assert complaint in forged(payload(engine(**changes), [0.0, 0.0], [4, 4], [3, 3]), given)


def test_objectives_are_ratios_to_the_reference() -> None:
    one = payload(engine(), [0.0, 0.01], [8, 8], [4, 4], reference=[0.5])
    mean = np.mean((found := served(one)).finish - found.arrived)
    assert simulator(one).loss(FCFS, NO_CONSTANTS, ONE) == pytest.approx(mean / 0.5)
    assert simulator(one).excess(FCFS, NO_CONSTANTS, ONE) == pytest.approx([mean / 0.5])


@pytest.mark.parametrize("order", [[], [1], [-1]])
def test_instance_numbers_are_checked(order: list[int]) -> None:
    with pytest.raises(ValueError, match="instance numbers"):
        simulator(payload(engine(), [0.0], [4], [1])).decide(FCFS, NO_CONSTANTS, np.array(order, dtype=np.int64))


def test_decisions_of_a_wrong_shape_are_refused() -> None:
    built = simulator(payload(engine(), [0.0], [4], [1]))
    valid, lengths, stream = built.decide(FCFS, NO_CONSTANTS, ONE)
    with pytest.raises(ValueError, match="1 instances"):
        built.served(ONE, (np.ones(2, np.uint8), lengths, stream))
    with pytest.raises(ValueError, match="do not add up"):
        built.audit(JUDGES["fcfs"], ONE, (valid, lengths + 1, stream))
    with pytest.raises(ValueError, match="not feasible"):
        built.timeline(0, stream[:-1])
