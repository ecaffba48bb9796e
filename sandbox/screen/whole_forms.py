"""Calls on whole arrays brought into normal form: methods, `…_like`, shapes and types."""

import ast

from heuresis.sandbox.screen import whole_calls

_MODULES = ("np", "numpy", "math")
_FLOATS = frozenset({"float", "np.float64", "numpy.float64"})
_LIKE = {"np.zeros_like": "np.zeros", "np.ones_like": "np.ones", "np.full_like": "np.full"}
_BUILT_IN = frozenset({"sum", "any", "all"})


def of_call(node: ast.Call, name: str | None) -> ast.expr:
    """A call as the screen knows it, where it is another form of one; else the same node. `name` is what is called.

    `a.max()` is `np.max(a)`, `a.astype(float)` is `a * 1.0`, `np.zeros_like(a)` and `np.zeros(a.shape)` are
    `np.zeros(len(a))`, `np.array(a, dtype=float)` is `np.copy(a)`, and `sum(a)` is `np.sum(a)`.
    """
    name = "np." + name.partition(".")[2] if name and name.startswith("numpy.") else name
    _drop_type(node, name)
    plain = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
    if not plain:
        return node
    if name in _BUILT_IN and len(node.args) == 1:
        return _call(f"np.{name}", node.args, node)
    if name in _LIKE and node.args:
        return _call(_LIKE[name], [_length(node.args[0]), *node.args[1:]], node)
    if (
        name in _LIKE.values()
        and node.args
        and isinstance(shape := node.args[0], ast.Attribute)
        and shape.attr == "shape"
    ):
        return _call(str(name), [_length(shape.value), *node.args[1:]], node)
    method = node.func
    if not isinstance(method, ast.Attribute) or ast.unparse(method.value) in _MODULES:
        return node
    if method.attr in whole_calls.METHODS:
        return _call(f"np.{method.attr}", [method.value, *node.args], node)
    if method.attr == "astype" and len(node.args) == 1 and ast.unparse(node.args[0]) in _FLOATS:
        return ast.copy_location(ast.BinOp(method.value, ast.Mult(), ast.copy_location(ast.Constant(1.0), node)), node)
    return node


def _drop_type(node: ast.Call, name: str | None) -> None:
    """`dtype=float` says what all arrays are."""
    if name in _LIKE or name in ("np.array", "np.asarray"):
        node.keywords = [k for k in node.keywords if k.arg != "dtype" or ast.unparse(k.value) not in _FLOATS]


def _length(array: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.copy_location(ast.Name("len", ast.Load()), array), [array], []), array)


def _call(name: str, arguments: list[ast.expr], node: ast.expr) -> ast.Call:
    module, _, attribute = name.partition(".")
    function = ast.copy_location(
        ast.Attribute(ast.copy_location(ast.Name(module, ast.Load()), node), attribute, ast.Load()), node
    )
    return ast.copy_location(ast.Call(function, arguments, []), node)
