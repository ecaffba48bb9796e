"""Records that say where their lists are."""

import numba
import numpy as np
import pytest
from numba import types

from heuresis.evaluators.kernels.lists import LIST, attach, reader

ITEM = np.dtype([("weight", np.float64), ("number", np.int64)], align=True)
OWNER = np.dtype([("count", np.int64), ("some_items", LIST), ("some_table", LIST)], align=True)
items_of, table_of = reader("some_items", ITEM), reader("some_table", np.float64, 2)
missing_in = reader("some_other", np.int64)


@numba.njit(types.float64(numba.from_dtype(OWNER)))
def doubled(owner):
    """Twice the sum of all; numbers count up from 0, and the last row of the table becomes 0."""
    items, table = items_of(owner), table_of(owner)
    total = 0.0
    for k in range(owner.count):
        items[k].number = k
        total += items[k].weight
    for row in range(table.shape[0]):
        for column in range(table.shape[1]):
            total += table[row, column]
    table[-1] = 0.0
    return 2.0 * total


def owner() -> np.void:
    return np.zeros(1, OWNER)[0]


def test_compiled_code_reads_and_writes_the_very_arrays() -> None:
    items, table = np.zeros(3, ITEM), np.arange(6.0).reshape(2, 3)
    items["weight"] = 1.0, 2.0, 4.0
    record = owner()
    record["count"] = len(items)
    attach(record, some_items=items, some_table=table)
    assert doubled(record) == 2.0 * (7.0 + 15.0)
    assert items["number"].tolist() == [0, 1, 2]
    assert table.tolist() == [[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    "table",
    [
        np.zeros((2, 3), np.float32),  # of another type
        np.zeros(6),  # of one dimension
        np.zeros((3, 2)).T,  # not contiguous
    ],
)
def test_what_the_reader_would_misread_is_refused(table: np.ndarray) -> None:
    with pytest.raises(TypeError, match="some_table: expected a contiguous array of 2"):
        attach(owner(), some_table=table)


def test_a_list_that_a_record_does_not_have_does_not_compile() -> None:
    @numba.njit
    def length(record):
        return missing_in(record).shape[0]

    with pytest.raises(numba.core.errors.TypingError):
        length(owner())
