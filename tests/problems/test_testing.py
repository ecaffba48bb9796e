"""The suite that authors run finds what is wrong, and own loops are held against `simulate`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sequential_parts import Bounded, Flow

from heuresis.evaluators.sequential.simulator import Sequential
from heuresis.problems import registry
from heuresis.problems.problem import Problem
from heuresis.problems.testing import ProblemSuite, Violation, agree, check

COMPILED = Path(__file__).resolve().parents[2] / "docs" / "examples" / "sequencing_compiled.py"


@pytest.fixture
def flow() -> Iterator[Problem]:
    yield registry.register(Bounded())
    del registry._registered["flow-bounded"]


def test_a_right_problem_passes_without_pytest(flow: Problem) -> None:
    check("flow-bounded")
    check(flow)


def test_pytest_is_not_needed_to_test_a_problem(root: Path) -> None:
    import subprocess
    import sys

    program = "import sys; import heuresis.problems.testing; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root)


def test_what_is_not_registered_is_told() -> None:
    with pytest.raises((Violation, registry.UnknownProblem)):
        check(Flow().problem())


class Doubled(type(Flow().problem().scoring)):  # type: ignore[misc]
    """Scores twice what the simulator's loss is."""

    def score(self, instances, values):
        return super().score(instances, [2 * value for value in values])


class Careless(type(Flow().problem().scoring)):  # type: ignore[misc]
    """Takes part of the decisions for all of them."""

    def cut(self, instances, decisions):
        return [part[:2] for part in super().cut(instances, decisions)]


@pytest.mark.parametrize(
    ("kind", "check", "message"),
    [
        (Doubled, "test_rules_decide_every_search_instance", r"the simulator's loss is .*; expected one number"),
        (Careless, "test_decisions_are_cut_by_instance", "not enough values to unpack|leaves decisions out"),
    ],
)
def test_a_wrong_scoring_is_found(flow: Problem, kind, check, message) -> None:
    scoring = flow.scoring
    suite = ProblemSuite()
    suite.problem = replace(flow, scoring=kind(scoring.definition, scoring.author, scoring.rules))
    with pytest.raises((Violation, ValueError), match=message):
        getattr(suite, check)()


def test_splits_that_share_instances_are_found(flow: Problem) -> None:
    suite = ProblemSuite()
    suite.problem = replace(flow, splits={**flow.splits, "test": flow.splits["select"]})
    with pytest.raises(Violation, match="share instances"):
        suite.test_splits_are_fixed_and_disjoint()


def test_own_loops_that_agree() -> None:
    assert agree(str(COMPILED), instances=5, rules=6) > 5 * 20


def _last_of_equals(self, jobs, rule, theta):
    """Breaks ties the other way."""
    chosen, value = Sequential.follow(self, jobs, rule, theta) or (None, 0.0)
    if chosen is not None and len(set(jobs["p"].tolist())) < len(jobs["p"]):
        chosen = np.where(np.arange(len(chosen)) == 3, chosen + 1, chosen).astype(np.int32)
    return None if chosen is None else (chosen, value)


def _never_fails(self, jobs, rule, theta):
    """Goes on where a key is NaN."""
    n = len(jobs["p"])
    return Sequential.follow(self, jobs, rule, theta) or (np.zeros(n, np.int32), float(n))


def _other_value(self, jobs, rule, theta):
    """Adds up something else."""
    found = Sequential.follow(self, jobs, rule, theta)
    return None if found is None else (found[0], found[1] + 1.0)


@pytest.mark.parametrize(
    ("follow", "message"),
    [
        (_last_of_equals, r"instance fresh-\d+, decision 4: own loops choose item \d+, simulate item \d+"),
        (_never_fails, r"decided \(1\) or not \(0\): own loops 1, simulate 0"),
        (_other_value, "loss .* of own loops"),
    ],
)
def test_own_loops_that_decide_otherwise_are_found(monkeypatch: pytest.MonkeyPatch, follow, message) -> None:
    problem = registry.get(str(COMPILED))
    own = type("Own", (Sequential,), {"follow": follow})
    monkeypatch.setattr("heuresis.problems.testing.agreement.simulator_of", lambda p, i: own(p.scoring.pack(i)))
    with pytest.raises(Violation, match=message):
        agree(problem, instances=12, rules=30)


def test_there_must_be_loops_and_a_simulate(flow: Problem) -> None:
    with pytest.raises(TypeError, match="no loops of its own"):
        agree(flow)
    with pytest.raises(TypeError, match="no `simulate`"):
        agree("smtt")
