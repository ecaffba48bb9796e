"""A replica in plain Python: requests, KV memory, arrivals, time (`scheduler.py` decides what happens)."""

import math
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from heuresis.evaluators.serving.engine import Engine, Preemption

Block = int | tuple[int, int]
"""A full block in the cache: one of a chain by its number, or (request, place in it), which it alone can find."""


@dataclass(slots=True, eq=False)
class Job:
    """A request and what has become of it. `chain` are the prefix blocks of its prompt."""

    number: int
    prompt: int
    output: int
    estimate: float
    client: int
    program: int
    ttft: float
    tpot: float
    after: int
    date: float  # s; by the clock, or the gap after the one that it follows
    chain: Sequence[int]
    best_effort: bool = False
    arrived: float = math.nan
    deadline: float = math.nan
    first: float = math.nan
    finish: float = math.nan
    target: int = 0
    computed: int = 0
    generated: int = 0
    restarts: int = 0
    serial: int = 0
    chunk: int = 0
    cached: int = 0
    found: int = 0
    recomputed: int = 0
    lost: int = 0
    reserved: int = 0
    held: list[Block] = field(default_factory=list)  # full blocks, as the cache knows them
    own: int = 0  # further blocks
    rejected: bool = False

    @property
    def decodes(self) -> bool:
        """Whether its prompt is computed, so that it gets a token in each iteration in which it runs."""
        return self.computed >= self.target

    @property
    def blocks(self) -> int:
        """Blocks that it holds."""
        return len(self.held) + self.own


