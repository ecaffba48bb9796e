"""What a simulator offers to a worker: the decisions of a program on packed instances, and its loss for tuning."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.contract import Contract
from heuresis.sandbox.process.zygote import load


class Simulator(Protocol):
    """A simulator over packed instances. Built once per zygote as `cls(payload)`; inherited by every child.

    A `program` is what `language.compile.compile_program` returned: a Numba first-class function of the
    contract's parameters and a trailing read-only `theta` (1-D float64, the lifted constants, empty where none is), or
    the interpreter of expressions (`language.expressions.interpreter`), which has the same signature.

    A simulator of long instances also has `lengths`, `int64[size]`, the decisions of each instance (of a slow one, what
    they cost, counted in decisions of a compiled loop); then the search bounds its effort by decisions, and otherwise
    by instances. One with a true `tabulates` decides at a fraction of the
    cost where a rule reads no array.
    """

    size: int  # instances

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None: ...

    @property
    def contract(self) -> Contract:
        """What a program may see and returns; of the class, or of what the payload names."""

    def warm(self) -> None:
        """Compile the loops (or load them from the on-disk cache) so that a child needs no file."""

    def decide(
        self, program: object, theta: NDArray[np.float64], order: NDArray[np.int64]
    ) -> Sequence[NDArray[np.generic]]:
        """Run the program on the instances numbered in `order`, in that order; return its decisions as arrays.

        The first array is always `uint8[len(order)]`: 1 where the program decided the whole instance, 0 where a
        value was NaN or infinite. The others are the problem's (smtt: one `int32` array, the sequences concatenated).
        """

    def loss(self, program: object, theta: NDArray[np.float64], subset: NDArray[np.int64]) -> float:
        """The search objective on some instances, smaller is better; inf where the program fails on one of them.

        Used only to tune constants inside the child; it is never a score.
        """

    def excess(self, program: object, theta: NDArray[np.float64], subset: NDArray[np.int64]) -> NDArray[np.float64]:
        """Each instance's part in the loss, `float64[len(subset)]`, not negative where a reference is a lower bound.

        Says where a program loses, so that tuning can look there; inf everywhere where the program fails.
        """

    def audit(
        self, judge: Callable[..., float], order: NDArray[np.int64], decisions: Sequence[NDArray[np.generic]]
    ) -> NDArray[np.float64]:
        """How far decisions on the instances in `order` lie from those of `judge`, `float64[len(order)]`.

        `judge` is the reference interpreter of the same program (`language.reference`); called with the
        parameters of the contract's main function for one item, plain numbers (and arrays), it returns the key. It
        raises where the program fails. Everything is computed anew in plain Python, from the instances alone, decision
        by decision: what the program may see of every item that could be chosen, its key, and what follows from what
        was chosen. An instance's value is the largest `language.reference.distance.distance` of its decisions;
        infinite where it was not decided, or where a decision is none of those possible.
        """


def named(name: str) -> Any:
    """What `package.module:attribute` or `/path/file.py:attribute` names.

    A file that is loaded already is not executed a second time: it would register its problem again. Raises ValueError,
    ImportError and AttributeError.
    """
    file, _, attribute = name.rpartition(":")
    if file.endswith(".py"):
        for module in list(sys.modules.values()):
            path = getattr(module, "__dict__", {}).get("__file__")
            if (
                isinstance(path, str)
                and path.endswith(".py")
                and Path(path) == Path(file)
                and hasattr(module, attribute)
            ):
                return getattr(module, attribute)
    return load(name)
