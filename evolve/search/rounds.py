"""Rounds with a fixed lag: which trials a proposal sees, and the proposals that are under way at the same time.

What a proposal sees follows from its number and from the trials before it, never from the speed of anything: so the
same seed gives the same archive for any number of workers, and a resumed run repeats what an uninterrupted one does.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from types import TracebackType
from typing import Self, TypeVar

from heuresis.archive.records import ArchiveBusy, Trial
from heuresis.evolve.config import Config
from heuresis.evolve.crew import Crew
from heuresis.evolve.errors import BudgetExhausted
from heuresis.evolve.search.budget import Budget
from heuresis.evolve.search.course import Course
from heuresis.evolve.search.interrupts import Stopped

LAST_CALL_SECONDS = 320.0
"""How long model calls under way are awaited when the money is used up, if their time limit is no longer."""

LAST_TASK_SECONDS = 5.0
"""How long anything under way is awaited when the time is used up."""

GOODBYE_SECONDS = 1.0
"""The same when the user stops the run."""

_TICK = 0.05
T = TypeVar("T")


class Rounds:
    """At most `lag * round_size` proposals under way. A context manager: leaving it awaits them for a while.

    What is then still under way is abandoned: it is not recorded, and a resumed run makes it again.
    """

    def __init__(self, config: Config, seeds: int, course: Course, budget: Budget, stop: threading.Event) -> None:
        self._size, self._lag, self._seeds = config.round_size, config.lag, seeds
        self._course, self._budget, self._stop = course, budget, stop
        self._floor = seeds  # the first proposals after the seeds see all of them
        self._pending: dict[int, tuple[Future[Trial], bool]] = {}
        self._recording, self._over = threading.Lock(), False
        self._last_call = max(LAST_CALL_SECONDS, config.longest_request)
        self._crew = Crew[Trial](self._size * self._lag, "proposal")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = GOODBYE_SECONDS
        if isinstance(error, BudgetExhausted):
            seconds = LAST_TASK_SECONDS if self._budget.out_of_time else self._last_call
        try:
            another = self._drain(seconds)
        finally:
            self._crew.dismiss()
            with self._recording:
                self._over = True
        if another is not None and isinstance(error, BudgetExhausted | Stopped):
            raise another

    def record(self, write: Callable[[T], None], row: T) -> None:
        """Write what a step made; an abandoned step gets Stopped, and writes nothing any more."""
        with self._recording:
            if self._over:
                raise Stopped
            write(row)

    def open(self, number: int) -> int:
        """The prefix that proposal `number` sees, once everything below it is settled.

        A proposal is only made where it cannot exceed the budget of evaluations even if all those under way are
        evaluated; where it might, they are awaited first. Raises BudgetExhausted, Stopped and what a step raised.
        """
        prefix = min(number, max(self._floor, (number // self._size - self._lag + 1) * self._size))
        if number < self._seeds:
            prefix = 0
        self._check()
        self._settle(prefix)
        limit = self._budget.evaluations
        if limit is not None and self._course.evaluated(prefix) + number - prefix >= limit:
            self._settle(number)
            if self._course.evaluated(number) >= limit:
                raise BudgetExhausted(f"the budget of {limit} evaluations is used up")
            self._floor = prefix = number
        return prefix

    def start(self, number: int, step: Callable[[], Trial], *, recorded: bool) -> None:
        """Let a thread take the step that makes trial `number`."""
        self._pending[number] = self._crew.submit(step), recorded

    def _settle(self, prefix: int) -> None:
        """Wait for the trials below `prefix` and hand them to the course, in order."""
        while (number := len(self._course.trials)) < prefix:
            future, recorded = self._pending[number]
            while not future.done():
                wait([future], _TICK)
                self._check()
            self._course.settle(future.result(), recorded=recorded)
            del self._pending[number]

    def _check(self) -> None:
        """Raise what any step raised, and what else ends the search."""
        for future, _ in self._pending.values():
            if future.done() and (error := future.exception()) is not None and not self._expected(error):
                raise error
        if self._stop.is_set():
            raise Stopped
        self._budget.check_time()

    def _drain(self, seconds: float) -> BaseException | None:
        """Let what is under way come to its end, but not for longer; returns what a step raised, budgets aside."""
        deadline = time.monotonic() + seconds
        raised: BaseException | None = None
        while self._pending and (left := deadline - time.monotonic()) > 0:
            wait([future for future, _ in self._pending.values()], min(left, _TICK))
            for number, (future, recorded) in sorted(self._pending.items()):
                if not future.done():
                    continue
                error = future.exception()
                if error is None and number == len(self._course.trials):
                    self._course.settle(future.result(), recorded=recorded)
                elif error is not None and not self._expected(error):
                    raised = raised or error
                del self._pending[number]
            if self._stop.is_set():
                deadline = min(deadline, time.monotonic() + GOODBYE_SECONDS)
        return raised

    def _expected(self, error: BaseException) -> bool:
        """Whether a step may end so while the search ends: what it could not record is made again by a resume."""
        return isinstance(error, BudgetExhausted) or (self._stop.is_set() and isinstance(error, ArchiveBusy))
