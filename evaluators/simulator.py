"""What a simulator offers to a worker: the decisions of a program on packed instances, and its loss for tuning."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.contract import Contract


class Simulator(Protocol):
    """A simulator over packed instances. Built once per zygote as `cls(payload)`; inherited by every child.

    A `program` is what `heuresis.evaluators.compile.compile_program` returned: a Numba first-class function of the
    contract's parameters and a trailing read-only `theta` (1-D float64, the lifted constants, empty where none is).
    """

    contract: ClassVar[Contract]

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None: ...

    def warm(self) -> None:
        """Compile the loops (or load them from the on-disk cache) so that a child needs no file."""

    def decide(self, program: object, theta: NDArray[np.float64], order: NDArray[np.int64]) -> Sequence[NDArray[np.generic]]:
        """Run the program on the instances numbered in `order`, in that order; return its decisions as arrays.

        The first array is always `uint8[len(order)]`: 1 where the program decided the whole instance, 0 where a
        value was NaN or infinite. The others are the problem's (smtt: one `int32` array, the sequences concatenated).
        """

    def loss(self, program: object, theta: NDArray[np.float64], subset: NDArray[np.int64]) -> float:
        """The search objective on some instances, smaller is better; inf where the program fails on one of them.

        Used only to tune constants inside the child; it is never a score.
        """

    def loss_of_code(
        self, code: NDArray[np.int64], theta: NDArray[np.float64], subset: NDArray[np.int64], bound: float
    ) -> float:
        """The same for an expression in postfix code (`heuresis.evaluators.expression`), without compiling it.

        May stop early with a partial value above `bound` where the loss is already certain to exceed it.
        """
