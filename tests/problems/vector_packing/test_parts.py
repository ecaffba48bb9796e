"""Vector-packing instances of files in parts: by name, or one list in its order."""

from dataclasses import replace

import numpy as np
import pytest

from heuresis.problems.problem import SPLITS, InstanceError, InstanceSet
from heuresis.problems.vector_packing.instances import VectorInstance, fingerprint
from heuresis.problems.vector_packing.parts import cut


def pods(name: str, count: int, first: int = 1) -> VectorInstance:
    """Requests of different sizes on nodes that are opened at will."""
    requests = np.zeros((count, 3), dtype=np.int64)
    requests[:, 0] = first + np.arange(count)
    return VectorInstance(name, requests, np.array([[100_000, 1, 0]], dtype=np.int64))


def read(*instances: VectorInstance) -> InstanceSet:
    """As the reader hands them over."""
    return InstanceSet("pods.csv", instances, fingerprint(instances))


def test_one_list_is_cut_in_the_order_of_arrival() -> None:
    whole = pods("pods.csv", 1_000)
    parts = cut(read(whole))
    found = [one.requests for split in SPLITS for one in parts[split].instances]
    assert [len(requests) for requests in found] == [500, 200, 300]
    assert np.concatenate(found).tolist() == whole.requests.tolist()
    assert parts["select"].notes[0].startswith("select: 200 requests of pods.csv, from number 501 to 700, fingerprint ")


def leaving(stays: list[int]) -> VectorInstance:
    """Requests that name models, each of which leaves before the arrival of another so much later."""
    count = len(stays)
    until = np.minimum(np.arange(count) + stays, count)
    allowed = 1 + 2 * (np.arange(count) % 2)
    return replace(pods("pods.csv", count), until=until, models=np.array([0]), allowed=allowed)


def test_a_part_begins_when_who_was_there_has_left() -> None:
    parts = cut(read(leaving([12] * 1_000)))
    ((search,), (select,), (test,)) = (parts[split].instances for split in SPLITS)
    assert [one.requests[0, 0] for one in (search, select, test)] == [1, 512, 712]
    assert search.until is not None
    assert search.until.tolist()[-13:] == [499] + [500] * 12
    assert select.until is not None
    assert select.until[:2].tolist() == [12, 13]
    assert select.allowed is not None
    assert select.allowed[:2].tolist() == [3, 1]
    assert ", 11 of them longer than that, " in parts["select"].notes[0]


def test_who_stays_long_empties_no_part() -> None:
    parts = cut(read(leaving([5_000, 900, *[1] * 998])))
    assert [parts[split].instances[0].size for split in SPLITS] == [500, 180, 270]
    found = parts["search"].instances[0].until
    assert found is not None
    assert found[:3].tolist() == [500, 500, 3]


def test_several_instances_are_dealt_out_whole() -> None:
    parts = cut(read(*(pods(f"p{i}", 10, first=i + 1) for i in range(10))))
    assert [len(parts[split].instances) for split in SPLITS] == [5, 2, 3]
    assert {one.size for part in parts.values() for one in part.instances} == {10}


def test_what_is_too_short_or_twice_the_same_is_refused() -> None:
    with pytest.raises(InstanceError, match="a: 60 requests are too few to be cut in their order; expected 100 or"):
        cut(read(pods("a", 60)))
    with pytest.raises(InstanceError, match="b has the same requests as a: give them once"):
        cut(read(pods("a", 200), pods("b", 200)))
