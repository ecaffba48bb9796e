"""A program as the loops of a router take it: its functions, and what they read."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.language.arguments import completed
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.routing.contract import CHANGES, CONTRACT, SCORE
from heuresis.evaluators.routing.fleet import replica

_SHORTEST_QUEUE = f"{SCORE.signature}:\n    return queued * 1e6 + running\n"


@cache
def defaults() -> Program:
    """The shortest queue, with the default bodies of the optional functions."""
    return compile_program(_SHORTEST_QUEUE, CONTRACT)


@cache
def scheduler() -> tuple[Callable[..., Any], ...]:
    """The functions with which every replica schedules what it was sent."""
    return tuple(replica.scheduler().functions)


class RouterReads(NamedTuple):
    """What a program reads and does, as far as it decides what has to be computed; fields of `CENTRE`."""

    reads_cached: bool
    reads_deficit: bool
    order_changes: bool
    may_hold: bool
    may_migrate: bool
    may_refuse: bool


def policy_of(
    program: object, theta: Floats, *, follows: bool = False
) -> tuple[tuple[Callable[..., Any], ...], RouterReads]:
    """The functions of a compiled program, or of its main function alone, and what they read.

    That may come with what it reads, as the search hands over expressions.

    Where decisions are followed instead (`follows`), no order is kept of those who are held.
    """
    functions, reads = completed(program, theta, CONTRACT, defaults())
    shown = reads[0] | reads[2] | reads[4]
    may_hold, may_migrate, may_refuse = (functions[k] is not defaults().functions[k] for k in (2, 4, 5))
    changes = follows or bool(reads[1] & CHANGES)
    return functions, RouterReads("cached" in shown, "deficit" in shown, changes, may_hold, may_migrate, may_refuse)
