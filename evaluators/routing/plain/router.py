"""Several replicas behind a router once more, in plain Python: what the compiled loops must do.

Nothing is shared with them but the contract. `PlainRouter` runs a router, or follows decisions and measures how far
they lie from those that the router would take.
"""

import math
from collections import deque
from collections.abc import Collection, Sequence

from heuresis.evaluators.language.reference.distance import TOLERANCE, distance
from heuresis.evaluators.routing.contract import LONGEST_DELAY, MOST_DELAYS, MOST_MOVES, SHORTEST_DELAY
from heuresis.evaluators.routing.plain.fleet import Fleet
from heuresis.evaluators.routing.plain.replica import Replica
from heuresis.evaluators.serving.plain.replica import Job
from heuresis.evaluators.serving.plain.view import Call, Mismatch

Op = tuple[int, int]
"""(request, replica), or (-1, how many replicas are wanted), or (-2 - request, replica to which it migrates).

Alone in its call, (-2 - request, -1) where it is refused as it arrives, (-2 - request, -1 - ms) where it is put off."""
OPTIONAL = ("migrate", "admit")
"""Functions that are asked only of routers that have them."""


class PlainRouter(Fleet):
    """A fleet under a router, whose functions are called by the names of the contract.

    `asks` are those of the `OPTIONAL` functions that the router is asked for.

    With a `plan`, a list of decisions for each call of the router, these are followed; `furthest` is the largest
    distance of one of them from what the router would choose. Without, `plan` holds what it chose afterwards.
    """

    def __init__(
        self, replicas: Sequence[Replica], jobs: Sequence[Job], call: Call, startup: float | None, active: int,
        plan: Sequence[Sequence[Op]] | None = None, asks: Collection[str] = OPTIONAL,
    ) -> None:  # fmt: skip
        super().__init__(replicas, jobs, startup, active)
        self.call, self.asks = call, frozenset(asks)
        self.given = None if plan is None else deque(plan)
        self.plan: list[list[Op]] = []
        self.judged, self.furthest = 0, 0.0

    def run(self, most: float = math.inf) -> None:
        """Serve all requests, or stop after so many values and iterations. Raises Mismatch where that cannot be."""
        while self.ended < len(self.jobs):
            if self.judged + len(self.plan) + sum(r.judged for r in self.replicas) >= most:
                return
            dates = [m[0] for m in self.moving] + [self.due[j.number] for j in self.coming]
            date = min((*dates, *(min(r.until, r.ready) for r in self.replicas)), default=math.inf)
            if date < math.inf:
                self.now = date
                self._events()
            else:
                sent = self.sent
                self._route(force=True)
                if self.sent == sent:
                    raise Mismatch
            for r in self.replicas:
                if not r.busy:
                    self.judged += 1
                    r.begin(self.now)
        if self.given:
            raise Mismatch

    def _events(self) -> None:
        """All that happens now: iterations end, replicas have started, KV and requests arrive."""
        for r in self.replicas:
            done = []
            if r.until <= self.now:
                done = list(r.finish())
                self.depart(r)
            for job in sorted(done, key=lambda j: j.number):
                self.leave(job)
            if r.ready <= self.now:
                r.ready, r.starting, r.on = math.inf, False, True
                done.append(self.jobs[0])
            self.drained(r)
            if done:
                self._route()
        while self._lands() or self._arrives():
            pass

    def _lands(self) -> bool:
        """The next KV comes over a link, if one does now."""
        if not self.moving or min(self.moving)[0] > self.now:
            return False
        one = min(self.moving, key=lambda m: m[:2])
        self.moving.remove(one)
        one[3].transit -= 1
        self.enter(one[2], one[3])
        return True

    def _arrives(self) -> bool:
        """The next request arrives, if one does now."""
        if not self.coming or self.due[self.coming[0].number] > self.now:
            return False
        job = self.coming.pop(0)
        if not self.delays[job.number]:
            job.ttft += job.tpot * job.estimate + self.now  # from here on: its deadline
            self.log.append(self.now)
        if job.prompt + 1 > self.memory:
            job.rejected, job.output = True, 0
            self.ended += 1
            self.call_followers(job)
        elif self._let_in(job):
            self.held[0].append(job)
            self._route()
        return True

    def _let_in(self, job: Job) -> bool:
        """Whether a request that arrives is let in; else it is refused or put off, in a call of its own."""
        if "admit" not in self.asks or not self.level[job.number] or self.delays[job.number] >= MOST_DELAYS:
            return True
        value = self._value("admit", self.seen_arriving(job))
        said = _said(value)
        if self.given is not None:
            following = self.given[0] if self.given else _cut()
            here = len(following) == 1 and following[0][0] == -2 - job.number and following[0][1] < 0
            said = self.given.popleft()[0][1] if here else 0
            if said not in {_said(value), *(_said(value * (1.0 + s) + s) for s in (TOLERANCE, -TOLERANCE))}:
                raise Mismatch
        if said == 0:
            return True
        self.plan.append([(-2 - job.number, said)])
        self.turn_away(job, said)
        return False

    def _route(self, *, force: bool = False) -> None:
        """Call the router."""
        wanted = None if self.given is None else deque(self.given.popleft() if self.given else _cut())
        ops: list[Op] = []
        if self.startup is not None:
            self._scale(wanted, ops)
        for stage in (0, 1):
            forced = force
            while self.held[stage]:
                chosen = self._choose(stage, wanted, forced)
                if chosen is None:
                    break
                forced = False
                self.send(*chosen)
                ops.append((chosen[0].number, chosen[1].number))
        if "migrate" in self.asks:
            self._migrations(wanted, ops)
        if wanted:
            raise Mismatch
        self.plan.append(ops)

    def _choose(self, stage: int, wanted: deque[Op] | None, force: bool) -> tuple[Job, Replica] | None:
        """Who is sent next, and where to."""
        there = self.takers(stage)
        if not there:
            return None
        held = sorted(self.held[stage], key=lambda j: j.number)
        keys = [self._value("order", (self.now, *self.request(j))) for j in held]
        job, r = held[keys.index(min(keys))], None
        goes = wanted and wanted[0][0] in [j.number for j in held]
        if wanted and goes:
            number, replica = wanted.popleft()
            place = next(k for k, j in enumerate(held) if j.number == number)
            job = held[place]
            r = next((one for one in there if one.number == replica), None)
            self.furthest = max(self.furthest, distance(keys, place))
        features = [self.seen(job, one, len(held)) for one in there]
        scores = [self._value("score", one) for one in features]
        place = scores.index(min(scores)) if r is None else there.index(r)
        if wanted is not None and goes:
            self.furthest = max(self.furthest, distance(scores, place if r else -1))
        stays = self._value("hold", features[place])
        if wanted is None:
            return None if stays > 0.0 and not force else (job, there[place])
        if (goes and stays > TOLERANCE and not force) or (not goes and (stays <= -TOLERANCE or force)):
            raise Mismatch
        return (job, there[place]) if goes else None

    def _value(self, name: str, arguments: Sequence[float]) -> float:
        self.judged += 1
        value = self.call(name, arguments)
        if not math.isfinite(value):
            raise Mismatch
        return value

    def _migrations(self, wanted: deque[Op] | None, ops: list[Op]) -> None:
        """Ask for the candidate of each replica whether it migrates."""
        barred = {number for number, moves in self.moves.items() if moves >= MOST_MOVES}
        for r in self.replicas:
            job = r.candidate(barred)
            there = [] if job is None else [one for one in self.takers(self.stage[job.number]) if one is not r]
            if job is None or not there:
                continue
            values = [self._value("migrate", self.seen_moving(job, r, one)) for one in there]
            goal = there[values.index(max(values))] if max(values) > 0.0 else None
            if wanted is not None:
                goal = self._told(job, there, values, wanted)
            if goal is not None:
                barred.add(job.number)
                ops.append((-2 - job.number, goal.number))
                self.move(job, r, goal)

    def _told(self, job: Job, there: list[Replica], values: list[float], wanted: deque[Op]) -> Replica | None:
        """Where a candidate goes by the decisions. Raises Mismatch where the router would not let it."""
        if not wanted or wanted[0][0] != -2 - job.number:
            if max(values) > TOLERANCE:
                raise Mismatch
            return None
        _, number = wanted.popleft()
        place = next((k for k, one in enumerate(there) if one.number == number), -1)
        self.furthest = max(self.furthest, distance([-value for value in values], place))
        if place < 0 or values[place] <= -TOLERANCE:
            raise Mismatch
        return there[place]

    def _scale(self, wanted: deque[Op] | None, ops: list[Op]) -> None:
        """Ask how many replicas there shall be."""
        on = [r for r in self.replicas if r.on]
        starting = [r for r in self.replicas if r.starting]
        blocks = sum(r.engine.blocks for r in on)
        value = self._value("scale", (
            self.now, float(len(on)), float(len(starting)), float(len(self.replicas)), float(sum(map(len, self.held))),
            float(sum(len(r.waiting) + r.transit for r in self.replicas)),
            float(sum(len(r.running) for r in self.replicas)),
            sum(r.memory.free for r in on) / max(blocks, 1), self.rate(),
        ))  # fmt: skip
        limit = float(len(self.replicas))
        aims = [math.floor(min(max(value * (1.0 + slack), 1.0), limit)) for slack in (0.0, TOLERANCE, -TOLERANCE)]
        aim = aims[0]
        if wanted is not None:
            given = wanted.popleft()[1] if wanted and wanted[0][0] == -1 else len(on) + len(starting)
            if given not in aims:
                raise Mismatch
            aim = given
        if aim != len(on) + len(starting):
            ops.append((-1, aim))
            self.switch(aim)


def _said(value: float) -> int:
    """What a value of `admit` says of a request, as the second number of an `Op`; 0: it is let in."""
    if value <= 0.0:
        return -1 if value < 0.0 else 0
    return -1 - math.ceil(1000.0 * min(max(value, SHORTEST_DELAY), LONGEST_DELAY))


def _cut() -> Sequence[Op]:
    raise Mismatch
