"""The reference interpreter as a judge of what a compiled program decided (`Simulator.replay`)."""

import math
from collections.abc import Sequence

from heuresis.evaluators.contract import Contract
from heuresis.evaluators.reference.interpreter import Reference, interpreter_of

NO_LIMIT = 1 << 60
"""Steps of one call; a replay is limited by its process's time alone."""


class Judge:
    """The values of a program's functions, interpreted; NaN where the program ends with an error.

    Called with the parameters of the main function it returns its key; `call` has the others by their names.
    """

    def __init__(self, reference: Reference, main: str) -> None:
        self._reference, self._main = reference, main

    def __call__(self, *arguments: object) -> float:
        """The key of one item."""
        return self.call(self._main, arguments)

    def call(self, name: str, arguments: Sequence[object]) -> float:
        """The value of one function of the contract, with its default body where the program has none."""
        try:
            return self._reference.call(name, arguments)
        except (ArithmeticError, LookupError, ValueError):
            return math.nan


def judge_of(source: str, contract: Contract) -> Judge:
    """The judge that interprets a program. Raises Untranslatable."""
    return Judge(interpreter_of(source, contract, NO_LIMIT), contract.main.name)
