"""What a run tells whoever watches it: a live view, a log, or nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from heuresis.evolve.results.progress import Progress

if TYPE_CHECKING:
    from heuresis.archive.records import Run, Trial
    from heuresis.evolve.config import Config
    from heuresis.evolve.results.run_result import RunResult


@dataclass(frozen=True, slots=True)
class Stage:
    """Something that a run does before or after its search. `total` 0: nobody knows how many steps it has."""

    what: str  # such as "measuring baselines on search"
    seconds: float = 0.0  # since it began
    done: int = 0  # steps
    total: int = 0


class Listener(Protocol):
    """Called from one thread at a time, which need not be the same; an exception raised here stops the run.

    Only `message` may come while another call is under way.
    """

    def began(self, run: "Run", config: "Config") -> None:
        """The run exists in the archive from here on."""
        ...

    def working(self, stage: Stage) -> None:
        """What is done beside searching, and how far it is: when it begins, every second, and at each step."""
        ...

    def started(self, run: "Run", config: "Config", baselines: Mapping[str, float]) -> None:
        """The search begins. `baselines`: aggregates on `search` of those that succeed."""
        ...

    def settled(self, trial: "Trial", progress: Progress) -> None:
        """One more proposal has come to its end; in the order of their numbers."""
        ...

    def message(self, text: str) -> None:
        """Something worth a line of its own; from any thread."""
        ...

    def finished(self, result: "RunResult") -> None:
        """The run has ended, for whatever reason, and the archive knows."""
        ...


class NullListener:
    """Listens to nothing."""

    def began(self, run: "Run", config: "Config") -> None:
        """Ignore it."""

    def working(self, stage: Stage) -> None:
        """Ignore it."""

    def started(self, run: "Run", config: "Config", baselines: Mapping[str, float]) -> None:
        """Ignore it."""

    def settled(self, trial: "Trial", progress: Progress) -> None:
        """Ignore it."""

    def message(self, text: str) -> None:
        """Ignore it."""

    def finished(self, result: "RunResult") -> None:
        """Ignore it."""
