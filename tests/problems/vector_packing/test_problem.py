"""Scoring of placements, lower bounds, generated instances, and what is known of the Alibaba pods."""

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scoring_parts import schedule_of, values_of
from vector_parts import NO_CONSTANTS, PROGRAMS, instances, made, simulator

from heuresis.problems.bounds import l2
from heuresis.problems.problem import InstanceError, MachineryError, Problem
from heuresis.problems.vector_packing import instances as vector_instances
from heuresis.problems.vector_packing.bounds import nodes_needed
from heuresis.problems.vector_packing.instances import VectorInstance, fingerprint
from heuresis.problems.vector_packing.marginals import PODS
from heuresis.problems.vector_packing.problem import PROBLEM, PROBLEM_FLEET
from heuresis.problems.vector_packing.reader import read
from heuresis.problems.vector_packing.scoring import EXCESS, LOST, VectorScoring

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "packing"
PODS_FILE, NODES_FILE = DATA / "openb_pod_list_default.csv.gz", DATA / "openb_node_list_all_node.csv.gz"
SCORING = VectorScoring()
ONE = np.zeros(1, dtype=np.int64)

NODES_ON_PODS = {
    "first_fit": 904,
    "best_fit": 903,
    "dot_product": 917,
    "alpha_evolve": 912,
    "l2_norm": 904,
    "most_allocated": 903,
    "least_allocated": 917,
    "requested_to_capacity_ratio": 903,
}
NOT_PLACED_ON_FLEET = {"first_fit": 241, "best_fit": 374, "dot_product": 55, "least_allocated": 48, "alpha_evolve": 235}
"""No published figures: what this evaluator and its plain Python agree on."""


