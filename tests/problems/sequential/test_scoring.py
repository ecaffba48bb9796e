"""Nothing that comes back is believed."""

import math
import re

import numpy as np
import pytest
from scoring_parts import values_of
from sequential_parts import Bounded, Flow

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.sequential.simulator import Sequential
from heuresis.problems.problem import MachineryError
from heuresis.problems.sequential.scoring import Played, SequentialScoring

NONE = np.zeros(0)


@pytest.fixture(scope="module")
def problem():
    return Bounded().problem()


@pytest.fixture(scope="module")
def instances(problem):
    return problem.splits["search"]().instances


@pytest.fixture(scope="module")
def decisions(problem, instances):
    simulator = Sequential(problem.scoring.pack(instances))
    program = compile_program(problem.baseline("spt").source, problem.contract)
    return simulator.decide(program, NONE, np.arange(len(instances)))


def test_values_are_the_authors(problem, instances, decisions):
    values, fault = values_of(problem.scoring, instances, decisions)
    assert fault == ""
    data = instances[0].data
    order = np.argsort(data["p"], kind="stable")
    assert values[0] == pytest.approx(data["w"][order] @ (data["start"] + np.cumsum(data["p"][order])))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda v, n, c: (v * 0, n, c), "NaN or infinite"),
        (lambda v, n, c: (v * 0 + 2, n, c), "NaN or infinite"),
        (lambda v, n, c: (v, n, np.where(np.arange(len(c)) == 0, 99, c).astype(np.int32)), "decision 1 is item 99"),
        (lambda v, n, c: (v, n, np.where(np.arange(len(c)) == 0, -1, c).astype(np.int32)), "decision 1 is item -1"),
        (lambda v, n, c: (v, n - np.eye(1, 4, dtype=np.int32)[0], c[1:]), "decision .* is missing"),
        (lambda v, n, c: (v, n + np.eye(1, 4, dtype=np.int32)[0], np.append(np.int32(0), c)), "only . were to be made|expected one of"),
        (lambda v, n, c: (v, n, c.astype(np.int64)), "expected decisions uint8"),
        (lambda v, n, c: (v, n, c[:-1]), "expected decisions uint8"),
        (lambda v, n, c: (v, -n, c), "expected decisions uint8"),
        (lambda v, n, c: (v[:-1], n, c), "expected decisions uint8"),
        (lambda v, n, c: (v, n, c[None]), "expected decisions uint8"),
        (lambda v, n, c: (v.astype(float), n, c), "expected decisions uint8"),
    ],
)  # fmt: skip
def test_what_is_not_feasible_has_no_value(problem, instances, decisions, spoil, message):
    spoiled = tuple(np.asarray(a) for a in spoil(*decisions))
    replay = problem.scoring.replay(instances, spoiled)
    assert replay.schedules[0] is None
    assert re.search(message, replay.fault), replay.fault


def test_one_choice_too_many_is_a_fault(problem, instances):
    n = len(instances[0].data["p"])
    one = np.ones(1, np.uint8), np.array([n + 1], np.int32), np.zeros(n + 1, np.int32)
    fault = problem.scoring.replay(instances[:1], one).fault
    assert f"{n + 1} decisions came back, and only {n} were to be made" in fault


def test_a_record_of_endless_length_is_not_played(problem, instances):
    many = 1_000_001
    one = np.ones(1, np.uint8), np.array([many], np.int32), np.zeros(many, np.int32)
    assert "1000001 decisions came back, expected at most" in problem.scoring.replay(instances[:1], one).fault


class Fragile(Flow):
    """Breaks where the last job goes first, which play at random may never see."""

    name = "fragile"

    def simulate(self, jobs, choose):
        ends = super().simulate(jobs, choose)
        if next(iter(ends)) == len(jobs["p"]) - 1 and min(ends) == 0 and list(ends)[1] == len(jobs["p"]) - 2:
            raise ValueError("this order was never thought of")
        return ends


