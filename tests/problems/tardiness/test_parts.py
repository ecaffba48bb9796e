"""Tardiness instances of files: their parts have one objective."""

from dataclasses import replace

import numpy as np

from heuresis.problems.problem import InstanceSet
from heuresis.problems.tardiness.instances import TardinessInstance, fingerprint
from heuresis.problems.tardiness.parts import cut
from heuresis.problems.tardiness.scoring import GAP, MEAN, TardinessScoring


def late(number: int) -> TardinessInstance:
    """Two jobs that are late whatever comes first, with the least total tardiness."""
    p = np.array([1, 2 + number], dtype=np.int64)
    return TardinessInstance(str(number), p, np.zeros(2, dtype=np.int64), {}, 4 + number, True)


def test_where_one_optimum_is_missing_all_parts_are_measured_without() -> None:
    scoring = TardinessScoring()
    known = [late(number) for number in range(10)]
    parts = cut(InstanceSet("x", tuple(known), fingerprint(known)))
    assert {scoring.objective_on(part.instances).name for part in parts.values()} == {GAP.name}
    some = [replace(known[0], optimum=None, claimed=False), *known[1:]]
    without = cut(InstanceSet("x", tuple(some), fingerprint(some)))
    assert {scoring.objective_on(part.instances).name for part in without.values()} == {MEAN.name}
    assert [p.fingerprint for p in without.values()] == [p.fingerprint for p in parts.values()]
