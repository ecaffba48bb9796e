# ruff: noqa: I001 - the many places of the state stand side by side
"""What happens to requests on a replica: arrive, be admitted, be evicted, begin to decode, end.

Simulation and replay share these functions. An iteration is, in this order: evictions and chunks of running prefills
as they come, the blocks of the decodes (`take(s, due(s))`), admissions, `serving_advance.advance`.
"""

from heuresis.evaluators.aliases import Floats, Ints
from numba import types

from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.memory import grow, matched, release
from heuresis.evaluators.serving.replica.state import (
    B1, CLIENTS, DECODE, DECODES, DECODING, DONE, ENDED, ENDS, EVICTIONS, F2, F64, GROWING, HERE, I1, I64, KV_TOKENS,
    LATER, NEVER, NEXT_END, NONE, PENDING, PHASES, PREFILL, PREFILLING, PREFILLS, Q1, REJECTED, RESERVING,
    SERIALS, SERVICE, SETTINGS, SIZE, STEPS, STORED, SWAPPED, SWAPS, TOTAL, WAITING, WAITS, Requests,
    push,
)  # fmt: skip


@inner_njit(I64(I1), **SETTINGS)
def due(s: Ints) -> int:
    """How many running requests need a block for the token that they decode in this iteration."""
    blocks: int = s[PHASES + -s[STEPS] % s[SIZE]]
    return blocks


@inner_njit(I64(I1, I64), **SETTINGS)
def got(s: Ints, row: int) -> int:
    """Tokens (prompt + 2 × output) that a client, or a program, has got: by its row in `SERVICE`."""
    tokens: int = s[s[SERVICE] + 3 * row + STORED] + 2 * s[s[SERVICE] + 3 * row + GROWING] * s[STEPS]
    return tokens


@inner_njit(types.void(I1, Q1, F2, I64, F64), **SETTINGS)
def _call_followers(s: Ints, q: Requests, later: Floats, i: int, now: float) -> None:
    """Those who follow a request that is done arrive their gaps later."""
    follower = q[i].follower
    while follower != NONE:
        push(later, s[LATER], now + q[follower].gap, follower)
        s[LATER] += 1
        follower = q[follower].sibling


@inner_njit(B1(I1, Q1, F2, I64, F64, B1), **SETTINGS)
def arrive(s: Ints, q: Requests, later: Floats, i: int, date: float, lifting: bool) -> bool:
    """A request arrives and waits; False where its prompt and one token exceed the memory: it is rejected.

    Where `lifting`, a client without requests here is lifted to the service of the least served one that has some.
    """
    row = q[i]
    row.arrived = date
    row.deadline += date
    if row.prompt + 1 > s[TOTAL] * s[SIZE]:
        row.state, row.output = REJECTED, 0
        s[ENDED] += 1
        _call_followers(s, q, later, i, date)
        return False
    if lifting and s[s[SERVICE] + 3 * row.client + HERE] == 0:
        least = NEVER
        for client in range(s[CLIENTS]):
            if s[s[SERVICE] + 3 * client + HERE] > 0:
                least = min(least, got(s, client))
        if least < NEVER:
            s[s[SERVICE] + 3 * row.client + STORED] = max(s[s[SERVICE] + 3 * row.client + STORED], least)
    s[s[SERVICE] + 3 * row.client + HERE] += 1
    row.state = WAITING
    s[WAITS] += 1
    s[PENDING] += row.target
    return True


@inner_njit(types.void(I1, Q1, I64), **SETTINGS)
def begin_decode(s: Ints, q: Requests, i: int) -> None:
    """Let a request join those that decode; its numbers are true and become relative to `STEPS`."""
    row, steps = q[i], s[STEPS]
    k, end = s[DECODES], steps + row.output - row.generated
    s[s[DECODING] + k], s[s[ENDS] + k] = i, end
    s[DECODES] = k + 1
    s[NEXT_END] = min(s[NEXT_END], end)
    s[KV_TOKENS] += row.computed
    row.computed -= steps
    row.generated -= steps
    row.state = DECODE
    s[PHASES + row.computed % s[SIZE]] += 1
    for who in (row.client, row.program):
        s[s[SERVICE] + 3 * who + STORED] -= 2 * steps
        s[s[SERVICE] + 3 * who + GROWING] += 1


