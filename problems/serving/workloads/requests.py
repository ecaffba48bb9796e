"""Requests drawn from a workload, at one per second on average, and put on an engine at a rate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.serving.instances import Labels, ServingInstance
from heuresis.problems.serving.workloads.estimates import DEFAULT_NOISE, estimated
from heuresis.problems.serving.workloads.families import LEVELS, Calls, Tenants, Workload
from heuresis.problems.serving.workloads.lengths import on_and_off, zipf
from heuresis.problems.serving.workloads.prefixes import grown_blocks
from heuresis.problems.serving.workloads.streams import Stream


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """A workload drawn: one request per second on average, on no engine yet. Arrays have one entry per request.

    `root_tokens[root[i]]` tokens at the beginning of prompt i are those of text `root[i]`; -1: it shares nothing.
    Prompts of one program that begin with the same text begin alike as far as the shorter one goes.
    """

    workload: Workload
    arrival: Floats
    prompt: Ints
    output: Ints
    client: Ints
    program: Ints
    level: Ints
    after: Ints
    gap: Floats
    root: Ints
    root_tokens: Ints

    @property
    def size(self) -> int:
        """Number of requests."""
        return len(self.arrival)


def draw(workload: Workload, n: int, context: int, *seed: int) -> Requests:
    """So many requests; none has more than `context` tokens of prompt and output, half of which are output at most.

    The arrivals of the first and the last request lie n - 1 seconds apart. Equal seeds draw equal requests.
    """
    stream = Stream.seeded(5_100_000, workload.number, n, *seed)
    if workload.calls is not None:
        return _draw_calls(workload, workload.calls, stream, n, context)
    if workload.tenants is not None:
        return _draw_tenants(workload, workload.tenants, stream, n, context)
    numbers, zeros = np.arange(n), np.zeros(n, dtype=np.int64)
    arrival = workload.gaps.draw(stream, n)
    prompt, output = _cut(workload.prompt.draw(stream, n), workload.output.draw(stream, n), context)
    level, none = stream.choice(n, LEVELS), zeros - 1
    return Requests(workload, arrival, prompt, output, zeros, numbers, level, none, np.zeros(n), none, zeros[:0])


def _cut(prompt: Ints, output: Ints, context: int) -> tuple[Ints, Ints]:
    output = np.minimum(output, context // 2)
    return np.minimum(prompt, context - output), output


def _draw_tenants(workload: Workload, tenants: Tenants, stream: Stream, n: int, context: int) -> Requests:
    zeros = np.zeros(n, dtype=np.int64)
    arrival, client = on_and_off(stream, n, tenants.clients, tenants.on, tenants.off)
    root_tokens = np.minimum(tenants.shared.draw(stream, tenants.clients * tenants.texts), context // 4)
    root = client * tenants.texts + stream.choice(n, zipf(tenants.texts))
    prompt, output = workload.prompt.draw(stream, n) + root_tokens[root], workload.output.draw(stream, n)
    prompt, output = _cut(prompt, output, context)
    level = stream.choice(tenants.clients, LEVELS)[client]
    return Requests(
        workload, arrival, prompt, output, client, np.arange(n), level, zeros - 1, np.zeros(n), root, root_tokens
    )


def _draw_calls(workload: Workload, calls: Calls, stream: Stream, n: int, context: int) -> Requests:
    root_tokens = np.minimum(calls.shared.draw(stream, calls.kinds), context // 4)
    counts = stream.geometric(n, calls.mean)  # more programs than there are requests
    kind, task = stream.choice(n, [1.0] * calls.kinds), workload.prompt.draw(stream, n)
    task = np.minimum(task, context // 4)
    client, level = stream.choice(n, zipf(calls.clients)), stream.choice(n, LEVELS)
    output, result = np.minimum(workload.output.draw(stream, n), context // 4), calls.result.draw(stream, n)
    pause = stream.lognormal(n, 0.0, calls.pause_sigma) * calls.pause_median
    gaps = stream.exponentials(n)
    program, after, prompt = _unroll(counts, root_tokens[kind] + task, output, result, context)
    start = np.cumsum(gaps)[program] if program[-1] else np.zeros(n)
    first, last = start[0], start[-1]
    arrival = (start - first) * ((n - 1) / (last - first)) if last > first else start
    gap = np.where(after >= 0, np.rint(pause * 1e6) / 1e6, 0.0)
    return Requests(
        workload,
        arrival,
        prompt,
        output,
        client[program],
        program,
        level[program],
        after,
        gap,
        kind[program],
        root_tokens,
    )


def _unroll(counts: Ints, first: Ints, output: Ints, result: Ints, context: int) -> tuple[Ints, Ints, Ints]:
    """Programs call by call, until there are n: program, the call before it (-1: none) and prompt of each.

    A program also ends where its next prompt would take more than three quarters of the context.
    """
    n = len(output)
    program, after, prompt = (np.zeros(n, dtype=np.int64) for _ in range(3))
    number, call = 0, 0
    for i in range(n):
        grown = prompt[i - 1] + output[i - 1] + result[i] if call else 0
        if call == counts[number] or (call and grown > context - context // 4):
            number, call = number + 1, 0
        program[i] = number
        after[i] = i - 1 if call else -1
        prompt[i] = grown if call else first[number]
        call += 1
    return program, after, prompt


def on_engine(
    requests: Requests,
    engine: Engine,
    rate: float,
    name: str,
    labels: Labels,
    noise: float = DEFAULT_NOISE,
    seed: Sequence[int] = (),
) -> ServingInstance:
    """The requests on an engine at `rate` requests per second; `seed` is that of the estimates' noise.

    Calls of a program carry its start as their arrival, for they come when the call before is done and its tool, too.
    """
    n = requests.size
    offsets, blocks = np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int64)
    if len(requests.root_tokens):
        offsets, blocks = grown_blocks(
            requests.root, requests.root_tokens, requests.program, requests.prompt, engine.block_size
        )
    return ServingInstance(
        name=name,
        labels=labels,
        engine=engine,
        arrival=_arrivals(requests, rate),
        prompt=requests.prompt,
        output=requests.output,
        estimate=estimated(requests.output, noise, requests.workload.number, *seed),
        client=requests.client,
        program=requests.program,
        slo=np.minimum(requests.level, len(engine.slo) - 1),
        after=requests.after,
        gap=requests.gap,
        prefix_offsets=offsets,
        prefix_blocks=blocks,
    )


def at_rate(instance: ServingInstance, requests: Requests, rate: float, name: str, labels: Labels) -> ServingInstance:
    """The instance made of these requests, with all but the arrivals the same."""
    return replace(instance, name=name, labels=labels, arrival=_arrivals(requests, rate))


def _arrivals(requests: Requests, rate: float) -> Floats:
    """Seconds, in whole microseconds."""
    return np.rint(requests.arrival / rate * 1e6) / 1e6
