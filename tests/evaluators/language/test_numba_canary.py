"""What Heuresis takes from inside Numba: where a newer Numba has moved it, this says what and where it is used."""

import importlib
import inspect

import pytest
from numba.core.registry import CPUDispatcher, cpu_target

USED = {
    "numba.core.registry:CPUDispatcher.compile": "machine_code.compile_rule, kernels.inner: compiling under one signature",
    "numba.core.registry:CPUDispatcher.disable_compile": "machine_code.compile_rule: nothing else may be compiled later",
    "numba.core.registry:CPUDispatcher.get_call_template": "kernels.inner.Inner, language.arrays: typing of a call",
    "numba.core.registry:CPUDispatcher.enable_caching": "kernels.inner.inner_njit: machine code on disk",
    "numba.core.errors:NumbaError": "language.compile: why a program does not compile",
    "numba.core.cgutils:unpack_tuple": "machine_code: the bridge from Python to a rule",
    "numba.core.cgutils:if_unlikely": "machine_code: the bridge from Python to a rule",
    "numba.core.cgutils:create_struct_proxy": "strict: the state of a range",
    "numba.core.compiler_lock:global_compiler_lock": "strict.wrapping",
    "numba.cpython.numbers:_int_arith_flags": "strict.wrapping: integers that wrap around",
    "numba.np.math.numbers:_int_arith_flags": "strict.wrapping: integers that wrap around",
    "numba.core.cgutils:get_record_member": "kernels.lists: the lists of a record",
    "numba.np.arrayobj:populate_array": "kernels.lists: the lists of a record",
    "numba.extending:intrinsic": "machine_code, strict, kernels.lists",
    "numba.extending:overload": "bin_packing.levels.loops",
}
"""Dotted names and who uses them, below `heuresis.evaluators`."""


@pytest.mark.parametrize("name", USED)
def test_the_parts_of_numba_that_are_used_are_where_they_were(name: str):
    module, _, path = name.partition(":")
    found: object = importlib.import_module(module)
    for part in path.split("."):
        assert hasattr(found, part), f"Numba has no {name} any more; used by {USED[name]}"
        found = getattr(found, part)
    assert callable(found)


def test_dispatchers_are_made_and_asked_as_before():
    """`Inner` and `CompiledRule` override these by position."""
    made = inspect.signature(CPUDispatcher.__init__)
    assert {"py_func", "targetoptions"} <= set(made.parameters), f"CPUDispatcher takes {made}: see machine_code, inner"
    asked = inspect.signature(CPUDispatcher.get_call_template)
    assert list(asked.parameters) == ["self", "args", "kws"], f"get_call_template takes {asked}: see kernels.inner"
    assert isinstance(CPUDispatcher(lambda x: x, targetoptions={"nopython": True}).overloads, dict)


def test_wrappers_can_be_left_out_and_calls_made_by_convention():
    """What makes a rule cheap to compile, and the way to its machine code without them."""
    options = cpu_target.typing_context, cpu_target.target_context
    assert all(context is not None for context in options)
    convention = cpu_target.target_context.call_conv
    for name in ("get_function_type", "call_function", "return_status_propagate"):
        assert hasattr(convention, name), f"Numba's calling convention has no {name}: see machine_code._call_at"
    flags = CPUDispatcher(lambda: 0, targetoptions={"no_cpython_wrapper": True, "no_cfunc_wrapper": True})
    flags.compile(())
    (compiled,) = flags.overloads.values()
    assert compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name) > 0
