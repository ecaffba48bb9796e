"""The compiled placement of requests against plain Python, its audit, and its failures."""

import numpy as np
import pytest
from hypothesis import given, settings
from scoring_parts import values_of
from vector_parts import (
    HEAD,
    NO_CONSTANTS,
    PROGRAMS,
    RULES,
    compile_program,
    instances,
    made,
    plain,
    simulator,
)

from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.vector_packing.contract import CONTRACT
from heuresis.evaluators.vector_packing.objective import aggregate, parts
from heuresis.problems.vector_packing.instances import VectorInstance
from heuresis.problems.vector_packing.problem import PROBLEM

PLAIN = {name: plain(source) for name, source in RULES.items()}
JUDGES = {name: judge_of(source, CONTRACT) for name, source in RULES.items()}
ONE = np.zeros(1, dtype=np.int64)


def decide(name: str, instance: VectorInstance) -> list[int]:
    valid, chosen = simulator(instance).decide(PROGRAMS[name], NO_CONSTANTS, ONE)
    assert valid.tolist() == [1]
    return [int(code) for code in chosen]


@pytest.mark.parametrize("name", RULES)
@given(instance=instances())
@settings(max_examples=40, deadline=None)
def test_decisions_are_those_of_plain_python(name: str, instance: VectorInstance) -> None:
    assert decide(name, instance) == PLAIN[name](instance)


@pytest.mark.parametrize("name", RULES)
@given(instance=instances())
@settings(max_examples=20, deadline=None)
def test_a_replay_confirms_every_decision(name: str, instance: VectorInstance) -> None:
    built = simulator(instance)
    decisions = built.decide(PROGRAMS[name], NO_CONSTANTS, ONE)
    assert built.audit(JUDGES[name], ONE, decisions).max() <= 1e-9


@given(instance=instances())
@settings(max_examples=60, deadline=None)
def test_what_tuning_sees_is_what_scoring_finds(instance: VectorInstance) -> None:
    scoring, built = PROBLEM.scoring, simulator(instance, instance)
    both = np.arange(2)
    for name in ("best_fit", "least_allocated", "opens_often"):
        values, message = values_of(scoring, [instance] * 2, built.decide(PROGRAMS[name], NO_CONSTANTS, both))
        assert message == ""
        found = [v for v in values if v is not None]
        wanted = scoring.score([instance] * 2, found).aggregate
        assert built.loss(PROGRAMS[name], NO_CONSTANTS, both) == pytest.approx(wanted, rel=1e-12, abs=1e-12)
        assert built.excess(PROGRAMS[name], NO_CONSTANTS, both).min() >= 0.0


def test_excess_adds_up_to_the_loss_beyond_the_bounds() -> None:
    open_ones = [made([[3, 1], [3, 1], [2, 2]], [[4, 4]]), made([[4, 4], [1, 0]], [[4, 4]])]
    built = simulator(*open_ones)
    both = np.arange(2)
    assert built.excess(PROGRAMS["opens_often"], NO_CONSTANTS, both).sum() == pytest.approx(
        built.loss(PROGRAMS["opens_often"], NO_CONSTANTS, both)
    )


def test_ties_go_to_what_is_there_then_to_the_lower_number() -> None:
    same = made([[1], [1], [1], [5]], [[4], [5]])
    assert decide("constant", same) == [-2, 0, 0, -3]  # the first type, its node until it is full enough, the second
    assert decide("constant", made([[1], [4], [1]], [[4], [4]], [1, 0])) == [0, 1, 0]


def test_a_request_that_fits_nowhere_is_not_placed() -> None:
    assert decide("best_fit", made([[3, 3], [2, 0], [1, 1]], [[4, 4]], [0])) == [0, -1, 0]


def test_features_are_shares_and_means() -> None:
    seen = []

    def judge(*features: float) -> float:
        seen.append(features)
        return 0.0

    built = simulator(made([[2, 1], [1, 1]], [[4, 2], [2, 8]], [0, 1]))
    decisions = built.decide(PROGRAMS["constant"], NO_CONSTANTS, ONE)
    assert built.audit(judge, ONE, decisions).tolist() == [0.0]
    # request; free; idle before and after; capacity; fresh; mean free; mean request: in shares of 4 CPU and 8 memory
    # fmt: off
    assert seen[0] == (
        0.5, 0.125, 0.0, 1.0, 0.25, 0.0, 0.0, *(0.0,) * 6, 1.0, 0.25, 0.0, 0.0, 0.75, 0.625, 0.0, 0.5, 0.125, 0.0
    )
    assert seen[2] == (
        0.25, 0.125, 0.0, 0.5, 0.125, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 1.0, 0.25, 0.0, 0.0,
        0.5, 0.5625, 0.0, 0.375, 0.125, 0.0,
    )
    # fmt: on
    assert len(seen) == 4


