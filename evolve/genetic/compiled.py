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

from heuresis.evaluators.language.compile import Program, signature
from heuresis.evaluators.language.contract import Contract, Function
from heuresis.evaluators.language.expressions.printer import to_text
from heuresis.evaluators.language.expressions.tree import Expr, array_of, constants, lifted
from heuresis.evaluators.language.machine_code import CompiledRule, compile_inner

_SETTINGS: dict[str, Any] = {
    "nopython": True,
    "boundscheck": False,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


def compile_tree(tree: Expr, contract: Contract, *, tunable: bool = True) -> Program:
    """The expression as the contract's main function, alone; its constants are the trailing `theta` if `tunable`."""
    function = contract.main
    named = frozenset(array_of(node) or node.op for node in tree.walk())
    rule = CompiledRule(_function(tree, function, tunable), targetoptions=_SETTINGS)
    rule.compile(signature(function))
    rule.disable_compile()
    return Program((rule,), (named & frozenset(p.name for p in function.parameters),))


def _share(shares: NDArray[np.float64], index: int) -> float:
    """The share up to an index; none before the first, all beyond the last."""
    return 0.0 if index < 0 else float(shares[min(index, len(shares) - 1)])


_share_at = compile_inner(_share)


def _function(tree: Expr, function: Function, tunable: bool) -> Callable[..., None]:
    columns = [p.name for p in function.parameters if p.varies]
    # no parameter's name begins with an underscore, so that none is hidden by a name of ours
    given = [f"_{p.name}_column" if p.varies else p.name for p in function.parameters]
    summed = sorted({str(array_of(n)) for n in tree.walk() if n.op.endswith("[:]")})
    values = [f"theta[{i}]" if tunable else repr(value) for i, value in enumerate(constants(tree).tolist())]
    ends = ", _out, _count" if columns else ""
    lines = [f"def over_items({', '.join(given)}, theta{ends}):"]
    lines += [f"    _theta_{i} = {value}" for i, value in enumerate(values)]
    for name in summed:
        lines += [f"    _{name}_share = np.empty(len({name}))", "    _total = 0", f"    for _i in range(len({name})):"]
        lines += [
            f"        _total += {name}[_i]",
            f"        _{name}_share[_i] = _total",
            f"    for _i in range(len({name})):",
        ]
        lines += [f"        _{name}_share[_i] = _{name}_share[_i] / _total if _total > 0 else 0.0"]
    if columns:
        lines += ["    for _i in range(_count):"]
        lines += [f"        {name} = _{name}_column[_i]" for name in columns]
    text = to_text(lifted(tree), function)
    for name in summed:
        text = text.replace(f"share({name}, ", f"_share_at(_{name}_share, ")
    text = re.sub(r"theta\[(\d+)\]", r"_theta_\1", text)
    lines.append(f"        _out[_i] = {text}" if columns else f"    return {text}")
    namespace: dict[str, Any] = {"np": np, "math": math, "_share_at": _share_at}
    exec("\n".join(lines), namespace)  # noqa: S102 - made of a tree of the search's own
    made: Callable[..., None] = namespace["over_items"]
    return made
