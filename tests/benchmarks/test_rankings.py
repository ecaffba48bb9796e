"""The script that compares rankings: its arithmetic on figures that are known."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from heuresis.evaluators.serving.engine import Admission
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES

LABELS = [{"workload": "a", "number": n} for n in range(12)]


@pytest.fixture(scope="module")
def script(root: Path) -> ModuleType:
    folder = str(root / "benchmarks")
    sys.path.insert(0, folder)  # as for a script that is run: it imports its neighbour
    try:
        spec = importlib.util.spec_from_file_location("rankings", root / "benchmarks" / "rankings.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 40], 1.0),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, 2, 4, 3], 4 / 6),
        ([1, 1, 2, 3], [1, 2, 2, 3], 4 / 5),  # 4 pairs agree, each side has one tie in 6 pairs
    ],
)
def test_rank_correlation_is_that_of_the_definition(
    script: ModuleType, one: list[float], other: list[float], expected: float
) -> None:
    assert script.tau_b(np.array(one), np.array(other)) == pytest.approx(expected)


def test_a_ranking_in_which_all_are_equal_agrees_with_none(script: ModuleType) -> None:
    assert np.isnan(script.tau_b(np.ones(3), np.arange(3.0)))


def made(script: ModuleType, levels: list[float], noise: float) -> object:
    """Programs fcfs, a, b and mine: ratios that differ by seed with some noise."""
    rng = np.random.default_rng(0)
    logs = np.log(np.array(levels))[:, None] + noise * rng.normal(size=(len(levels), len(LABELS)))
    return script.Measured(("fcfs", "a", "b", "mine"), dict.fromkeys(OBJECTIVE_NAMES, logs))


def test_rankings_agree_more_surely_the_less_seeds_differ(script: ModuleType) -> None:
    drawn = script.weights(LABELS, 200)
    same, swapped = made(script, [1.0, 0.9, 0.8, 0.7], 0.0), made(script, [1.0, 0.8, 0.9, 0.7], 0.0)
    assert np.all(script.agreement(same, same, "e2e_mean", drawn) == 1.0)
    assert np.all(script.agreement(same, swapped, "e2e_mean", drawn) == pytest.approx(4 / 6))
    unsure = script.agreement(same, made(script, [1.0, 0.9, 0.8, 0.7], 0.3), "e2e_mean", drawn)
    assert len(np.unique(unsure)) > 1


def test_tables_name_every_pair_and_the_best_rule(script: ModuleType) -> None:
    tables = {
        (engine, admission): made(script, [1.0, 0.9, best, 0.7], 0.0)
        for engine, best in (("one-x", 0.8), ("two-y", 1.2))
        for admission in Admission
    }
    drawn = script.weights(LABELS, 50)
    text = "\n".join(script.agreements(tables, drawn))
    assert "| objective | one, two |" in text
    assert "| e2e_mean | 0.33 (0.33 … 0.33) |" in text  # of six pairs of programs two changed places
    assert "| e2e_mean | 1.00 (1.00 … 1.00) | 1.00 (1.00 … 1.00) |" in text  # admission changes nothing here
    text = "\n".join(script.gains(tables, ["mine"], drawn))
    assert "| mine | 0.700 (0.700 … 0.700) | 0.875 (0.875 … 0.875) `b` | 0.700 (0.700 … 0.700) | 0.778" in text


def test_a_split_is_served_by_each_of_its_engines_in_both_ways(script: ModuleType) -> None:
    sets = script.of_split("search")
    assert len(sets) == 4
    scenarios = [[{**one.labels, "engine": ""} for one in chosen] for chosen in sets.values()]
    assert all(one == scenarios[0] for one in scenarios)
    for (engine, admission), chosen in sets.items():
        assert {(one.engine.name, one.engine.admission) for one in chosen} == {(engine, admission)}


@pytest.mark.parametrize("routed", [False, True])
def test_scenarios_are_the_same_on_all_engines(script: ModuleType, routed: bool) -> None:
    sets = script.drawn_anew(routed, 5, 1)
    assert {engine for engine, _ in sets} == set(script.ENGINES)
    labels = [[(one.labels["workload"], one.labels["load"], one.labels["number"]) for one in s] for s in sets.values()]
    assert all(one == labels[0] for one in labels)
