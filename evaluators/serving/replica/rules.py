"""The functions of a program as the compiled loops of a replica take them."""

from typing import Any, NamedTuple

from numba import types

from heuresis.evaluators.language.compile import function_type
from heuresis.evaluators.serving.contract import CONTRACT


class Rules(NamedTuple):
    """The functions of a program in the order of the contract (in compiled code: `RULES`)."""

    priority: Any
    admit: Any
    prefill_budget: Any
    revise: Any
    length: Any
    displace: Any
    pause: Any


FUNCTION_TYPES = tuple(function_type(function) for function in CONTRACT.functions)
RULES = types.NamedTuple(FUNCTION_TYPES, Rules)
