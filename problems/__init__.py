"""Problems: statement, contract, simulator, instance splits, baselines and readers of the field's formats.

What a problem of one's own is made of can be imported from here (`docs/adding-a-problem.md`).
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heuresis.evaluators.sequential.simulator import Sequential
    from heuresis.problems.problem import Problem, ProblemError
    from heuresis.problems.registry import register
    from heuresis.problems.sequential.contracts import COUNT, DATE, ONE, SIZE, TIME, item, rule, shared
    from heuresis.problems.sequential.problem import SequentialProblem

__all__ = ["COUNT", "DATE", "ONE", "SIZE", "TIME", "Problem", "ProblemError", "Sequential", "SequentialProblem", "item",
           "register", "rule", "shared"]  # fmt: skip

_HOMES = {
    **dict.fromkeys(
        ("COUNT", "DATE", "ONE", "SIZE", "TIME", "item", "rule", "shared"), "problems.sequential.contracts"
    ),
    **dict.fromkeys(("Problem", "ProblemError"), "problems.problem"),
    "Sequential": "evaluators.sequential.simulator",
    "SequentialProblem": "problems.sequential.problem",
    "register": "problems.registry",
}
"""Where each name lives; it is imported when it is asked for, because `heuresis --help` needs none of them."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"heuresis.{_HOMES[name]}"), name)
