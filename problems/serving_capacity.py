"""How many requests per second an engine can take: from its iteration times and its memory, without simulating."""

from dataclasses import dataclass

import numpy as np

from heuresis.evaluators.engine import Engine
from heuresis.problems.drawing import Floats, exponential, logarithm
from heuresis.problems.serving_requests import Requests

_ROUNDS = 60
"""Each halves the distance to the fixed point or better."""


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What the requests ask for, those that share a text without it: one entry per request, or a sum over all."""

    fresh: Floats  # prompt tokens to compute
    prefill: float  # their sum
    attention: float  # of Σ chunk·(past + chunk/2), in tokens²
    decodes: float  # output tokens but the first of each request
    decode_kv: float  # the KV tokens that each of these reads, in sum
    held: float  # the tokens of memory that each of these holds, in sum


def capacity(requests: Requests, engine: Engine) -> float:
    """Requests per second of one replica that always has enough of these waiting; docs/workloads.md has the formula.

    All requests are served in I iterations, as few as memory, `max_num_seqs` and the token budget allow where work is
    spread evenly; the times of these add up by the two regimes. A text that prompts share counts once in memory and
    not in computing where the engine caches prefixes. What earlier calls of a program leave in the cache counts
    as lost.
    """
    work = _work(requests, engine)
    iterations = work.decodes / engine.max_num_seqs + 1.0
    passes = 0.0
    for _ in range(_ROUNDS):
        chunk = max(1.0, engine.max_num_batched_tokens - work.decodes / iterations)
        each = np.maximum(1.0, work.fresh / chunk)
        passes = float(each.sum())
        running = (work.decodes + passes) / iterations
        memory = engine.kv_tokens * (1.0 - engine.watermark) - _shared_memory(requests, engine, running)
        needed = max(
            (work.decodes + passes) / engine.max_num_seqs,
            (work.decodes + work.prefill) / engine.max_num_batched_tokens,
            (work.held + float((each * work.fresh).sum())) / max(memory, 0.1 * engine.kv_tokens),
        )
        iterations = 0.5 * (iterations + needed)
    seconds = _milliseconds(work, engine, iterations, min(1.0, passes / iterations)) / 1_000.0
    return float(f"{requests.size / seconds:.6g}")


def _work(requests: Requests, engine: Engine) -> _Work:
    shared = np.zeros(requests.size)
    if engine.prefix_caching and len(requests.root_tokens):
        blocks = requests.root_tokens[requests.root] // engine.block_size
        shared = np.minimum(blocks * engine.block_size, requests.prompt - 1).astype(np.float64)
    prompt, later = requests.prompt.astype(np.float64), requests.output - 1.0
    fresh = prompt - shared
    return _Work(
        fresh=fresh,
        prefill=float(fresh.sum()),
        attention=float((prompt * prompt - shared * shared).sum()) / 2.0,
        decodes=float(later.sum()),
        decode_kv=float((later * (prompt + requests.output / 2.0)).sum()),
        held=float((later * (fresh + requests.output / 2.0 + engine.block_size / 2.0)).sum()),
    )


def _shared_memory(requests: Requests, engine: Engine, running: float) -> float:
    """Tokens of the shared texts that at least one of so many running requests begins with, on average."""
    if not engine.prefix_caching or not len(requests.root_tokens):
        return 0.0
    use = np.bincount(requests.root, minlength=len(requests.root_tokens)) / requests.size
    unused = exponential(np.maximum(running * logarithm(np.maximum(1.0 - use, 1e-12)), -700.0))
    return float((requests.root_tokens * (1.0 - unused)).sum())


def _milliseconds(work: _Work, engine: Engine, iterations: float, mixed: float) -> float:
    """The time of all iterations, of which the share `mixed` has prefill chunks."""
    decodes = work.decodes / iterations
    regimes = (
        (engine.mixed, mixed * iterations, decodes + work.prefill / (mixed * iterations)),
        (engine.decode, (1.0 - mixed) * iterations, decodes),
    )
    total = engine.mixed.prefill * work.prefill + engine.mixed.attention * work.attention / 1e6
    for time, count, tokens in regimes:
        share = count / iterations
        total += count * (time.const + time.excess * max(0.0, tokens - time.excess_from))
        total += share * (time.decode * work.decodes + time.kv * work.decode_kv)
    return total
