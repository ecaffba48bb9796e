"""From screened source to machine code: a Numba first-class function of explicit signature.

Compiling one candidate costs some 0.05–0.3 s. Simulators are compiled once (on-disk cache) and take the candidate as an
argument, because closing over it would compile the whole simulator again for each candidate.
"""

import ast
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types
from numba.core.errors import NumbaError

from heuresis.evaluators.language.arrays.lowering import lower
from heuresis.evaluators.language.arrays.pointwise import is_pointwise
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter
from heuresis.evaluators.language.literals import MAX_LITERALS, free_theta, lift_literals, write_literals
from heuresis.evaluators.language.machine_code import compile_inner, compile_rule
from heuresis.evaluators.language.messages import PROGRAM_FILE, message
from heuresis.evaluators.language.strict import STRICT, strict
from heuresis.sandbox.parsing import parse
from heuresis.sandbox.screen.allow import CONSTRUCTORS, ScreenError
from heuresis.sandbox.task import CompileError

__all__ = ["MAX_LITERALS", "CompileError", "Program", "compile_program", "default_program", "default_source",
           "function_type", "lift_literals", "signature", "write_literals"]  # fmt: skip

_FILE = PROGRAM_FILE
_NAMES: dict[str, Any] = {"__builtins__": {}, "math": math, "np": np, "numpy": np, **STRICT}
_THETA = types.float64[::1]
_KINDS = {
    Kind.FLOAT64: types.float64,
    Kind.INT64: types.int64,
    Kind.FLOAT64_ARRAY: types.Array(types.float64, 1, "C", readonly=True),  # so that a write does not compile
    Kind.INT64_ARRAY: types.Array(types.int64, 1, "C", readonly=True),
}


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled program: one first-class function per function of the contract, in the contract's order.

    Each takes the contract's parameters and a trailing `theta` (1-D contiguous float64; empty where no literal was
    lifted) and returns a float64. Where parameters vary between items, the function judges many items in one call:
    those parameters are 1-D arrays of their kind, two more arguments follow (`out`, 1-D float64, and `count`), and
    the values of the first `count` items are written to `out`. So a decision among n items costs one call, and what
    is the same for all items is computed once. Parameters that are arrays (1-D, contiguous; read-only to the program)
    are the same for all items and passed whole. A function that returns an array is called in the same way, and `count`
    is its length. Functions that the program does not define have the contract's
    default body.

    `reads` says for each function which of its parameters it reads at all: where a program does not look at what
    changes from decision to decision, a simulator may compute its values once. `pointwise` says of each function that
    returns an array whether equal elements get equal values, wherever and among however many they stand.
    """

    functions: tuple[Callable[..., Any], ...]
    reads: tuple[frozenset[str], ...]
    pointwise: tuple[bool, ...] = ()  # nothing is known

    @property
    def main(self) -> Callable[..., Any]:
        """The function that decides."""
        return self.functions[0]


def signature(function: Function) -> Any:
    """The Numba signature under which a simulator calls a contract's function (see `Program`)."""
    if not _varies(function):
        return _scalar_signature(function)
    columns = (_KINDS[p.kind][::1] if p.varies else _kind(p, function) for p in function.parameters)
    return types.void(*columns, _THETA, types.float64[::1], types.int64)


def _scalar_signature(function: Function) -> Any:
    result = types.float64[::1] if function.per else types.float64
    return result(*(_kind(p, function) for p in function.parameters), _THETA)


def _kind(parameter: Parameter, function: Function) -> Any:
    """Where arrays are returned, those handed over are of the same type; the screen keeps programs from writing."""
    return types.float64[::1] if function.per and parameter.kind is Kind.FLOAT64_ARRAY else _KINDS[parameter.kind]


def _varies(function: Function) -> bool:
    """Whether a call writes many values to `out`."""
    return bool(function.per) or any(p.varies for p in function.parameters)


def function_type(function: Function) -> Any:
    """The Numba type under which a simulator takes a compiled function as an argument."""
    return types.FunctionType(signature(function))


