"""What `choose(...)` takes, and what it says of anything else."""

import numpy as np
import pytest

from heuresis.evaluators.language.contract import Kind
from heuresis.evaluators.sequential.features import ChoiceError, Reader, plain
from heuresis.problems import COUNT, SIZE, TIME, item, rule, shared

MAIN = rule(
    "key",
    item("p", TIME, "time", low=1),
    item("room", SIZE, "room", kind=Kind.INT64, low=0, at_most="capacity"),
    shared("capacity", SIZE, "capacity", kind=Kind.INT64),
    shared("clock", TIME, "clock"),
    shared("counts", COUNT, "counts", kind=Kind.INT64_ARRAY, last="capacity"),
    returns="a key",
).main
GOOD = {"p": [1.0, 2], "room": np.array([3, 0], np.int32), "capacity": np.int8(3), "clock": 7, "counts": [0, 1, 2, 3]}


def read(**features):
    return Reader(MAIN).read((), {**GOOD, **features})


def test_columns_and_numbers_have_the_types_of_the_contract():
    arguments, count = read()
    assert count == 2
    p, room, capacity, clock, counts = arguments
    assert (p.dtype, room.dtype, counts.dtype) == (np.float64, np.int64, np.int64)
    assert (type(capacity), type(clock)) == (int, float)
    assert plain(arguments, MAIN) == [[1.0, 3, 3, 7.0, counts], [2.0, 0, 3, 7.0, counts]]
    strided = read(p=np.arange(4.0)[::2])[0][0]
    assert strided.flags.c_contiguous
    Reader(MAIN).check(arguments)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clok": 1.0}, r"no feature 'clok'.*takes p=\.\.\., room"),
        ({"p": [1.0]}, "p has 1, room has 2"),
        ({"p": [], "room": []}, "without an item"),
        ({"p": 1.0}, r"choose\(p=\.\.\.\): expected one dimension of numbers, one for an item"),
        ({"p": [[1.0, 2.0]]}, "one dimension"),
        ({"p": [[1.0], [1.0, 2.0]]}, "one dimension"),
        ({"p": ["a", "b"]}, "expected one dimension of numbers"),
        ({"room": [0.5, 1.0]}, "whole numbers"),
        ({"capacity": 2.0}, "expected one whole number"),
        ({"clock": [1.0, 2.0]}, "all items share it"),
        ({"clock": "noon"}, "expected one number"),
        ({"clock": None}, "expected one number"),
    ],
)
def test_everything_else_is_told(wrong, message):
    with pytest.raises(ChoiceError, match=message):
        read(**wrong)


def test_a_misspelt_feature_is_guessed():
    given = {**GOOD, "clok": GOOD["clock"]}
    del given["clock"]
    with pytest.raises(ChoiceError, match=r"'clok' \(did you mean clock\?\); the feature 'clock' is missing"):
        Reader(MAIN).read((), given)
    with pytest.raises(ChoiceError, match="passed by name, got 1 without"):
        Reader(MAIN).read(([1.0],), GOOD)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"p": [0.5, 1.0]}, "low=1, got 0.5"),
        ({"clock": float("nan")}, "finite numbers, got nan"),
        ({"room": [4, 0]}, "at_most='capacity', which is smaller"),
        ({"counts": [0, 1]}, "last='capacity', so expected 4 elements, got 2"),
    ],
)
def test_a_play_at_random_also_checks_what_the_contract_promises(wrong, message):
    with pytest.raises(ChoiceError, match=message):
        Reader(MAIN).check(read(**wrong)[0])
