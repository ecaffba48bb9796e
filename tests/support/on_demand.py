"""What is made when a test asks for it: collecting tests compiles nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

From = TypeVar("From")
Made = TypeVar("Made")


class OnDemand(Mapping[str, Made]):
    """Named things, each made from its part at the first request and kept."""

    def __init__(self, make: Callable[[From], Made], parts: Mapping[str, From]) -> None:
        self._make, self._parts = make, parts
        self._made: dict[str, Made] = {}

    def __getitem__(self, name: str) -> Made:
        """Make it, unless it has been."""
        if name not in self._made:
            self._made[name] = self._make(self._parts[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """The names, as the parts have them."""
        return iter(self._parts)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._parts)