def test_nodes_that_are_alike_are_judged_once() -> None:
    seen = []
    built = simulator(made([[1]] * 3, [[4]], [0] * 50))
    decisions = built.decide(PROGRAMS["first_fit"], NO_CONSTANTS, ONE)

    def judge(*features: float) -> float:
        seen.append(features)
        return 0.0

    built.audit(judge, ONE, decisions)
    assert len(seen) == 1 + 2 + 2


@pytest.mark.parametrize("value", ["math.nan", "1.0 / (free_cpu - cpu)", "-1.0 / (free_mem - free_mem)"])
def test_a_score_that_is_not_finite_fails_the_instance_alone(value: str) -> None:
    source = HEAD + value.replace("math.nan", "math.sqrt(-1.0)") + "\n"
    program = compile_program(source, CONTRACT)
    built = simulator(made([[2, 1]], [[2, 1]]), made([[1, 1]], [[2, 1]]))
    valid, chosen = built.decide(program, NO_CONSTANTS, np.arange(2))
    assert valid[0] == 0
    assert chosen[0] == -1
    assert built.loss(program, NO_CONSTANTS, np.arange(2)) == np.inf
    assert np.all(np.isinf(built.excess(program, NO_CONSTANTS, np.arange(2))))


@pytest.mark.parametrize(
    ("forged", "instance"),
    [
        ([-2, -2], made([[1], [1]], [[4]])),  # opened although it fits
        ([-2, 1], made([[1], [1]], [[4]])),  # no such node
        ([0, -1], made([[1], [1]], [[4]], [0, 0])),  # turned away although it fits
        ([0, 1], made([[1], [1]], [[4]], [0, 0])),  # equal scores, but not the fullest
        ([1, 1], made([[1], [1]], [[4]], [0, 0])),  # a tie against the lower number
    ],
)
def test_a_replay_finds_forged_decisions(forged: list[int], instance: VectorInstance) -> None:
    built = simulator(instance)
    decisions = (np.ones(1, np.uint8), np.array(forged, np.int32))
    assert built.audit(JUDGES["best_fit"], ONE, decisions)[0] > 1e-9


def test_a_replay_of_an_undecided_instance_is_infinite() -> None:
    built = simulator(made([[1]], [[4]]))
    assert built.audit(JUDGES["best_fit"], ONE, (np.zeros(1, np.uint8), np.array([-2], np.int32))).tolist() == [np.inf]
    with pytest.raises(ValueError, match="1 instances of 1 requests"):
        built.audit(JUDGES["best_fit"], ONE, (np.ones(1, np.uint8), np.zeros(2, np.int32)))


@pytest.mark.parametrize("order", [[], [1], [-1]])
def test_instance_numbers_are_checked(order: list[int]) -> None:
    with pytest.raises(ValueError, match="instance numbers"):
        simulator(made([[1]], [[4]])).decide(PROGRAMS["best_fit"], NO_CONSTANTS, np.array(order, dtype=np.int64))


def test_values_on_a_fleet_hold_two_numbers() -> None:
    missing, stranded = parts(np.array([3.25, 0.0, 5.0, 6.0]), np.array([5.0, 5.0, 5.0, 5.0]))
    assert missing.tolist() == [3.0, 0.0, 5.0, 5.0]
    assert stranded.tolist() == [0.25, 0.0, 0.0, 1.0]
    assert aggregate(np.array([3.25, 0.5]), np.zeros(2), np.array([5, 4]), np.array([0, 0])) == pytest.approx(
        (0.6 + 0.25 + 0.5) / 2
    )


def test_amounts_up_to_the_limit_stay_exact() -> None:
    large = 1 << 40
    instance = made([[large - 1, 1], [1, large], [1, 0]] * 40, [[large, large]])
    assert decide("all_parameters", instance) == PLAIN["all_parameters"](instance)
    assert decide("best_fit", instance) == PLAIN["best_fit"](instance)