def compile_program(source: str, contract: Contract) -> Program:
    """Compile screened source: plain functions and literal constants, calling only what the contract allows.

    Bounds are checked and a division by zero gives an infinity or NaN (`docs/semantics.md`). Source that mentions
    `theta` (from `lift_literals`) reads it from the trailing argument. Screening comes first: this function does not
    protect against hostile source. Raises CompileError with a short message that names the line.
    """
    try:
        tree = parse(source, _FILE)
    except SyntaxError as error:
        raise CompileError(f"line {error.lineno}: {error.msg}") from error
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    tree = lower(free_theta(_with_defaults(tree, contract)), contract)
    reads = tuple(_reads(tree, f) for f in contract.functions)
    pointwise = contract.has_whole_arrays and is_pointwise(tree)
    try:
        tree = _with_theta(strict(_with_constructors(tree) if contract.has_whole_arrays else tree))
    except ScreenError as error:  # of source that was not screened, such as one with tuned literals
        raise CompileError(str(error)) from error
    namespace: dict[str, Any] = {**_NAMES, **_trusted(contract)}
    try:
        exec(compile(tree, _FILE, "exec"), namespace)  # noqa: S102 - screened, and run where the sandbox confines it
    except (SyntaxError, NameError, TypeError, ValueError, ArithmeticError) as error:
        raise CompileError(f"the module level of the program fails: {error}") from error
    plain = {n.name: namespace[n.name] for n in tree.body if isinstance(n, ast.FunctionDef)}
    _check_parameters(plain, contract)
    lines = source.splitlines()
    main_names = {f.name for f in contract.functions}
    for name, function in plain.items():
        if name not in main_names:
            namespace[name] = compile_inner(function)
    own = defined if not contract.has_whole_arrays else {f.name for f in contract.functions}
    functions = tuple(_compile(plain[f.name], f, lines) if f.name in own else _default(f) for f in contract.functions)
    return Program(functions, reads, tuple(pointwise and bool(f.per) for f in contract.functions))


class _Constructors(ast.NodeTransformer):
    """Names the compiled constructors: NumPy's own would be compiled anew for each place."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Of a screened program, attributes are functions of `math` and constructors of NumPy."""
        name = ast.unparse(node)
        return ast.copy_location(ast.Name(f"_{node.attr}", ast.Load()), node) if name in CONSTRUCTORS else node


def _with_constructors(tree: ast.Module) -> ast.Module:
    changed: ast.Module = _Constructors().visit(tree)
    return changed


def _trusted(contract: Contract) -> dict[str, Any]:
    """The functions that arithmetic on whole arrays was written out with (`language/arrays/lowering.py`)."""
    if not contract.has_whole_arrays:
        return {}
    from heuresis.evaluators.language.arrays.compiled import FUNCTIONS  # compiled: only where it is wanted

    return FUNCTIONS


