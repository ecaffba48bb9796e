"""Compiled functions that only compiled functions call."""

from collections.abc import Callable
from typing import Any

from numba.core.registry import CPUDispatcher


class Inner(CPUDispatcher):
    """A function of one signature that is not compiled before a function that calls it is."""

    def __init__(self, function: Callable[..., Any], signature: Any, options: dict[str, Any]) -> None:
        super().__init__(function, targetoptions={"nopython": True, **options})
        self.given = signature

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """What Numba asks for when it compiles a call: the one signature, to which the arguments are converted."""
        if not self.overloads:
            self.compile(self.given)
            self.disable_compile()
        return super().get_call_template(args, kws)


def inner_njit(signature: Any, *, cache: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Inner]:
    """`numba.njit` with a signature, for functions that compiled functions alone call (`Inner`).

    Where a signature is given `numba.njit` compiles a function, or loads its machine code from the cache, as soon as it
    is defined. A caller that comes out of the cache brings the machine code of what it calls along, so all that would
    be loaded for nothing: for a simulator of a hundred small functions that is more than half of the time to import it.
    """

    def decorate(function: Callable[..., Any]) -> Inner:
        made = Inner(function, signature, options)
        if cache:
            made.enable_caching()
        return made

    return decorate


def borrowing_njit(
    signature: Any, *, inlined: bool = True, cache: bool = False, **options: Any
) -> Callable[[Callable[..., Any]], Inner]:
    """`inner_njit` for functions that make no array, nor return one: what they work on is held by who calls them.

    No references are counted there. Each would be an atomic instruction, and a function that is handed a named tuple of
    arrays counts all of them whenever it looks at one. And where a call is not `inlined`, each array of the tuple is
    copied as seven words or more.
    """
    return inner_njit(signature, cache=cache, _nrt=False, forceinline=inlined, **options)
