"""Names of types that all simulators share."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Stream: TypeAlias = NDArray[np.int32]
"""Decisions of one instance, one after the other."""
Decisions: TypeAlias = Sequence[NDArray[np.generic]]
"""What a simulator's `decide` returns: arrays of declared types."""
Rule: TypeAlias = Callable[..., None]
"""A compiled function of a program that writes the values of many items (`language.compile.Program`)."""
Number: TypeAlias = Callable[..., float]
"""A compiled function of a program that returns one value."""
