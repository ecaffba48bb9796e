"""The compiled dispatcher against plain Python, and its failures."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from on_demand import OnDemand

from heuresis.evaluators.language.compile import compile_program, lift_literals
from heuresis.evaluators.tardiness import algorithms
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evaluators.tardiness.objective import aggregate
from heuresis.evaluators.tardiness.simulator import Dispatch
from heuresis.problems.tardiness.problem import PROBLEM
from heuresis.sandbox.screen.screen import screen

HEAD = CONTRACT.main.signature + ":\n    return "
NO_CONSTANTS = np.zeros(0)
RULES = {b.name: screen(b.source, CONTRACT.allow_list()) for b in PROBLEM.baselines} | {
    "features": HEAD + "d / (1.0 + d_max) + p * n_left / p_sum - abs(d - d_mean) / (1.0 + d_min + t) + p_mean / p_max",
    "constant": HEAD + "1.0",
    "coarse": HEAD + "math.floor(d / 8.0) - math.floor(p / 3.0)",
}
Job = tuple[int, int]


def packed(instances: Sequence[Sequence[Job]], optima: Sequence[float] | None = None) -> Dispatch:
    sizes = [len(jobs) for jobs in instances]
    flat = [job for jobs in instances for job in jobs]
    return Dispatch(
        {
            "p": np.array([p for p, _ in flat]),
            "d": np.array([d for _, d in flat]),
            "offsets": np.concatenate(([0], np.cumsum(sizes))),
            "reference": np.array(optima if optima is not None else [np.nan] * len(sizes)),
            "group": np.unique(sizes, return_inverse=True)[1],
        }
    )


def plain(source: str) -> Callable[[Sequence[Job]], list[int]]:
    """The rule in plain Python behind the driver that is exported with it."""
    namespace: dict[str, Any] = {}
    exec("import math\n" + source + "\n" + PROBLEM.standalone, namespace)
    schedule: Callable[[Sequence[Job]], list[int]] = namespace["schedule"]
    return schedule


PROGRAMS = OnDemand(lambda source: compile_program(source, CONTRACT), RULES)
SCHEDULES = {name: plain(source) for name, source in RULES.items()}

_few = st.tuples(st.integers(1, 4), st.integers(0, 9))
_many = st.tuples(st.integers(1, 100), st.integers(0, 900))
_jobs = st.lists(_few, min_size=1, max_size=12) | st.lists(_many, min_size=1, max_size=25)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=40, deadline=None)
@given(instances=st.lists(_jobs, min_size=1, max_size=4), data=st.data())
def test_sequences_equal_plain_python(name: str, instances: list[list[Job]], data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(len(instances)))))
    valid, sequences = packed(instances).decide(PROGRAMS[name], NO_CONSTANTS, order)
    assert valid.dtype == np.uint8
    assert sequences.dtype == np.int32
    assert valid.tolist() == [1] * len(instances)
    assert sequences.tolist() == [job for i in order for job in SCHEDULES[name](instances[i])]


@settings(max_examples=200, deadline=None)
@given(_jobs)
def test_psk_decides_the_same_as_mdd(jobs: list[Job]) -> None:
    p, d = np.array([p for p, _ in jobs]), np.array([d for _, d in jobs])
    _, mdd = packed([jobs]).decide(PROGRAMS["mdd"], NO_CONSTANTS, np.zeros(1, np.int64))
    assert algorithms.psk(p, d).tolist() == mdd.tolist()
    assert algorithms.modified_due_date(p, d).tolist() == mdd.tolist()


@pytest.mark.parametrize("name", ["atc", "covert", "mddc", "coarse"])
def test_the_lifted_program_decides_the_same(name: str) -> None:
    lifted, theta = lift_literals(RULES[name])
    assert len(theta) > 0
    rng = np.random.default_rng(5)
    instances = [list(zip(rng.integers(1, 20, 30).tolist(), rng.integers(0, 300, 30).tolist(), strict=True))] * 3
    simulator, order = packed(instances), np.arange(3)
    expected = simulator.decide(PROGRAMS[name], NO_CONSTANTS, order)
    got = simulator.decide(compile_program(lifted, CONTRACT), theta, order)
    assert all(np.array_equal(a, b) for a, b in zip(expected, got, strict=True))


@pytest.mark.parametrize("bad", ["math.log(p - 50.0)", "1.0 / (p - 50.0)", "-math.exp(p * 15.0)"])
def test_a_value_that_is_not_finite_fails_that_instance_only(bad: str) -> None:
    program = compile_program(HEAD + bad, CONTRACT)
    fine, failing = [(51, 3), (52, 4)], [(51, 3), (50, 4)]
    if "exp" in bad:
        fine, failing = [(1, 3), (2, 4)], fine
    simulator = packed([fine, failing, fine], [1.0, 1.0, 1.0])
    valid, sequences = simulator.decide(program, NO_CONSTANTS, np.array([0, 1, 2]))
    assert valid.tolist() == [1, 0, 1]
    assert sequences.tolist()[2:4] == [-1, -1]
    assert sorted(sequences.tolist()[:2]) == [0, 1]
    assert simulator.loss(program, NO_CONSTANTS, np.array([0, 1])) == np.inf
    assert np.isfinite(simulator.loss(program, NO_CONSTANTS, np.array([0, 2])))


def test_an_error_inside_the_program_is_raised() -> None:
    program = compile_program(HEAD + "p + theta[3]", CONTRACT)
    with pytest.raises(IndexError):
        packed([[(1, 1)]]).decide(program, NO_CONSTANTS, np.array([0]))


def test_loss_is_the_mean_over_sizes_of_the_aggregate_gap() -> None:
    simulator = packed([[(3, 0), (1, 0)], [(2, 1), (2, 1)], [(1, 0)]], [5.0, 3.0, 1.0])
    # Shortest first: 1 + 4 = 5 and 1 + 3 = 4 against 5 + 3, and 1 against 1.
    assert simulator.loss(PROGRAMS["spt"], NO_CONSTANTS, np.arange(3)) == pytest.approx((9 / 8 - 1 + 0) / 2)


@pytest.mark.parametrize("reference", [[2.0, np.nan], [2.0, 0.0]])
def test_without_usable_references_it_is_the_mean_tardiness(reference: list[float]) -> None:
    assert aggregate(np.array([4.0, 6.0]), np.array(reference), np.array([0, 1])) == 5.0


@pytest.mark.parametrize("order", [[], [2], [-1]])
def test_wrong_instance_numbers_are_refused(order: list[int]) -> None:
    with pytest.raises(ValueError, match="instance numbers"):
        packed([[(1, 1)], [(1, 1)]]).decide(PROGRAMS["spt"], NO_CONSTANTS, np.array(order, dtype=np.int64))
