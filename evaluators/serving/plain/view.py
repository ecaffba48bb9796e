"""What a program sees of a replica, in plain Python: priorities, the peak of memory, what is to come of programs."""

import math
from collections.abc import Callable, Collection, Sequence

from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.plain.replica import Job, Replica

Call = Callable[[str, Sequence[float]], float]
"""A function of the contract by its name, and its arguments."""


class Mismatch(Exception):
    """The decisions are none that the scheduler could take."""


class View(Replica):
    """A replica, and a program's functions by the names of the contract; of the later ones those named in `own`."""

    def __init__(self, engine: Engine, jobs: Sequence[Job], call: Call, own: Collection[str]) -> None:
        super().__init__(engine, jobs)
        self.call, self.own = call, own
        self.judged = 0  # priorities

    def key(self, job: Job) -> float:
        """Its priority now."""
        self.judged += 1
        here = {j.client for j in (*self.waiting, *self.running)}
        least = min(self.service.get(("client", c), 0) for c in here)
        runs = job in self.running
        value = self.call("priority", (
            self.now, job.arrived, job.deadline, float(job.prompt), job.estimate, float(job.computed),
            float(job.generated), float(job.restarts), float(self.service.get(("program", job.program), 0)),
            float(self.service.get(("client", job.client), 0) - least),
            float(job.cached if runs else self.memory.match(job)), float(runs), self.free(),
            float(len(self.running)), float(len(self.waiting)),
        ))  # fmt: skip
        if "revise" not in self.own:
            return value
        return self.call("revise", (
            self.now, value, job.arrived, job.deadline, float(job.prompt), job.estimate, float(job.computed),
            float(job.generated), float(runs), float(job.best_effort), float(self._path_service(job)),
            *self._stages(job),
        ))  # fmt: skip

    def free(self) -> float:
        """The share of blocks that are free."""
        return self.memory.free / self.engine.blocks

    def peak(self, newcomer: Job) -> float:
        """The most blocks that the running requests and this one hold at any time if each runs to its length."""
        turns = min(5, 200 // len(self.running) + 1) if "length" in self.own and self.running else 1
        peaks = [self._peak_of(newcomer, turn) for turn in range(turns)]
        return math.nan if any(map(math.isnan, peaks)) else max(peaks)

    def _peak_of(self, newcomer: Job, turn: int) -> float:
        lengths = [(self._length(j, turn), j) for j in (*self.running, newcomer)]
        if not all(math.isfinite(length) for length, _ in lengths):
            return math.nan
        ends = [(max(1.0, length - j.generated), j) for length, j in lengths]
        most = 0.0
        for end, _ in ends:
            there = [j for left, j in ends if left >= end]
            most = max(most, sum(j.prompt + j.generated + self.memory.size - 1 for j in there) + len(there) * end)
        return most / self.memory.size

    def _length(self, job: Job, turn: int) -> float:
        """Tokens of output that are expected of a request."""
        if "length" not in self.own:
            return job.estimate
        drawn = self._drawn(job, turn)
        return self.call("length", (drawn, float(job.prompt), job.estimate, float(job.generated)))

    def _drawn(self, job: Job, turn: int) -> float:
        """One of the last lengths beyond what it has, or between two of them if it runs."""
        longer = sorted(tokens for tokens in self.lengths if tokens > job.generated)
        if not longer:
            return float(job.generated)
        x = job.number * 0.8191725133961645 + job.generated * 0.6710436067037893 + turn * 0.5497004779019703
        at = x % 1.0 * len(longer)
        k = min(int(at), len(longer) - 1)
        below = longer[k - 1] if k else job.generated
        return float(math.floor(below + (longer[k] - below) * (at - k) + 0.5) if job in self.running else longer[k])

    def _path_service(self, job: Job) -> int:
        """Tokens that the calls which led to this one have got."""
        if job.after < 0:
            return 0
        before = self.jobs[job.after]
        return self._path_service(before) + (0 if before.rejected else before.prompt + 2 * before.output)

    def _stages(self, job: Job) -> tuple[float, float, float, float]:
        """Calls to come on the path that may take longest: how many, tokens of prompts and outputs, seconds."""
        paths = []
        for one in self.jobs:
            if one.after == job.number:
                count, prompt, output, time = self._stages(one)
                time += one.date + (one.ttft + one.tpot * one.estimate)
                paths.append((time, one.number, (1.0 + count, one.prompt + prompt, one.estimate + output, time)))
        return max(paths)[2] if paths else (0.0, 0.0, 0.0, 0.0)


def finite(value: float) -> float:
    """A value of the program. Raises Mismatch where it is NaN or infinite."""
    if not math.isfinite(value):
        raise Mismatch
    return value
