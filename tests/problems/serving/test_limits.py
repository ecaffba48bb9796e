"""Constraints on times inside the simulators: a loss is the penalised aggregate that the trusted side comes to."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from heuresis.evaluators.serving.limits import TIME_NAMES, Limits
from heuresis.evaluators.serving.results import Results
from heuresis.evaluators.simulator import named
from heuresis.problems.constraints import judged, parsed
from heuresis.problems.problem import Choice
from heuresis.problems.registry import get
from heuresis.problems.routing.schedules import compiled as routing_rule
from heuresis.problems.serving.limits import limit_arrays
from heuresis.problems.serving.metrics import METRICS
from heuresis.problems.serving.schedules import compiled as serving_rule

NO_CONSTANTS = np.zeros(0)


@pytest.mark.parametrize(
    ("name", "rule", "texts"),
    [
        ("serving", "srpt", ("e2e_p50<=0.5*fcfs", "ttft_p99<=0.01", "e2e_mean<=100*srpt", "goodput>=1e9")),
        ("serving-router", "random", ("e2e_mean<=0.5*llq", "tpot_p99>=1e6")),
    ],
)
def test_a_loss_is_the_aggregate_that_scores_are_judged_by(name: str, rule: str, texts: Sequence[str]) -> None:
    problem = get(name).asked(Choice(subject_to=tuple(texts)))
    instances = problem.splits["search"]().instances[:2]
    scoring = problem.scoring
    simulator: Any = named(problem.simulator)(scoring.pack(instances))
    baselines = {one.baseline for one in problem.constraints} - {None} | {rule}
    measured, values = {}, []
    for one in baselines:
        program = serving_rule(source(problem, one)) if name == "serving" else routing_rule(one)
        decisions = simulator.decide(program, NO_CONSTANTS, np.arange(2))
        schedules = scoring.replay(instances, decisions).schedules
        measured[one] = scoring.metrics(instances, schedules)
        if one == rule:
            values = [scoring.value(*pair) for pair in zip(instances, schedules, strict=True)]
            loss = simulator.loss(program, NO_CONSTANTS, np.arange(2))
    timed = [one for one in problem.constraints if one.metric in TIME_NAMES]
    expected, told = judged(
        scoring.score(instances, values).aggregate, measured[rule], {one: one.bound(measured) for one in timed}
    )
    assert loss == pytest.approx(expected, rel=1e-9)
    assert told["violation"] > 0


def source(problem: Any, rule: str) -> str:
    return problem.baseline(rule).source


def test_without_constraints_nothing_is_packed() -> None:
    problem = get("serving")
    assert not [name for name in problem.scoring.pack(problem.splits["search"]().instances[:1]) if "limit" in name]
    assert limit_arrays([parsed("goodput>=1")], 3, lambda _: []) == {}
    assert len(Limits({})) == 0


def test_times_are_metrics_of_the_same_names() -> None:
    assert set(TIME_NAMES) <= {one.name for one in METRICS}


def test_an_instance_without_a_time_has_no_part_in_its_limit() -> None:
    """As where every output is one token long, and there is no time per further token."""
    nothing = np.full(2, np.nan)
    counts = np.ones(2, dtype=np.int64)
    served = Results(np.zeros(2), np.ones(2), np.ones(2), counts, counts, np.ones(2), np.ones(2), counts, 1.0)
    limits = Limits(limit_arrays([parsed("tpot_p99<=0.5"), parsed("e2e_mean<=0.5")], 1, lambda _: []))
    reached = limits.reached(served)
    assert np.isnan(reached[0])
    assert limits.violations(np.zeros(1, dtype=np.int64), reached[None]) == 1.0
    assert limits.violations(np.zeros(1, dtype=np.int64), nothing[None]) == 0.0
