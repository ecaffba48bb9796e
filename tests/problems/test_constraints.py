"""Constraints on metrics: how they are written, what violates them, and what a violation costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuresis.evaluators.penalty import PENALTY
from heuresis.problems import registry
from heuresis.problems.constraints import (
    UNPENALISED,
    VIOLATION,
    Constraint,
    ConstraintError,
    broken,
    combined,
    feasible,
    judged,
    parsed,
)
from heuresis.problems.metrics import Better, Metric
from heuresis.problems.problem import Choice, UnknownChoice

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(NUMBERS, st.booleans(), st.sampled_from([None, "fcfs"]))
def test_the_canonical_text_reads_back_as_the_same_constraint(number: float, upper: bool, baseline: str | None) -> None:
    if baseline is not None:
        number = abs(number) or 1.0
    one = Constraint("e2e_mean", upper, number, baseline)
    assert parsed(str(one)) == one
    assert parsed(f"  {one} ") == one


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("e2e_mean <= 1.10 * fcfs", "e2e_mean<=1.1*fcfs"),
        ("tpot_p99<=2e-1", "tpot_p99<=0.2"),
        ("goodput>=.5*srpt", "goodput>=0.5*srpt"),
        ("rejected<=0", "rejected<=0"),
    ],
)
def test_spacing_and_spelling_of_numbers_do_not_matter(text: str, canonical: str) -> None:
    assert str(parsed(text)) == canonical


@pytest.mark.parametrize(
    "text",
    ["", "e2e_mean", "e2e_mean<1", "e2e_mean<=", "e2e_mean<=fcfs", "e2e_mean<=fcfs*1.1", "e2e_mean<=1.1 fcfs",
     "e2e_mean<=nan", "e2e_mean<=1_0", "e2e_mean=<1", "1<=e2e_mean<=2", "e2e-mean<=1"],
)  # fmt: skip
def test_what_is_no_constraint_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ConstraintError, match=r"expected METRIC<=NUMBER or METRIC<=NUMBER\*BASELINE"):
        parsed(text)


def test_bounds_are_finite_and_factors_positive() -> None:
    with pytest.raises(ConstraintError, match="expected a finite number, got 1e999"):
        parsed("e2e_mean<=1e999")
    with pytest.raises(ConstraintError, match="expected a positive factor of fcfs, got 0"):
        parsed("e2e_mean<=0*fcfs")


@pytest.mark.parametrize(
    ("text", "value", "bound", "expected"),
    [
        ("a<=2", 2.0, 2.0, 0.0),
        ("a<=2", 3.0, 2.0, 0.5),
        ("a>=2", 3.0, 2.0, 0.0),
        ("a>=2", 1.0, 2.0, 0.5),
        ("a<=0", 3.0, 0.0, 3.0),  # no fraction of nothing: the excess itself
        ("a<=-2", -1.0, -2.0, 0.5),
        ("a<=1*fcfs", None, None, 0.0),  # neither has the metric
        ("a<=2", None, 2.0, 1.0),
        ("a<=1*fcfs", 1e300, 1e-300, 1e6),
    ],
)
def test_a_violation_is_a_fraction_of_the_bound(
    text: str, value: float | None, bound: float | None, expected: float
) -> None:
    assert parsed(text).violation(value, bound) == expected


def test_an_aggregate_is_worsened_in_proportion_and_says_by_what() -> None:
    first, second = parsed("a<=1.1*fcfs"), parsed("b<=2")
    bounds = {one: one.bound({"fcfs": {"a": 10.0}}) for one in (first, second)}
    assert bounds == {first: 11.0, second: 2.0}
    aggregate, metrics = judged(0.36, {"a": 22.0, "b": 2.5}, bounds)
    assert metrics == {
        "a": 22.0, "b": 2.5, "a<=1.1*fcfs": 11.0, "b<=2": 2.0, VIOLATION: 1.25, UNPENALISED: 0.36,
    }  # fmt: skip
    assert aggregate == 0.36 + PENALTY * 1.25
    assert not feasible(metrics)
    assert broken([first, second], metrics) == ("a<=1.1*fcfs (22 > 11)", "b<=2 (2.5 > 2)")
    large, _ = judged(100.0, {"a": 22.0, "b": 0.0}, bounds)
    assert large == 100.0 + PENALTY * 1.0 * 100.0
    kept, metrics = judged(0.36, {"a": 11.0, "b": 2.0}, bounds)
    assert (kept, feasible(metrics), broken([first, second], metrics)) == (0.36, True, ())


def test_without_constraints_nothing_is_added() -> None:
    metrics = {"a": 1.0}
    assert judged(0.5, metrics, {}) == (0.5, metrics)
    assert feasible(metrics)


def test_a_guard_gives_way_to_a_constraint_on_the_same_metric() -> None:
    guards = [parsed("a<=1.1*fcfs"), parsed("b<=1")]
    found = combined([parsed("a<=2*fcfs"), parsed("c>=1"), parsed("a<=2*fcfs")], guards)
    assert list(map(str, found)) == ["a<=2*fcfs", "b<=1", "c>=1"]


def test_a_problem_knows_its_metrics_and_baselines() -> None:
    problem = registry.get("serving")
    for text, expected in [
        ("e2e_meen<=1", r"no metric 'e2e_meen': did you mean e2e_mean\?"),
        ("e2e_mean<=1.1*fcsf", r"no baseline 'fcsf': did you mean fcfs\?"),
        ("speed<=1", r"no metric 'speed': expected one of ttft_mean, "),
    ]:
        with pytest.raises(UnknownChoice, match=expected):
            problem.asked(Choice(subject_to=(text,)))


def test_scores_under_different_constraints_have_different_objectives() -> None:
    problem = registry.get("serving")
    plain = problem.asked(Choice(objective="ttft_p99"))
    guarded = problem.asked(Choice(objective="ttft_p99", guards=True))
    other = problem.asked(Choice(objective="ttft_p99", guards=True, subject_to=("tpot_p99 <= 0.2",)))
    assert plain.chosen == "ttft_p99"
    assert guarded.chosen == "ttft_p99 subject to e2e_mean<=1.1*fcfs, tpot_p99<=1.5*fcfs"
    assert other.chosen == "ttft_p99 subject to e2e_mean<=1.1*fcfs, tpot_p99<=0.2"
    assert problem.asked(Choice(subject_to=("e2e_p99<=1.1*fcfs",))).chosen == problem.asked(Choice(guards=True)).chosen
    assert problem.chosen == ""


def test_more_constraints_than_an_archive_can_name_are_refused() -> None:
    texts = tuple(f"e2e_mean<={1 + i / 7}*fcfs" for i in range(60))
    with pytest.raises(UnknownChoice, match="60 constraints are too many"):
        registry.get("serving").asked(Choice(subject_to=texts))


@pytest.mark.parametrize("name", ["serving", "serving-router"])
def test_every_objective_of_serving_has_guards_that_its_yardstick_keeps(name: str) -> None:
    problem = registry.get(name)
    assert set(problem.options.guards) == set(problem.options.objectives)
    for objective in problem.options.objectives:
        asked = problem.asked(Choice(objective=objective, guards=True))
        assert asked.constraints
        for one in asked.constraints:
            assert one.metric != objective
            assert (one.baseline, one.upper, one.number >= 1) == (problem.yardstick, True, True)


def test_arrows_tell_the_way_and_what_it_means() -> None:
    seconds, share, bins = Metric("t", ""), Metric("s", "", "", Better.LARGER), Metric("b", "", "", Better.NEITHER)
    assert [seconds.arrow(1.0, 2.0), seconds.arrow(2.0, 1.0)] == ["↓ better", "↑ worse"]
    assert [share.arrow(1.0, 2.0), share.arrow(2.0, 1.0)] == ["↓ worse", "↑ better"]
    assert [bins.arrow(1.0, 2.0), seconds.arrow(2.0, 2.0 * (1 + 1e-12))] == ["↓", "="]
