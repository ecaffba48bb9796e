"""Requests that leave, GPUs that are devices and models that requests ask for: compiled, plain and trusted code agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from scoring_parts import schedule_of, values_of
from vector_parts import NO_CONSTANTS, PROGRAMS, RULES, array, clusters, made, simulator

from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.vector_packing.contract import CONTRACT
from heuresis.problems.vector_packing.following import follow
from heuresis.problems.vector_packing.instances import VectorInstance, fingerprint
from heuresis.problems.vector_packing.placing import placed
from heuresis.problems.vector_packing.problem import PROBLEM

NAMES = ("first_fit", "least_idle", "least_allocated", "opens_often", "all_parameters")
JUDGES = {name: judge_of(RULES[name], CONTRACT) for name in NAMES}
SCORING = PROBLEM.scoring
ONE = np.zeros(1, dtype=np.int64)


def instance(
    requests: list[list[int]], types: list[list[int]], fleet: list[int] | None = None, **more: object
) -> VectorInstance:
    nodes = None if fleet is None else np.array(fleet, dtype=np.int64)
    arrays = {name: np.array(one, dtype=np.int64) if isinstance(one, list) else one for name, one in more.items()}
    return VectorInstance("i", array(requests), array(types), nodes, **arrays)  # type: ignore[arg-type]


def decide(name: str, one: VectorInstance) -> list[int]:
    valid, chosen = simulator(one).decide(PROGRAMS[name], NO_CONSTANTS, ONE)
    assert valid.tolist() == [1]
    return [int(code) for code in chosen]


@pytest.mark.parametrize("name", NAMES)
@given(one=clusters())
@settings(max_examples=40, deadline=None)
def test_compiled_plain_and_trusted_code_agree(name: str, one: VectorInstance) -> None:
    built = simulator(one)
    decisions = built.decide(PROGRAMS[name], NO_CONSTANTS, ONE)
    assert built.audit(JUDGES[name], ONE, decisions).max() <= 1e-9
    values, message = values_of(SCORING, [one], decisions)
    assert message == ""
    assert values[0] is not None
    assert built.loss(PROGRAMS[name], NO_CONSTANTS, ONE) == pytest.approx(
        SCORING.score([one], [values[0]]).aggregate, rel=1e-12, abs=1e-12
    )


@pytest.mark.parametrize("opens", [True, False])
def test_following_event_by_event_is_what_is_placed_all_at_once(opens: bool) -> None:
    one = made([[3, 1], [3, 1], [1, 2], [4, 4], [1, 1]], [[4, 4]], None if opens else [0, 0, 0])
    chosen = np.array(decide("best_fit", one), dtype=np.int64)
    at_once, followed = placed(one, chosen), follow(one, chosen)
    assert not isinstance(at_once, str)
    assert not isinstance(followed, str)
    cluster, busy = followed
    assert busy.tolist() == at_once.busy.tolist()
    assert cluster.free[cluster.there].tolist() == at_once.free.tolist()


def test_the_value_is_the_most_nodes_in_use_at_one_time() -> None:
    requests, until = [[3], [3], [3], [3]], [1, 2, 4, 4]
    one = instance(requests, [[4]], until=until)
    assert decide("first_fit", one) == [-2, -2, -2, -2]  # an empty node is given back: the next one is new
    assert values_of(SCORING, [one], simulator(one).decide(PROGRAMS["first_fit"], NO_CONSTANTS, ONE)) == ((2.0,), "")
    assert one.bound == 2
    assert made(requests, [[4]]).bound == 4
    assert "at most 2 nodes in use at one time; at least 2 are needed" in SCORING.explain(
        one, schedule_of(SCORING, one, (np.ones(1, np.uint8), np.array([-2] * 4, np.int32)))
    )


def test_who_was_turned_away_frees_nothing() -> None:
    one = instance([[3], [3], [2], [2]], [[4]], [0], until=[3, 2, 4, 4])
    assert decide("first_fit", one) == [0, -1, -1, 0]
    assert one.bound == 1


def test_a_share_goes_to_the_fullest_gpu_and_whole_gpus_to_free_ones() -> None:
    # two GPUs of 10: a share of 6 and one of 4 share the first, so that a whole one is left
    one = instance([[1, 1, 6], [1, 1, 4], [1, 1, 10], [1, 1, 1]], [[9, 9, 20]], [0], device=10)
    assert decide("first_fit", one) == [0, 0, 0, -1]
    # 8 of 20 are free, but no GPU has more than 4 of them
    apart = instance([[1, 1, 6], [1, 1, 6], [1, 1, 5]], [[9, 9, 20]], [0], device=10)
    assert decide("first_fit", apart) == [0, 0, -1]
    summed = instance([[1, 1, 6], [1, 1, 6], [1, 1, 5]], [[9, 9, 20]], [0])
    assert decide("first_fit", summed) == [0, 0, 0]


def test_requests_go_to_the_models_that_they_allow() -> None:
    one = instance([[1], [1], [1]], [[4], [5]], [0, 1], models=[0, 1], allowed=[2, -1, 4])
    assert decide("first_fit", one) == [1, 0, -1]
    assert one.bound == 1


@pytest.mark.parametrize(
    ("codes", "one", "message"),
    [
        ([-2, 0], instance([[3], [3]], [[4]], until=[1, 2]), "request 1 is not placed on a node that is there"),
        ([-2, 0], instance([[3], [3]], [[4]], until=[2, 2]), "goes to node 0, which has no room for it"),
        ([0, -1], instance([[3], [3]], [[4]], [0], until=[1, 2]), "request 1 is not placed although a node has room"),
        ([0, 1], instance([[3], [3]], [[4]], [0], until=[1, 2]), "request 1 goes to a node that is not there"),
        ([0], instance([[1]], [[4], [5]], [0, 1], models=[0, 1], allowed=[2]), "node 0, which has no room for it"),
        ([0, 0], instance([[1, 1, 6]] * 2, [[9, 9, 10]], [0], device=10), "node 0, which has no room for it"),
    ],
)
def test_decisions_that_are_not_feasible_have_no_value(codes: list[int], one: VectorInstance, message: str) -> None:
    values, complaint = values_of(SCORING, [one], (np.ones(1, np.uint8), np.array(codes, np.int32)))
    assert values == (None,)
    assert message in complaint
    built = simulator(one)
    assert built.audit(JUDGES["first_fit"], ONE, (np.ones(1, np.uint8), np.array(codes, np.int32)))[0] == np.inf


def test_fingerprints_tell_what_instances_have_beside_amounts() -> None:
    rows: tuple[list[list[int]], list[list[int]], list[int]] = ([[1, 1, 10]], [[4, 4, 20]], [0])
    variants = [
        instance(*rows),
        instance(*rows, until=[1]),
        instance(*rows, device=10),
        instance(*rows, models=[0], allowed=[1]),
    ]
    assert len({fingerprint([one]) for one in variants}) == len(variants)


def test_fragmentation_descent_obeys_departures_devices_and_models() -> None:
    fgd = next(one for one in PROBLEM.algorithms if one.name == "fgd")
    one = instance([[3], [3], [3], [3]], [[4]], until=[1, 2, 4, 4])
    assert fgd.solve(one) == 2.0
    models = instance([[1], [1], [1]], [[4], [5]], [0, 1], models=[0, 1], allowed=[2, -1, 4])
    value = fgd.solve(models)
    assert value is not None
    assert int(value) == 1
    assert [a.solve(one) for a in PROBLEM.algorithms if a.name != "fgd"] == [None, None]
