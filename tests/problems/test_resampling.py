"""The bootstrap within cells, and a message on the first fault."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from heuresis.problems.resampling import cells, drawn
from heuresis.problems.scoring import complaint

NAMED: Any = [SimpleNamespace(name=name) for name in "abc"]


def test_cells_come_in_the_order_of_their_first_members() -> None:
    found = cells(["y", "x", "y", "x", "x"])
    assert {key: members.tolist() for key, members in found.items()} == {"y": [0, 2], "x": [1, 3, 4]}
    assert list(found) == ["y", "x"]


def test_every_draw_has_as_many_of_each_cell_as_there_are() -> None:
    counts = drawn([[0, 3], [1], [2, 4, 5]], 6, 200, np.random.default_rng(0))
    assert counts.shape == (200, 6)
    for members in ([0, 3], [1], [2, 4, 5]):
        assert np.all(counts[:, members].sum(axis=1) == len(members))
    assert set(np.unique(counts[:, 0])) == {0.0, 1.0, 2.0}
    assert np.array_equal(counts, drawn([[0, 3], [1], [2, 4, 5]], 6, 200, np.random.default_rng(0)))


def test_the_first_fault_is_told() -> None:
    assert complaint(NAMED, ["", "", ""]) == ""
    assert complaint(NAMED, ["", "late", "early"]) == "late (first on instance b)"
    counted = complaint(NAMED, ["", "late", "early"], counted=True)
    assert counted == "late (first on instance b; 2 of 3 instances have no value)"
