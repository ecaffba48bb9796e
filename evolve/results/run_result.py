"""What a run ends in."""

from dataclasses import dataclass

from heuresis.archive.calls import ModelCalls
from heuresis.archive.records import Run
from heuresis.evolve.results.champion import Champion


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended; `run.status` and `reason` say why. There is a champion where a budget ended it."""

    run: Run
    reason: str
    evaluations: int
    champion: Champion | None
    models: tuple[ModelCalls, ...] = ()  # what became of the calls of each
