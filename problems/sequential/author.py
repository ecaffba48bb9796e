"""What the parts of a sequential problem ask of its author's object; `problem.py` has the defaults."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from heuresis.evaluators.sequential.choosing import Definition
from heuresis.problems.sequential.instances import Data, SequentialInstance


class Author(Definition, Protocol):
    """An object of a subclass of `SequentialProblem`."""

    def draw(self, rng: np.random.Generator) -> Mapping[str, Any]:
        """One random instance."""

    def bound(self, instance: Data) -> float | None:
        """A lower bound of the value."""

    def labels(self, instance: Data) -> Mapping[str, str | int | float]:
        """By what tables group it."""

    def metrics(self, instance: Data, outcome: Any) -> Mapping[str, float]:
        """What else to show of an outcome."""

    def explain(self, instance: Data, outcome: Any) -> str:
        """Where an outcome loses."""

    def fresh(self, count: int, seed: int) -> tuple[SequentialInstance, ...]:
        """Drawn instances that no split has."""
