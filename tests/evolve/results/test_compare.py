"""Intervals, pairing and order of a comparison."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuresis.evolve.results.algorithms import reference_entries
from heuresis.evolve.results.compare import Entry, compare
from heuresis.problems import registry
from heuresis.problems.problem import Algorithm, InstanceSet, Problem

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "weighted_completion.py"


@pytest.fixture(scope="module")
def problem() -> Problem:
    return registry.get(str(EXAMPLE))


@pytest.fixture(scope="module")
def instances(problem: Problem) -> InstanceSet:
    return problem.splits["search"]()


def scaled(instances: InstanceSet, factor: float, name: str = "") -> Entry:
    return Entry(name or f"times {factor}", tuple(factor * one.reference for one in instances.instances))


def noisy(instances: InstanceSet, seed: int, name: str) -> Entry:
    rng = np.random.default_rng(seed)
    return Entry(name, tuple(one.reference * float(rng.uniform(1.0, 1.2)) for one in instances.instances))


def test_a_constant_factor_is_known_without_doubt(problem: Problem, instances: InstanceSet):
    found = compare(problem, instances, [scaled(instances, 1.25, "a"), scaled(instances, 1.0, "b")], against="b")
    assert [row.name for row in found.rows] == ["b", "a"]
    for interval in (found.row("a").aggregate, found.row("a").groups["n=20"], found.row("a").difference):
        assert interval is not None
        assert (interval.low, interval.value, interval.high) == pytest.approx((0.25, 0.25, 0.25))
    assert found.row("a").metrics["agg_gap"] == pytest.approx(0.25)
    assert found.row("b").difference is not None
    assert found.row("b").difference.value == 0.0


@given(seed=st.integers(0, 10_000))
def test_intervals_hold_the_value_and_do_not_depend_on_the_company(seed: int):
    problem = registry.get(str(EXAMPLE))
    instances = problem.splits["search"]()
    one, other = noisy(instances, seed, "one"), noisy(instances, seed + 1, "other")
    alone = compare(problem, instances, [one], draws=300).row("one").aggregate
    beside = compare(problem, instances, [other, one], draws=300).row("one").aggregate
    assert alone is not None
    assert beside is not None
    assert (alone.value, alone.low, alone.high) == pytest.approx((beside.value, beside.low, beside.high), rel=1e-9)
    assert alone.low <= alone.value <= alone.high
    assert alone.low < alone.high


def test_pairing_makes_a_small_constant_advantage_certain(problem: Problem, instances: InstanceSet):
    one = noisy(instances, 1, "one")
    better = Entry("better", tuple(0.99 * value for value in one.values if value is not None))
    found = compare(problem, instances, [one, better], against="one")
    assert found.row("better").difference is not None
    assert found.row("better").difference.high < 0
    assert found.row("better").aggregate.high > found.row("one").aggregate.low, "unpaired they overlap"


def test_failures_come_last_with_their_reason_and_no_number(problem: Problem, instances: InstanceSet):
    count = len(instances.instances)
    failed = Entry("failed", (), "timeout", "took longer than 20 s")
    invalid = Entry("invalid", (None,) * count, "invalid", "a priority is not finite")
    found = compare(problem, instances, [failed, invalid, scaled(instances, 2.0, "fine")], against="failed")
    assert [row.name for row in found.rows] == ["fine", "failed", "invalid"]
    assert found.row("failed").message == "took longer than 20 s"
    for row in found.rows[1:]:
        assert (row.aggregate, row.groups, row.difference) == (None, {}, None)
    assert found.row("fine").difference is None
    assert found.to_dict()["rows"][0]["aggregate"]["value"] == pytest.approx(1.0)


def test_references_stop_at_their_size(problem: Problem, instances: InstanceSet, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HEURESIS_CACHE", str(tmp_path))
    small = Algorithm("small", "", lambda one: one.reference, "", max_size=10)
    exact = Algorithm("exact", "", lambda one: one.reference, "", exact=True)
    with_references = replace(problem, algorithms=(small, exact))
    entries = reference_entries(with_references, instances)
    found = compare(with_references, instances, entries)
    assert [(row.name, row.status) for row in found.rows] == [("exact", "ok"), ("small", "partial")]
    assert found.row("small").aggregate is None
    assert not any(row.evolvable for row in found.rows)
    assert [entry.name for entry in reference_entries(with_references, instances, ["exact"])] == ["exact"]


def test_references_are_measured_once(problem: Problem, instances: InstanceSet, tmp_path: Path, monkeypatch, caplog):
    monkeypatch.setenv("HEURESIS_CACHE", str(tmp_path))
    solved: list[str] = []

    def solve(one) -> float:
        solved.append(one.name)
        return 2.0 * one.reference

    counted = replace(problem, algorithms=(Algorithm("counted", "", solve, ""),))
    first = reference_entries(counted, instances)
    assert len(solved) == len(instances.instances)
    assert reference_entries(counted, instances) == first
    assert len(solved) == len(instances.instances)
    [path] = (tmp_path / "references").iterdir()
    whole = path.read_text()
    one_digit = whole.replace(str(first[0].values[0]), str(first[0].values[0] + 1.0))
    damaged = ("{", "", "[]", "[" * 100_000, one_digit, whole.replace("counted", "other"), '{"key": "", "values": []}')
    for text in damaged:
        path.write_text(text)
        assert reference_entries(counted, instances) == first
    assert one_digit != whole
    assert [str(path) in message for message in caplog.messages] == [True] * len(damaged)
    assert len(solved) == 8 * len(instances.instances)
    reference_entries(counted, problem.splits["select"]())
    assert len(solved) == 9 * len(instances.instances), "other instances are measured on their own"


def test_misuse_is_refused(problem: Problem, instances: InstanceSet):
    one = scaled(instances, 1.0, "one")
    with pytest.raises(ValueError, match="different names"):
        compare(problem, instances, [one, one])
    with pytest.raises(ValueError, match="nothing named 'two'"):
        compare(problem, instances, [one], against="two")
    with pytest.raises(ValueError, match="1 values"):
        compare(problem, instances, [Entry("short", (1.0,))])
