"""What is known of requests beyond themselves: their class, the calls that led to them, the calls that will follow."""

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.cases import Case
from heuresis.evaluators.serving.engine import BLOCK_SIZE, BLOCKS

FACTS = 6
"""Rows of `facts`."""
_BEST_EFFORT, _PATH, _STAGES, _PROMPT, _ESTIMATE, _TIME = range(FACTS)

_F1, _F2, _I2 = types.float64[::1], types.float64[:, ::1], types.int64[:, ::1]


def facts(case: Case) -> Floats:
    """Of each request (a column) `best_effort` … `stages_time`, as `revise` sees them (a row each).

    A call arrives when the one that it follows is done, so what that got is known by then.
    Of several calls that follow one, the path goes to the one whose path may take longest, of equal ones the last.
    """
    engine = case.engine[0]
    memory = int(engine[BLOCKS] * engine[BLOCK_SIZE])
    found = np.zeros((FACTS, len(case)))
    found[_BEST_EFFORT] = case.slo_best_effort[case.column("slo")]
    level = case.column("slo")
    promised = case.gap + (case.slo_ttft[level] + case.slo_tpot[level] * case.estimate)
    _follow(found, case.given, case.estimate, promised, memory)
    return found


@numba.njit(types.void(_F2, _I2, _F1, _F1, types.int64), cache=True)
def _follow(found: Floats, given: Ints, estimate: Floats, promised: Floats, memory: int) -> None:
    """Write all but the class; `promised` is the gap before each request and what its class promises (s)."""
    n = given.shape[0]
    for i in range(n):
        before = given[i, 5]
        if before >= 0:
            prompt = given[before, 0]
            got = 0 if prompt + 1 > memory else prompt + 2 * min(given[before, 1], memory - prompt)
            found[_PATH, i] = found[_PATH, before] + got
    for i in range(n - 1, -1, -1):
        before, time = given[i, 5], promised[i] + found[_TIME, i]
        if before >= 0 and (found[_STAGES, before] == 0.0 or time > found[_TIME, before]):
            found[_STAGES, before] = 1.0 + found[_STAGES, i]
            found[_PROMPT, before] = given[i, 0] + found[_PROMPT, i]
            found[_ESTIMATE, before] = estimate[i] + found[_ESTIMATE, i]
            found[_TIME, before] = time
