"""What a simulator is handed: programs, constants and numbers of instances, in the form that its loops take."""

from collections.abc import Callable
from typing import Any

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.language.contract import Contract


def checked(order: Ints, size: int) -> Ints:
    """Instance numbers as contiguous int64. Raises ValueError unless they are one or more, each in 0..size − 1."""
    order = np.ascontiguousarray(order, dtype=np.int64)
    if order.ndim != 1 or len(order) == 0 or order.min() < 0 or order.max() >= size:
        raise ValueError(f"expected one or more instance numbers in 0..{size - 1}, got {order.tolist()[:8]}")
    return order


def vector(theta: Floats) -> Floats:
    """The constants as contiguous float64."""
    return np.ascontiguousarray(theta, dtype=np.float64)


def main_of(program: object) -> Any:
    """The first-class function of a compiled program (which may also be handed over bare)."""
    from heuresis.evaluators.language.compile import Program

    return program.main if isinstance(program, Program) else program


def completed(
    program: object, theta: Floats, contract: Contract, default: Any
) -> tuple[tuple[Callable[..., Any], ...], tuple[frozenset[str], ...]]:
    """All functions of a contract and what each reads, of a program or of its main function alone.

    The search hands over main functions alone, of expressions also the interpreter; the other functions are then those
    of `default`, a compiled program of the contract.
    """
    from heuresis.evaluators.language.compile import Program
    from heuresis.evaluators.language.expressions.interpreter import decode, interpreter

    if isinstance(program, Program) and len(program.functions) == len(contract.functions):
        return program.functions, program.reads
    main = main_of(program)
    reads = frozenset(p.name for p in contract.main.parameters)
    if isinstance(program, Program):
        reads = program.reads[0]
    if main is interpreter(contract):
        reads &= {node.op for node in decode(theta, contract).walk()}
    return (main, *default.functions[1:]), (reads, *default.reads[1:])
