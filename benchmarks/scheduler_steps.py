"""What a scheduler decides, iteration by iteration: our first come, first served, or another that is driven.

Nothing here knows whose the other one is: `Scheduler` says what it must do, `vllm_scheduler.py` brings vLLM's.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints, Stream
from heuresis.evaluators.serving.cases import Cases
from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.plain.audit import jobs_of, plan_of
from heuresis.evaluators.serving.plain.replica import Job
from heuresis.evaluators.serving.plain.scheduler import PlainScheduler
from heuresis.evaluators.serving.simulator import Serving
from heuresis.problems.baselines import source_of
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.schedules import compiled, pack

CLOSE = 1e-6
"""Seconds by which times may differ through rounding."""


@dataclass(frozen=True, slots=True)
class Step:
    """One iteration: when it began (s), and what was decided of which requests."""

    begin: float
    chunks: Mapping[int, tuple[int, int]]  # prefill: from which token to which
    decodes: frozenset[int]
    admitted: frozenset[int]
    evicted: frozenset[int]

    def differences(self, other: "Step") -> list[str]:
        """What the two do not have in common: names of fields."""
        decided = ("evicted", "admitted", "chunks", "decodes")
        found = [name for name in decided if getattr(self, name) != getattr(other, name)]
        return found if abs(self.begin - other.begin) < CLOSE else [*found, "begin"]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The iterations of a run; of each request its first token and its end (s, NaN: rejected), and its evictions."""

    steps: Sequence[Step]
    first: Floats
    finish: Floats
    evictions: Ints

    @property
    def admissions(self) -> int:
        """How often requests were admitted, those that had been evicted counted again."""
        return sum(len(step.admitted) for step in self.steps)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The share of iterations that are equal, place by place, and the first place where they are not."""

    equal: float
    first: int | None = None
    what: str = ""  # in words (`apart`)


def apart(a: Step, b: Step) -> str:
    """What sets two iterations apart, in words: the requests of a set that only one has, or the first other chunk."""
    told = []
    for what in a.differences(b):
        if what == "chunks":
            number = min(n for n in a.chunks.keys() | b.chunks.keys() if a.chunks.get(n) != b.chunks.get(n))
            told.append(f"request {number} prefills {_span(a, number)} / {_span(b, number)}")
        elif what == "begin":
            told.append(f"begins {b.begin - a.begin:+.3g} s")
        else:
            mine, theirs = getattr(a, what), getattr(b, what)
            told.append(f"{what} {sorted(mine - theirs)} / {sorted(theirs - mine)}")
    return "; ".join(told)


def _span(step: Step, number: int) -> str:
    return "{}–{}".format(*step.chunks[number]) if number in step.chunks else "nothing"


def compare(a: Sequence[Step], b: Sequence[Step]) -> Agreement:
    """Compare the iterations of two runs of one trace."""
    pairs = list(zip(a, b, strict=False))
    different = [place for place, (one, other) in enumerate(pairs) if one.differences(other)]
    equal = (len(pairs) - len(different)) / max(len(a), len(b))
    if different:
        return Agreement(equal, different[0], apart(*pairs[different[0]]))
    return Agreement(equal) if len(a) == len(b) else Agreement(equal, len(pairs), "one has ended")


class _Followed(PlainScheduler):
    """Our scheduler in plain Python, which follows decisions of first come, first served, and keeps what it did."""

    def __init__(self, engine: Engine, jobs: Sequence[Job], stream: Stream) -> None:
        defaults = {"admit": lambda _: 0.0, "prefill_budget": lambda arguments: arguments[-1]}
        super().__init__(engine, jobs, lambda name, arguments: defaults[name](arguments), plan_of(stream.tolist()))
        self.steps: list[Step] = []
        self._admissions_before = 0

    def pass_time(self) -> None:
        self.steps.append(
            Step(
                begin=self.now,
                chunks={j.number: (j.computed, j.computed + j.chunk) for j in self.running if j.chunk},
                decodes=frozenset(j.number for j in self.running if j.decodes),
                admitted=frozenset(j.number for j in self.running if j.serial > self._admissions_before),
                evicted=frozenset(number for number, tokens in self.ops if not tokens),
            )
        )
        self._admissions_before = self.serials
        super().pass_time()

    def _key(self, job: Job) -> float:
        return job.arrived

    def _peak(self, _: Job) -> float:
        return 0.0  # takes long, and the default of `admit` does not look at it


def ours(instance: ServingInstance) -> Run:
    """First come, first served by the compiled simulator; times are those of the trusted replay.

    The iterations are those of the plain half as it follows the same decisions. Raises RuntimeError where the halves
    do not agree.
    """
    payload, one = pack([instance]), np.zeros(1, dtype=np.int64)
    simulator = Serving(payload)
    decisions = simulator.decide(compiled(source_of("serving", "fcfs")), np.zeros(0), one)
    served = simulator.served(one, decisions)
    followed = _Followed(instance.engine, jobs_of(Cases(payload)[0]), decisions[2])
    followed.run()
    finish = np.array([job.finish for job in followed.jobs])
    if served.faults.any() or followed.furthest > 0 or not np.allclose(finish, served.finish, 0, CLOSE, equal_nan=True):
        raise RuntimeError("the two halves of the simulator do not agree on this trace")
    return Run(followed.steps, served.first_token, served.finish, served.restarts)


@dataclass(frozen=True, slots=True)
class Batch:
    """An iteration as a scheduler wants it: who gets how many tokens after how many computed ones; who is evicted."""

    tokens: Mapping[int, int]
    computed: Mapping[int, int]
    evicted: frozenset[int]


class Scheduler(Protocol):
    """A scheduler that is driven from outside; it knows the trace, whose numbers the requests have."""

    def add(self, number: int) -> None:
        """A request arrives."""

    def schedule(self) -> Batch:
        """Decide the next iteration."""

    def update(self, sampled: frozenset[int]) -> None:
        """The iteration is done; each of these has a further token of output."""


def seconds(engine: Engine, chunks: Mapping[int, tuple[int, int]], past_of_decodes: Sequence[int]) -> float:
    """How long our engine takes for these chunks and for decodes after so many tokens."""
    if not chunks and not past_of_decodes:
        return 0.0
    spans = chunks.values()
    work = sum((end - begin) * (begin + end) / 2 for begin, end in spans)
    regime = engine.mixed if chunks else engine.decode
    prefill = sum(end - begin for begin, end in spans)
    return regime.milliseconds(prefill, len(past_of_decodes), sum(past_of_decodes), work) / 1000.0


def driven(instance: ServingInstance, scheduler: Scheduler) -> Run:
    """Serve a trace by another scheduler, whose iterations take as long as our engine would take for them.

    Raises ValueError for requests that follow others, and RuntimeError where the scheduler lets all wait for ever.
    """
    if np.any(instance.after >= 0):
        raise ValueError("expected requests that arrive by the clock, got some that follow others")
    drive = _Drive(instance, scheduler)
    while drive.coming or drive.waiting or drive.running:
        if not drive.waiting and not drive.running:
            drive.now = max(drive.now, float(instance.arrival[drive.coming[0]]))
        drive.arrivals()
        if drive.waiting or drive.running:
            drive.iterate()
    return Run(drive.steps, drive.first, drive.finish, drive.evictions)


class _Drive:
    """A scheduler at work on a trace: the clock, and what has become of the requests."""

    def __init__(self, instance: ServingInstance, scheduler: Scheduler) -> None:
        self.now = 0.0
        self.coming = deque(range(instance.size))
        self.waiting: set[int] = set()
        self.running: set[int] = set()
        self.steps: list[Step] = []
        self.first, self.finish = np.full((2, instance.size), math.nan)
        self.evictions, self._generated, self._target = np.zeros((3, instance.size), dtype=np.int64)
        self._instance, self._scheduler, room = instance, scheduler, instance.engine.kv_tokens
        self._output = np.minimum(instance.output, room - instance.prompt)  # none: it is rejected

    def arrivals(self) -> None:
        """Hand over all whose time has come."""
        while self.coming and self._instance.arrival[self.coming[0]] <= self.now:
            number = self.coming.popleft()
            if self._output[number] > 0:
                self._scheduler.add(number)
                self.waiting.add(number)

    def iterate(self) -> None:
        """Run an iteration. Raises RuntimeError where nobody runs and nobody was evicted."""
        batch = self._scheduler.schedule()
        if not batch.tokens and not batch.evicted:
            raise RuntimeError(f"the scheduler runs nobody although {len(self.waiting)} requests wait")
        step = self._step(batch)
        self.steps.append(step)
        self.now += seconds(self._instance.engine, step.chunks, [batch.computed[n] for n in step.decodes])
        done = {n for n, (_, end) in step.chunks.items() if end == self._target[n]}
        self._scheduler.update(step.decodes | done)
        self._count(step.decodes | done)

    def _step(self, batch: Batch) -> Step:
        for number in batch.evicted:
            self.evictions[number] += 1
        self.running -= batch.evicted
        self.waiting |= batch.evicted
        admitted = frozenset(batch.tokens.keys() - self.running)
        for number in admitted:
            self._target[number] = self._instance.prompt[number] + self._generated[number]
        self.running |= admitted
        self.waiting -= admitted
        decodes = frozenset(n for n in batch.tokens if batch.computed[n] >= self._target[n])
        chunks = {n: (batch.computed[n], batch.computed[n] + count) for n, count in batch.tokens.items()}
        return Step(self.now, _without(chunks, decodes), decodes, admitted, batch.evicted)

    def _count(self, sampled: Iterable[int]) -> None:
        """Each of these has a further token."""
        for number in sampled:
            self._generated[number] += 1
            if math.isnan(self.first[number]):
                self.first[number] = self.now
            if self._generated[number] == self._output[number]:
                self.finish[number] = self.now
                self.running.remove(number)


def _without(chunks: Mapping[int, tuple[int, int]], others: frozenset[int]) -> dict[int, tuple[int, int]]:
    return {number: span for number, span in chunks.items() if number not in others}
