"""The reference interpreter as a judge of what a compiled program decided (`Simulator.audit`)."""

import ast
import math
from collections.abc import Sequence
from typing import Any

from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.reference.interpreter import Interpreter, interpreter_of
from heuresis.sandbox.parsing import parse

NO_LIMIT = 1 << 60
"""Steps of one call; an audit is limited by its process's time alone."""


class Judge:
    """The values of a program's functions, interpreted; NaN where the program ends with an error.

    Called with the parameters of the main function it returns its key, a float, or a list of them where the contract's
    function returns an array; `call` has the others by their names.
    """

    def __init__(self, reference: Interpreter, main: str, defined: frozenset[str]) -> None:
        self._reference, self._main, self._defined = reference, main, defined

    def __call__(self, *arguments: object) -> Any:
        """The key of one item."""
        return self.call(self._main, arguments)

    def defines(self, name: str) -> bool:
        """Whether the program itself has a function of this name: else its body is the contract's."""
        return name in self._defined

    def call(self, name: str, arguments: Sequence[object]) -> Any:
        """The value of one function of the contract, with its default body where the program has none."""
        try:
            return self._reference.call(name, arguments)
        except (ArithmeticError, LookupError, ValueError):
            return math.nan


def judge_of(source: str, contract: Contract) -> Judge:
    """The judge that interprets a program. Raises Untranslatable."""
    defined = frozenset(n.name for n in parse(source).body if isinstance(n, ast.FunctionDef))
    return Judge(interpreter_of(source, contract, NO_LIMIT), contract.main.name, defined)
