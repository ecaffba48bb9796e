"""What is drawn of packings and placements, checked on instances that can be packed by hand."""

import numpy as np
import pytest
from scoring_parts import schedule_of
from vector_parts import made

from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.bin_packing.levels.problem import PROBLEM
from heuresis.problems.problem import Problem
from heuresis.problems.registry import get
from heuresis.problems.scoring import Drawn
from heuresis.problems.vector_packing.problem import PROBLEM as VECTOR
from heuresis.problems.vector_packing.problem import PROBLEM_FLEET

FOUR = PackingInstance("i", np.array([4, 6, 5, 4]), 10)


def drawn(problem: Problem, instance: object, **chosen: list[int]) -> dict[str, dict[str, tuple[list, list]]]:
    """The curves by the titles of the figures and by name."""
    decisions = {name: (np.ones(1, np.uint8), np.array(codes, np.int32)) for name, codes in chosen.items()}
    schedules = {name: schedule_of(problem.scoring, instance, made) for name, made in decisions.items()}
    assert isinstance(problem.scoring, Drawn)
    return {
        figure.title: {curve.name: (curve.x.tolist(), curve.y.tolist()) for curve in figure.curves}
        for figure in problem.scoring.figures(instance, schedules)
    }


def test_a_packing_over_levels_and_the_same_over_bins_look_alike() -> None:
    found = drawn(PROBLEM, FOUR, good=[10, 6, 10, 5], bad=[10, 10, 10, 6])
    assert found == {
        "Bins opened beyond the lower bound L1 of the items so far": {
            "good": ([1, 2, 3, 4], [0, 0, 0, 0]), "bad": ([1, 2, 3, 4], [0, 1, 1, 1])
        },
        "At the end: bins with at most so much left": {
            "good": ([0, 1], [0.5, 1.0]), "bad": ([2, 4, 5], [1 / 3, 2 / 3, 1.0])
        },
        "At the end: room lost in bins with at most so much left": {
            "good": ([0, 1], [0.0, 5.0]), "bad": ([0, 1, 2, 3, 4, 5], [0.0, 0.0, 200 / 30, 200 / 30, 20.0, 1100 / 30])
        },
    }  # fmt: skip
    for name in ("bin-packing-array", "bin-packing-array-fresh"):
        assert drawn(get(name), FOUR, good=[0, 0, 1, 1], bad=[0, 1, 2, 0]) == found


def test_nodes_opened_at_will() -> None:
    found = drawn(VECTOR, made([[1, 1], [1, 0], [2, 1]], [[2, 4]]), rule=[-2, 0, -2], waste=[-2, -2, -2])
    assert list(found) == [
        "Nodes opened beyond the lower bound of the requests so far",
        "At the end: nodes of which at most so much CPU is in use",
        "At the end: nodes of which at most so much memory is in use",
        "At the end: nodes of which at most so much is in use, of the resource that is scarcest there",
    ]
    beyond, cpu, memory, scarcest = found.values()
    assert beyond == {"rule": ([1, 2, 3], [0, 0, 0]), "waste": ([1, 2, 3], [0, 1, 1])}
    assert cpu == {"rule": ([100, 100], [0.5, 1.0]), "waste": ([50, 50, 100], [1 / 3, 2 / 3, 1.0])}
    assert memory["rule"] == ([25, 25], [0.5, 1.0])
    assert scarcest["rule"] == ([100, 100], [0.5, 1.0])


def test_a_fleet_turns_requests_away() -> None:
    found = drawn(PROBLEM_FLEET, made([[2], [1], [1]], [[2], [4]], [0, 1]), rule=[0, 1, 1], lazy=[1, 0, 0])
    assert found["Requests turned away"] == {"rule": ([1, 2, 3], [0, 0, 0]), "lazy": ([1, 2, 3], [0, 0, 0])}
    assert found["In use of the fleet: CPU"]["rule"][1] == pytest.approx([100 / 3, 50, 200 / 3])
    full = drawn(PROBLEM_FLEET, made([[2], [1]], [[2]], [0]), rule=[0, -1])
    assert full["Requests turned away"] == {"rule": ([1, 2], [0, 1])}
