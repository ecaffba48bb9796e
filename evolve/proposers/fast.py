"""Compiling an expression for tuning: the loop over items as one function, so that it uses vector instructions.

What a search keeps is compiled like every other program, with its bounds checked. An expression of the search's own
never reads beyond the ends of an array (`indices.py`), so nothing needs to be checked while its constants are tuned,
and the shares of an array's sum are made once a decision. The values are the same to the last bit.
"""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.compile import Program, compile_program, signature
from heuresis.evaluators.contract import Contract, Function
from heuresis.evaluators.expression import Expr, array_of, lifted
from heuresis.evaluators.expression_text import to_source, to_text
from heuresis.evaluators.rule import Rule, compile_inner

_SETTINGS: dict[str, Any] = {
    "nopython": True,
    "boundscheck": False,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


def compile_tree(tree: Expr, contract: Contract) -> Program:
    """The expression as a program whose constants are the trailing `theta`."""
    function = contract.main
    if len(contract.functions) > 1:  # the others have bodies of the contract
        return compile_program(to_source(lifted(tree), contract), contract)
    named = frozenset(array_of(node) or node.op for node in tree.walk())
    rule = Rule(_function(tree, function), targetoptions=_SETTINGS)
    rule.compile(signature(function))
    rule.disable_compile()
    return Program((rule,), (named & frozenset(p.name for p in function.parameters),))


def _share(shares: NDArray[np.float64], index: int) -> float:
    """The share up to an index; none before the first, all beyond the last."""
    return 0.0 if index < 0 else float(shares[min(index, len(shares) - 1)])


_share_at = compile_inner(_share)


def _function(tree: Expr, function: Function) -> Callable[..., None]:
    columns = [p.name for p in function.parameters if p.varies]
    given = [f"{p.name}_column" if p.varies else p.name for p in function.parameters]
    summed = sorted({str(array_of(n)) for n in tree.walk() if n.op.endswith("[:]")})
    count = sum(1 for n in tree.walk() if n.op == "const")
    lines = [f"def over_items({', '.join(given)}, theta, out, count):"]
    lines += [f"    theta_{i} = theta[{i}]" for i in range(count)]
    for name in summed:
        lines += [f"    {name}_share = np.empty(len({name}))", "    total = 0", f"    for i in range(len({name})):"]
        lines += [
            f"        total += {name}[i]",
            f"        {name}_share[i] = total",
            f"    for i in range(len({name})):",
        ]
        lines += [f"        {name}_share[i] = {name}_share[i] / total if total > 0 else 0.0"]
    lines += ["    for i in range(count):"]
    lines += [f"        {name} = {name}_column[i]" for name in columns]
    text = to_text(lifted(tree), function)
    for name in summed:
        text = text.replace(f"share({name}, ", f"share_at({name}_share, ")
    text = re.sub(r"theta\[(\d+)\]", r"theta_\1", text)
    lines += [f"        out[i] = {text}"]
    namespace: dict[str, Any] = {"np": np, "math": math, "share_at": _share_at}
    exec("\n".join(lines), namespace)  # noqa: S102 - made of a tree of the search's own
    made: Callable[..., None] = namespace["over_items"]
    return made
