"""What Numba would convert without a word, refused; and what it would leave undefined, an error.

What a compiler knows to be undefined it may leave out, together with every check that depends on it: a program reads
and writes where it likes. Numba 0.68 leaves undefined, and this module does not:

- A float as the argument of a compiled function that declares int64, or of `range`, is cast, whatever it is. Lengths,
  bounds and arguments of `range` are integers by type or the program does not compile. (Elements are safe without:
  Numba has no index but integers.)
- `math.floor` and `math.ceil` of NaN or of what 64 bits cannot hold end the program with an OverflowError.
- Integers are said never to overflow ("nsw"): in programs they wrap around (`wrapping`), powers too.
- `range(a, b, -1)` divides -2**63 by -1 where the bounds lie so far apart, which kills the process.
"""

import ast
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import TypingError
from numba.core.registry import CPUDispatcher, cpu_target
from numba.cpython import numbers
from numba.extending import intrinsic
from numba.np.math import numbers as array_numbers

from heuresis.sandbox.screen.numerals import constant

_DOUBLE, _INT64 = ir.DoubleType(), ir.IntType(64)
_KINDS = {types.Float: "a float", types.Boolean: "a truth value", types.Array: "an array"}
_MEANINGS = {"size": "the length of an array", "low": "the bound of a slice", "high": "the bound of a slice"}
_ROUNDED = "math.floor or math.ceil of NaN, or of a number that 64 bits cannot hold"
_TOO_FAR = "the bounds of range lie 2**63 or more apart"
_RETURNED = "_returned"  # no name of a program begins with an underscore


_WRAPPING: dict[Any, Any] = {}  # what Numba compiles for its own use, in here and nowhere else


@contextmanager
def wrapping() -> Iterator[None]:
    """What is compiled meanwhile computes with integers that wrap around: no compiler concludes that they never do.

    Numba has no setting for that. It asks `_int_arith_flags` at each sum, difference and product of integers.
    """
    context, plain = cpu_target.target_context, numbers._int_arith_flags  # noqa: SLF001 - there is no other way
    with global_compiler_lock:
        compiled = context.cached_internal_func
        for module in (numbers, array_numbers):
            module._int_arith_flags = _no_flags  # noqa: SLF001 - there is no other way
        context.cached_internal_func = _WRAPPING
        try:
            yield
        finally:
            context.cached_internal_func = compiled
            for module in (numbers, array_numbers):
                module._int_arith_flags = plain  # noqa: SLF001 - there is no other way


def _no_flags(_kind: Any) -> list[str]:
    return []


def check_integer(given: Any, what: str) -> None:
    """Raise Numba's TypingError unless a type is that of signed integers of at most 64 bits."""
    plain = types.unliteral(given)
    if not isinstance(plain, types.Integer) or not plain.signed:
        found = next((name for kind, name in _KINDS.items() if isinstance(plain, kind)), str(plain))
        raise TypingError(f"{what} must be an integer, got {found}")


class Trusted(CPUDispatcher):
    """A compiled function of one signature that converts no argument to an integer: other types do not compile."""

    def __init__(self, function: Callable[..., Any], signature: Any, options: dict[str, Any], *, cache: bool) -> None:
        super().__init__(function, targetoptions={"nopython": True, **options})
        self._given, self._names = signature.args, function.__code__.co_varnames
        if cache:
            self.enable_caching()
        self.compile(signature)
        self.disable_compile()

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """What Numba asks for when it compiles a call. Raises TypingError where an argument is no integer."""
        for name, wanted, given in zip(self._names, self._given, args, strict=False):
            if isinstance(wanted, types.Integer):
                check_integer(given, _MEANINGS.get(name, f"`{name}`"))
        return super().get_call_template(args, kws)


def _rounding(name: str) -> Any:
    """`math.floor` or `math.ceil`: what an integer cannot hold is an error."""

    @intrinsic
    def rounded(_typing: Any, x: Any) -> Any:
        plain = types.unliteral(x)
        if not isinstance(plain, types.Number | types.Boolean):
            raise TypingError(f"math.{name} takes a number, got {plain}")

        def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            if not isinstance(plain, types.Float):
                return context.cast(builder, values[0], plain, types.int64)
            whole = builder.module.declare_intrinsic(f"llvm.{name}", [_DOUBLE])
            y = builder.call(whole, [context.cast(builder, values[0], plain, types.float64)])
            above = builder.fcmp_ordered(">=", y, ir.Constant(_DOUBLE, -(2.0**63)))
            below = builder.fcmp_ordered("<", y, ir.Constant(_DOUBLE, 2.0**63))
            with cgutils.if_unlikely(builder, builder.not_(builder.and_(above, below))):
                context.call_conv.return_user_exc(builder, OverflowError, (_ROUNDED,))
            return builder.fptosi(y, _INT64)

        return types.int64(plain), generate

    return rounded


def _power(a: int, n: int) -> int:
    """A power of integers, by repeated squaring."""
    if n < 0 and a not in (1, -1):
        return 0 if a != 0 else -9223372036854775807 - 1
    left, result = (n if n >= 0 else n % 2), 1
    while left > 0:
        if left % 2 == 1:
            result *= a
        left //= 2
        a *= a
    return result


