"""Compiled functions of a program, made to be called from compiled loops and cheap to compile.

Numba gives each compiled function a wrapper for calls from Python and one for calls from C. They take a third of the
time of compiling a program, and simulators need neither: they take the function as a first-class argument and call its
machine code. Calls from Python go through a bridge instead, which is compiled once for each signature, when the first
call comes, and not for each program.
"""

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import numba
from numba import types
from numba.core import cgutils
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic

from heuresis.evaluators.language.strict import wrapping

_SETTINGS: dict[str, Any] = {
    "boundscheck": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


class CompiledRule(CPUDispatcher):
    """A compiled function of one signature, for compiled loops and for Python.

    The first call from Python of any rule of that signature compiles the bridge. A confined child cannot, so what a
    simulator calls from Python it has to call once when it is warmed, as the worker's trial run of `decide` does.
    """

    def __call__(self, *arguments: Any) -> Any:
        """Call it from Python; exceptions come through."""
        bridge, address = self._entry
        return bridge(address, *arguments)

    def __wrapper_address__(self) -> int:
        """There is no function for C; compiled code that is handed a rule calls its machine code."""
        return -1

    @cached_property
    def _entry(self) -> tuple[Callable[..., Any], int]:
        (compiled,) = self.overloads.values()
        return _bridge(compiled.signature), compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


def compile_rule(function: Callable[..., Any], signature: Any) -> CompiledRule:
    """Compile a function for simulators: bounds are checked, integers wrap around, x / 0 is an infinity or NaN.

    Raises the exceptions of Numba where it does not compile.
    """
    rule = CompiledRule(function, targetoptions={"nopython": True, **_SETTINGS})
    with wrapping():
        rule.compile(signature)
    rule.disable_compile()
    return rule


def compile_inner(function: Callable[..., Any], signature: Any = None) -> Callable[..., Any]:
    """The same for a function that only other compiled functions call; without a signature, when it is first called."""
    inner = numba.njit(**_SETTINGS) if signature is None else numba.njit(signature, **_SETTINGS)
    with wrapping():
        compiled: Callable[..., Any] = inner(function)
    return compiled


@cache
def _bridge(signature: Any) -> Callable[..., Any]:
    """A function for Python that calls the machine code of that signature at an address."""
    names = ", ".join(f"a{i}" for i in range(len(signature.args)))
    namespace: dict[str, Any] = {"call_at": _call_at(signature)}
    exec(f"def bridge(address, {names}):\n    return call_at(address, ({names},))\n", namespace)  # noqa: S102 - no program's text
    compiled: Callable[..., Any] = numba.njit(signature.return_type(types.uintp, *signature.args))(namespace["bridge"])
    return compiled


def _call_at(signature: Any) -> Any:
    @intrinsic
    def call_at(_typing: Any, address: Any, arguments: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            kind = context.call_conv.get_function_type(signature.return_type, signature.args)
            pointer = builder.inttoptr(values[0], kind.as_pointer())
            status, result = context.call_conv.call_function(
                builder, pointer, signature.return_type, signature.args, cgutils.unpack_tuple(builder, values[1])
            )
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return result

        return signature.return_type(address, arguments), generate

    return call_at
