"""Questions about the model calls of a run: which there were, and how many of each model were answered or failed."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import case, select

from heuresis.archive.cells import LONGEST_TEXT, Cells
from heuresis.archive.records import Call
from heuresis.archive.rows import to_call
from heuresis.archive.statements import CALLS
from heuresis.archive.store import Archive


@dataclass(frozen=True, slots=True)
class ModelCalls:
    """How many calls of one model were made in a run; those that are neither answered nor failed are under way."""

    model: str
    calls: int = 0
    answered: int = 0
    failed: int = 0
    reason: str = ""  # the most frequent one of those that failed, as the server said it; empty where none did


class CallTally:
    """Counts calls by model. Not thread-safe."""

    def __init__(self, models: Iterable[str] = ()) -> None:
        self._counts = {model: ModelCalls(model) for model in models}
        self._reasons: dict[str, Counter[str]] = {}
        self._said: dict[str, str] = {}  # the first text of each kind of reason

    def add(self, model: str, *, answered: bool, error: str | None) -> None:
        """Count one more call."""
        reasons = self._reasons.setdefault(model, Counter())
        if error is not None:
            kind = re.sub(r"[0-9]+", "0", error)
            self._said.setdefault(kind, error.removeprefix(f"{model}: "))
            reasons[kind] += 1
        before = self._counts.get(model, ModelCalls(model))
        self._counts[model] = ModelCalls(
            model,
            before.calls + 1,
            before.answered + answered,
            before.failed + (error is not None),
            self._said[reasons.most_common(1)[0][0]] if reasons else "",
        )

    def rows(self) -> tuple[ModelCalls, ...]:
        """The counts, in the order in which models were named or first called."""
        return tuple(self._counts.values())


def tally(archive: Archive, run_id: str, models: Iterable[str] = ()) -> CallTally:
    """The calls of a run so far, counted; `models` are listed first, also where they were never called."""
    c = CALLS.c
    answered = case((c.reply.is_not(None), 1), else_=0).label("answered")
    wanted = select(c.run, c.number, c.turn, c.attempt, c.model, c.error, answered).where(c.run == run_id)
    found = CallTally(models)
    with archive.reading() as connection:
        for row in connection.execute(wanted.order_by(c.number, c.turn, c.attempt)).mappings():
            cells = Cells("calls", row, "run", "number", "turn", "attempt")
            error = cells.optional_text("error", LONGEST_TEXT)
            found.add(cells.text("model"), answered=bool(cells.whole("answered", 0, 1)), error=error)
    return found


def calls_of(archive: Archive, run_id: str, *, failed: bool = False) -> list[Call]:
    """The calls of a run by proposal, turn and attempt; with `failed` those alone that brought no reply."""
    c = CALLS.c
    wanted = select(CALLS).where(c.run == run_id).order_by(c.number, c.turn, c.attempt)
    with archive.reading() as connection:
        rows = connection.execute(wanted.where(c.error.is_not(None)) if failed else wanted).mappings()
        return [to_call(row) for row in rows]
