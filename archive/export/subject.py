"""What is exported, and what comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heuresis.archive.records import Evaluation
from heuresis.problems.problem import Problem


class ExportError(ValueError):
    """The program cannot be exported to this target; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A program with what is known of it. `evaluations` are shown in the header, best known split order first."""

    source: str
    id: str  # candidate id
    problem: Problem  # as it was asked for where the program was found
    evaluations: Sequence[Evaluation] = ()
    context: str = ""  # what the run that made it was on, where that is not what the problem comes with
    origin: str = ""  # who proposed it, such as `offline`, or a model's name
    run: str = ""  # that found it

    def by(self, evaluation: Evaluation) -> str:
        """The objective of an evaluation, with its constraints."""
        return evaluation.objective or next(iter(self.problem.options.objectives), self.problem.objective.name)


@dataclass(frozen=True, slots=True)
class Export:
    """Files to write: name → text. `main` is the one that a user runs or imports."""

    main: str
    files: Mapping[str, str]
