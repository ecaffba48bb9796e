"""Several replicas behind a router once more, in plain Python: what the compiled loops must do.

Nothing is shared with them but the contract. `Fleet` runs a router, or follows decisions and measures how far they lie
from those that the router would take.
"""

import math
from collections import deque
from collections.abc import Sequence

from heuresis.evaluators.reference.distance import TOLERANCE, distance
from heuresis.evaluators.router import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.router_plain import Replica
from heuresis.evaluators.serving_plain import Job
from heuresis.evaluators.serving_reference import Call, Mismatch

Op = tuple[int, int]
"""(request, replica), or (-1, how many replicas are wanted)."""
RECENTLY = 60.0


class Fleet:
    """Replicas, all requests, and the functions of a router under the names of the contract.

    With a `plan`, a list of decisions for each call of the router, these are followed; `furthest` is the largest
    distance of one of them from what the router would choose. Without, `plan` holds what it chose afterwards.
    """

    def __init__(
        self, replicas: Sequence[Replica], jobs: Sequence[Job], call: Call, startup: float | None, active: int,
        plan: Sequence[Sequence[Op]] | None = None,
    ) -> None:  # fmt: skip
        self.replicas, self.jobs, self.call, self.startup = list(replicas), list(jobs), call, startup
        self.memory = min(r.engine.kv_tokens for r in replicas)
        self.clients = max(j.client for j in jobs) + 1
        self.given = None if plan is None else deque(plan)
        self.plan: list[list[Op]] = []
        self.coming = sorted((j for j in jobs if j.after < 0), key=lambda j: (j.date, j.number))
        self.came = {j.number: j.date for j in self.coming}
        self.moving: list[tuple[float, int, Job, Replica]] = []
        self.held: tuple[list[Job], list[Job]] = ([], [])
        self.stage, self.length, self.last = dict[int, int](), dict[int, int](), dict[int, int]()
        self.where = dict[int, int]()
        self.now, self.ended, self.sent, self.entered, self.judged, self.furthest = 0.0, 0, 0, 0, 0, 0.0
        for r in self.replicas[:active]:
            r.on = True
        for job in self.jobs:
            job.target, job.output = job.prompt, min(job.output, self.memory - job.prompt)
            caches = replicas[0].engine.prefix_caching
            job.chain = job.chain[: job.prompt // replicas[0].engine.block_size] if caches else ()
            self.stage[job.number], self.length[job.number] = 0, job.output

    def run(self, most: float = math.inf) -> None:
        """Serve all requests, or stop after so many values and iterations. Raises Mismatch where that cannot be."""
        while self.ended < len(self.jobs):
            if self.judged + len(self.plan) + sum(r.judged for r in self.replicas) >= most:
                return
            dates = [m[0] for m in self.moving] + [self.came[j.number] for j in self.coming]
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
            done = list(r.finish()) if r.until <= self.now else []
            for job in sorted(done, key=lambda j: j.number):
                self._leave(job)
            if r.ready <= self.now:
                r.ready, r.starting, r.on = math.inf, False, True
                done.append(self.jobs[0])
            self._drained(r)
            if done:
                self._route()
        while self.moving and min(self.moving)[0] <= self.now:
            one = min(self.moving, key=lambda m: m[:2])
            self.moving.remove(one)
            one[3].transit -= 1
            self._enter(one[2], one[3])
        while self.coming and self.came[self.coming[0].number] <= self.now:
            job = self.coming.pop(0)
            job.ttft += job.tpot * job.estimate + self.now  # from here on: its deadline
            if job.prompt + 1 > self.memory:
                job.rejected, job.output = True, 0
                self.ended += 1
                self._call_followers(job)
                continue
            self.held[0].append(job)
            self._route()

    def _call_followers(self, job: Job) -> None:
        for follower in self.jobs:
            if follower.after == job.number:
                self.came[follower.number] = self.now + follower.date
                self.coming.append(follower)
        self.coming.sort(key=lambda j: (self.came[j.number], j.number))

    def _leave(self, job: Job) -> None:
        """A request leaves its replica: it is done, or is to be decoded elsewhere."""
        if job.generated < self.length[job.number]:
            self.stage[job.number] = 1
            self.held[1].append(job)
            return
        self.ended += 1
        self._call_followers(job)

    def _enter(self, job: Job, r: Replica) -> None:
        self.entered += 1
        r.enter(job, self.entered)

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
                self._send(*chosen)
                ops.append((chosen[0].number, chosen[1].number))
        if wanted:
            raise Mismatch
        self.plan.append(ops)

    def _choose(self, stage: int, wanted: deque[Op] | None, force: bool) -> tuple[Job, Replica] | None:
        """Who is sent next, and where to."""
        roles = (MIXED, (PREFILLS_ONLY, DECODES_ONLY)[stage])
        there = [r for r in self.replicas if r.on and r.role in roles]
        if not there:
            return None
        held = sorted(self.held[stage], key=lambda j: j.number)
        keys = [self._value("order", (self.now, *self._request(j))) for j in held]
        job, r = held[keys.index(min(keys))], None
        goes = wanted and wanted[0][0] in [j.number for j in held]
        if wanted and goes:
            number, replica = wanted.popleft()
            place = next(k for k, j in enumerate(held) if j.number == number)
            job = held[place]
            r = next((one for one in there if one.number == replica), None)
            self.furthest = max(self.furthest, distance(keys, place))
        features = [self._features(job, one, len(held)) for one in there]
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

    def _request(self, job: Job) -> tuple[float, ...]:
        return (
            self.came[job.number], job.ttft, float(job.prompt), job.estimate, float(job.generated)
        )  # fmt: skip

    def _features(self, job: Job, r: Replica, held: int) -> tuple[float, ...]:
        """What the router sees of a request and a replica."""
        size = r.memory.size
        got = [r.service_of(c) for c in range(self.clients)]
        served = sum(tokens > 0 or c == job.client for c, tokens in enumerate(got))
        numbers = (
            job.program, job.chain[0] if job.chain else -1, self.sent, held, len(self.replicas), r.number,
            len(r.waiting) + r.transit, len(r.running), r.memory.free * size, r.engine.kv_tokens, r.pending(),
            sum(j.prompt + j.generated for j in r.members), sum(j.prompt + math.ceil(j.estimate) for j in r.members),
            r.memory.match(job),
        )  # fmt: skip
        once = [one.engine.decode.milliseconds(0, 1) for one in self.replicas]
        return (
            self.now, *self._request(job), *map(float, numbers), min(once) / once[r.number],
            got[job.client] - sum(got) / served, float(self.last.get(job.program) == r.number),
        )  # fmt: skip

    def _value(self, name: str, arguments: Sequence[float]) -> float:
        self.judged += 1
        value = self.call(name, arguments)
        if not math.isfinite(value):
            raise Mismatch
        return value

    def _send(self, job: Job, r: Replica) -> None:
        stage = self.stage[job.number]
        self.held[stage].remove(job)
        self.sent += 1
        self.last[job.program] = self.where[job.number] = r.number
        if stage == 0:
            if r.role == PREFILLS_ONLY:
                job.output = 1
            self._enter(job, r)
            return
        job.output = self.length[job.number]
        r.moved[job.number] = job.computed
        tokens = job.computed - min(job.computed, r.memory.match(job))
        r.transit += 1
        date = self.now + tokens * r.engine.kv_bytes_per_token / r.engine.link_bytes_per_second
        self.moving.append((date, job.number, job, r))

    def _scale(self, wanted: deque[Op] | None, ops: list[Op]) -> None:
        """Ask how many replicas there shall be."""
        on = [r for r in self.replicas if r.on]
        starting = [r for r in self.replicas if r.starting]
        blocks = sum(r.engine.blocks for r in on)
        later = {j.number for j in self.coming}
        recent = sum(self.now - RECENTLY <= date for number, date in self.came.items() if number not in later)
        value = self._value("scale", (
            self.now, float(len(on)), float(len(starting)), float(len(self.replicas)), float(sum(map(len, self.held))),
            float(sum(len(r.waiting) + r.transit for r in self.replicas)),
            float(sum(len(r.running) for r in self.replicas)),
            sum(r.memory.free for r in on) / max(blocks, 1), recent / RECENTLY,
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
            self._switch(aim)

    def _switch(self, aim: int) -> None:
        def count() -> int:
            return sum(r.on or r.starting for r in self.replicas)

        for r in (*(r for r in self.replicas if r.draining), *(r for r in self.replicas if not r.draining)):
            if count() < aim and not r.on and not r.starting:
                if not r.draining:
                    r.since, r.starting = self.now, True
                    r.ready = self.now + (self.startup or 0.0)
                r.on, r.draining = r.draining, False
        for kind in ("starting", "on"):
            for r in reversed(self.replicas):
                if count() > aim and getattr(r, kind):
                    r.on = r.starting = False
                    r.draining, r.ready = True, math.inf
                    self._drained(r)

    def _drained(self, r: Replica) -> None:
        if r.draining and not r.members and not r.transit:
            r.draining = False
            r.spent += self.now - r.since

    @property
    def replica_seconds(self) -> float:
        """Replica-seconds until now."""
        return sum(r.spent + (self.now - r.since if r.on or r.starting or r.draining else 0.0) for r in self.replicas)


def _cut() -> Sequence[Op]:
    raise Mismatch
