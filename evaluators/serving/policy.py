"""A program as the loops of a replica take it: its functions, and what it reads of what changes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.language.arguments import completed
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.serving.contract import CHANGES, CONTRACT, PRIORITY
from heuresis.evaluators.serving.engine import PREFIX_CACHING
from heuresis.evaluators.serving.replica.waiting import Reads

_FCFS = f"{PRIORITY.signature}:\n    return arrival\n"
_UNSTEADY_ADMIT = frozenset({"now", "cached", "need", "free_blocks", "promised", "peak"})
_UNSTEADY_BUDGET = frozenset({"now", "free"})


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """The functions in the contract's order, and what they read."""

    functions: tuple[Callable[..., Any], ...]
    reads: Reads


@cache
def defaults() -> Program:
    """First come, first served, with the default bodies of the optional functions."""
    return compile_program(_FCFS, CONTRACT)


def policy_of(program: object, theta: Floats, engine: Floats) -> Policy:
    """A compiled program, or its main function alone or with what it reads (as the search hands over expressions).

    On an engine (`Engine.to_array()`) without a prefix cache `cached` is 0 for ever.
    """
    functions, reads = completed(program, theta, CONTRACT, defaults())
    seen = reads[0] | (reads[3] & {"now"})
    changes = seen & (CHANGES if engine[PREFIX_CACHING] == 1.0 else CHANGES - {"cached"})
    own = {
        f.name: mine is not theirs
        for f, mine, theirs in zip(CONTRACT.functions, functions, defaults().functions, strict=True)
    }
    return Policy(
        functions,
        Reads(
            changes=bool(changes),
            program_service="program_service" in changes,
            client_service="client_service" in changes,
            cached="cached" in changes,
            peak="peak" in reads[1],
            steady=not (changes or reads[1] & _UNSTEADY_ADMIT or reads[2] & _UNSTEADY_BUDGET),
            revises=own["revise"],
            lengthens=own["length"],
            draws=own["length"] and "drawn" in reads[4],
            displaces=own["displace"],
            pauses=own["pause"],
        ),
    )
