"""Instances of files in three parts: repeatable, nothing in two of them."""

import random
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuresis.problems.cutting import SHARES, by_name, ranges
from heuresis.problems.problem import SPLITS, InstanceError, InstanceSet
from heuresis.problems.tardiness.instances import TardinessInstance, fingerprint
from heuresis.problems.tardiness.scoring import TardinessScoring

cut = partial(by_name, fingerprint, TardinessScoring().groups)


def one(name: str, *p: int) -> TardinessInstance:
    """An instance of jobs that are due at once."""
    return TardinessInstance(name, np.array(p, dtype=np.int64), np.zeros(len(p), dtype=np.int64))


def several(*instances: TardinessInstance) -> InstanceSet:
    """As a reader hands them over."""
    return InstanceSet("mine.json", instances, fingerprint(instances))


def of_size(size: int, count: int) -> list[TardinessInstance]:
    """Different instances of so many jobs."""
    return [one(f"n{size}-{i}", *range(i + 1, i + 1 + size)) for i in range(count)]


def test_every_size_is_in_every_part_by_the_shares() -> None:
    found = several(*of_size(3, 20), *of_size(5, 20), *of_size(8, 20))
    parts = cut(found)
    for split, share in SHARES.items():
        sizes = [instance.size for instance in parts[split].instances]
        assert [sizes.count(n) for n in (3, 5, 8)] == [20 * share] * 3
        assert parts[split].name == split
        assert parts[split].fingerprint == fingerprint(parts[split].instances)
        [note] = parts[split].notes
        assert note.startswith(f"{split}: {60 * share:.0f} instances by name")
        assert parts[split].fingerprint[:12] in note


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), min_size=1, max_size=40), st.randoms())
def test_no_content_is_in_two_parts_in_whatever_order_files_come(
    rows: list[tuple[str, int]], shuffling: random.Random
) -> None:
    instances = [one(name, p) for name, p in rows]
    contents = {fingerprint([instance]) for instance in instances}
    if len(contents) < len(SPLITS):
        with pytest.raises(InstanceError, match=f"{len(contents)} different instances cannot be cut"):
            cut(several(*instances))
        return
    parts = cut(several(*instances))
    inside = {split: {fingerprint([instance]) for instance in parts[split].instances} for split in SPLITS}
    assert all(inside.values())
    assert set().union(*inside.values()) == contents
    assert sum(map(len, inside.values())) == len(contents)
    assert sum(len(part.instances) for part in parts.values()) == len(instances)
    shuffling.shuffle(instances)
    again = cut(several(*instances))
    assert {s: {fingerprint([i]) for i in again[s].instances} for s in SPLITS} == inside


def test_names_and_contents_decide_and_not_the_place_in_the_file() -> None:
    there = cut(several(*of_size(4, 30)))
    renamed = cut(several(*(one(f"other-{i}", *instance.p) for i, instance in enumerate(of_size(4, 30)))))
    assert there["test"].fingerprint != renamed["test"].fingerprint
    assert [i.name for i in there["search"].instances] != [f"n4-{i}" for i in range(15)]


@given(st.integers(3, 10_000))
def test_ranges_follow_each_other(count: int) -> None:
    found = ranges(count)
    assert [number for split in SPLITS for number in found[split]] == list(range(count))
    for split, share in SHARES.items():
        assert abs(len(found[split]) - share * count) <= 1
