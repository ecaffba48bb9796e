"""Which literals a program may contain, and what the compiler may be made to compute from them."""

import ast

from heuresis.sandbox.screen.normalise import error_at

_INT64_MAX = 2**63 - 1
_MAX_EXPONENT = 63


def check_number(node: ast.Constant) -> None:
    """A literal must be a number of at most 64 bits, or a bool. Raises ScreenError."""
    if isinstance(node.value, bool | float):
        return
    if not isinstance(node.value, int):
        kind = {"str": "a string", "bytes": "bytes", "NoneType": "None", "complex": "a complex number"}
        word = kind.get(type(node.value).__name__, "`...`")
        raise error_at(node, f"{word} is not allowed: only numbers, True and False are")
    if node.value > _INT64_MAX:
        raise error_at(node, "an integer beyond 64 bits is not allowed: write it as a float")


def check_folding(node: ast.BinOp) -> None:
    """Refuse arithmetic on integer literals that leaves 64 bits. Raises ScreenError."""
    _integer(node)


def _integer(node: ast.expr) -> int | None:
    """The value of an expression of integer literals only, else None; an error where it leaves 64 bits.

    Such an expression is computed by the compiler, where a tower of powers would never end.
    """
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, int) else None
    if isinstance(node, ast.UnaryOp):
        value = _integer(node.operand)
        if value is None or not isinstance(node.op, ast.USub | ast.UAdd):
            return None
        return -value if isinstance(node.op, ast.USub) else value
    if not isinstance(node, ast.BinOp):
        return None
    left, right = _integer(node.left), _integer(node.right)
    if left is None or right is None:
        return None
    result = _folded(node, left, right)
    if result is not None and abs(result) > _INT64_MAX:
        raise error_at(node, "this integer expression leaves 64 bits: write its numbers as floats")
    return result


def _folded(node: ast.BinOp, left: int, right: int) -> int | None:
    if isinstance(node.op, ast.Pow):
        if right > _MAX_EXPONENT and abs(left) > 1:
            raise error_at(node, "this power of integers leaves 64 bits: write its numbers as floats")
        return left**right if right >= 0 and abs(left) > 1 else None
    if isinstance(node.op, ast.FloorDiv | ast.Mod) and right == 0:
        raise error_at(node, "division by the literal 0")
    if isinstance(node.op, ast.FloorDiv):
        return left // right
    if isinstance(node.op, ast.Mod):
        return left % right
    exact = {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}
    return exact.get(type(node.op))
