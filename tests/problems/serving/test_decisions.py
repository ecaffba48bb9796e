"""Decisions as a flag and a length of each instance and one stream: cut, or refused where they do not add up."""

import numpy as np
import pytest

from heuresis.evaluators.aliases import Decisions
from heuresis.problems.serving.decisions import cut


def decisions(*streams: list[int]) -> Decisions:
    lengths = np.array([len(s) for s in streams], dtype=np.int64)
    return np.ones(len(streams), np.uint8), lengths, np.array([x for s in streams for x in s], dtype=np.int32)


def test_each_instance_has_its_part() -> None:
    parts = [[a.tolist() for a in part] for part in cut(decisions([1, 2], [], [3]))]
    assert parts == [[[1], [2], [1, 2]], [[1], [0], []], [[1], [1], [3]]]


def test_decisions_that_do_not_add_up_are_refused() -> None:
    decided, lengths, stream = decisions([1], [2, 3])
    wrapping = np.array([2**62, 2**62, 2**62, 2**62 + 3])  # their sum in 64 bits is 3
    for wrong in (lengths + 1, lengths - np.array([2, -2]), lengths[:1]):
        with pytest.raises(ValueError, match="do not add up to 3"):
            cut((decided, wrong, stream))
    with pytest.raises(ValueError, match="do not add up to 3"):
        cut((np.ones(4, dtype=np.uint8), wrapping, stream))
