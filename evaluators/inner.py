"""Compiled functions that only compiled functions call."""

from collections.abc import Callable
from typing import Any

import numba


def inner_njit(signature: Any, **settings: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` with one signature that does nothing before a function that calls this one is compiled.

    Where a signature is given `numba.njit` compiles a function, or loads its machine code from the cache, as soon as it
    is defined. A caller that comes out of the cache brings the machine code of what it calls along, so all that would
    be loaded for nothing: for a simulator of a hundred small functions that is nearly all of the time to import it.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**settings)(function)
        template = dispatcher.get_call_template

        def get_call_template(args: Any, kws: Any) -> Any:
            if not dispatcher.overloads:
                dispatcher.compile(signature)
                dispatcher.disable_compile()
            return template(args, kws)

        dispatcher.get_call_template = get_call_template
        return dispatcher

    return decorate
