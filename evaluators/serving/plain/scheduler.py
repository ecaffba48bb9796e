"""Serving on one replica once more, in plain Python and request by request: what the compiled loops must do.

Nothing is shared with them but the contract. `PlainScheduler` runs a scheduler, or follows decisions and measures
how far they lie from those that the scheduler would take.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence

from heuresis.evaluators.language.reference.distance import TOLERANCE, distance
from heuresis.evaluators.serving.engine import Admission, Batching, Engine, Preemption
from heuresis.evaluators.serving.plain.replica import Job, Replica

Op = tuple[int, int]
"""(request, tokens of its chunk), or (request, 0): it is evicted."""
Call = Callable[[str, Sequence[float]], float]
"""A function of the contract by its name, and its arguments."""


class Mismatch(Exception):
    """The decisions are none that the scheduler could take."""


class PlainScheduler(Replica):
    """A replica under a scheduler, whose functions are called by the names of the contract.

    With a `plan`, a list of decisions for each iteration, these are followed; `furthest` is the largest distance of one
    of them from what the scheduler would choose. Without, `plan` holds what the scheduler chose afterwards.
    """

    def __init__(
        self, engine: Engine, jobs: Sequence[Job], call: Call,
        plan: Sequence[Sequence[Op]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(engine, jobs)
        self.call = call
        self.furthest, self.judged = 0.0, 0  # of `judged` priorities
        self.given = None if plan is None else deque(plan)
        self.plan: list[list[Op]] = []
        self.wanted: deque[Op] = deque()
        self.ops: list[Op] = []
        self.keys: dict[int, float] = {}

    def run(self, most: float = math.inf) -> None:
        """Serve all requests, or stop after so many priorities and iterations together.

        Raises Mismatch where a plan cannot be followed.
        """
        while self.waiting or self.running or self.coming:
            if self.judged + len(self.plan) >= most:
                return
            self.arrivals()
            if not self.waiting and not self.running and not self.coming:
                break
            if not self.waiting and not self.running:
                ops: list[Op] = []
                if self._wanted():
                    raise Mismatch
                self.now = min(j.arrived for j in self.coming)
            else:
                ops = self._iteration()
                if not ops and not self.running:
                    if not self.coming:
                        raise Mismatch
                    self.now = min(j.arrived for j in self.coming)
                else:
                    self.pass_time()
            self.plan.append(ops)
        if self.given:
            raise Mismatch

    def _wanted(self) -> Sequence[Op]:
        """The decisions of the next iteration in the plan; none without a plan."""
        if self.given is None:
            return ()
        if not self.given:
            raise Mismatch
        return self.given.popleft()

    def _iteration(self) -> list[Op]:
        """Decide an iteration and do all of it but let its time pass."""
        self.wanted, self.ops, self.keys = deque(self._wanted()), [], {}
        most = self._most_prefill()
        if self.engine.batching is Batching.DECODE_FIRST:
            self._decodes_first(most)
        else:
            self._in_order(most)
        for job in self.running:
            if job.decodes:
                self.memory.hold(job, job.computed + 1)
        if all(tokens for _, tokens in self.ops):
            self._admissions(most)
        if self.wanted:
            raise Mismatch
        return self.ops

    def _key(self, job: Job) -> float:
        """Its priority now."""
        self.judged += 1
        here = {j.client for j in (*self.waiting, *self.running)}
        least = min(self.service.get(("client", c), 0) for c in here)
        runs = job in self.running
        return self.call("priority", (
            self.now, job.arrived, job.deadline, float(job.prompt), job.estimate, float(job.computed),
            float(job.generated), float(job.restarts), float(self.service.get(("program", job.program), 0)),
            float(self.service.get(("client", job.client), 0) - least),
            float(job.cached if runs else self.memory.match(job)), float(runs), self._free(),
            float(len(self.running)), float(len(self.waiting)),
        ))  # fmt: skip

    def _free(self) -> float:
        return self.memory.free / self.engine.blocks

    def _most_prefill(self) -> int:
        decodes = sum(j.decodes for j in self.running)
        budget = self.engine.max_num_batched_tokens - decodes
        if not self.waiting and decodes == len(self.running):
            return budget
        pending = sum(max(0, j.target - j.computed) for j in (*self.waiting, *self.running))
        value = self.call("prefill_budget", (
            self.now, float(len(self.running)), float(decodes), float(len(self.waiting)), float(pending), self._free(),
            float(budget),
        ))  # fmt: skip
        most = math.floor(min(max(_finite(value), 0.0), budget))
        return budget if most < 1 and not decodes else most

    def _room(self, most: int) -> int:
        """Tokens left for prefill in this iteration."""
        decodes = sum(j.decodes for j in self.running)
        return min(most, self.engine.max_num_batched_tokens - decodes) - sum(j.chunk for j in self.running)

    def _judge_running(self) -> None:
        """Priorities of the running requests, once in an iteration."""
        if not self.keys:
            self.keys = {j.number: _finite(self._key(j)) for j in self.running}

    def _evict_one(self) -> Job:
        """Evict the running request of largest priority, of equal ones the one admitted last."""
        self._judge_running()
        last_first = self.running[::-1]
        keys = [-self.keys[j.number] for j in last_first]
        place = keys.index(min(keys))
        if self.given is not None:
            if not self.wanted or self.wanted[0][1]:
                raise Mismatch
            number, _ = self.wanted.popleft()
            place = next((k for k, j in enumerate(last_first) if j.number == number), -1)
            self._measure(distance(keys, place))
        job = last_first[place]
        self.running.remove(job)
        self.ops.append((job.number, 0))
        self.memory.leave(job)
        job.chunk = job.reserved = 0
        job.restarts += 1
        if self.engine.preemption is Preemption.RECOMPUTE:
            job.lost = max(job.lost, job.computed)
            job.target, job.computed = job.prompt + job.generated, 0
        else:
            self.swapped += job.computed
        self.waiting.append(job)
        return job

    def _measure(self, far: float) -> None:
        if math.isinf(far):
            raise Mismatch
        self.furthest = max(self.furthest, far)

    def _due(self, jobs: Sequence[Job]) -> int:
        """Blocks that some requests lack for the token that they decode in this iteration."""
        return sum(self.memory.lacking(j, j.computed + 1) for j in jobs if j.decodes)

    def _chunk(self, job: Job, tokens: int) -> None:
        if self.given is not None and (not self.wanted or self.wanted.popleft() != (job.number, tokens)):
            raise Mismatch
        self.memory.hold(job, job.computed + tokens)
        job.chunk = tokens
        self.ops.append((job.number, tokens))

    def _decodes_first(self, most: int) -> None:
        while self._due(self.running) > self.memory.free:
            self._evict_one()
        prefills = [j for j in self.running if not j.decodes]
        if len(prefills) > 1:
            self._judge_running()
            prefills.sort(key=lambda j: (self.keys[j.number], j.number))
        for job in prefills:
            chunk = min(job.target - job.computed, self._room(most))
            if job not in self.running:
                continue
            if chunk < 1:
                break
            while job in self.running and (
                self.memory.lacking(job, job.computed + chunk) + self._due(self.running) > self.memory.free
            ):
                self._evict_one()
            if job in self.running:
                self._chunk(job, chunk)

    def _in_order(self, most: int) -> None:
        granted: list[Job] = []
        for job in list(self.running):
            if job not in self.running:
                continue
            tokens = 1 if job.decodes else min(job.target - job.computed, self._room(most))
            if tokens < 1:
                continue
            while self.memory.lacking(job, job.computed + tokens) + self._due(granted) > self.memory.free:
                victim = self._evict_one()
                granted = [j for j in granted if j is not victim]
                if victim is job:
                    break
            if job in self.running and job.decodes:
                granted.append(job)
            elif job in self.running:
                self._chunk(job, tokens)

    def _admissions(self, most: int) -> None:
        """Admit waiting requests by priority until one has to wait."""
        self.keys = {}
        while self.waiting and len(self.running) < self.engine.max_num_seqs:
            used = sum(j.chunk for j in self.running) + sum(j.decodes for j in self.running)
            if used >= self.engine.max_num_batched_tokens:
                return
            self.waiting.sort(key=lambda j: j.number)
            if not self.keys:
                self.keys = {j.number: _finite(self._key(j)) for j in self.waiting}
            keys = [self.keys[j.number] for j in self.waiting]
            place = keys.index(min(keys))
            if self.wanted:
                number = self.wanted[0][0]
                place = next((k for k, j in enumerate(self.waiting) if j.number == number), -1)
                self._measure(distance(keys, place))
            job = self.waiting[place]
            known = max(job.computed, self.memory.match(job))
            tokens = 1 if known >= job.target else min(job.target - known, self._room(most))
            forced = not self.running and not self.coming
            if tokens < 1 or not self._may_enter(job, known + tokens, forced):
                return
            if self.given is not None and (not self.wanted or self.wanted.popleft() != (job.number, tokens)):
                raise Mismatch
            self._admit(job, tokens)

    def _may_enter(self, job: Job, tokens: int, forced: bool) -> bool:
        """Whether a request that would hold so many tokens at first is admitted; sets what is reserved for it."""
        need, memory = self.memory.lacking(job, tokens), self.memory
        job.reserved = 0
        if not self._fits(job, tokens):
            return forced
        promised = sum(max(0, j.reserved - j.blocks) for j in self.running)
        value = _finite(self.call("admit", (
            self.now, float(job.prompt), job.estimate, float(job.generated), float(memory.match(job)), float(need),
            float(memory.free), float(self.engine.blocks), float(promised), self._peak(job), float(len(self.running)),
            float(len(self.waiting)),
        )))  # fmt: skip

        def fits(wanted: float) -> bool:
            others = math.ceil(tokens / memory.size) - need
            return wanted >= 0 and promised + max(need, math.ceil(wanted) - others) <= memory.free

        enters = fits(value)
        if self.given is not None and enters is not bool(self.wanted):  # mathematical libraries round differently
            slack = TOLERANCE * abs(value)
            enters = next((e for e in (fits(value - slack), fits(value + slack)) if e is bool(self.wanted)), enters)
        if enters:
            job.reserved = max(0, math.ceil(value))
        return enters or forced

    def _fits(self, job: Job, tokens: int) -> bool:
        """Whether the engine admits a request that would hold so many tokens at first."""
        kept = int(self.engine.watermark * self.engine.blocks) if self.running else 0
        whole = self.engine.admission is Admission.WHOLE
        wanted = (tokens, job.target) if whole else (tokens,)
        return max(self.memory.lacking(job, held) for held in wanted) + kept <= self.memory.free

    def _peak(self, newcomer: Job) -> float:
        """The most blocks that the running requests and this one hold at any time if each runs until its estimate."""
        ends = [(max(1.0, j.estimate - j.generated), j) for j in (*self.running, newcomer)]
        most = 0.0
        for end, _ in ends:
            there = [j for left, j in ends if left >= end]
            most = max(most, sum(j.prompt + j.generated + self.memory.size - 1 for j in there) + len(there) * end)
        return most / self.memory.size

    def _admit(self, job: Job, tokens: int) -> None:
        cached = self.memory.match(job)
        if job.computed:
            self.swapped += job.computed - min(job.computed, cached)
        if not job.serial:
            job.found = max(job.computed, cached)
            self.serve(job, job.prompt)
        self.serials += 1
        job.serial, job.cached, job.computed = self.serials, cached, max(job.computed, cached)
        self.waiting.remove(job)
        self.running.append(job)
        self.memory.hold(job, job.computed + tokens)
        job.chunk = 0 if job.decodes else tokens
        self.ops.append((job.number, tokens))


def _finite(value: float) -> float:
    """A value of the program. Raises Mismatch where it is NaN or infinite."""
    if not math.isfinite(value):
        raise Mismatch
    return value
