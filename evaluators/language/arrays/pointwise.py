"""Which programs judge each bin by itself: those that see no array as a whole."""

import ast

from heuresis.sandbox.screen.allow import CONSTRUCTORS

_EACH = frozenset({"_same", "_sign", "_floors", "_ceils", "_copy", "_compress", "_put_mask", "_fill_mask"})


def is_pointwise(tree: ast.Module) -> bool:
    """Whether a program written out (`lowering.py`) gives equal elements of an array equal values.

    True only where every element is computed from the elements at the same place and from numbers: no sum, slice,
    length, position or element takes part. Such a program may be asked for fewer of equal elements.
    """
    allowed = set[int]()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id.startswith("_n")
        ):
            allowed |= {id(part) for part in ast.walk(node.value)}  # the length of a new array
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in CONSTRUCTORS:
            allowed.add(id(node.args[0]))
        elif isinstance(node, ast.Subscript) and _at_index(node.slice):
            allowed.add(id(node.slice))
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) != "theta":
            return False
    return not any(_sees_more(node) for node in ast.walk(tree) if id(node) not in allowed)


def _sees_more(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "len" or (node.func.id.startswith("_") and node.func.id not in _EACH)
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and _at_index(node)


def _at_index(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id.startswith("_i")
