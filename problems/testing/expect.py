"""What the checks share: their failures, and the parts of a problem that they run."""

import functools
from collections.abc import Sequence
from typing import Any, cast

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.simulator import Simulator, named
from heuresis.problems import registry
from heuresis.problems.problem import Problem
from heuresis.sandbox.screen.screen import screen


class Violation(AssertionError):
    """A problem that is not what every problem must be; the message says what was expected and what came."""


def expect(holds: object, message: str) -> None:
    """Raise Violation unless it holds."""
    if not holds:
        raise Violation(message)


def known(problem: Problem | str) -> Problem:
    """The problem itself, or the one of that name or in that file."""
    return registry.get(problem) if isinstance(problem, str) else problem


def simulator_of(problem: Problem, instances: Sequence[Any]) -> Simulator:
    """The problem's simulator over some instances, in this process: no sandbox."""
    return cast(Simulator, named(problem.simulator)(problem.scoring.pack(instances)))


def compiled(problem: Problem, source: str) -> Program:
    """A program as a worker compiles it, once for all checks of a process."""
    return _compiled(problem.contract, screen(source, problem.contract.allow_list()))


_compiled = functools.lru_cache(maxsize=256)(lambda contract, source: compile_program(source, contract))
