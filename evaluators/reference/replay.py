"""The reference interpreter as a judge of what a compiled program decided (`Simulator.replay`)."""

import math
from collections.abc import Callable
from typing import Any

from heuresis.evaluators.contract import Contract
from heuresis.evaluators.reference.interpreter import interpreter_of

NO_LIMIT = 1 << 60
"""Steps of one call; a replay is limited by its process's time alone."""


def judge_of(source: str, contract: Contract) -> Callable[..., Any]:
    """The keys of the main function, interpreted; NaN where the program ends with an error. Raises Untranslatable.

    A key is a float, or a list of them where the contract's function returns an array.
    """
    reference = interpreter_of(source, contract, NO_LIMIT)

    def judge(*arguments: object) -> Any:
        try:
            return reference(*arguments)
        except (ArithmeticError, LookupError, ValueError):
            return math.nan

    return judge
