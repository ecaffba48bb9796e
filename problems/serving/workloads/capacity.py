"""How many requests per second an engine can take: from its iteration times and its memory, without simulating."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.engine import Engine
from heuresis.problems.serving.workloads.streams import exponential, logarithm

_ROUNDS: Final = 60
"""Each halves the distance to the fixed point or better."""
_SPREADS: Final = tuple(1.6**k for k in range(6))
"""How many times the fewest iterations are tried where programs may find their earlier calls in the cache."""


class Requests(Protocol):
    """What capacity depends on, one entry for each request (`workloads.requests.Requests`)."""

    @property
    def size(self) -> int:
        """Number of requests."""

    @property
    def prompt(self) -> Ints:
        """Tokens."""

    @property
    def output(self) -> Ints:
        """Tokens."""

    @property
    def after(self) -> Ints:
        """The call before in its program; -1: none."""

    @property
    def gap(self) -> Floats:
        """Seconds since that was done."""

    @property
    def root(self) -> Ints:
        """Which of `root_tokens` its prompt begins with; -1: none."""

    @property
    def root_tokens(self) -> Ints:
        """Tokens of texts that prompts share, one entry for each text."""


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What the requests ask for, without what they find in the cache: an entry for each, or a sum over all."""

    fresh: Floats  # prompt tokens to compute
    prefill: float  # their sum
    attention: float  # of Σ chunk·(past + chunk/2), in tokens²
    decodes: float  # output tokens but the first of each request
    decode_kv: float  # the KV tokens that each of these reads, in sum
    held: float  # the tokens of memory that each of these holds for itself, in sum


def capacity(requests: Requests, engine: Engine) -> float:
    """Requests per second of one replica that always has enough of these waiting; docs/workloads.md has the formula.

    All requests are served in I iterations, at least as many as memory, `max_num_seqs` and the token budget need when
    work is spread evenly; the times of these add up by the two regimes. Where the engine caches prefixes, a text that
    prompts share counts once in memory and not in computing; what a program's earlier call left is found if its tool
    takes no longer than the memory that nobody holds takes to be written over, and I is chosen for the highest rate.
    """
    programs = engine.prefix_caching and bool(np.any(requests.after >= 0))
    best = max(_rate(requests, engine, spread) for spread in (_SPREADS if programs else (1.0,)))
    return float(f"{best:.6g}")


def _rate(requests: Requests, engine: Engine, spread: float) -> float:
    """The rate with `spread` times the fewest iterations: a fixed point of these and of what the cache keeps."""
    kept = float(requests.gap.max())  # seconds that a text stays in the cache that nobody holds; first all are found
    work = _work(requests, engine, kept)
    unused = _unused(requests, engine)
    iterations, rate = work.decodes / engine.max_num_seqs + 1.0, 0.0
    for _ in range(_ROUNDS):
        chunk = max(1.0, engine.max_num_batched_tokens - work.decodes / iterations)
        each = np.maximum(1.0, work.fresh / chunk)
        passes = float(each.sum())
        memory = engine.kv_tokens * (1.0 - engine.watermark)
        memory = max(memory - _shared_memory(requests, unused, (work.decodes + passes) / iterations), 0.1 * memory)
        held = work.held + float((each * work.fresh).sum())
        fewest = max(
            (work.decodes + passes) / engine.max_num_seqs,
            (work.decodes + work.prefill) / engine.max_num_batched_tokens,
            held / memory,
        )
        iterations = 0.5 * (iterations + spread * fewest)
        rate = requests.size * 1_000.0 / _milliseconds(work, engine, iterations, min(1.0, passes / iterations))
        if kept > 0.0:
            idle = max(0.0, memory - held / iterations)
            kept = min(kept, 0.5 * (kept + idle * requests.size / (rate * work.prefill)))
            work = _work(requests, engine, kept)
    return rate


def _work(requests: Requests, engine: Engine, kept: float) -> _Work:
    """The work where texts of programs stay in the cache for `kept` seconds."""
    prompt, later = requests.prompt.astype(np.float64), requests.output - 1.0
    shared, found = np.zeros(requests.size), np.zeros(requests.size)
    if engine.prefix_caching and len(requests.root_tokens):
        size = engine.block_size
        shared = np.minimum(requests.root_tokens[requests.root] // size * size, prompt - 1.0)
        back = (requests.after >= 0) & (requests.gap <= kept)
        found = np.where(back, requests.prompt[requests.after] // size * size, 0.0)
    cached = np.maximum(shared, found)
    own = prompt - shared
    return _Work(
        fresh=prompt - cached,
        prefill=float((prompt - cached).sum()),
        attention=float((prompt * prompt - cached * cached).sum()) / 2.0,
        decodes=float(later.sum()),
        decode_kv=float((later * (prompt + requests.output / 2.0)).sum()),
        held=float((later * (own + requests.output / 2.0 + engine.block_size / 2.0)).sum()),
    )


def _unused(requests: Requests, engine: Engine) -> Floats:
    """Of each shared text the logarithm of the share of requests that do not begin with it; none without a cache."""
    if not engine.prefix_caching or not len(requests.root_tokens):
        return np.zeros(0)
    use = np.bincount(requests.root, minlength=len(requests.root_tokens)) / requests.size
    return logarithm(np.maximum(1.0 - use, 1e-12))


def _shared_memory(requests: Requests, unused: Floats, running: float) -> float:
    """Tokens of the shared texts that at least one of so many running requests begins with, on average."""
    if not len(unused):
        return 0.0
    return float((requests.root_tokens * (1.0 - exponential(np.maximum(running * unused, -700.0)))).sum())


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
