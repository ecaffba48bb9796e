"""Several replicas behind a router in plain Python: what is seen of them, and what happens to requests.

`router.py` decides; nothing is shared with the compiled loops but the contract.
"""

import math
from collections.abc import Sequence

from heuresis.evaluators.routing.contract import SATURATED_MEMORY, SATURATED_QUEUE
from heuresis.evaluators.routing.plain.replica import Replica
from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.serving.plain.replica import Job

RECENTLY = 60.0


class Fleet:
    """Replicas and all requests: who is coming, held, under way, and where everybody was last."""

    def __init__(self, replicas: Sequence[Replica], jobs: Sequence[Job], startup: float | None, active: int) -> None:
        self.replicas, self.jobs, self.startup = list(replicas), list(jobs), startup
        self.memory = min(r.engine.kv_tokens for r in replicas)
        self.clients = max(j.client for j in jobs) + 1
        self.coming = sorted((j for j in jobs if j.after < 0), key=lambda j: (j.date, j.number))
        self.came = {j.number: j.date for j in self.coming}
        self.due = dict(self.came)  # as `came`, but of one that was put off when it arrives once more
        classes = sorted({j.ttft for j in jobs})
        self.level, self.levels = {j.number: classes.index(j.ttft) for j in jobs}, len(classes)
        self.delays, self.refused, self.log = {j.number: 0 for j in jobs}, set[int](), list[float]()
        self.moving: list[tuple[float, int, Job, Replica]] = []
        self.held: tuple[list[Job], list[Job]] = ([], [])
        self.stage, self.length, self.last = dict[int, int](), dict[int, int](), dict[int, int]()
        self.where, self.moves = dict[int, int](), dict[int, int]()
        self.now, self.ended, self.sent, self.entered = 0.0, 0, 0, 0
        for r in self.replicas[:active]:
            r.on = True
        for job in self.jobs:
            job.target, job.output = job.prompt, min(job.output, self.memory - job.prompt)
            caches = replicas[0].engine.prefix_caching
            job.chain = job.chain[: job.prompt // replicas[0].engine.block_size] if caches else ()
            self.stage[job.number], self.length[job.number] = 0, job.output

    def takers(self, stage: int) -> list[Replica]:
        """The replicas that take requests of a stage."""
        roles = (MIXED, (PREFILLS_ONLY, DECODES_ONLY)[stage])
        return [r for r in self.replicas if r.on and r.role in roles]

    def request(self, job: Job) -> tuple[float, ...]:
        """What is known of a request."""
        return (self.came[job.number], job.ttft, float(job.prompt), job.estimate, float(job.generated))

    def seen(self, job: Job, r: Replica, held: int) -> tuple[float, ...]:
        """What the router sees of a request and a replica."""
        numbers = (job.program, job.chain[0] if job.chain else -1, self.sent, held, len(self.replicas))
        return (self.now, *self.request(job), *map(float, numbers), *self._there(job, r))

    def _there(self, job: Job, r: Replica) -> tuple[float, ...]:
        """What is seen of a replica, and of a request there."""
        got = [r.service_of(c) for c in range(self.clients)]
        served = sum(tokens > 0 or c == job.client for c, tokens in enumerate(got))
        return (
            float(r.number), *self._loads(r), float(r.memory.match(job)), self._speed(r),
            got[job.client] - sum(got) / served, float(self.last.get(job.program) == r.number),
        )  # fmt: skip

    def _loads(self, r: Replica) -> tuple[float, ...]:
        """Of a replica: waiting, running, free and all tokens, those to prefill, those there so far and in the end."""
        numbers = (
            len(r.waiting) + r.transit, len(r.running), r.memory.free * r.memory.size, r.engine.kv_tokens, r.pending(),
            sum(j.prompt + j.generated for j in r.members), sum(j.prompt + math.ceil(j.estimate) for j in r.members),
        )  # fmt: skip
        return tuple(map(float, numbers))

    def _speed(self, r: Replica) -> float:
        once = [one.engine.decode.milliseconds(0, 1) for one in self.replicas]
        return min(once) / once[r.number]

    def seen_moving(self, job: Job, r: Replica, goal: Replica) -> tuple[float, ...]:
        """What the router sees of a request that may move from one replica to another."""
        numbers = (job.computed, self.moves.get(job.number, 0), sum(map(len, self.held)), len(self.replicas))
        return (
            self.now, *self.request(job), *map(float, numbers), *self._loads(r), self._speed(r), float(r.draining),
            *self._there(job, goal), _transfer(job, goal),
        )  # fmt: skip

    def call_followers(self, job: Job) -> None:
        """Those who follow a request that is done will arrive."""
        for follower in self.jobs:
            if follower.after == job.number:
                self.came[follower.number] = self.now + follower.date
                self._expect(follower, self.came[follower.number])

    def _expect(self, job: Job, date: float) -> None:
        """A request will arrive, or arrive once more."""
        self.due[job.number] = date
        self.coming.append(job)
        self.coming.sort(key=lambda j: (self.due[j.number], j.number))

    def turn_away(self, job: Job, said: int) -> None:
        """A request that arrives is refused (-1), or put off by -1 - `said` milliseconds."""
        if said < -1:
            self.delays[job.number] += 1
            self._expect(job, self.now + (-1 - said) / 1000.0)
            return
        self.refused.add(job.number)
        self.ended += 1
        self.call_followers(job)

    def rate(self) -> float:
        """Requests that arrived in the last minute, per second."""
        return sum(self.now - RECENTLY <= date for date in self.log) / RECENTLY

    def seen_arriving(self, job: Job) -> tuple[float, ...]:
        """What the router sees of a request that arrives, before it is let in."""
        on = [r for r in self.replicas if r.on]
        loads = [
            max(
                (len(r.waiting) + r.transit) / SATURATED_QUEUE, (1 - r.memory.free / r.engine.blocks) / SATURATED_MEMORY
            )
            for r in on
        ]
        numbers = (
            self.level[job.number], self.levels, self.delays[job.number], len(self.log), sum(map(len, self.held)),
            len(on), sum(len(r.waiting) + r.transit for r in self.replicas), sum(len(r.running) for r in self.replicas),
            sum(r.memory.free for r in on) / max(sum(r.engine.blocks for r in on), 1),
            sum(r.pending() for r in self.replicas), sum(loads) / max(len(on), 1), self.rate(),
        )  # fmt: skip
        return (self.now, *self.request(job)[:-1], *map(float, numbers))

    def leave(self, job: Job) -> None:
        """A request leaves its replica: it is done, or is to be decoded elsewhere."""
        if job.generated < self.length[job.number]:
            self.stage[job.number] = 1
            self.held[1].append(job)
            return
        self.ended += 1
        self.call_followers(job)

    def enter(self, job: Job, r: Replica) -> None:
        """A request comes to a replica, the last so far."""
        self.entered += 1
        r.enter(job, self.entered)

    def send(self, job: Job, r: Replica) -> None:
        """A held request goes to a replica, or its KV sets out."""
        stage = self.stage[job.number]
        self.held[stage].remove(job)
        self.sent += 1
        self.last[job.program] = self.where[job.number] = r.number
        if stage == 0:
            if r.role == PREFILLS_ONLY:
                job.output = 1
            self.enter(job, r)
            return
        job.output = self.length[job.number]
        r.transit += 1
        self._carry(job, r)

    def _carry(self, job: Job, r: Replica) -> None:
        """The KV of a request crosses the link of a replica."""
        r.moved[job.number] = job.computed
        self.moving.append((self.now + _transfer(job, r), job.number, job, r))

    def move(self, job: Job, r: Replica, goal: Replica) -> None:
        """Let a candidate migrate, or say that it does at the end of the iteration."""
        self.moves[job.number] = self.moves.get(job.number, 0) + 1
        if job in r.running:
            goal.transit += 1
            r.leaving = (job, goal)
            if not r.busy:
                self.depart(r)
        elif job.computed:
            goal.transit += 1
            self._moved(job, r, goal)
            self._carry(job, goal)
        else:
            self._moved(job, r, goal)
            self.enter(job, goal)
        self.drained(r)

    def _moved(self, job: Job, r: Replica, goal: Replica) -> None:
        r.leave(job)
        self.last[job.program] = self.where[job.number] = goal.number

    def depart(self, r: Replica) -> None:
        """Let go who is to leave a replica, unless it has its last token."""
        if r.leaving is None:
            return
        (job, goal), r.leaving = r.leaving, None
        if job in r.running:
            self._moved(job, r, goal)
            self._carry(job, goal)
        else:
            goal.transit -= 1
            self.moves[job.number] -= 1
            self.drained(goal)

    def switch(self, aim: int) -> None:
        """Have so many replicas that are on or start."""

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
                    self.drained(r)

    def drained(self, r: Replica) -> None:
        """Switch a replica off that drains, if it is empty."""
        if r.draining and not r.members and not r.transit:
            r.draining = False
            r.spent += self.now - r.since

    @property
    def replica_seconds(self) -> float:
        """Replica-seconds until now."""
        return sum(r.spent + (self.now - r.since if r.on or r.starting or r.draining else 0.0) for r in self.replicas)


def _transfer(job: Job, r: Replica) -> float:
    """Seconds for which the KV of a request is on its way to a replica."""
    tokens = job.computed - min(job.computed, r.memory.match(job))
    return tokens * r.engine.kv_bytes_per_token / r.engine.link_bytes_per_second
