"""One replica behind a router in plain Python: first come, first served, one iteration at a time."""

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.plain.replica import Job
from heuresis.evaluators.serving.plain.scheduler import PlainScheduler


class Replica(PlainScheduler):
    """A replica, the requests that it has, and the iteration that runs on it.

    `moved` holds the tokens of KV that came over the link with a request, until it is admitted.
    """

    def __init__(self, number: int, engine: Engine, role: int) -> None:
        super().__init__(engine, [], _by_rank)
        self.number, self.role = number, role
        self.members: list[Job] = []
        self.ended: list[Job] = []
        self.moved: dict[int, int] = {}
        self.transit = 0
        self.leaving: tuple[Job, Replica] | None = None  # who migrates at the end of the iteration, and where to
        self.until, self.ready = math.inf, math.inf
        self.on = self.draining = self.starting = False
        self.since, self.spent = 0.0, 0.0

    @property
    def busy(self) -> bool:
        """Whether an iteration runs."""
        return self.until < math.inf

    def enter(self, job: Job, rank: int) -> None:
        """A request comes and waits."""
        job.deadline, job.reserved = float(rank), 0
        self.waiting.append(job)
        self.members.append(job)

    def leave(self, job: Job) -> None:
        """A request migrates: what it has computed goes with it."""
        self.members.remove(job)
        self.moved.pop(job.number, None)
        if job in self.waiting:
            self.waiting.remove(job)
        else:
            self.running.remove(job)
            self.memory.leave(job)

    def candidate(self, barred: AbstractSet[int]) -> Job | None:
        """Who may move: the last that came of those that wait, else of those that decode, none of `barred`."""
        if not self.waiting and self.leaving:
            return None
        there = self.waiting or [j for j in self.running if j.decodes]
        return max((j for j in there if j.number not in barred), key=lambda j: j.deadline, default=None)

    def begin(self, now: float) -> None:
        """Put together an iteration, if there is something to do."""
        self.now = now
        if not self.waiting and not self.running:
            return
        for number, tokens in self._iteration():
            job = next(j for j in self.members if j.number == number)
            if tokens and number in self.moved:
                moved = self.moved.pop(number)
                self.swapped -= moved - min(moved, job.cached)
        if self.running:
            self.until = self._end_of(now)

    def finish(self) -> Sequence[Job]:
        """End the iteration that runs; who is done."""
        self.until, self.ended = math.inf, []
        self.pass_time()
        return self.ended

    def pending(self) -> int:
        """Tokens that requests here have yet to prefill."""
        return sum(max(0, j.target - j.computed) for j in self.members)

    def service_of(self, client: int) -> int:
        """Tokens that a client has got here."""
        return self.service.get(("client", client), 0)

    def _end_of(self, date: float) -> float:
        """When the iteration ends that was put together and begins at `date`."""
        chunks, decodes = [j for j in self.running if j.chunk], [j for j in self.running if j.decodes]
        regime = self.engine.mixed if chunks else self.engine.decode
        work = sum(j.chunk * (j.computed + j.chunk / 2) for j in chunks)
        time = regime.milliseconds(sum(j.chunk for j in chunks), len(decodes), sum(j.computed for j in decodes), work)
        date += time / 1000.0
        return date + self.link_time(time / 1000.0) if self.swapped else date

    def end(self, job: Job) -> None:
        """A request is done here."""
        super().end(job)
        self.members.remove(job)
        self.ended.append(job)


def _by_rank(name: str, arguments: Sequence[float]) -> float:
    """The scheduler of a replica under the contract of serving; `deadline` is the rank."""
    return {"priority": arguments[2], "admit": 0.0, "prefill_budget": arguments[-1]}[name]
