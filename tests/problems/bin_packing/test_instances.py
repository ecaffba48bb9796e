"""Generators, splits and lower bounds of bin packing."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuresis.problems.bin_packing.instances import (
    UNIFORM,
    WEIBULL,
    Family,
    PackingInstance,
    fingerprint,
    mixed,
    reported,
    searched,
    selected,
    uniform,
    weibull,
    weibull_thresholds,
)
from heuresis.problems.bounds import l1, l2
from heuresis.problems.problem import InstanceError

GOLDEN = {"weibull": [38, 37, 37, 31, 54, 17, 21, 57], "uniform": [95, 85, 79, 27, 59, 64, 65, 75]}
MARKS = {
    "search weibull": "8addf4e16668",
    "search uniform": "3d84f13dd5f8",
    "select weibull": "8c9dcef1d45f",
    "select uniform": "911f7eb38d41",
    "test": "fb03f8907996",
}


def instance(items: list[int], capacity: int = 10, name: str = "i") -> PackingInstance:
    return PackingInstance(name, np.array(items, dtype=np.int64), capacity)


def test_items_never_change() -> None:
    assert weibull(8, (1, 2)).tolist() == GOLDEN["weibull"]
    assert uniform(8, (1, 2)).tolist() == GOLDEN["uniform"]
    sets = {
        "search weibull": searched(WEIBULL),
        "search uniform": searched(UNIFORM),
        "select weibull": selected(WEIBULL),
        "select uniform": selected(UNIFORM),
        "test": reported(),
    }
    assert {name: one.fingerprint[:12] for name, one in sets.items()} == MARKS


def test_weibull_sizes_have_the_distribution() -> None:
    thresholds = weibull_thresholds()
    assert np.all(np.diff(thresholds.astype(object)) > 0)
    for size in (1, 2, 17, 45, 80, 99):
        share = -math.expm1(-(((size + 0.5) / 45) ** 3))
        assert int(thresholds[size - 1]) / 2**64 == pytest.approx(share, rel=1e-12)
    items = weibull(200_000, (5,))
    assert (items.min(), items.max()) == (1, 100)
    assert items.mean() == pytest.approx(45 * math.gamma(4 / 3), abs=0.15)
    assert items.var() == pytest.approx(45**2 * (math.gamma(5 / 3) - math.gamma(4 / 3) ** 2), rel=0.02)


def test_uniform_sizes_have_the_distribution() -> None:
    items = uniform(200_000, (5,))
    assert (items.min(), items.max()) == (20, 100)
    assert items.mean() == pytest.approx(60, abs=0.2)
    assert np.bincount(items)[20:].min() > 0.9 * 200_000 / 81


def test_splits_are_what_the_manual_says() -> None:
    lengths = [i.size for i in searched(WEIBULL).instances]
    assert len(lengths) == len(set(lengths)) == 24
    assert (min(lengths), max(lengths)) == (2_000, 8_000)
    lengths = [i.size for i in searched(UNIFORM).instances]
    assert len(lengths) == len(set(lengths)) == 72
    assert (min(lengths), max(lengths)) == (100, 1_100)
    groups = [i.labels["group"] for i in reported().instances]
    names = ["weibull-1k", "weibull-5k", "weibull-10k", "u120", "u250", "u500", "u1000"]
    assert {name: groups.count(name) for name in names} == dict.fromkeys(names, 20)
    assert len(groups) == 140
    assert {i.capacity for i in selected(WEIBULL).instances} == {100}
    assert {i.capacity for i in selected(UNIFORM).instances} == {150}


def test_no_instance_is_in_two_splits() -> None:
    sets = [searched(WEIBULL), searched(UNIFORM), selected(WEIBULL), selected(UNIFORM), reported()]
    contents = [i.items.tobytes() for one in sets for i in one.instances]
    assert len(contents) == len(set(contents))
    beginnings = [i.items[:100].tobytes() for one in sets for i in one.instances]
    assert len(beginnings) == len(set(beginnings))  # nor is one the beginning of another


def test_mixed_instances_are_those_of_both_families() -> None:
    both = mixed(searched(WEIBULL), searched(UNIFORM))
    assert [i.name for i in both.instances] == [i.name for f in (WEIBULL, UNIFORM) for i in searched(f).instances]
    assert both.name == "search"
    assert both.fingerprint == fingerprint(both.instances)


@pytest.mark.parametrize(("family", "n", "name"), [(WEIBULL, 5_000, "weibull-5k"), (WEIBULL, 2_260, "weibull-2260"), (UNIFORM, 1_000, "u1000")])  # fmt: skip
def test_groups_are_named_by_family_and_length(family: Family, n: int, name: str) -> None:
    assert family.group(n) == name


def test_fingerprints_depend_on_content_and_order_only() -> None:
    a, b = instance([1, 2]), instance([2, 1])
    assert fingerprint([a, b]) == fingerprint([instance([1, 2], name="x"), b])
    marks = {fingerprint(s) for s in ([a], [b], [a, b], [b, a], [instance([1, 2], 11)], [instance([1]), instance([2])])}
    assert len(marks) == 6


@pytest.mark.parametrize(
    ("items", "capacity", "message"),
    [
        ([], 10, "1 to 1000000 items"),
        ([1], 0, "a capacity of 1 to 2000000"),
        ([1], 2_000_001, "a capacity of 1 to 2000000"),
        ([0], 10, "sizes of 1 to the capacity, 10"),
        ([11], 10, "sizes of 1 to the capacity, 10"),
    ],
)
def test_malformed_instances_are_refused(items: list[int], capacity: int, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        instance(items, capacity)


def test_instances_are_immutable() -> None:
    with pytest.raises(ValueError, match="read-only"):
        instance([1, 2]).items[0] = 5
    with pytest.raises(InstanceError, match="1-D int64"):
        PackingInstance("i", np.ones((2, 2), dtype=np.int64), 10)


_small = st.integers(1, 12).flatmap(
    lambda cap: st.tuples(st.just(cap), st.lists(st.integers(1, cap), min_size=1, max_size=8))
)


@given(_small)
def test_bounds_lie_below_the_optimum(drawn: tuple[int, list[int]]) -> None:
    capacity, items = drawn
    array = np.array(items, dtype=np.int64)
    assert math.ceil(sum(items) / capacity) == l1(array, capacity) <= l2(array, capacity) <= optimum(items, capacity)


@given(st.integers(2, 60).flatmap(lambda cap: st.tuples(st.just(cap), st.lists(st.integers(1, cap), max_size=60))))
def test_l2_is_the_largest_of_its_definition(drawn: tuple[int, list[int]]) -> None:
    capacity, items = drawn
    assert l2(np.array(items, dtype=np.int64), capacity) == by_definition(items, capacity)


def test_l2_can_lie_above_l1() -> None:
    items = np.full(10, 6, dtype=np.int64)
    assert (l1(items, 10), l2(items, 10)) == (6, 10)


def by_definition(items: list[int], capacity: int) -> int:
    """Martello and Toth's L(K) over every threshold K, item by item."""
    best = 0
    for threshold in range(capacity // 2 + 1):
        first = [s for s in items if s > capacity - threshold]
        second = [s for s in items if capacity // 2 < s <= capacity - threshold]
        third = [s for s in items if threshold <= s <= capacity // 2]
        over = sum(third) - (len(second) * capacity - sum(second))
        best = max(best, len(first) + len(second) + max(0, math.ceil(over / capacity)))
    return best


def optimum(items: list[int], capacity: int) -> int:
    """The least number of bins, by trying every bin for every item."""

    @functools.cache
    def least(position: int, left: tuple[int, ...]) -> int:
        if position == len(items):
            return len(left)
        found = least(position + 1, tuple(sorted((*left, capacity - items[position]))))
        for i, room in enumerate(left):
            if room >= items[position]:
                rest = (*left[:i], room - items[position], *left[i + 1 :])
                found = min(found, least(position + 1, tuple(sorted(rest))))
        return found

    return least(0, ())
