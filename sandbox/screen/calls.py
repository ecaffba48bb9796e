"""Which helper functions a program may have and how they may call each other.

Numba compiles a helper function again for each combination of kinds (float, integer, truth value, array) that it is
called with, and LLVM copies small ones into their callers; so what compiling costs follows from the number of calls
along every path from the contract's functions, and that is what is capped.
"""

import ast
from collections.abc import Mapping

from heuresis.sandbox.screen.allow import AllowList
from heuresis.sandbox.screen.normalise import error_at


def check_calls(functions: Mapping[str, ast.FunctionDef], allow: AllowList) -> None:
    """Refuse recursion, too many helper functions and too many calls of them. Raises ScreenError."""
    helpers = [f for name, f in functions.items() if name not in allow.shapes]
    if len(helpers) > allow.max_helpers:
        raise error_at(
            helpers[allow.max_helpers], f"the program has more than {allow.max_helpers} helper functions: merge some"
        )
    calls = {name: _calls(function, functions) for name, function in functions.items()}
    _check_recursion(functions, calls)
    expanded: dict[str, int] = {}
    for name, function in functions.items():
        if name in allow.shapes and _expanded(name, calls, expanded) > allow.max_helper_calls:
            reason = f"helper functions are called more than {allow.max_helper_calls} times, counted along every path"
            raise error_at(function, f"{reason} from `{name}`: keep results in variables or use a loop")


def _calls(function: ast.FunctionDef, functions: Mapping[str, ast.FunctionDef]) -> list[str]:
    """The helper functions that a function calls, once for each place."""
    names = (n.func.id for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
    return [name for name in names if name in functions]


def _expanded(name: str, calls: Mapping[str, list[str]], known: dict[str, int]) -> int:
    """How many calls of helpers there would be if each were written out; without recursion this ends."""
    if name not in known:
        known[name] = sum(1 + _expanded(callee, calls, known) for callee in calls[name])
    return known[name]


def _check_recursion(functions: Mapping[str, ast.FunctionDef], calls: Mapping[str, list[str]]) -> None:
    for name, function in functions.items():
        reached, frontier = set[str](), {name}
        while frontier:
            frontier = {callee for caller in frontier for callee in calls[caller]} - reached
            reached |= frontier
        if name in reached:
            raise error_at(function, f"`{name}` calls itself, directly or through a helper: recursion is not allowed")
