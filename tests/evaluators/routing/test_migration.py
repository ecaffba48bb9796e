"""Migration between replicas: who moves, when, at what cost, and what is refused."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from router_parts import JUDGES, PROGRAMS, behind, fleets, router
from serving_parts import NO_CONSTANTS, ONE, Payload, engine, payload

from heuresis.evaluators.kernels.heap import drop, push
from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.routing import loop
from heuresis.evaluators.routing.contract import CONTRACT, MOST_MOVES
from heuresis.evaluators.routing.fleet.migration import _withdraw
from heuresis.evaluators.routing.plain.audit import calls_of
from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.routing.roles import DECODES_ONLY, PREFILLS_ONLY
from heuresis.evaluators.routing.simulator import Routing

COMPILED = (loop,)
"""Compiled when they are imported, which takes minutes the first time: before the clock of a test runs."""
SLOW_LINK = {"kv_bytes_per_token": 1000.0, "link_bytes_per_second": 20_000.0}


def followed(built: Routing, *numbers: int) -> tuple[Routed | None, str]:
    """What becomes of decisions."""
    stream = np.array(numbers, np.int32)
    (found,), (fault,) = built.routed(ONE, (np.ones(1, np.uint8), np.array([len(stream)]), stream))
    return found, fault


def run(built: Routing, source: str) -> Routed:
    """What becomes of the decisions of a program."""
    (found,), faults = built.routed(ONE, built.decide(compile_program(source, CONTRACT), NO_CONSTANTS, ONE))
    assert faults == [""]
    assert found is not None
    return found


def together(count: int, replicas: int = 2, roles: Sequence[int] | None = None, active: int | None = None) -> Routing:
    """So many requests, a multiple of 6, that arrive at once, before equal replicas that serve two at a time."""
    on = engine(max_num_seqs=2)
    requests = payload(on, [0.0] * count, [9, 2, 8, 3, 7, 4] * (count // 6), [6] * count)
    return Routing(behind(requests, [on] * replicas, roles, active, np.nan if active is None else 0.5))


def test_kv_of_a_running_request_takes_its_time_over_the_link_and_nothing_is_computed_again() -> None:
    on = engine(**SLOW_LINK)
    requests = payload(on, [0.0, 0.15], [8, 2], [12, 9])
    built = Routing(behind(requests, [on] * 3))
    stays, moves = (
        run(built, router("abs(replica - 2.0 * session)", migrate=migrate))
        for migrate in ("0.0", "1.0 if kv > 0.0 and replica == 1.0 and moves == 0.0 and prompt == 8.0 else 0.0")
    )
    assert moves.moves.tolist() == [1, 0]
    assert moves.replica.tolist() == [1, 2]
    assert moves.recomputed.tolist() == moves.restarts.tolist() == [0, 0]
    assert np.array_equal(moves.results.first_token, stays.results.first_token)
    later = moves.results.finish - stays.results.finish
    tokens = later[0] * 20_000.0 / 1000.0
    assert later[1] == 0.0
    assert tokens == pytest.approx(round(tokens))
    assert 8 < round(tokens) < 20  # its prompt, and what it had generated when the second request called the router


def test_who_waits_moves_for_nothing() -> None:
    built = together(6)
    stays = run(built, router("replica"))
    moves = run(built, router("replica", migrate="from_queued - queued - 1.0"))
    even = run(built, router("queued"))
    assert moves.moves.sum() == 3
    assert moves.results.finish.max() < stays.results.finish.max()
    assert sorted(np.bincount(moves.replica)) == sorted(np.bincount(even.replica)) == [3, 3]


def test_two_replicas_do_not_pass_a_request_to_and_fro_for_ever() -> None:
    found = run(together(24), router("queued + running", migrate="1.0"))
    assert found.moves.max() == MOST_MOVES


def test_a_replica_that_drains_is_emptied() -> None:
    on = engine(max_num_seqs=4, blocks=64)
    requests = payload(on, [0.0, 0.0, 0.3], [4, 4, 4], [30, 30, 1])
    built = Routing(behind(requests, [on, on], None, 2, 0.5))
    times = [
        run(built, router("queued + running", scale="2.0 if now < 0.2 else 1.0", migrate=migrate))
        for migrate in (None, "from_drains")
    ]
    assert [t.moves.sum() for t in times] == [0, 1]
    assert set(times[1].replica) == {0}
    assert times[1].replica_seconds < times[0].replica_seconds


@given(requests=fleets())
@settings(max_examples=40, deadline=None)
def test_nobody_moves_out_of_a_pool_twice_in_a_call_or_too_often(requests: Payload) -> None:
    built = Routing(requests)
    decisions = built.decide(PROGRAMS["restless"], NO_CONSTANTS, ONE)
    where, moves = dict[int, int](), dict[int, int]()
    for ops in calls_of(decisions[2].tolist()):
        moved = [-2 - i for i, _ in ops if i < -1]
        assert len(moved) == len(set(moved))
        for i, r in ops:
            if i < -1:
                assert built.cases[0].role[where[-2 - i]] == built.cases[0].role[r]
                assert where[-2 - i] != r
                moves[-2 - i] = moves.get(-2 - i, 0) + 1
            if i != -1:
                where[i if i >= 0 else -2 - i] = r
    assert max(moves.values(), default=0) <= MOST_MOVES


@pytest.mark.parametrize(
    "numbers",
    [
        (0, 4, 0, 0, -1, 0),  # to where it is
        (0, 4, 0, 0, -1, 2),  # to no replica
        (0, 4, 0, 0, -1, -1),
        (0, 4, 0, 0, -2, 1),  # who has not come yet
        (0, 4, 0, 0, -99, 1),  # who does not exist
        (0, 2, -1, 1),  # who is held
        (0, 4, -1, 1, 0, 0),  # before it is sent
        (0, 6, 0, 0, -1, 1, 1, 0),  # a request is sent after a migration
        (0, 6, 0, 0, -1, 1, -1, 0),  # twice in a call
        (0, 2, 0, 0, 0, 4, 1, 0, -1, 1),  # not the last of its replica
        (0, 2, 0, 1, 0, 6, 1, 0, -1, 0, -2, 1),  # not in the order of the replicas
    ],
)
def test_a_migration_that_cannot_be_is_refused(numbers: tuple[int, ...]) -> None:
    found, fault = followed(together(6), *numbers)
    assert found is None
    assert fault.startswith("a request migrates")


def test_migrations_that_can_be_are_followed_as_far_as_the_limit() -> None:
    to_and_fro = [n for k in range(MOST_MOVES + 1) for n in (0, 2, -1, (k + 1) % 2)]
    enough = [0, 4, 0, 0, -1, 1, *(n for k in range(MOST_MOVES - 1) for n in (0, 2, -1, k % 2))]
    assert "never served" in followed(together(24), *enough, 1000, 0)[1]
    assert followed(together(24), *enough, 0, 2, -1, 1)[1].startswith("a request migrates")
    assert followed(together(24), 0, 2, 0, 0, *to_and_fro)[1].startswith("a request migrates")


def test_nobody_moves_to_another_pool_or_to_a_replica_that_is_off() -> None:
    pools = together(6, 3, [PREFILLS_ONLY, DECODES_ONLY, PREFILLS_ONLY])
    assert followed(pools, 0, 4, 0, 0, -1, 1)[1].startswith("a request migrates")
    assert "never served" in followed(pools, 0, 4, 0, 0, -1, 2, 1000, 0)[1]
    assert followed(together(6, active=1), 0, 4, 0, 0, -1, 1)[1].startswith("a request migrates")


def test_tampered_migrations_are_not_what_the_program_chooses() -> None:
    built = together(6)
    valid, lengths, stream = built.decide(PROGRAMS["balancing"], NO_CONSTANTS, ONE)
    assert built.audit(JUDGES["balancing"], ONE, (valid, lengths, stream))[0] <= 1e-9
    first = next(ops for ops in calls_of(stream.tolist()) if any(i < -1 for i, _ in ops))
    assert len(first) == 2  # it is sent, and another one moves
    at = next(k for k in range(2, len(stream)) if stream[k] < 0)
    cut = np.concatenate([stream[:at], stream[at + 2 :]])
    cut[at - 3] -= 2
    lengths_of_cut = lengths - 2
    assert built.audit(JUDGES["balancing"], ONE, (valid, lengths_of_cut, cut))[0] > 1e-9


def test_a_value_that_is_not_a_number_moves_nobody() -> None:
    for migrate in ("(now - now) / (now - now)", "1.0 / (now - now)"):
        built = together(6)
        decisions = built.decide(compile_program(router("replica", migrate=migrate), CONTRACT), NO_CONSTANTS, ONE)
        assert decisions[0].tolist() == [0]


def test_a_request_is_taken_from_anywhere_in_a_queue() -> None:
    rng = np.random.default_rng(0)
    for size in range(1, 30):
        for gone in range(size):
            heap = np.zeros((size, 2))
            for k, value in enumerate(rng.integers(0, 9, size)):
                push(heap, k, float(value), k)
            kept = sorted((v, i) for v, i in heap.tolist() if i != gone)
            _withdraw(heap, size, gone)
            left = []
            for n in range(size - 1, 0, -1):
                left.append((heap[0, 0], heap[0, 1]))
                drop(heap, n)
            assert left == kept
