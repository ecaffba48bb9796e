"""What every registered problem must satisfy."""

import importlib
from itertools import combinations

import numpy as np
import pytest

from heuresis.evaluators.compile import compile_program
from heuresis.evaluators.simulator import Simulator
from heuresis.problems import registry
from heuresis.problems.problem import SPLITS, Problem
from heuresis.sandbox.screen import screen

NO_CONSTANTS = np.zeros(0)


@pytest.fixture(params=registry.names())
def problem(request: pytest.FixtureRequest) -> Problem:
    return registry.get(request.param)


def simulator(problem: Problem, instances: tuple[object, ...]) -> Simulator:
    module, name = problem.simulator.split(":")
    built: Simulator = getattr(importlib.import_module(module), name)(problem.scoring.pack(instances))
    return built


def test_it_describes_itself(problem: Problem) -> None:
    assert registry.get(problem.name) is problem
    assert problem.version >= 1
    assert problem.statement.strip()
    assert problem.objective.definition
    assert all(b.title and b.citation for b in problem.baselines)
    assert len({x.name for x in (*problem.baselines, *problem.references)}) == len(problem.baselines) + len(
        problem.references
    )
    text = problem.contract.describe()
    assert all(p.name in text and p.meaning in text for f in problem.contract.functions for p in f.parameters)


def test_splits_are_fixed_and_disjoint(problem: Problem) -> None:
    sets = {name: problem.splits[name]() for name in SPLITS}
    assert all(problem.splits[name]().fingerprint == sets[name].fingerprint for name in SPLITS)
    names = {name: {i.name for i in sets[name].instances} for name in SPLITS}
    assert all(len(names[name]) == len(sets[name].instances) > 0 for name in SPLITS)
    for one, other in combinations(SPLITS, 2):
        assert not names[one] & names[other]
        assert sets[one].fingerprint != sets[other].fingerprint


def test_baselines_pass_the_screen_and_decide_every_search_instance(problem: Problem) -> None:
    instances = problem.splits["search"]().instances
    built = simulator(problem, instances)
    built.warm()
    everything = np.arange(len(instances))
    for baseline in problem.baselines:
        program = compile_program(screen(baseline.source, problem.contract.allow_list()), problem.contract)
        values, message = problem.scoring.values(instances, built.decide(program, NO_CONSTANTS, everything))
        assert message == "", baseline.name
        score = problem.scoring.score(instances, [v for v in values if v is not None])
        assert np.isfinite(score.aggregate)
        assert built.loss(program, NO_CONSTANTS, everything) == pytest.approx(score.aggregate, rel=1e-12)
        for value, instance in zip(values, instances, strict=True):
            assert value is not None
            assert instance.reference is None or value >= instance.reference


def test_decisions_follow_the_order_asked_for(problem: Problem) -> None:
    instances = problem.splits["search"]().instances
    built = simulator(problem, instances)
    program = compile_program(screen(problem.baselines[0].source, problem.contract.allow_list()), problem.contract)
    order = np.random.default_rng(0).permutation(len(instances))[:20]
    some = [instances[i] for i in order]
    values, _ = problem.scoring.values(some, built.decide(program, NO_CONSTANTS, order))
    everything, _ = problem.scoring.values(instances, built.decide(program, NO_CONSTANTS, np.arange(len(instances))))
    assert list(values) == [everything[i] for i in order]


def test_decisions_that_are_not_feasible_have_no_value(problem: Problem) -> None:
    instances = problem.splits["search"]().instances[:3]
    for wrong in ((), (np.zeros(3, np.uint8),), (np.ones(2, np.uint8), np.zeros(1, np.int32))):
        values, message = problem.scoring.values(instances, wrong)
        assert values == (None, None, None)
        assert message


def test_the_bootstrap_is_paired_and_around_the_aggregate(problem: Problem) -> None:
    instances = problem.splits["search"]().instances
    rng = np.random.default_rng(1)
    base = np.array([1.0 if i.reference is None else i.reference for i in instances])
    values = np.array([base + 10.0, base + 10.0, base + 40.0])
    draws = problem.scoring.resample(instances, values, 300, rng)
    assert draws.shape == (3, 300)
    assert np.array_equal(draws[0], draws[1])
    assert np.all(draws[2] > draws[0])
    low, high = np.percentile(draws[0], [1, 99])
    assert low <= problem.scoring.score(instances, values[0].tolist()).aggregate <= high


def test_groups_cover_the_instances(problem: Problem) -> None:
    instances = problem.splits["select"]().instances
    groups = problem.scoring.groups(instances)
    assert sorted(np.concatenate(list(groups.values())).tolist()) == list(range(len(instances)))
    assert problem.scoring.decisions_in(instances) > 0


def test_references_reach_what_they_claim(problem: Problem) -> None:
    for instance in problem.splits["search"]().instances[::40]:
        for reference in problem.references:
            value = reference.solve(instance)
            if instance.reference is not None:
                assert value == instance.reference if reference.exact else value >= instance.reference


def test_explanations_are_small(problem: Problem) -> None:
    instances = problem.splits["search"]().instances
    built = simulator(problem, instances)
    program = compile_program(screen(problem.baselines[0].source, problem.contract.allow_list()), problem.contract)
    for index in (0, len(instances) - 1):
        text = problem.scoring.explain(instances[index], built.decide(program, NO_CONSTANTS, np.array([index])))
        assert 0 < len(text) < 3_000
        assert len(text.splitlines()) < 30
