"""Decisions of single-machine total tardiness, audited: right ones pass, and every deliberate fault is found."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from on_demand import OnDemand

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.reference.distance import TOLERANCE
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evaluators.tardiness.simulator import Dispatch
from heuresis.problems.tardiness.problem import PROBLEM
from heuresis.sandbox.screen.screen import screen

NO_CONSTANTS = np.zeros(0)
HEAD = CONTRACT.main.signature + ":\n    return "
RULES = {b.name: screen(b.source, CONTRACT.allow_list()) for b in PROBLEM.baselines} | {
    "features": HEAD + "d / (1.0 + d_max) + p * n_left / p_sum - abs(d - d_mean) / (1.0 + d_min + t) + p_mean / p_max",
    "constant": HEAD + "1.0",
    "coarse": HEAD + "math.floor(d / 8.0) - math.floor(p / 3.0)",
    "waves": HEAD + "math.sin(p * d) + math.exp(-d / p_sum) ** 1.5",
}
PROGRAMS = OnDemand(lambda source: compile_program(source, CONTRACT), RULES)
Job = tuple[int, int]

_few = st.tuples(st.integers(1, 4), st.integers(0, 9))
_many = st.tuples(st.integers(1, 100), st.integers(0, 900))
_jobs = st.lists(_few, min_size=1, max_size=12) | st.lists(_many, min_size=1, max_size=15)


def payload(instances: Sequence[Sequence[Job]]) -> Mapping[str, np.ndarray[Any, Any]]:
    sizes = [len(jobs) for jobs in instances]
    flat = [job for jobs in instances for job in jobs]
    return {
        "p": np.array([p for p, _ in flat]),
        "d": np.array([d for _, d in flat]),
        "offsets": np.concatenate(([0], np.cumsum(sizes))),
        "reference": np.full(len(sizes), np.nan),
        "group": np.unique(sizes, return_inverse=True)[1],
    }


def random_instances(count: int = 6, seed: int = 4) -> list[list[Job]]:
    rng = np.random.default_rng(seed)
    return [[(int(p), int(d)) for p, d in rng.integers(1, (30, 200), (12, 2))] for _ in range(count)]


def furthest(simulator: Dispatch, rule: str, decisions: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    return simulator.audit(judge_of(RULES[rule], CONTRACT), np.arange(simulator.size), decisions)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25)
@given(instances=st.lists(_jobs, min_size=1, max_size=4), data=st.data())
def test_what_a_compiled_rule_decides_is_what_the_reference_decides(
    name: str, instances: list[list[Job]], data: st.DataObject
) -> None:
    simulator = Dispatch(payload(instances))
    order = np.array(data.draw(st.permutations(range(len(instances)))))
    decisions = simulator.decide(PROGRAMS[name], NO_CONSTANTS, order)
    found = simulator.audit(judge_of(RULES[name], CONTRACT), order, decisions)
    assert found.shape == (len(instances),)
    assert np.all(found <= TOLERANCE)


@settings(max_examples=40)
@given(st.lists(_few, min_size=2, max_size=12), st.data())
def test_any_other_sequence_is_found_out(jobs: list[Job], data: st.DataObject) -> None:
    simulator = Dispatch(payload([jobs]))
    valid, right = simulator.decide(PROGRAMS["coarse"], NO_CONSTANTS, np.array([0]))
    other = np.array(data.draw(st.permutations(range(len(jobs)))), dtype=np.int32)
    found = furthest(simulator, "coarse", (valid, other))[0]
    assert (found <= TOLERANCE) == np.array_equal(other, right)


def test_ties_must_be_broken_by_the_rule() -> None:
    simulator = Dispatch(payload([[(3, 5), (2, 9), (2, 4), (2, 4)]]))
    valid, right = simulator.decide(PROGRAMS["constant"], NO_CONSTANTS, np.array([0]))
    assert right.tolist() == [2, 3, 1, 0]
    assert furthest(simulator, "constant", (valid, right))[0] == 0.0
    for wrong in ([3, 2, 1, 0], [2, 3, 0, 1], [1, 2, 3, 0]):
        assert furthest(simulator, "constant", (valid, np.array(wrong, np.int32)))[0] == math.inf


@pytest.mark.parametrize("wrong", [[0, 0, 1], [0, 1, 3], [0, 1, -1]])
def test_what_is_no_sequence_is_infinitely_far(wrong: list[int]) -> None:
    simulator = Dispatch(payload([[(1, 1), (2, 2), (3, 3)], [(1, 1), (2, 2), (3, 3)]]))
    sequences = np.array([*wrong, 0, 1, 2], dtype=np.int32)
    assert furthest(simulator, "edd", (np.ones(2, np.uint8), sequences)).tolist() == [math.inf, 0.0]


def test_what_was_not_decided_is_infinitely_far() -> None:
    simulator = Dispatch(payload(random_instances()))
    valid, sequences = simulator.decide(PROGRAMS["edd"], NO_CONSTANTS, np.arange(simulator.size))
    valid = np.asarray(valid).copy()
    valid[2] = 0
    assert furthest(simulator, "edd", (valid, sequences)).tolist() == [0.0, 0.0, math.inf, 0.0, 0.0, 0.0]


def test_a_rule_that_has_no_key_does_not_pass() -> None:
    simulator = Dispatch(payload(random_instances(1)))
    decisions = simulator.decide(PROGRAMS["edd"], NO_CONSTANTS, np.array([0]))
    for expression in ("math.log(0.0 * p)", "(p - p) ** -1"):
        judge = judge_of(HEAD + expression, CONTRACT)
        assert simulator.audit(judge, np.array([0]), decisions)[0] == math.inf


def test_decisions_of_another_shape_are_refused() -> None:
    simulator = Dispatch(payload(random_instances(2)))
    valid, sequences = simulator.decide(PROGRAMS["edd"], NO_CONSTANTS, np.arange(2))
    with pytest.raises(ValueError, match="expected decisions on 2 instances of 24 jobs"):
        furthest(simulator, "edd", (valid, np.asarray(sequences)[:-1]))


FEATURES = {p.name: place for place, p in enumerate(CONTRACT.main.parameters)}


@pytest.mark.parametrize("feature", ["t", "n_left", "p_mean", "p_max", "p_sum", "d_mean", "d_min", "d_max"])
def test_a_simulator_that_shows_a_wrong_feature_is_found_out(feature: str) -> None:
    """The compiled rule sees a feature 1 % too large; a rule that depends on it then decides otherwise."""
    rule = HEAD + f"math.sin(p * d + 0.01 * {feature} * p)"
    program = compile_program(rule, CONTRACT).main
    simulator = Dispatch(payload(random_instances()))

    def faulty(*arguments: Any) -> None:
        seen = list(arguments)
        seen[FEATURES[feature]] *= 1.01
        program(*seen)

    judge = judge_of(rule, CONTRACT)
    order = np.arange(simulator.size)
    right = simulator.decide(program, NO_CONSTANTS, order)
    assert np.all(simulator.audit(judge, order, right) <= TOLERANCE)
    wrong = np.ones(simulator.size, np.uint8), dispatched(simulator, faulty)
    assert np.any(simulator.audit(judge, order, wrong) > TOLERANCE)


def dispatched(simulator: Dispatch, rule: Any) -> np.ndarray[Any, Any]:
    """Sequences of all instances by a rule that judges many jobs in one call, in plain Python."""
    sequences: list[int] = []
    for low, high in zip(simulator.offsets[:-1], simulator.offsets[1:], strict=True):
        p, d = (given_[low:high].astype(float) for given_ in simulator._given)
        left, time = sorted(range(len(p)), key=lambda j: (p[j], d[j], j)), 0.0
        while left:
            ps, ds, keys = p[left], d[left], np.empty(len(left))
            features = time, float(len(left)), ps.mean(), ps.max(), ps.sum(), ds.mean(), ds.min(), ds.max()
            rule(ps, ds, *features, NO_CONSTANTS, keys, len(left))
            job = left.pop(int(np.argmin(keys)))
            sequences.append(job)
            time += p[job]
    return np.array(sequences, dtype=np.int32)


@pytest.mark.parametrize(("expression", "factor"), [("p * d", "1.03"), ("math.exp(d / p_sum)", "0.999")])
def test_a_compiler_that_reckons_wrong_is_found_out(expression: str, factor: str) -> None:
    """Keys of large jobs come out a little different, as they would from a defect of the compiler."""
    honest, wrong = HEAD + expression, HEAD + f"({expression}) * ({factor} if p > p_mean else 1.0)"
    simulator = Dispatch(payload(random_instances(40)))
    order = np.arange(simulator.size)
    decisions = simulator.decide(compile_program(wrong, CONTRACT), NO_CONSTANTS, order)
    found = simulator.audit(judge_of(honest, CONTRACT), order, decisions)
    assert found.max() > TOLERANCE