class Memory:
    """KV blocks: `untouched` ones, cached ones with their references, and cached ones that nobody refers to."""

    def __init__(self, blocks: int, size: int, caching: bool) -> None:
        self.size, self.untouched, self.caching = size, blocks, caching
        self.refs: dict[Block, int] = {}
        self.unused: OrderedDict[Block, None] = OrderedDict()  # the least recently used first

    @property
    def free(self) -> int:
        """Blocks that can be taken."""
        return self.untouched + len(self.unused)

    def match(self, job: Job) -> int:
        """How many tokens at the start of a request are cached; the last token is always computed."""
        count = 0
        for block in self._full(job, job.target - 1):
            if block not in self.refs and block not in self.unused:
                break
            count += 1
        return count * self.size

    def lacking(self, job: Job, tokens: int) -> int:
        """Free blocks that it would take for a request to hold so many tokens."""
        others = sum(block in self.refs for block in self._full(job, tokens))
        return math.ceil(tokens / self.size) - others - job.blocks

    def hold(self, job: Job, tokens: int) -> None:
        """Let a request hold blocks for so many tokens; full blocks of its chain are shared."""
        for block in self._full(job, tokens):
            self.untouched += job.own
            job.own = 0
            if block in self.unused:
                del self.unused[block]
            elif block not in self.refs:
                self._take()
            self.refs[block] = self.refs.get(block, 0) + 1
            job.held.append(block)
        while job.blocks < math.ceil(tokens / self.size):
            self._take()
            job.own += 1

    def leave(self, job: Job) -> None:
        """Let a request hold nothing; what it has computed stays in the cache, if there is one."""
        self.untouched += job.own
        while job.held:
            place, block = len(job.held), job.held.pop()
            self.refs[block] -= 1
            if not self.refs[block]:
                del self.refs[block]
                if place * self.size <= job.computed:
                    self.unused[block] = None
                else:
                    self.untouched += 1
        job.own = 0

    def forget(self, job: Job) -> None:
        """Have what is cached for a request alone hold nothing."""
        for block in [b for b in self.unused if isinstance(b, tuple) and b[0] == job.number]:
            del self.unused[block]
            self.untouched += 1

    def _full(self, job: Job, tokens: int) -> Iterator[Block]:
        """The full blocks of a request's first tokens, behind those that it holds."""
        if self.caching:
            for place in range(len(job.held), tokens // self.size):
                yield job.chain[place] if place < len(job.chain) else (job.number, place)

    def _take(self) -> None:
        if self.untouched:
            self.untouched -= 1
        else:
            self.unused.popitem(last=False)


class Replica:
    """One replica and all requests: who is coming, waiting and running, and what clients and programs have got."""

    def __init__(self, engine: Engine, jobs: Sequence[Job]) -> None:
        self.engine, self.jobs = engine, list(jobs)
        self.memory = Memory(engine.blocks, engine.block_size, engine.prefix_caching)
        self.waiting: list[Job] = []
        self.running: list[Job] = []  # in order of admission
        self.coming = [j for j in self.jobs if j.after < 0]
        self.service: dict[tuple[str, int], int] = {}
        self.now, self.serials, self.swapped = 0.0, 0, 0
        self.lengths = deque([1024] * 100, maxlen=200)  # of outputs that ended, half full at first as LightLLM's
        self.paused = False  # since somebody arrived, or began
        for job in self.jobs:
            job.target = job.prompt
            job.output = min(job.output, engine.kv_tokens - job.prompt)
            job.arrived = job.date if job.after < 0 else math.nan
            job.chain = job.chain[: job.prompt // engine.block_size] if engine.prefix_caching else ()

    def arrivals(self) -> None:
        """Let all arrive whose time has come."""
        while any(j.arrived <= self.now for j in self.coming):  # who is rejected may be followed at once
            job = min(self.coming, key=lambda j: (j.arrived, j.number))
            self.coming.remove(job)
            self.paused = False
            job.deadline = job.ttft + job.tpot * job.estimate + job.arrived
            if job.prompt + 1 > self.engine.kv_tokens:
                job.rejected, job.output = True, 0
                self.call_followers(job, job.arrived)
                continue
            here = {j.client for j in (*self.waiting, *self.running)}
            if here and job.client not in here:
                least = min(self.service.get(("client", c), 0) for c in here)
                self.service["client", job.client] = max(self.service.get(("client", job.client), 0), least)
            self.waiting.append(job)

    def call_followers(self, job: Job, date: float) -> None:
        """Those who follow a request that is done at a date will arrive."""
        for follower in self.jobs:
            if follower.after == job.number:
                follower.arrived = date + follower.date
                self.coming.append(follower)

    def serve(self, job: Job, tokens: int) -> None:
        """Count what a request's client and program got."""
        for whose in (("client", job.client), ("program", job.program)):
            self.service[whose] = self.service.get(whose, 0) + tokens

    def pass_time(self) -> None:
        """Run what was decided: time passes, tokens come, requests end."""
        chunks, decodes = [j for j in self.running if j.chunk], [j for j in self.running if j.decodes]
        if not chunks and not decodes:
            return
        regime = self.engine.mixed if chunks else self.engine.decode
        work = sum(j.chunk * (j.computed + j.chunk / 2) for j in chunks)
        time = regime.milliseconds(
            sum(j.chunk for j in chunks), len(decodes), sum(j.computed for j in decodes), work
        ) / 1000.0  # fmt: skip
        self.now += time
        if self.swapped:
            self.now += self.link_time(time)
            self.swapped = 0
        for job in (*chunks, *decodes):
            tokens, job.chunk = job.chunk or 1, 0
            job.recomputed += max(0, min(job.computed + tokens, job.lost) - job.computed)
            job.computed += tokens
            if job.decodes:
                job.generated += 1
                self.serve(job, 2)
                if math.isnan(job.first):
                    job.first = self.now
                if job.generated == job.output:
                    self.end(job)

    def link_time(self, time: float) -> float:
        """By how much the link makes an iteration longer that takes so many seconds without it."""
        crossing = self.swapped * self.engine.kv_bytes_per_token / self.engine.link_bytes_per_second
        return max(0.0, crossing - time) if self.engine.preemption is Preemption.SWAP_OVERLAPPED else crossing

    def end(self, job: Job) -> None:
        """A request has its last token."""
        job.finish = self.now
        self.running.remove(job)
        self.memory.leave(job)
        job.reserved = 0
        self.lengths.append(job.output)
        self.call_followers(job, self.now)