def test_an_authors_bug_that_decisions_reach_is_a_fault_of_them_and_stops_nothing(instances):
    scoring = SequentialScoring(Fragile(), "x:Y", Flow().problem().baselines)
    n = len(instances[0].data["p"])
    choices = np.array([n - 1, n - 2, *[0] * (n - 2)], np.int32)
    replay = scoring.replay(instances[:1], (np.ones(1, np.uint8), np.array([n], np.int32), choices))
    assert replay.schedules == (None,)
    assert "test_scoring.py, line" in replay.fault
    assert "never thought of" in replay.fault


def test_a_value_below_the_bound_stops_the_run(problem, instances):
    too_good = Played({}, instances[0].reference * (1 - 1e-6), np.zeros(0, np.int32))
    with pytest.raises(MachineryError, match=r"`bound` in sequential_parts.py says"):
        problem.scoring.value(instances[0], too_good)
    rounded = instances[0].reference * (1 - 1e-12)
    assert problem.scoring.value(instances[0], Played({}, rounded, np.zeros(0, np.int32))) == rounded


def test_metrics_are_means_of_the_authors(problem, instances, decisions):
    replay = problem.scoring.replay(instances, decisions)
    found = problem.scoring.metrics(instances, replay.schedules)
    assert found["jobs"] == np.mean([len(i.data["p"]) for i in instances])
    assert found["last"] == pytest.approx(np.mean([i.data["start"] + i.data["p"].sum() for i in instances]))
    wrong = type("Wrong", (Bounded,), {"metrics": lambda self, jobs, ends: {"x": "much"}})
    fault = SequentialScoring(wrong(), "x:Y", problem.baselines).replay(instances, decisions).fault
    assert "metrics must return names and finite numbers" in fault
    some = type("Some", (Bounded,), {"metrics": lambda self, jobs, ends: {"x": 1} if len(ends) > 4 else {}})
    scoring = SequentialScoring(some(), "x:Y", problem.baselines)
    assert scoring.metrics(instances, scoring.replay(instances, decisions).schedules) in ({"x": None}, {"x": 1.0})


def test_without_bounds_it_is_the_mean(instances, decisions):
    problem = Flow().problem()
    mine = problem.splits["search"]().instances
    score = problem.scoring.score(mine, [1.0, 2.0, 3.0, 6.0])
    assert (score.aggregate, score.metrics) == (3.0, {"agg_gap": None, "total": 12.0})
    assert math.isclose(
        Bounded().problem().scoring.score(instances, [2 * i.reference for i in instances]).aggregate, 1.0
    )


def test_an_explanation_names_bound_and_best_rule_and_where_that_differs(problem, instances, decisions):
    replay = problem.scoring.replay(instances, decisions)
    text = problem.scoring.explain(instances[0], replay.schedules[0])
    assert f"{instances[0].name}: value" in text
    assert "above it; the best rule here, `" in text
    heavy = compile_program(problem.baseline("heavy").source, problem.contract)
    simulator = Sequential(problem.scoring.pack(instances))
    other = problem.scoring.replay(instances, simulator.decide(heavy, NONE, np.arange(len(instances)))).schedules[0]
    texts = text, problem.scoring.explain(instances[0], other)
    assert sum("At 0 of" in one for one in texts) == 1  # of the two rules the better one differs from itself nowhere
    assert sum("| decision | items | chosen p | chosen w |" in one for one in texts) == 1


def test_an_authors_explanation_takes_the_place_of_the_table(problem, instances, decisions):
    kind = type("Told", (Bounded,), {"explain": lambda self, jobs, ends: f"last at {max(ends.values())}"})
    scoring = SequentialScoring(kind(), "x:Y", problem.baselines)
    text = scoring.explain(instances[0], scoring.replay(instances, decisions).schedules[0])
    assert text.splitlines()[-1].startswith("last at ")
    assert "| decision |" not in text
    broken = type("Broken", (Bounded,), {"explain": lambda self, jobs, ends: 1 / 0, "__module__": __name__})
    scoring = SequentialScoring(broken(), "x:Y", problem.baselines)
    text = scoring.explain(instances[0], scoring.replay(instances, decisions).schedules[0])
    assert "in explain: ZeroDivisionError" in text