@intrinsic
def _pow(typing: Any, a: Any, b: Any) -> Any:
    """`a ** b`; of integers with any exponent, where Numba computes a float above 65,536 and casts that."""
    whole = all(isinstance(types.unliteral(kind), types.Integer | types.Boolean) for kind in (a, b))
    wanted = types.int64(types.int64, types.int64) if whole else typing.resolve_function_type(operator.pow, (a, b), {})

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pairs = zip(values, signature.args, wanted.args, strict=True)
        given = [context.cast(builder, value, kind, want) for value, kind, want in pairs]
        if whole:
            return context.compile_internal(builder, _power, wanted, given)
        return context.get_function(operator.pow, wanted)(builder, given)

    return wanted.return_type(a, b), generate


def _state(context: Any, builder: Any, start: Any, stop: Any, step: Any) -> Any:
    """A range of Numba of which the difference of the bounds fits 64 bits. Else an error, or where it is empty, 0."""
    zero = ir.Constant(_INT64, 0)
    up = builder.icmp_signed(">", step, zero)
    low, high = builder.select(up, start, stop), builder.select(up, stop, start)
    empty = builder.icmp_signed(">=", low, high)
    apart = builder.icmp_signed("<", builder.sub(high, low), zero)
    counts = builder.and_(builder.not_(empty), builder.icmp_signed("!=", step, zero))  # Numba refuses a step of 0
    with cgutils.if_unlikely(builder, builder.and_(counts, apart)):
        context.call_conv.return_user_exc(builder, OverflowError, (_TOO_FAR,))
    state = cgutils.create_struct_proxy(types.range_state64_type)(context, builder)
    state.start, state.stop, state.step = start, builder.select(empty, start, stop), step
    return state._getvalue()  # noqa: SLF001 - Numba's own name


def _counting(arguments: int) -> Any:
    """`range` of so many arguments, all of them integers."""

    def typed(*given: Any) -> Any:
        for one in given:
            check_integer(one, "an argument of range")

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            pairs = zip(values, signature.args, strict=True)
            bounds = [context.cast(builder, value, kind, types.int64) for value, kind in pairs]
            start = ir.Constant(_INT64, 0) if arguments == 1 else bounds[0]
            step = bounds[2] if arguments == 3 else ir.Constant(_INT64, 1)
            return _state(context, builder, start, bounds[min(1, arguments - 1)], step)

        return types.range_state64_type(*given), generate

    if arguments == 1:
        return intrinsic(lambda _typing, stop: typed(stop))
    if arguments == 2:
        return intrinsic(lambda _typing, start, stop: typed(start, stop))
    return intrinsic(lambda _typing, start, stop, step: typed(start, stop, step))


STRICT: dict[str, Any] = {
    "_floor": _rounding("floor"), "_ceil": _rounding("ceil"), "_pow": _pow,
    "_range1": _counting(1), "_range2": _counting(2), "_range3": _counting(3),
}  # fmt: skip
"""By the names that `strict` writes into programs; no name of a program begins with an underscore."""


class _Strict(ast.NodeTransformer):
    """Names the functions above in place of Python's, and writes expressions of literals as one literal."""

    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        """Give the value a name first, or Python 3.12 compiles the statement once for each branch that leads to it.

        A name that is an integer on one and a float on the other would then be computed with as each of these.
        """
        self.generic_visit(node)
        if node.value is None:
            return [node]
        kept = ast.copy_location(ast.Assign([ast.Name(_RETURNED, ast.Store())], node.value), node)
        return [kept, ast.copy_location(ast.Return(ast.Name(_RETURNED, ast.Load())), node)]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Of a screened program, what is called has a name, of `math` and NumPy a dotted one."""
        self.generic_visit(node)
        name = ast.unparse(node.func)
        if name in ("math.floor", "math.ceil"):
            name = f"_{name.removeprefix('math.')}"
        elif name == "range" and 1 <= len(node.args) <= 3 and not all(_fits(a) for a in node.args):
            name = f"_range{len(node.args)}"
        else:
            return node
        return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), node.args, node.keywords), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """A power with a literal exponent multiplies."""
        if (number := constant(node)) is not None:
            return ast.copy_location(ast.Constant(number), node)
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow) or _literal(node.right):
            return node
        return ast.copy_location(ast.Call(ast.Name("_pow", ast.Load()), [node.left, node.right], []), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Of a literal: Python writes `not 0` as True."""
        if (number := constant(node)) is not None:
            return ast.copy_location(ast.Constant(number), node)
        return self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Elements are floats."""
        if not isinstance(node.op, ast.Pow) or not isinstance(node.target, ast.Name):
            return self.generic_visit(node)
        read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        value = ast.copy_location(ast.BinOp(read, node.op, node.value), node)
        return ast.copy_location(ast.Assign([node.target], self.visit(value)), node)


def strict(tree: ast.Module) -> ast.Module:
    """The program with its calls of `math.floor`, `math.ceil` and `range`, and its powers, replaced by `STRICT`."""
    changed: ast.Module = _Strict().visit(tree)
    return ast.fix_missing_locations(changed)


def _literal(exponent: ast.expr) -> bool:
    """Whether an exponent is a literal for which Numba multiplies."""
    number = constant(exponent)
    return isinstance(number, float) or (isinstance(number, int) and abs(number) <= 65536)


def _fits(argument: ast.expr) -> bool:
    """Whether an argument of range needs no check: a literal that is no large one, or a length."""
    if (number := constant(argument)) is not None:
        return type(number) is int and abs(number) < 2**31
    plain = argument.operand if isinstance(argument, ast.UnaryOp) and isinstance(argument.op, ast.USub) else argument
    return isinstance(plain, ast.Call) and ast.unparse(plain.func) == "len"
