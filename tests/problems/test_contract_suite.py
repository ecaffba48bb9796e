"""What every registered problem must satisfy, and the one that the manual explains."""

import importlib
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scoring_parts import schedule_of, values_of

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.reference.distance import TOLERANCE
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.simulator import Simulator
from heuresis.problems import registry
from heuresis.problems.problem import SPLITS, Problem
from heuresis.sandbox.screen.screen import screen

NO_CONSTANTS = np.zeros(0)
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "weighted_completion.py"


@pytest.fixture(params=[*registry.names(), str(EXAMPLE)], ids=lambda name: Path(name).stem)
def problem(request: pytest.FixtureRequest) -> Problem:
    return registry.get(request.param)


def simulator(problem: Problem, instances: tuple[object, ...]) -> Simulator:
    module, _, name = problem.simulator.rpartition(":")
    if module.endswith(".py"):  # loaded already: a second time it would register its problem again
        module = type(problem.scoring).__module__
    built: Simulator = getattr(importlib.import_module(module), name)(problem.scoring.pack(instances))
    return built


@cache
def _compiled(name: str, baseline: int) -> Program:
    problem = registry.get(name)
    source = screen(problem.baselines[baseline].source, problem.contract.allow_list())
    return compile_program(source, problem.contract)


def compiled(problem: Problem, baseline: int) -> Program:
    """A baseline's program, compiled once for all tests."""
    return _compiled(problem.name, baseline)


def test_it_describes_itself(problem: Problem) -> None:
    assert registry.get(problem.name) is problem
    assert problem.version >= 1
    assert problem.statement.strip()
    assert problem.objective.definition
    assert all(b.title and b.citation for b in problem.baselines)
    assert len({x.name for x in (*problem.baselines, *problem.algorithms)}) == len(problem.baselines) + len(
        problem.algorithms
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
    for number, baseline in enumerate(problem.baselines):
        program = compiled(problem, number)
        values, message = values_of(problem.scoring, instances, built.decide(program, NO_CONSTANTS, everything))
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
    program = compiled(problem, 0)
    order = np.random.default_rng(0).permutation(len(instances))[:20]
    some = [instances[i] for i in order]
    values, _ = values_of(problem.scoring, some, built.decide(program, NO_CONSTANTS, order))
    everything, _ = values_of(
        problem.scoring, instances, built.decide(program, NO_CONSTANTS, np.arange(len(instances)))
    )
    assert list(values) == [everything[i] for i in order]


def test_decisions_that_are_not_feasible_have_no_value(problem: Problem) -> None:
    instances = problem.splits["search"]().instances[:3]
    for wrong in ((), (np.zeros(3, np.uint8),), (np.ones(2, np.uint8), np.zeros(1, np.int32))):
        values, message = values_of(problem.scoring, instances, wrong)
        assert values == (None, None, None)
        assert message


def test_decisions_are_cut_by_instance(problem: Problem) -> None:
    """Whatever the order in which the instances came, each has the same part, and a part alone has the same value."""
    instances = problem.splits["search"]().instances
    built = simulator(problem, instances)
    program = compiled(problem, 0)
    orders = np.arange(len(instances)), np.random.default_rng(2).permutation(len(instances))
    found = []
    for order in orders:
        decisions = built.decide(program, NO_CONSTANTS, order)
        parts = problem.scoring.cut([instances[i] for i in order], decisions)
        assert len(parts) == len(instances)
        found.append({int(i): [(a.dtype, a.shape, a.tobytes()) for a in p] for i, p in zip(order, parts, strict=True)})
    assert found[0] == found[1]
    whole = built.decide(program, NO_CONSTANTS, orders[0])
    assert sum(a.nbytes for part in problem.scoring.cut(instances, whole) for a in part) == sum(a.nbytes for a in whole)


def test_the_sample_for_a_replay_is_fixed_small_and_sorted(problem: Problem) -> None:
    scoring = problem.scoring
    for name in SPLITS:
        instances = problem.splits[name]().instances
        sample = scoring.audited(instances)
        assert np.array_equal(sample, scoring.audited(instances))
        assert 1 <= len(set(sample.tolist())) == len(sample) <= 100
        assert set(sample.tolist()) <= set(range(len(instances)))
        sizes = [scoring.decisions_in([instances[i]]) for i in sample]
        assert sizes == sorted(sizes)
        assert scoring.audited(instances[-1:]).tolist() == [0]  # never empty, however large the instance


@pytest.mark.no_cover  # measured, it takes three times as long
def test_the_reference_interpreter_decides_as_every_baseline_does(problem: Problem) -> None:
    instances = problem.splits["select"]().instances
    built = simulator(problem, instances)
    sample = problem.scoring.audited(instances)[:20]
    shares = min(3, len(sample))
    for number, baseline in enumerate(problem.baselines):
        part = sample[number % shares : number % shares + 1]  # neighbours in the list share the sample
        decisions = built.decide(compiled(problem, number), NO_CONSTANTS, part)
        judge = judge_of(screen(baseline.source, problem.contract.allow_list()), problem.contract)
        found = built.audit(judge, part, decisions)
        assert found.dtype == np.float64
        assert found.shape == part.shape
        assert np.all(found <= TOLERANCE), baseline.name


def test_a_replay_finds_the_decisions_of_another_program(problem: Problem) -> None:
    instances = problem.splits["select"]().instances
    built = simulator(problem, instances)
    sample = problem.scoring.audited(instances)[:20]
    first, second = problem.baselines[:2]
    judge = judge_of(screen(second.source, problem.contract.allow_list()), problem.contract)
    valid, *others = built.decide(compiled(problem, 0), NO_CONSTANTS, sample)
    assert np.any(built.audit(judge, sample, [valid, *others]) > TOLERANCE), f"{second.name} is not {first.name}"
    nothing = np.zeros_like(valid)
    assert np.all(np.isinf(built.audit(judge, sample, [nothing, *others])))


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
        for reference in problem.algorithms:
            value = reference.solve(instance)
            if instance.reference is not None:
                assert value == instance.reference if reference.exact else value >= instance.reference


def test_explanations_are_small(problem: Problem) -> None:
    instances = problem.splits["search"]().instances
    built = simulator(problem, instances)
    program = compiled(problem, 0)
    for index in (0, len(instances) - 1):
        one = instances[index]
        schedule = schedule_of(problem.scoring, one, built.decide(program, NO_CONSTANTS, np.array([index])))
        text = problem.scoring.explain(one, schedule)
        assert 0 < len(text) < 3_000
        assert len(text.splitlines()) < 30
