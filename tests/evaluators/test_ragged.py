"""Arrays of many instances one after the other: offsets, parts, and what is no such array."""

import numpy as np
import pytest

from heuresis.evaluators import ragged
from heuresis.evaluators.aliases import Decisions

DECIDED, CHOSEN = np.array([1, 0], np.uint8), np.array([5, 6, 7], np.int32)


def test_offsets_begin_at_0_and_end_behind_the_last_part() -> None:
    for sizes in ([2, 0, 3], np.array([2, 0, 3]), (n for n in (2, 0, 3))):
        found = ragged.offsets(sizes)
        assert (found.tolist(), found.dtype) == ([0, 2, 2, 5], np.int64)
    assert ragged.offsets([]).tolist() == [0]


def test_each_instance_has_its_part() -> None:
    at = ragged.offsets([1, 2])
    assert [[a.tolist() for a in part] for part in ragged.cut(at, (DECIDED, CHOSEN))] == [[[1], [5]], [[0], [6, 7]]]
    parts = ragged.split(at, CHOSEN)
    assert [part.tolist() for part in parts] == [[5], [6, 7]]
    assert parts[0].dtype == np.int64


@pytest.mark.parametrize(
    ("decisions", "got"),
    [
        ((), "none"),
        ((DECIDED,), "uint8[2]"),
        ((DECIDED[:1], CHOSEN), "uint8[1], int32[3]"),
        ((DECIDED, CHOSEN[:2]), "uint8[2], int32[2]"),
        ((DECIDED.astype(np.int8), CHOSEN), "int8[2], int32[3]"),
        ((DECIDED, CHOSEN.astype(np.float32)), "uint8[2], float32[3]"),
        ((DECIDED, CHOSEN.reshape(1, 3)), "uint8[2], int32[1, 3]"),
    ],
)
def test_other_shapes_and_types_are_refused(decisions: Decisions, got: str) -> None:
    assert ragged.misfit(decisions, 2, 3) == f"expected decisions uint8[2], int32[3], got {got}"


def test_unsigned_codes_are_refused_where_they_may_be_negative() -> None:
    assert ragged.misfit((DECIDED, CHOSEN), 2, 3, kinds="i") == ""
    assert ragged.misfit((DECIDED, CHOSEN.astype(np.uint32)), 2, 3) == ""
    assert ragged.misfit((DECIDED, CHOSEN.astype(np.uint32)), 2, 3, kinds="i")
