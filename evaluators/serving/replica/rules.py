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


class Judges(NamedTuple):
    """Those that make a priority (in compiled code: `JUDGES`)."""

    priority: Any
    revise: Any


class Askers(NamedTuple):
    """Those that decide about an admission (in compiled code: `ASKERS`)."""

    admit: Any
    length: Any


FUNCTION_TYPES = tuple(function_type(function) for function in CONTRACT.functions)
RULES = types.NamedTuple(FUNCTION_TYPES, Rules)
_TYPES = Rules(*FUNCTION_TYPES)
JUDGES = types.NamedTuple((_TYPES.priority, _TYPES.revise), Judges)
ASKERS = types.NamedTuple((_TYPES.admit, _TYPES.length), Askers)
LIMIT, DISPLACE = _TYPES.prefill_budget, _TYPES.displace
"""Functions that are called often are handed only the functions that they call: each costs as much as three numbers."""
