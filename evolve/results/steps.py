"""How far a piece of work has come, for whoever watches."""

from typing import Protocol


class Steps(Protocol):
    """Told of work that may take long. Both may raise what ends it."""

    def begin(self, what: str, total: int) -> None:
        """The next piece of work, of so many steps (0: not known)."""
        ...

    def step(self) -> None:
        """One step is done."""
        ...


class Silent:
    """Tells nobody."""

    def begin(self, what: str, total: int) -> None:
        """Ignore it."""

    def step(self) -> None:
        """Ignore it."""
