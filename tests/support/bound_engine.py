"""Programs about bounds, compiled and run in the sandbox's children on every row of `ROWS`; the same interpreted and exported."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.sandbox.task import Array

_ITEM = Parameter("item", Unit.ONE, "a number", varies=False)
_BINS = Parameter("bins", Unit.ONE, "numbers", varies=False, kind=Kind.FLOAT64_ARRAY)
NUMBERS = Contract((Function("rule", (_ITEM, _BINS), "a number"),))
ARRAYS = Contract((Function("rule", (_ITEM, _BINS), "an array", per="bins"),))
CONTRACTS = {"numbers": NUMBERS, "arrays": ARRAYS}

ITEMS = (2.0, 0.0, -1.5, 5.0, math.nan, math.inf, -math.inf, 2.0**63, -(2.0**63), 1e300)
ROWS = [(item, bins) for bins in ([1.0, 3.0, 2.0, 8.0, 5.0], [4.0], []) for item in ITEMS]

ERRORS = ("", "IndexError", "ValueError", "OverflowError", "ZeroDivisionError", "MemoryError")
"""How a row can end, by the number that the child answers with; the first is a value."""

Answer = tuple[str, list[float]]
"""The name of an exception or nothing, and the values: none for an exception."""


class Bounds:
    """Compiles for the contract that a task's kind names and answers for the rows in the task's array."""

    def __init__(self, payload: Mapping[str, Array], options: Mapping[str, str]) -> None:
        del payload, options

    def warm(self) -> None:
        """Load what a child needs."""
        for kind in CONTRACTS:
            source = f"def rule(item, bins):\n    return {'bins' if kind == 'arrays' else 'item'} * bins[0]\n"
            self.run(kind, self.compile(source, kind), (np.arange(1),))

    def compile(self, source: str, kind: str) -> object:
        return compile_program(source, CONTRACTS[kind])

    def run(self, kind: str, program: object | None, arrays: Sequence[Array]) -> Sequence[Array]:
        assert isinstance(program, Program)
        answers = [answer(_caller(kind, program), *ROWS[i]) for i in arrays[0].tolist()]
        codes = np.array([ERRORS.index(error) for error, _ in answers], np.uint8)
        return codes, np.array([value for _, values in answers for value in values], np.float64)


def _caller(kind: str, program: Program) -> Callable[[float, list[float]], Any]:
    def call(item: float, bins: list[float]) -> Any:
        given = np.array(bins, np.float64)
        if kind == "numbers":
            return program.main(item, given, np.empty(0))
        out = np.full(len(bins), 0.125)
        program.main(item, given, np.empty(0), out, len(bins))
        return out.tolist()

    return call


def answer(function: Callable[..., Any], item: float, bins: list[float]) -> Answer:
    """What a call ends with; an array of another length is the error that the caller of compiled code makes of it."""
    try:
        found = function(item, list(bins))
    except (ArithmeticError, LookupError, ValueError, MemoryError) as error:
        return type(error).__name__, []
    if not isinstance(found, list):
        return "", [float(found)]
    return ("", found) if len(found) == len(bins) else ("ValueError", [])
