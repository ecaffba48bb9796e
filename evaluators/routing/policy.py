"""A program as the loops of a router take it: its functions, and what they read."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.language.arguments import completed
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.routing.contract import CHANGES, CONTRACT, SCORE
from heuresis.evaluators.routing.fleet import replica
from heuresis.evaluators.routing.fleet.dispatch import (
    MAY_HOLD,
    MAY_MIGRATE,
    ORDER_CHANGES,
    READS_CACHED,
    READS_DEFICIT,
    ROUTER_FLAGS,
)

_SHORTEST_QUEUE = f"{SCORE.signature}:\n    return queued * 1e6 + running\n"


@cache
def defaults() -> Program:
    """The shortest queue, with the default bodies of the optional functions."""
    return compile_program(_SHORTEST_QUEUE, CONTRACT)


@cache
def scheduler() -> tuple[Callable[..., Any], ...]:
    """The functions with which every replica schedules what it was sent."""
    return tuple(replica.scheduler().functions)


def policy_of(program: object, theta: Floats, *, follows: bool = False) -> tuple[tuple[Callable[..., Any], ...], Ints]:
    """The functions and `router_dispatch` flags of a compiled program, or of its main function alone.

    That may come with what it reads, as the search hands over expressions.

    Where decisions are followed instead (`follows`), no order is kept of those who are held.
    """
    functions, reads = completed(program, theta, CONTRACT, defaults())
    flags = np.zeros(ROUTER_FLAGS, dtype=np.int64)
    shown = reads[0] | reads[2] | reads[4]
    flags[READS_CACHED], flags[READS_DEFICIT] = "cached" in shown, "deficit" in shown
    flags[ORDER_CHANGES] = follows or bool(reads[1] & CHANGES)
    flags[MAY_HOLD], flags[MAY_MIGRATE] = (functions[k] is not defaults().functions[k] for k in (2, 4))
    return functions, flags
