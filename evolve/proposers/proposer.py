"""The one protocol behind which every proposer stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from heuresis.archive.records import Trial
from heuresis.evolve.errors import ProposerFault


@dataclass(frozen=True, slots=True)
class Request:
    """What a proposer is given. Everything in it follows from (run seed, number, prefix of the archive)."""

    number: int  # of the proposal
    rng: np.random.Generator
    parents: tuple[Trial, ...]  # evaluated programs, best first; empty when the population is
    failures: tuple[Trial, ...]  # the latest that failed, newest first


@dataclass(frozen=True, slots=True)
class Draft:
    """What a proposer made: a program's source, or the reason why there is none."""

    operator: str
    source: str | None
    parents: tuple[str, ...] = ()  # candidate ids
    reason: str = ""
    work: int = 0  # instances simulated to make it


class Proposer(Protocol):
    """Makes programs. Thread-safe; an instance holds no state that changes what it proposes."""

    name: str  # shown as the program's origin

    def propose(self, request: Request) -> Draft:
        """Make one program from the request. A failed attempt is a Draft with a reason, never an exception.

        Raises BudgetExhausted where a paid call would exceed the budget, and ProposerUnavailable where no attempt
        can ever succeed (wrong key, unknown model).
        """
        ...


def check_proposer(proposer: object) -> None:
    """Raise ProposerFault where this is no proposer."""
    if isinstance(proposer, type):
        raise ProposerFault(
            f"expected a proposer, got the class {proposer.__name__}: make one of it, {proposer.__name__}()"
        )
    name = getattr(proposer, "name", None)
    if not isinstance(name, str) or not name or not callable(getattr(proposer, "propose", None)):
        raise ProposerFault(
            f"expected a proposer, which has a `name` (a text) and a method `propose(request)`, got {proposer!r:.80}"
        )


def check_draft(name: str, draft: object) -> None:
    """Raise ProposerFault where this is not what a proposer returns."""
    if not isinstance(draft, Draft):
        raise ProposerFault(
            f"the proposer {name} returned {draft!r:.80}; expected Draft(operator, source), or "
            "Draft(operator, None, reason=...) where it has no program"
        )
    for field, expected, holds in _FIELDS:
        value = getattr(draft, field)
        if not holds(value):
            raise ProposerFault(
                f"the proposer {name} returned a Draft whose {field} is {value!r:.80}; expected {expected}"
            )
    if draft.source is None and not draft.reason:
        raise ProposerFault(f"the proposer {name} returned a Draft without source and without reason; give one of them")


def _text(value: object) -> bool:
    return isinstance(value, str)


_FIELDS: tuple[tuple[str, str, Callable[[object], bool]], ...] = (
    ("operator", "a text", _text),
    ("source", "the text of a program, or None", lambda value: value is None or _text(value)),
    ("parents", "a tuple of program ids", lambda value: isinstance(value, tuple) and all(map(_text, value))),
    ("reason", "a text", _text),
    ("work", "a whole number from 0 on", lambda value: type(value) is int and value >= 0),
)
"""The fields of a draft, with what each has to be."""
