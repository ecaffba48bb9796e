"""What a zygote loads by name: the code that turns screened source into result arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from heuresis.sandbox.limits import Limits

Array: TypeAlias = NDArray[np.generic]


PING = ""
"""The kind of a task that does nothing: it shows whether a child can be run at all."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work for one confined child.

    `kind` names what the engine shall do. `source` is untrusted program text, screened and compiled in the child
    before the engine runs; it is empty for work on arrays alone. `limits` overrides the pool's.
    """

    kind: str
    source: str = ""
    arrays: tuple[Array, ...] = ()
    limits: Limits | None = None


class Engine(Protocol):
    """Built once per zygote by an `EngineFactory`, then inherited by every fork. Must leave no thread running."""

    def warm(self) -> None:
        """Compile, or load from the cache, everything a child will need. Runs in the zygote, before any fork."""

    def compile(self, source: str, kind: str) -> object:
        """Compile screened source. Runs in the child. Raises `CompileError` with a message for people."""

    def run(self, kind: str, program: object | None, arrays: Sequence[Array]) -> Sequence[Array]:
        """Do the work. Runs in the child; any exception becomes the outcome `runtime_error` with its text."""


class CompileError(ValueError):
    """Screened source that does not compile; the message goes to people and models."""


class EngineFactory(Protocol):
    """What the name `package.module:attribute` (or `/path/file.py:attribute`) handed to a pool must resolve to.

    `payload` and `options` are those given to the pool. The arrays are writable, in C order and the zygote's own.
    """

    def __call__(self, payload: Mapping[str, Array], options: Mapping[str, str]) -> Engine:
        """Build the engine; compiling belongs in `warm`."""
