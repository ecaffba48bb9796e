"""Words for what a program may not contain, and what it may do instead."""

import ast

from heuresis.sandbox.screen.allow import AllowList

_WORDS: dict[type[ast.AST], str] = {
    ast.FunctionDef: "a function inside another", ast.AsyncFunctionDef: "async def", ast.ClassDef: "class",
    ast.Delete: "del", ast.With: "with", ast.Raise: "raise", ast.Try: "try", ast.Assert: "assert",
    ast.Import: "an import inside a function", ast.ImportFrom: "an import inside a function", ast.Global: "global",
    ast.Nonlocal: "nonlocal", ast.Expr: "an expression whose value is not used", ast.AnnAssign: "this annotation",
    ast.NamedExpr: "`:=`", ast.Lambda: "lambda", ast.Dict: "a dict", ast.Set: "a set", ast.List: "a list",
    ast.Tuple: "a tuple", ast.ListComp: "a comprehension", ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension", ast.GeneratorExp: "a comprehension", ast.Await: "await", ast.Yield: "yield",
    ast.YieldFrom: "yield", ast.JoinedStr: "an f-string", ast.Subscript: "indexing with []", ast.Starred: "`*`",
    ast.LShift: "`<<`", ast.RShift: "`>>`", ast.BitOr: "`|`", ast.BitXor: "`^`", ast.BitAnd: "`&`", ast.MatMult: "`@`",
    ast.Invert: "`~`", ast.Is: "`is`", ast.IsNot: "`is not`", ast.In: "`in`", ast.NotIn: "`not in`",
    ast.Match: "match",
}  # fmt: skip
_NEW = (
    "empty", "array", "asarray", "arange", "linspace", "zeros_like", "ones_like", "full_like", "empty_like", "list",
)  # fmt: skip
_WHOLE = (
    "sum", "mean", "std", "var", "median", "prod", "dot", "any", "all", "argmin", "argmax", "min", "max", "amin",
    "amax", "sort", "sorted", "argsort", "reversed", "cumsum", "where", "nonzero", "count_nonzero", "clip", "copy",
    "append", "concatenate", "tolist", "astype", "enumerate", "zip", "map", "filter",
)  # fmt: skip
_ROUND = ("int", "round", "floor", "rint", "trunc", "int64")


def word(node: ast.AST) -> str:
    """What a statement, expression or operator that is not allowed is called."""
    return _WORDS.get(type(node), type(node).__name__)


def remedy(name: str, allow: AllowList) -> str:
    """What to do instead of calling or reading `name`, to be put behind the reason; empty where there is nothing."""
    last = name.rpartition(".")[2]
    if last in _ROUND and "math.floor" in allow.calls:
        return ": use math.floor"
    if not allow.has_arrays:
        return ""
    if last in ("shape", "size"):
        return ": use `len(a)`"
    if last in _NEW:
        return ": make an array with np.zeros(n) and write its elements in a loop"
    return ": loop over the elements with `for i in range(len(a))`" if last in _WHOLE else ""