@inner_njit(types.void(I1, Q1, I64), **SETTINGS)
def stop_decode(s: Ints, q: Requests, i: int) -> None:
    """Take a request from those that decode; its numbers are true again."""
    row, steps, size = q[i], s[STEPS], s[SIZE]
    s[PHASES + row.computed % size] -= 1
    row.computed += steps
    row.generated += steps
    row.own = (row.computed + size - 1) // size - row.shared
    s[KV_TOKENS] -= row.computed
    last = s[DECODES] - 1
    at = 0
    while s[s[DECODING] + at] != i:
        at += 1
    s[s[DECODING] + at], s[s[ENDS] + at] = s[s[DECODING] + last], s[s[ENDS] + last]
    s[DECODES] = last
    end = NEVER
    for k in range(last):
        end = min(end, s[s[ENDS] + k])
    s[NEXT_END] = end
    for who in (row.client, row.program):
        s[s[SERVICE] + 3 * who + STORED] += 2 * steps
        s[s[SERVICE] + 3 * who + GROWING] -= 1


@inner_njit(types.void(I1, Q1, I64), **SETTINGS)
def _unreserve(s: Ints, q: Requests, i: int) -> None:
    if q[i].reserved > 0:
        q[i].reserved = 0
        s[RESERVING] -= 1


@inner_njit(types.void(I1, Q1, F2, I64, F64), **SETTINGS)
def end_request(s: Ints, q: Requests, later: Floats, i: int, now: float) -> None:
    """A request, which no longer decodes, has its last token."""
    row = q[i]
    row.state = DONE
    row.finish = now
    s[ENDED] += 1
    s[s[SERVICE] + 3 * row.client + HERE] -= 1
    _unreserve(s, q, i)
    release(s, q, i, row.computed)
    _call_followers(s, q, later, i, now)


@inner_njit(types.void(I1, Q1, I64), **SETTINGS)
def evict(s: Ints, q: Requests, i: int) -> None:
    """Let a running request wait again: its KV is dropped, or goes over the link."""
    row = q[i]
    if row.state == DECODE:
        stop_decode(s, q, i)
    else:
        at = 0
        while s[s[PREFILLING] + at] != i:
            at += 1
        s[PREFILLS] -= 1
        for k in range(at, s[PREFILLS]):
            s[s[PREFILLING] + k] = s[s[PREFILLING] + k + 1]
    row.chunk = 0
    row.state = WAITING
    row.restarts += 1
    s[WAITS] += 1
    s[EVICTIONS] += 1
    _unreserve(s, q, i)
    release(s, q, i, row.computed)
    if s[SWAPS] == 0:
        s[PENDING] += row.prompt + row.generated - max(0, row.target - row.computed)
        row.lost = max(row.lost, row.computed)
        row.target = row.prompt + row.generated
        row.computed = 0
    else:
        s[SWAPPED] += row.computed


@inner_njit(I64(I1, Q1, I64), **SETTINGS)
def start(s: Ints, q: Requests, i: int) -> int:
    """The tokens that a waiting request would not have to compute: swapped out, or found in the prefix cache."""
    known: int = max(q[i].computed, matched(s, q, i) * s[SIZE])
    return known


@inner_njit(types.void(I1, Q1, I64, I64, I64), **SETTINGS)
def admit(s: Ints, q: Requests, i: int, tokens: int, reserve: int) -> None:
    """A waiting request runs: with a chunk of so many tokens, or one token of output where all else was swapped out."""
    row = q[i]
    known = start(s, q, i)
    if row.computed > 0:
        s[SWAPPED] += row.computed - min(row.computed, row.matched * s[SIZE])
    if row.serial == 0:
        row.found = known
        for who in (row.client, row.program):
            s[s[SERVICE] + 3 * who + STORED] += row.prompt
    s[PENDING] -= known - row.computed
    s[WAITS] -= 1
    s[SERIALS] += 1
    row.serial = s[SERIALS]
    row.computed = known
    row.reserved = reserve
    if reserve > 0:
        s[RESERVING] += 1
    grow(s, q, i, known + tokens)
    if known >= row.target:
        begin_decode(s, q, i)
    else:
        row.state, row.chunk = PREFILL, tokens
        s[s[PREFILLING] + s[PREFILLS]] = i
        s[PREFILLS] += 1
