"""What a scoring may be able to do beside scoring; a problem has what its scoring has methods for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Described(Protocol):
    """A scoring that can say of instances, in words, what their tables cannot be read without."""

    def facts(self, instances: Sequence[Any]) -> Sequence[str]:
        """What instances are and how hard they are, in absolute numbers; a line each."""

    def remarks(self, measured: Sequence[Mapping[str, float | None]]) -> Sequence[str]:
        """Where the metrics of all programs of a table together say that it tells less than it seems to."""


@runtime_checkable
class Itemised(Protocol):
    """A scoring that can list what became of the parts of an instance, such as requests."""

    columns: ClassVar[tuple[str, ...]]

    def items(self, instance: Any, schedule: Any) -> Iterator[tuple[str | int | float | None, ...]]:
        """A row of `columns` for each part; None where there is no such number."""


@runtime_checkable
class Timed(Protocol):
    """A scoring whose value of one instance can be resampled in time, where there is only one."""

    def over_time(
        self, instance: Any, schedule: Any, draws: int, rng: np.random.Generator
    ) -> NDArray[np.float64] | None:
        """The value in `draws` resamples of blocks of time; paired over schedules at equal `rng`. None: it has none."""
