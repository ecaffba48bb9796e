"""How the run of one untrusted program ended. A program that failed is data; a sandbox that failed is an exception."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Status(StrEnum):
    """How a program ended."""

    OK = "ok"
    REJECTED = "rejected"  # by the syntax screen, before anything was compiled
    COMPILE_ERROR = "compile_error"
    RUNTIME_ERROR = "runtime_error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"  # the process died without leaving a result


class SandboxError(RuntimeError):
    """The sandbox itself failed: no statement about any program can be made."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back from one confined child.

    `arrays` are the results (empty unless `status` is `ok`); nothing in them is trusted. `message` says what went
    wrong, sanitised (printable ASCII) and capped. `compile_seconds` and `run_seconds` are measured by the zygote's
    clock or reported by the child; they inform people and never steer the search.
    """

    status: Status
    arrays: tuple[NDArray[np.generic], ...] = ()
    message: str = ""
    compile_seconds: float = 0.0
    run_seconds: float = 0.0
    seconds: float = 0.0  # wall clock of the whole child, measured outside it

    @property
    def ok(self) -> bool:
        """Whether the program ran to its end."""
        return self.status is Status.OK
