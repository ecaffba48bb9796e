"""The model calls of one run, on their way into the archive."""

import threading
from collections.abc import Sequence

from heuresis.archive.calls import CallTally, ModelCalls
from heuresis.archive.records import Call
from heuresis.archive.store import Archive, CostLimitReached
from heuresis.evolve.errors import BudgetExhausted
from heuresis.evolve.search.budget import Budget


class RunLedger:
    """The `Ledger` of `models/calls.py`: budget and archive of one run. Thread-safe.

    `tally` counts the calls that were answered or failed, those from before a resume included.
    """

    def __init__(self, run: str, archive: Archive, budget: Budget, tally: CallTally | None = None) -> None:
        self.run = run
        self._archive, self._budget = archive, budget
        self._tally, self._counting = tally or CallTally(), threading.Lock()

    def models(self) -> tuple[ModelCalls, ...]:
        """The counts so far."""
        with self._counting:
            return self._tally.rows()

    def reserve(self, usd: float) -> None:
        """Raise BudgetExhausted where a call of at most this cost would exceed the budget."""
        self._budget.reserve(usd)

    def intend(self, call: Call) -> Call:
        """Commit an intent, checking the limit once more together with it, so that no two threads pass."""
        try:
            return self._archive.intend(call, self._budget.usd)
        except CostLimitReached as error:
            raise BudgetExhausted(f"the budget of {self._budget.usd:g} USD is used up: {error}") from error

    def answer(self, call: Call) -> None:
        """Commit what became of an intent."""
        self._archive.answer(call)
        with self._counting:
            self._tally.add(call.model, answered=call.reply is not None, error=call.error)

    def calls(self, number: int) -> Sequence[Call]:
        """The calls of one proposal so far, in order."""
        return self._archive.calls(self.run, number)
