"""Why proposals failed: the most frequent reasons, in the words of the first of each."""

import re
from collections import Counter
from dataclasses import dataclass

from heuresis.archive.records import Trial

MOST = 3
"""Reasons that are told."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One kind of failure of some programs. `text` is empty where nothing is known beyond the kind."""

    kind: str  # as in `kind_of`
    text: str
    count: int


class Reasons:
    """Counts trials that failed, by kind and reason; numbers in a text make no other reason of it."""

    def __init__(self) -> None:
        self._counts = Counter[tuple[str, str]]()
        self._said: dict[tuple[str, str], str] = {}
        self.by_kind: dict[str, int] = {}

    def add(self, trial: Trial) -> None:
        """Take in one more trial, failed or not."""
        kind = kind_of(trial)
        if kind is None:
            return
        self.by_kind[kind] = self.by_kind.get(kind, 0) + 1
        if kind == DUPLICATE:
            return
        text = trial.proposal.reason if trial.evaluation is None else trial.evaluation.message
        key = kind, re.sub("[0-9]+", "0", text)
        self._said.setdefault(key, text)
        self._counts[key] += 1

    def top(self) -> tuple[Reason, ...]:
        """The most frequent ones, the most frequent first; duplicates are no failure to explain."""
        return tuple(Reason(key[0], self._said[key], count) for key, count in self._counts.most_common(MOST))


DUPLICATE = "duplicate"
NO_PROGRAM = "no program"


def kind_of(trial: Trial) -> str | None:
    """The status of an evaluation that failed, or why there is none; None for a success and for what is under way."""
    if trial.evaluation is not None:
        return None if trial.evaluation.ok else trial.evaluation.status
    if trial.pending:
        return None
    return NO_PROGRAM if trial.proposal.source is None else DUPLICATE