def _reads(tree: ast.Module, function: Function) -> frozenset[str]:
    """The parameters that a function names, where only assigned too; helper functions see what they are handed."""
    body = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function.name).body
    named = {node.id for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return frozenset(p.name for p in function.parameters if p.name in named)


def _compile(function: Callable[..., float], wanted: Function, lines: list[str]) -> Callable[..., Any]:
    try:
        if _varies(wanted):
            inner = compile_inner(function, _scalar_signature(wanted))
            loop = _all_at_once if wanted.per else _over_items
            return compile_rule(loop(inner, wanted), signature(wanted))
        return compile_rule(function, signature(wanted))
    except NumbaError as error:
        raise CompileError(message(error, lines)) from error
    except (
        AttributeError,
        TypeError,
        ValueError,
        LookupError,
        AssertionError,
        RecursionError,
        NotImplementedError,
    ) as error:
        # Numba's own passes raise these on source that it cannot translate.
        raise CompileError(f"{wanted.name} does not compile: {type(error).__name__}: {error}") from error


@functools.cache
def _default(function: Function) -> Callable[..., Any]:
    """The default body of an optional function: compiled once per process, and before it forks where it is warm."""
    namespace = dict(_NAMES)
    source = default_source(function)
    exec(compile(_with_theta(strict(parse(source))), _FILE, "exec"), namespace)  # noqa: S102 - the contract's own text
    return _compile(namespace[function.name], function, source.splitlines())


def default_program(function: Function) -> Program:
    """The default body of an optional function, alone."""
    return Program((_default(function),), (_reads(parse(default_source(function)), function),))


def default_source(function: Function) -> str:
    """The default body of an optional function as a program of that function."""
    body = "\n".join("    " + line for line in (function.default or "").splitlines())
    return f"{function.signature}:\n{body}\n"


def _over_items(one: Callable[..., float], wanted: Function) -> Callable[..., None]:
    """A loop that calls the compiled `one` for each item."""
    names = [f"a{i}" for i in range(len(wanted.parameters))]
    values = [f"{name}[i]" if p.varies else name for name, p in zip(names, wanted.parameters, strict=True)]
    text = (
        f"def over_items({', '.join(names)}, theta, out, count):\n"
        f"    for i in range(count):\n"
        f"        out[i] = one({', '.join(values)}, theta)\n"
    )
    namespace: dict[str, Any] = {"one": one}
    exec(text, namespace)  # noqa: S102 - made of the contract alone, nothing of the program's text
    loop: Callable[..., None] = namespace["over_items"]
    return loop


def _all_at_once(one: Callable[..., Any], wanted: Function) -> Callable[..., None]:
    """A call of the compiled `one`, which returns an array of all values; one of another length is an error."""
    names = ", ".join(f"a{i}" for i in range(len(wanted.parameters)))
    text = (
        f"def all_at_once({names}, theta, out, count):\n"
        f"    found = one({names}, theta)\n"
        f"    if len(found) != count:\n"
        f"        raise ValueError('{wanted.name} returned an array of another length than {wanted.per}')\n"
        f"    for i in range(count):\n"
        f"        out[i] = found[i]\n"
    )
    namespace: dict[str, Any] = {"one": one}
    exec(text, namespace)  # noqa: S102 - made of the contract alone, nothing of the program's text
    call: Callable[..., None] = namespace["all_at_once"]
    return call


def _with_defaults(tree: ast.Module, contract: Contract) -> ast.Module:
    """Append the default body of each optional function that the program does not define."""
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    for function in contract.functions:
        if function.name in defined:
            continue
        if function.default is None:
            raise CompileError(f"the program must define `{function.signature}`")
        tree.body += parse(default_source(function)).body
    return tree


class _PassTheta(ast.NodeTransformer):
    """Give every function a last parameter `theta`, and every call of one of them the argument."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Add the parameter."""
        node.args.args.append(ast.arg("theta"))
        node.args.defaults += [ast.Tuple([], ast.Load())] if node.args.defaults else []
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Hand it on."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in self._names:
            node.keywords.append(ast.keyword("theta", ast.Name("theta", ast.Load())))
        return node


def _with_theta(tree: ast.Module) -> ast.Module:
    functions = {n.name: n.args for n in tree.body if isinstance(n, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            wanted, given = functions[node.func.id], len(node.args) + len(node.keywords)
            if not len(wanted.args) - len(wanted.defaults) <= given <= len(wanted.args):
                raise CompileError(
                    f"line {node.lineno}: `{node.func.id}` takes {len(wanted.args)} arguments, got {given}"
                )
    passed: ast.Module = _PassTheta(set(functions)).visit(tree)
    return ast.fix_missing_locations(passed)


def _check_parameters(plain: dict[str, Any], contract: Contract) -> None:
    for function in contract.functions:
        code = plain[function.name].__code__
        names = code.co_varnames[: code.co_argcount][:-1]
        expected = tuple(p.name for p in function.parameters)
        if names != expected:
            raise CompileError(f"expected `{function.signature}`, got `def {function.name}({', '.join(names)})`")
