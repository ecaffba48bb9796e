"""The decisions of a compiled program on an instance, judged by the reference interpreter (`scheduler.py`)."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.reference.judge import Judge
from heuresis.evaluators.serving import engine as e
from heuresis.evaluators.serving.cases import Case
from heuresis.evaluators.serving.engine import Admission, Batching, Engine, IterationTime, Preemption, ServiceLevel
from heuresis.evaluators.serving.plain.replica import Job
from heuresis.evaluators.serving.plain.scheduler import Call, Mismatch, Op, PlainScheduler

_DEFAULTS: dict[str, Callable[[Sequence[float]], float]] = {
    "admit": lambda _: 0.0,
    "prefill_budget": lambda arguments: arguments[-1],
}


JUDGED = 2_000
"""Of each instance the beginning is judged: so many priorities and iterations together, what plain Python bears."""


def furthest(judge: Callable[..., float], case: Case, stream: Sequence[int]) -> float:
    """The largest distance of one instance's first decisions from a judge's; infinite where they are none of its.

    Judged are as many iterations from the beginning as `JUDGED` allows; the trusted replay checks all of them.
    Of a judge that is no `Judge` the optional functions have their default bodies.
    """
    try:
        reference = PlainScheduler(engine_of(case.engine[0]), jobs_of(case), call_of(judge), plan_of(stream))
        reference.run(JUDGED)
    except Mismatch:
        return math.inf
    return reference.furthest


def call_of(judge: Callable[..., float]) -> Call:
    """The functions of a program by their names."""
    if isinstance(judge, Judge):
        return judge.call

    def call(name: str, arguments: Sequence[float]) -> float:
        return judge(*arguments) if name not in _DEFAULTS else _DEFAULTS[name](arguments)

    return call


def plan_of(stream: Sequence[int]) -> list[list[Op]]:
    """The decisions of each iteration. Raises Mismatch where the stream (`Serving.decide`) ends within a record."""
    plan: list[list[Op]] = []
    at = 0
    while at < len(stream):
        record = stream[at + 2 : at + 2 + stream[at + 1]] if at + 1 < len(stream) else ()
        if at + 1 >= len(stream) or len(record) != stream[at + 1] or stream[at] < 0:
            raise Mismatch
        plan += [[] for _ in range(stream[at])]
        numbers, ops = iter(record), list[Op]()
        for number in numbers:
            ops.append((-1 - number, 0) if number < 0 else (number, next(numbers, -1)))
        if ops:
            plan.append(ops)
        at += 2 + len(record)
    return plan


def engine_of(numbers: NDArray[np.float64]) -> Engine:
    """The engine with these numbers (`Engine.to_array`)."""
    n = [float(x) for x in numbers]
    return Engine(
        name="engine", title="engine", origin="numbers", blocks=int(n[e.BLOCKS]), block_size=int(n[e.BLOCK_SIZE]),
        max_num_seqs=int(n[e.MAX_SEQS]), max_num_batched_tokens=int(n[e.TOKEN_BUDGET]),
        batching=list(Batching)[int(n[e.BATCHING])], preemption=list(Preemption)[int(n[e.PREEMPTION])],
        prefix_caching=bool(n[e.PREFIX_CACHING]), watermark=n[e.WATERMARK], kv_bytes_per_token=n[e.KV_BYTES],
        link_bytes_per_second=n[e.LINK], replicas=1, mixed=IterationTime(*n[e.MIXED : e.MIXED + 7]),
        decode=IterationTime(*n[e.DECODE : e.DECODE + 7]), slo=(ServiceLevel("any", 1.0, 1.0),),
        admission=list(Admission)[int(n[e.ADMISSION])],
    )  # fmt: skip


def jobs_of(case: Case) -> list[Job]:
    """The requests of an instance for the scheduler in plain Python."""
    jobs = []
    for number, given in enumerate(case.given.tolist()):
        prompt, output, client, program, slo, after = given
        chain = case.prefix[case.prefix_at[number] : case.prefix_at[number + 1]].tolist()
        date = float(case.arrival[number] if after < 0 else case.gap[number])
        jobs.append(
            Job(
                number, prompt, output, float(case.estimate[number]), client, program, float(case.slo_ttft[slo]),
                float(case.slo_tpot[slo]), after, date, chain,
            )
        )  # fmt: skip
    return jobs
