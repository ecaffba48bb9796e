"""What is computed of an instance once, and known for as long as there is the instance."""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

One = TypeVar("One", bound=Hashable)
T = TypeVar("T")


class PerInstance(Generic[One, T]):
    """The results of a deterministic computation on instances, which are told apart by identity; many at a time.

    Two threads that miss the same instance both compute it, to the same result.
    """

    def __init__(self, compute: Callable[[Sequence[One]], Sequence[T]]) -> None:
        self._compute = compute
        self._known: WeakKeyDictionary[One, T] = WeakKeyDictionary()

    def of(self, instances: Sequence[One]) -> list[T]:
        """The result of each instance; those that are missing are computed together."""
        missing = [one for one in dict.fromkeys(instances) if one not in self._known]
        if missing:
            self._known.update(zip(missing, self._compute(missing), strict=True))
        return [self._known[one] for one in instances]

    def __len__(self) -> int:
        return len(self._known)
