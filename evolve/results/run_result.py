"""What a run ends in."""

from dataclasses import dataclass

from heuresis.archive.calls import ModelCalls
from heuresis.archive.records import Run
from heuresis.evolve.results.champion import Champion
from heuresis.evolve.results.progress import Progress


@dataclass(frozen=True, slots=True, repr=False)
class RunResult:
    """How a run ended; `run.status` and `reason` say why. There is a champion where a budget ended it."""

    run: Run
    reason: str
    evaluations: int
    champion: Champion | None
    models: tuple[ModelCalls, ...] = ()  # what became of the calls of each
    progress: Progress | None = None  # how the search stands, by what the archive has of it

    def __repr__(self) -> str:
        run, found = self.run, "no champion" if self.champion is None else repr(self.champion)
        return f"RunResult({run.id[:10]} on {run.problem}, {run.status}, {self.evaluations} evaluations, {found})"
