"""Replays are made once for each instance and its decisions, and kept as long as there is room."""

from collections.abc import Sequence

import numpy as np
import pytest

from heuresis.evaluators.aliases import Decisions
from heuresis.problems.serving import replay_cache
from heuresis.problems.serving.replay_cache import Replays, cut


def decisions(*streams: list[int]) -> Decisions:
    lengths = np.array([len(s) for s in streams], dtype=np.int64)
    return np.ones(len(streams), np.uint8), lengths, np.array([x for s in streams for x in s], dtype=np.int32)


class Sums:
    """Replays that add up the decisions, and remember what they were asked."""

    def __init__(self) -> None:
        self.kept: Replays[int] = Replays()
        self.asked: list[list[int]] = []

    def of(self, marks: str, made: Decisions, size: int = 1) -> list[int]:
        def replay(numbers: Sequence[int], some: Decisions) -> list[int]:
            self.asked.append(list(numbers))
            return [int(stream.sum()) for _, _, stream in cut(some)]

        return self.kept.of(list(marks), [size] * len(marks), made, replay)


def test_each_instance_is_replayed_once_in_whatever_order() -> None:
    sums = Sums()
    assert sums.of("abc", decisions([1, 2], [], [3])) == [3, 0, 3]
    assert sums.of("cab", decisions([3], [1, 2], [])) == [3, 3, 0]
    assert sums.of("abd", decisions([1, 2], [7], [3])) == [3, 7, 3]  # other decisions; another instance
    assert sums.asked == [[0, 1, 2], [1, 2]]


def test_whether_it_was_decided_and_the_kind_of_number_matter() -> None:
    sums = Sums()
    made = decisions([1])
    for changed in (made, (made[0] * 0, *made[1:]), (*made[:2], made[2].astype(np.int64))):
        sums.of("a", changed)
    assert len(sums.asked) == 3


def test_what_was_asked_for_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_cache, "MOST_REQUESTS", 20)
    sums = Sums()
    sums.of("ab", decisions([1], [2]), size=10)
    sums.of("a", decisions([1]), size=10)
    sums.of("c", decisions([3]), size=10)
    sums.of("a", decisions([1]), size=10)
    assert len(sums.asked) == 2
    sums.of("b", decisions([2]), size=10)
    assert len(sums.asked) == 3
    assert sums.of("d", decisions([4]), size=21) == [4]  # larger than all that is kept
    assert sums.of("d", decisions([4]), size=21) == [4]
    assert len(sums.asked) == 5


def test_decisions_that_do_not_add_up_are_refused() -> None:
    decided, lengths, stream = decisions([1], [2, 3])
    wrapping = np.array([2**62, 2**62, 2**62, 2**62 + 3])  # their sum in 64 bits is 3
    for wrong in (lengths + 1, lengths - np.array([2, -2]), lengths[:1]):
        with pytest.raises(ValueError, match="do not add up to 3"):
            cut((decided, wrong, stream))
    with pytest.raises(ValueError, match="do not add up to 3"):
        cut((np.ones(4, dtype=np.uint8), wrapping, stream))
