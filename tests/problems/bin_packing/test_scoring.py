"""The trusted scoring of bin packing: replay against explicit bins, groups, explanations."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoring_parts import schedule_of, values_of

from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.bin_packing.scoring import PackingScoring, assigned, families
from heuresis.problems.problem import MachineryError

SCORING = PackingScoring()
Labels = dict[str, str | int | float]


def instance(items: list[int], capacity: int = 10, labels: Labels | None = None, name: str = "i") -> PackingInstance:
    return PackingInstance(name, np.array(items, dtype=np.int64), capacity, labels or {})


def decided(*chosen: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.ones(len(chosen), np.uint8), np.concatenate([np.array(c, np.int32) for c in chosen])


@st.composite
def packings(draw: st.DrawFn) -> tuple[PackingInstance, list[int]]:
    """An instance and choices that are mostly possible: now and then one is wrong."""
    capacity = draw(st.integers(1, 9))
    items = draw(st.lists(st.integers(1, capacity), min_size=1, max_size=12))
    wrong = draw(st.integers(0, 30))
    left: list[int] = []
    chosen: list[int] = []
    for position, item in enumerate(items):
        options = sorted({r for r in left if r >= item} | {capacity})
        rem = draw(st.sampled_from(options)) if position != wrong else draw(st.integers(-1, capacity + 1))
        chosen.append(rem)
        if rem in left:
            left.remove(rem)
        left.append(rem - item)
    return instance(items, capacity), chosen


def by_bins(one: PackingInstance, chosen: list[int]) -> float | None:
    try:
        return float(max(assigned(one, chosen)) + 1)
    except ValueError:
        return None


@given(st.lists(packings(), min_size=1, max_size=5))
def test_values_equal_an_explicit_assignment_to_bins(drawn: list[tuple[PackingInstance, list[int]]]) -> None:
    expected = [by_bins(one, chosen) for one, chosen in drawn]
    values, message = values_of(SCORING, [one for one, _ in drawn], decided(*(chosen for _, chosen in drawn)))
    assert list(values) == expected
    assert (message == "") is (None not in expected)


@pytest.mark.parametrize(
    ("items", "chosen", "bins"),
    [
        ([4, 6, 5], [10, 6, 10], [0, 0, 1]),
        ([5, 5, 3, 2], [10, 10, 5, 2], [0, 1, 0, 0]),  # of two bins with 5 left the first takes the item
        ([2, 2, 8, 8], [10, 10, 8, 8], [0, 1, 0, 1]),
    ],
)
def test_the_lowest_numbered_bin_takes_the_item(items: list[int], chosen: list[int], bins: list[int]) -> None:
    assert assigned(instance(items), chosen) == bins
    values, _ = values_of(SCORING, [instance(items)], decided(chosen))
    assert values == (max(bins) + 1,)


@pytest.mark.parametrize("chosen", [[10, 10, 4], [10, 6, 6], [10, 6, 11], [10, 5, 10], [6, 10, 10], [10, 6, -1]])
def test_impossible_choices_have_no_value(chosen: list[int]) -> None:
    good = instance([4, 6, 5], name="good")
    values, message = values_of(SCORING, [good, instance([4, 6, 5])], decided([10, 6, 10], chosen))
    assert values == (2.0, None)
    assert message.startswith("an item was put where no open bin is (first on instance i; 1 of 2")


def test_a_failed_instance_has_no_value() -> None:
    values, message = values_of(SCORING, [instance([4])], (np.zeros(1, np.uint8), np.array([10], np.int32)))
    assert values == (None,)
    assert message.startswith("a score was NaN or infinite")


@pytest.mark.parametrize(
    "wrong", [(), (np.ones(1, np.uint8), np.ones(1, np.float64)), (np.ones(1, np.int8), np.ones(1, np.int32))]
)
def test_decisions_of_another_shape_are_refused(wrong: tuple[np.ndarray, ...]) -> None:
    values, message = values_of(SCORING, [instance([4])], wrong)
    assert values == (None,)
    assert message.startswith("expected decisions uint8[1], int32[1], got ")


def test_a_value_below_the_bound_stops_the_run() -> None:
    one = instance([6, 6])
    object.__setattr__(one, "proven", 3)
    with pytest.raises(MachineryError, match="2 bins lie below the lower bound 3"):
        values_of(SCORING, [one], decided([10, 10]))


def test_levels_of_large_capacities_are_told_apart() -> None:
    large = instance([70_000, 50_000, 30_000], 100_000)
    values, _ = values_of(SCORING, [large, large], decided([100_000, 100_000, 30_000], [100_000, 100_000, 50_000]))
    assert values == (2.0, 2.0)


def test_the_aggregate_is_the_mean_over_families() -> None:
    ones = [instance([6] * 10, labels={"family": "a"}), instance([5] * 8, labels={"family": "b"}), instance([5] * 2, labels={"family": "b"})]  # fmt: skip
    score = SCORING.score(ones, [10.0, 5.0, 1.0])
    assert score.aggregate == pytest.approx(((10 / 6 - 1) + (6 / 5 - 1)) / 2)
    assert score.metrics == {"excess": pytest.approx(16 / 11 - 1), "bins": 16.0, "lower_bound": 11.0}
    assert families(ones).tolist() == [0, 1, 1]
    alone = SCORING.score(ones[1:], [5.0, 1.0])
    assert alone.aggregate == alone.metrics["excess"] == pytest.approx(6 / 5 - 1)


def test_resampling_keeps_families_and_groups_apart() -> None:
    ones = [instance([6] * 10, labels={"family": "a", "group": "a"})] * 3 + [
        instance([5] * 8, labels={"family": "b"})
    ] * 2
    draws = SCORING.resample(ones, np.array([[10.0, 10.0, 10.0, 5.0, 5.0]]), 50, np.random.default_rng(0))
    assert draws == pytest.approx(np.full((1, 50), ((10 / 6 - 1) + (5 / 4 - 1)) / 2))


def test_groups_are_labels_or_lengths() -> None:
    ones = [
        instance([1], labels={"family": "u", "group": "u1"}),
        instance([1, 1]),
        instance([1], labels={"family": "f"}),
    ]
    assert {k: v.tolist() for k, v in SCORING.groups(ones).items()} == {"u1": [0], "n=2": [1], "f": [2]}


def test_the_explanation_shows_where_room_is_lost() -> None:
    one = instance([4, 4, 3, 8, 9, 6])
    assert SCORING.explain(one, schedule_of(SCORING, one, decided([10, 6, 10, 10, 10, 10]))) == (
        "n = 6, capacity 10: 5 bins, lower bound 4; 16 of 50 (32.00%) is left free, 0 bins are full, 3 have less left "
        "than any item needs (the smallest is 3).\n"
        "\n"
        "| left in a bin | bins | room lost | share of it | items of exactly this size |\n"
        "|--:|--:|--:|--:|--:|\n"
        "| 7 | 1 | 7 | 43.8% | 0 |\n"
        "| 2 | 2 | 4 | 25.0% | 0 |\n"
        "| 4 | 1 | 4 | 25.0% | 2 |\n"
        "| 1 | 1 | 1 | 6.2% | 0 |"
    )
    filled = instance([10])
    full = SCORING.explain(filled, schedule_of(SCORING, filled, decided([10])))
    assert "0 of 10 (0.00%) is left free, 1 bins are full" in full
    assert full.endswith("|--:|--:|--:|--:|--:|")
    assert SCORING.replay([instance([4])], decided([3])).fault.startswith("an item was put where no open bin is")
