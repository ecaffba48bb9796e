"""A program as a Python function."""

import inspect
import operator
import threading
from typing import Any

import numpy as np

from heuresis.evaluators.language.contract import Kind, Parameter
from heuresis.evaluators.language.reference.interpreter import interpreter_of
from heuresis.problems.problem import Problem
from heuresis.sandbox.screen.screen import screen


class Rule:
    """A program that can be called with the parameters of its contract, by place or by name.

    It is interpreted, not executed: a program can do no more here than in the sandbox, and computes what the compiled
    one does (`docs/semantics.md`), some hundred times as slowly. Thread-safe. Raises ScreenError where the text does
    not fit the contract.
    """

    def __init__(self, program: str, source: str, problem: Problem) -> None:
        self.id, self.source, self.problem = program, source, problem
        contract = problem.contract
        self._function = contract.main
        self._interpreter = interpreter_of(screen(source, contract.allow_list()), contract)
        self._one_at_a_time = threading.Lock()
        named = [inspect.Parameter(p.name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for p in contract.main.parameters]
        self.__signature__ = inspect.Signature(named)
        self.__name__ = contract.main.name
        self.__doc__ = contract.describe()

    def __call__(self, *arguments: Any, **by_name: Any) -> Any:
        """What the program returns: a float, or a list of floats where the contract says so.

        Raises TypeError where a parameter is missing or is none, TooLong (RuntimeError) where it does not come to an
        end, and ZeroDivisionError, IndexError and ValueError as the compiled program does.
        """
        bound = self.__signature__.bind(*arguments, **by_name).arguments
        values = [_as_declared(p, bound[p.name]) for p in self._function.parameters]
        with self._one_at_a_time:
            return self._interpreter.call(self._function.name, values)

    def __repr__(self) -> str:
        return f"<rule {self.id[:12]} of {self.problem.name}: {self.__name__}{self.__signature__}>"


def _as_declared(parameter: Parameter, value: Any) -> Any:
    """An argument as the type that the contract declares. Raises TypeError."""
    try:
        if parameter.kind.is_array:
            return np.asarray(value, dtype=np.float64 if parameter.kind is Kind.FLOAT64_ARRAY else np.int64)
        return float(value) if parameter.kind is Kind.FLOAT64 else operator.index(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{parameter.name}: expected {parameter.kind.value}, got {value!r:.60}") from error
