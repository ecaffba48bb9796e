"""An interpreter of expressions as a first-class function: judge an expression without compiling it.

`interpreter(contract)` has the signature of a compiled program of that contract, so every simulator runs it unchanged;
the expression travels in `theta` (`encode`). Each opcode is applied to all items at once, or once where its operands
are the same for all of them. The offline proposer judges most of what it makes this way; what it keeps is compiled.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.language.compile import signature
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.expressions.indices import readable, well_formed
from heuresis.evaluators.language.expressions.interpreter_loops import MAX_STACK, fill, mark, run
from heuresis.evaluators.language.expressions.tree import MOST, WHOLE, Expr, constants, from_code, to_code

__all__ = ["MAX_STACK", "decode", "encode", "interpreter", "stack_height"]


def encode(tree: Expr, contract: Contract) -> Floats:
    """The expression as a `theta` for the interpreter: number of opcodes, opcodes, constants.

    Raises ValueError where the expression needs a stack deeper than MAX_STACK.
    """
    if (height := stack_height(tree)) > MAX_STACK:
        raise ValueError(f"the expression needs a stack of {height} operands, more than {MAX_STACK}")
    code = to_code(tree, _names(contract), _arrays(contract))
    return np.concatenate([[len(code)], code, constants(tree)]).astype(np.float64)


def stack_height(tree: Expr) -> int:
    """How many operands lie on the stack at once, at most, while the expression is interpreted."""
    return max((place + stack_height(a) for place, a in enumerate(tree.args)), default=1)


def decode(theta: Floats, contract: Contract) -> Expr:
    """The inverse of `encode`. Raises ValueError for anything that `encode` cannot have made."""
    if theta.ndim != 1 or theta.size < 2 or not np.all(np.isfinite(theta)):
        raise ValueError("not an encoded expression")
    if not 1 <= theta[0] < theta.size:
        raise ValueError(f"{theta[0]:g} opcodes announced, {theta.size - 1} numbers given")
    length = int(theta[0])
    codes = theta[: length + 1]
    if np.any(codes < 0) or np.any(codes > WHOLE + MOST) or np.any(codes != np.floor(codes)):
        raise ValueError("an opcode is no small natural number")
    tree = from_code(codes[1:].astype(np.int64), theta[length + 1 :], _names(contract), _arrays(contract))
    if not well_formed(tree, contract):
        raise ValueError("what is read is no array, or not at an index")
    if stack_height(tree) > MAX_STACK:
        raise ValueError(f"the expression needs a stack of more than {MAX_STACK} operands")
    return tree


def _names(contract: Contract) -> list[str]:
    return [p.name for p in contract.main.scalars]


def _arrays(contract: Contract) -> list[str]:
    return [p.name for p in readable(contract.main)]


@cache
def interpreter(contract: Contract) -> Callable[..., Any]:
    """The interpreter for the contract's main function, to be handed to a simulator in place of a program.

    Of the arrays an expression reads, the values and their sums up to each index are made ready once a decision.
    """
    function, arrays = contract.main, _arrays(contract)
    first, names = len(function.scalars), ", ".join(p.name for p in function.parameters)
    many = any(p.varies for p in function.parameters)
    widths = ["_count", str(max(MAX_STACK, 2 * len(arrays))), *(f"len({a})" for a in arrays)]
    # no parameter's name begins with an underscore, so that none is hidden by a name of ours
    lines = [f"def interpret({names}, _theta, _out, _count):"] if many else [f"def interpret({names}, _theta):"]
    lines += [] if many else ["    _out, _count = np.empty(1), 1"]
    lines += [
        f"    _table = np.empty(({first + MAX_STACK + 2 + 2 * len(arrays)}, max({', '.join(widths)})))",
    ]
    for i, p in enumerate(function.scalars):
        loop = f"    for _i in range(_count):\n        _table[{i}, _i] = {p.name}[_i]"
        lines.append(loop if p.varies else f"    _table[{i}, 0] = {p.name}")
    if arrays:
        lines.append(f"    _mark(_theta, _table, {first}, {len(arrays)})")
    lines += [f"    _fill({a}, _table, {first}, {number})" for number, a in enumerate(arrays)]
    lines.append(f"    _run(_theta, _table, {first}, _VARIES, _out, _count)")
    lines += [] if many else ["    return _out[0]"]
    varies = np.array([p.varies for p in function.scalars])
    namespace: dict[str, Any] = {"np": np, "_run": run, "_fill": fill, "_mark": mark, "_VARIES": varies}
    exec("\n".join(lines), namespace)  # noqa: S102 - made of the contract alone
    compiled: Callable[..., Any] = numba.njit(signature(function), error_model="numpy")(namespace["interpret"])
    return compiled
