"""What may be called on whole arrays, where a contract has a function that returns one; by the names of NumPy."""

import ast
from collections.abc import Mapping

UNARY = frozenset(
    "np." + name
    for name in (
        "abs", "sqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "tanh", "sin", "cos", "arctan", "floor", "ceil",
        "sign", "square", "negative", "logical_not",
    )
)  # fmt: skip
BINARY = frozenset(
    "np." + name
    for name in (
        "minimum", "maximum", "power", "add", "subtract", "multiply", "divide", "floor_divide", "mod", "logical_and",
        "logical_or",
    )
)  # fmt: skip
TERNARY = frozenset({"np.where", "np.clip"})
ELEMENTWISE = UNARY | BINARY | TERNARY
"""Applied to each element; numbers beside arrays are the same for all of them."""

OPERATORS: Mapping[str, type[ast.AST]] = {
    "np.add": ast.Add, "np.subtract": ast.Sub, "np.multiply": ast.Mult, "np.divide": ast.Div, "np.power": ast.Pow,
    "np.floor_divide": ast.FloorDiv, "np.mod": ast.Mod, "np.negative": ast.USub, "np.square": ast.Pow,
}  # fmt: skip
"""What is written out as an operator; `np.square` with the exponent 2."""

LOGICAL = frozenset({"np.logical_not", "np.logical_and", "np.logical_or"})
"""Of masks, giving masks."""

REDUCTIONS = frozenset(
    "np." + name
    for name in (
        "sum", "mean", "std", "var", "median", "prod", "min", "max", "argmin", "argmax", "any", "all", "count_nonzero",
    )
)  # fmt: skip
"""From an array to a number."""

MAKERS = frozenset({"np.copy", "np.cumsum", "np.sort"})
"""From an array to a new one."""

WHOLE_CALLS = tuple(sorted(ELEMENTWISE | REDUCTIONS | MAKERS | {"np.arange", "np.dot"}))

ARITY = dict.fromkeys(UNARY | REDUCTIONS | MAKERS | {"np.arange"}, 1)
ARITY |= dict.fromkeys(BINARY | {"np.dot"}, 2) | dict.fromkeys(TERNARY, 3)

SAME = {
    "absolute": "np.abs", "fabs": "np.abs", "amin": "np.min", "amax": "np.max", "fmin": "np.minimum",
    "fmax": "np.maximum", "float_power": "np.power", "true_divide": "np.divide", "remainder": "np.mod",
    "asarray": "np.copy", "array": "np.copy", "float64": "float",
}  # fmt: skip
"""Functions of NumPy under another name."""

METHODS = frozenset(
    {"sum", "mean", "std", "var", "prod", "min", "max", "argmin", "argmax", "any", "all", "copy", "cumsum"}
)
"""Methods of arrays that are functions of the same name: `a.max()` is `np.max(a)`."""


def of_numpy(attribute: str) -> str | None:
    """The name here of a function of NumPy, `np.exp` of `exp`; None where there is none for whole arrays."""
    name = SAME.get(attribute, f"np.{attribute}")
    return name if name in WHOLE_CALLS or name == "float" else None