def decided(*codes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.ones(len(codes), np.uint8), np.concatenate([np.array(c, np.int32) for c in codes])


def value_of(name: str, instance: VectorInstance) -> float:
    values, message = values_of(SCORING, [instance], simulator(instance).decide(PROGRAMS[name], NO_CONSTANTS, ONE))
    assert message == ""
    assert values[0] is not None
    return values[0]


@pytest.mark.skipif(not PODS_FILE.exists(), reason="the shared data folder is absent")
def test_known_numbers_of_nodes_for_the_alibaba_pods() -> None:
    found = read([PODS_FILE])
    (instance,) = found.instances
    assert (instance.size, instance.bound) == (8147, 884)
    assert "5 pods fit none" in found.notes[0]
    assert {name: value_of(name, instance) for name in NODES_ON_PODS} == NODES_ON_PODS


@pytest.mark.skipif(not PODS_FILE.exists(), reason="the shared data folder is absent")
def test_the_alibaba_pods_on_the_alibaba_nodes() -> None:
    (instance,) = read([PODS_FILE, NODES_FILE]).instances
    assert instance.fleet is not None
    assert (instance.size, len(instance.fleet), len(instance.types)) == (8152, 1523, 27)
    assert {name: int(value_of(name, instance)) for name in NOT_PLACED_ON_FLEET} == NOT_PLACED_ON_FLEET


@pytest.mark.skipif(not PODS_FILE.exists(), reason="the shared data folder is absent")
def test_the_generator_has_the_marginals_of_the_trace() -> None:
    (instance,) = read([PODS_FILE, NODES_FILE]).instances
    rows, counts = np.unique(instance.requests, axis=0, return_counts=True)
    known = {tuple(row): count for row, count in zip(rows.tolist(), counts.tolist(), strict=True)}
    assert {row[:3]: row[3] for row in PODS} == {
        row: count for row, count in known.items() if count >= 10 or row[2] > 1000
    }
    drawn = vector_instances.draw_requests(np.random.PCG64(1), 20_000, instance.types, shifted=False)
    assert drawn.mean(axis=0) == pytest.approx(instance.requests.mean(axis=0), rel=0.03)


def test_values_are_nodes_or_requests_not_placed_and_the_share_stranded() -> None:
    open_one = made([[3, 1], [3, 1], [1, 2]], [[4, 4]])
    fleet = made([[3, 1], [3, 1], [2, 2]], [[4, 4]], [0])
    assert values_of(SCORING, [open_one], decided([-2, -2, 1])) == ((2.0,), "")
    # 1 CPU and 3 memory are left: no request of the three fits there
    assert values_of(SCORING, [fleet], decided([0, -1, -1])) == ((2 + (1 / 4 + 3 / 4) / 2,), "")
    # 2 CPU and 2 memory are left: two of the three do not fit
    small = made([[2, 2], [3, 1], [3, 1]], [[4, 4]], [0])
    assert values_of(SCORING, [small], decided([0, -1, -1])) == ((pytest.approx(2 + (2 / 4 + 2 / 4) / 2 * 2 / 3),), "")


@pytest.mark.parametrize(
    ("codes", "instance", "message"),
    [
        ([0], made([[1]], [[4]]), "request 0 is not placed on a node that is there"),
        ([-1], made([[1]], [[4]]), "request 0 is not placed on a node that is there"),
        ([-2, 1], made([[1], [1]], [[4]]), "request 1 is not placed on a node that is there"),
        ([-2, -4], made([[1], [1]], [[4], [5]]), "request 1 is not placed on a node that is there"),
        ([-2, 0], made([[3], [3]], [[4]]), "node 0 holds more than it can"),
        ([-3, 0], made([[3], [3]], [[9], [4]]), "node 0 holds more than it can"),
        ([1], made([[1]], [[4]], [0]), "request 0 goes to a node that is not there"),
        ([-2], made([[1]], [[4]], [0]), "request 0 goes to a node that is not there"),
        ([0, 0], made([[3], [3]], [[4]], [0]), "node 0 holds more than it can"),
        ([-1, 0], made([[3], [3]], [[4]], [0]), "request 0 is not placed although a node has room for it"),
        ([0, -1], made([[3], [3]], [[4]], [0, 0]), "request 1 is not placed although a node has room for it"),
    ],
)
def test_placements_that_are_not_feasible_have_no_value(
    codes: list[int], instance: VectorInstance, message: str
) -> None:
    good = made([[1]], [[4]]) if instance.opens else made([[1]], [[4]], [0])
    first = [-2] if instance.opens else [0]
    values, complaint = values_of(SCORING, [good, instance], decided(first, codes))
    assert values[0] is not None
    assert values[1] is None
    assert complaint == f"{message} (first on instance i)"


def test_an_instance_left_undecided_has_no_value() -> None:
    valid, chosen = decided([-2], [-2])
    valid[1] = 0
    values, message = values_of(SCORING, [made([[1]], [[4]])] * 2, (valid, chosen))
    assert values == (1.0, None)
    assert "NaN or infinite" in message


def test_a_value_below_the_bound_stops_everything() -> None:
    instance = made([[1], [1]], [[4]])
    object.__setattr__(instance, "bound", 2)
    with pytest.raises(MachineryError, match="1 nodes opened lie below the lower bound 2"):
        values_of(SCORING, [instance], decided([-2, 0]))


def least_nodes(requests: list[list[int]], types: list[list[int]], nodes: tuple[tuple[int, ...], ...] = ()) -> int:
    """The fewest nodes, by trying everything."""
    if not requests:
        return len(nodes)
    found = len(nodes) + len(requests)
    for i in range(len(nodes)):
        left = tuple(a - b for a, b in zip(nodes[i], requests[0], strict=True))
        if min(left) >= 0:
            found = min(found, least_nodes(requests[1:], types, (*nodes[:i], left, *nodes[i + 1 :])))
    for one in types:
        left = tuple(a - b for a, b in zip(one, requests[0], strict=True))
        if min(left) >= 0:
            found = min(found, least_nodes(requests[1:], types, (*nodes, left)))
    return found


def least_refused(requests: list[list[int]], nodes: list[list[int]]) -> int:
    """The fewest requests not placed, by trying everything."""
    if not requests:
        return 0
    found = 1 + least_refused(requests[1:], nodes)
    for i, node in enumerate(nodes):
        left = [a - b for a, b in zip(node, requests[0], strict=True)]
        if min(left) >= 0:
            found = min(found, least_refused(requests[1:], [*nodes[:i], left, *nodes[i + 1 :]]))
    return found


@given(instance=instances())
@settings(max_examples=150, deadline=None)
def test_bounds_are_at_most_the_optimum(instance: VectorInstance) -> None:
    few = np.ascontiguousarray(instance.requests[:5])
    shorter = VectorInstance("i", few, instance.types, None if instance.fleet is None else instance.fleet[:3])
    types = shorter.types.tolist()
    if shorter.fleet is None:
        assert 1 <= shorter.bound <= least_nodes(few.tolist(), types)
    else:
        assert 0 <= shorter.bound <= least_refused(few.tolist(), [types[t] for t in shorter.fleet])


def test_the_bound_weighs_resources_where_there_are_several_types() -> None:
    types = np.array([[4, 1, 0], [1, 4, 0]])
    requests = np.array([[1, 1, 0]] * 10)
    assert l2(requests[:, 0], 4) == 3
    assert nodes_needed(requests, types) == 4  # two types, five units in all each: twenty units need four nodes


def test_the_bound_of_martello_and_toth() -> None:
    assert l2(np.array([6, 6, 6, 4, 4, 4]), 10) == 3
    assert l2(np.array([7, 7, 7, 4, 4, 4]), 10) == 5  # three alone, and three of four on two
    assert l2(np.array([5, 5, 5]), 10) == 2
    assert l2(np.array([1]), 10) == 1


def test_objectives_follow_the_variant() -> None:
    open_one, fleet = made([[1], [1]], [[2]]), made([[2], [2], [1], [1]], [[4]], [0])
    assert PROBLEM.objective_on([open_one]) is EXCESS
    assert PROBLEM.objective_on([fleet]) is LOST
    both = SCORING.score([open_one, made([[3]], [[4]])], [2.0, 1.0])
    assert both.aggregate == pytest.approx(0.5)
    assert both.metrics == {"excess": 0.5, "nodes": 3.0, "lower_bound": 2.0, "placed": 3.0, "stranded": None}
    lost = SCORING.score([fleet], [2.25])
    assert lost.aggregate == pytest.approx(2 / 4 + 0.25)
    assert lost.metrics == {"excess": None, "nodes": 1.0, "lower_bound": None, "placed": 2.0, "stranded": 0.25}


def test_the_explanation_says_what_is_free_and_what_is_stranded() -> None:
    instance = made([[3, 1], [3, 1], [1, 2]], [[4, 4], [9, 0]])
    assert SCORING.explain(instance, schedule_of(SCORING, instance, decided([-2, -2, 1]))) == (
        "3 requests on 2 nodes; at least 2 are needed. Stranded (free where a request drawn at random does not fit), "
        "of all capacity: cpu 8.3%, mem 37.5%.\n"
        "\n"
        "| type | nodes | capacity cpu | capacity mem | free cpu | free mem |\n"
        "|--:|--:|--:|--:|--:|--:|\n"
        "| 0 | 2 | 4 | 4 | 12.5% | 50.0% |"
    )


def test_references_beat_or_miss_but_are_feasible() -> None:
    instance = made([[1, 3], [3, 1], [2, 2], [2, 2]], [[4, 4]])
    fleet = made([[1, 3], [3, 1], [2, 2], [2, 2]], [[4, 4]], [0, 0])
    assert {r.name: r.solve(instance) for r in PROBLEM.algorithms} == {"ffd_sum": 2.0, "ffd_prod": 2.0, "fgd": 2.0}
    assert {r.name: r.solve(fleet) for r in PROBLEM_FLEET.algorithms} == {"ffd_sum": 0.0, "ffd_prod": 0.0, "fgd": 0.0}


def test_fragmentation_descent_keeps_room_for_large_requests() -> None:
    instance = made([[1, 0], [4, 4]], [[4, 4], [2, 0]], [0, 1])
    fgd = next(r for r in PROBLEM_FLEET.algorithms if r.name == "fgd")
    assert int(fgd.solve(instance)) == 0
    assert int(value_of("first_fit", instance)) == 1


GOLDEN = {
    "vector-packing": {"search": "efbad42117d267ab", "select": "3992ea395f177db9", "test": "9f92d656bf3947d6"},
    "vector-packing-fleet": {"search": "a11b5445325b3e41", "select": "be14759a93fed842", "test": "5c2606c3ae90cd22"},
}


@pytest.mark.parametrize("problem", [PROBLEM, PROBLEM_FLEET], ids=["open", "fleet"])
def test_generated_instances_never_change(problem: Problem) -> None:
    assert {name: split().fingerprint[:16] for name, split in problem.splits.items()} == GOLDEN[problem.name]


def test_a_fleet_is_asked_for_its_load() -> None:
    for instance in PROBLEM_FLEET.splits["search"]().instances:
        capacity = instance.types[instance.fleet].sum(axis=0)
        asked, last = instance.requests.sum(axis=0), instance.requests[-1]
        load = instance.labels["load"]
        assert np.any(asked >= load * capacity - 1e-6)
        assert np.all(asked - last < load * capacity)


@pytest.mark.parametrize(
    ("requests", "types", "fleet", "message"),
    [
        ([[5]], [[4]], None, r"requests\[0\] fits no node type"),
        ([[0]], [[4]], None, r"requests\[0\] is 0 in every resource"),
        ([[1]], [[4], [0]], None, r"types\[1\] is 0 in every resource"),
        ([[-1, 2]], [[4]], None, "amounts must be 0 to 2"),
        ([[1]], [[(1 << 40) + 1]], None, "amounts must be 0 to 2"),
        ([[1]] * 8193, [[1 << 40]], None, "use a larger unit"),
        ([[1]], [[4]], [1], "types beyond the 1"),
        ([[1]], [[4]], [], "1 to 2"),
    ],
)
def test_instances_are_checked(
    requests: list[list[int]], types: list[list[int]], fleet: list[int] | None, message: str
) -> None:
    with pytest.raises(InstanceError, match=message):
        made(requests, types, fleet)


def test_a_fingerprint_tells_types_from_a_fleet() -> None:
    variants = [made([[1]], [[4]]), made([[1]], [[4]], [0]), made([[1]], [[4]], [0, 0]), made([[1, 1]], [[4, 4]])]
    assert len({fingerprint([one]) for one in variants}) == len(variants)
    assert fingerprint(variants) != fingerprint(variants[::-1])


def test_replayed_instances_are_few_small_and_of_each_kind() -> None:
    for problem in (PROBLEM, PROBLEM_FLEET):
        found = problem.splits["select"]().instances
        chosen = [found[i] for i in SCORING.audited(found)]
        assert 0 < len(chosen) <= 12
        assert max(i.size for i in chosen) <= 200
        assert {(i.labels["family"], i.labels["mix"]) for i in chosen} == {
            (i.labels["family"], i.labels["mix"]) for i in found
        }
    large = made([[1]] * 300, [[4]])
    assert SCORING.audited([large, made([[1]] * 250, [[4]])]).tolist() == [1]


def test_many_types_and_requests_need_no_matrix_of_both() -> None:
    """Each request against each type, or type against type, would be 1,000 times as large as either list."""
    rng = np.random.default_rng(1)
    types = np.unique(rng.integers(1, 1 << 20, (2_500, 3)), axis=0)
    types[:, 2] = (3 << 20) - types[:, 0] - types[:, 1]  # none has less of everything than another
    requests = types[rng.integers(len(types), size=2_000)] // 2 + 1
    tracemalloc.start()
    opens = VectorInstance("i", requests, types)
    fleet = VectorInstance("i", requests, types, np.arange(len(types)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (opens.bound > 1, fleet.bound) == (True, 0)
    assert peak < 10e6


def test_an_exported_driver_refuses_what_are_no_amounts() -> None:
    namespace: dict[str, Any] = {"score": lambda *_: 0.0}
    exec(PROBLEM.standalone, namespace)
    place = namespace["place"]
    assert place([(1, 0, 0), (9, 0, 0)], [], iter([[4, 4, 0]])) == ([0, None], [[4, 4, 0]])
    for wrong in ([1, 2], [1, -1, 0], [0, 0, 0], [True, 0, 0], [float("nan"), 1, 1]):
        with pytest.raises(ValueError, match=r"requests\[1\] must be three amounts of 0 or more, not all 0, got"):
            place([[1, 1, 1], wrong], [[4, 4, 4]])
        with pytest.raises(ValueError, match=r"types\[0\] must be three amounts"):
            place([[1, 1, 1]], [], [wrong])
