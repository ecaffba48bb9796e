"""What happens to requests on a replica: arrive, be admitted, be evicted, begin to decode, end.

Simulation and replay share these functions. An iteration is, in this order: evictions and chunks of running prefills
as they come, the blocks of the decodes (`take` as many as are `due`), admissions, `clock.advance`.
"""

from numba import types

from heuresis.evaluators.kernels.heap import push
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.memory import grow, lacking, matched, release, spare
from heuresis.evaluators.serving.replica.records import (
    B1,
    DECODE,
    DONE,
    F64,
    I64,
    NEVER,
    NONE,
    PREFILL,
    REJECTED,
    ROW,
    SETTINGS,
    WAITING,
    Record,
    S,
)
from heuresis.evaluators.serving.replica.state import later_of, phases_of, requests_of, running_of, service_of


@inner_njit(I64(S), **SETTINGS)
def due(s: Record) -> int:
    """How many running requests need a block for the token that they decode in this iteration."""
    blocks: int = phases_of(s)[-s.steps % s.size]
    return blocks


@inner_njit(I64(S, I64), **SETTINGS)
def got(s: Record, who: int) -> int:
    """Tokens (prompt + 2 × output) that a client, or a program, has got: by its place in the list `service`."""
    service = service_of(s)
    tokens: int = service[who].stored + 2 * service[who].growing * s.steps
    return tokens


@inner_njit(I64(S), **SETTINGS)
def least_served(s: Record) -> int:
    """What the least served client with requests here has got; `NEVER` where none has any."""
    service, least = service_of(s), NEVER
    for client in range(s.clients):
        if service[client].here > 0:
            least = min(least, got(s, client))
    return least


@inner_njit(types.void(S, I64, F64), **SETTINGS)
def _call_followers(s: Record, i: int, now: float) -> None:
    """Those who follow a request that is done arrive their gaps later."""
    q, coming = requests_of(s), s.coming
    later = later_of(coming)
    follower = q[i].follower
    while follower != NONE:
        push(later, coming.count, now + q[follower].gap, follower)
        coming.count += 1
        follower = q[follower].sibling


@inner_njit(B1(S, I64, F64, B1), **SETTINGS)
def arrive(s: Record, i: int, date: float, lifting: bool) -> bool:
    """A request arrives and waits; False where its prompt and one token exceed the memory: it is rejected.

    Where `lifting`, a client without requests here is lifted to the service of the least served one that has some.
    """
    service, row = service_of(s), requests_of(s)[i]
    row.arrived = date
    row.deadline += date
    if row.prompt + 1 > s.total * s.size:
        row.state, row.output = REJECTED, 0
        s.ended += 1
        _call_followers(s, i, date)
        return False
    if lifting and service[row.client].here == 0:
        least = least_served(s)
        if least < NEVER:
            service[row.client].stored = max(service[row.client].stored, least)
    service[row.client].here += 1
    row.state = WAITING
    s.waits += 1
    s.pending += row.target
    return True


@inner_njit(types.void(S, I64), **SETTINGS)
def begin_decode(s: Record, i: int) -> None:
    """Let a request join those that decode; its numbers are true and become relative to `steps`."""
    running, phases, service = running_of(s), phases_of(s), service_of(s)
    row, steps = requests_of(s)[i], s.steps
    k, end = s.decodes, steps + row.output - row.generated
    running[k].decoding, running[k].end = i, end
    s.decodes = k + 1
    s.next_end = min(s.next_end, end)
    s.kv_tokens += row.computed
    row.computed -= steps
    row.generated -= steps
    row.state = DECODE
    phases[row.computed % s.size] += 1
    for who in (row.client, row.program):
        service[who].stored -= 2 * steps
        service[who].growing += 1


@inner_njit(types.void(S, I64), **SETTINGS)
def stop_decode(s: Record, i: int) -> None:
    """Take a request from those that decode; its numbers are true again."""
    running, phases, service = running_of(s), phases_of(s), service_of(s)
    row, steps, size = requests_of(s)[i], s.steps, s.size
    phases[row.computed % size] -= 1
    row.computed += steps
    row.generated += steps
    row.own = (row.computed + size - 1) // size - row.shared
    s.kv_tokens -= row.computed
    last = s.decodes - 1
    at = 0
    while running[at].decoding != i:
        at += 1
    running[at].decoding, running[at].end = running[last].decoding, running[last].end
    s.decodes = last
    end = NEVER
    for k in range(last):
        end = min(end, running[k].end)
    s.next_end = end
    for who in (row.client, row.program):
        service[who].stored += 2 * steps
        service[who].growing -= 1


@inner_njit(types.void(S, ROW), **SETTINGS)
def _unreserve(s: Record, row: Record) -> None:
    if row.reserved > 0:
        row.reserved = 0
        s.reserving -= 1


@inner_njit(types.void(S, I64, F64), **SETTINGS)
def end_request(s: Record, i: int, now: float) -> None:
    """A request, which no longer decodes, has its last token."""
    service, row = service_of(s), requests_of(s)[i]
    row.state = DONE
    row.finish = now
    s.ended += 1
    service[row.client].here -= 1
    _unreserve(s, row)
    release(s, row, row.computed)
    _call_followers(s, i, now)


@inner_njit(types.void(S, I64), **SETTINGS)
def evict(s: Record, i: int) -> None:
    """Let a running request wait again: its KV is dropped, or goes over the link."""
    running, row = running_of(s), requests_of(s)[i]
    if row.state == DECODE:
        stop_decode(s, i)
    else:
        at = 0
        while running[at].prefilling != i:
            at += 1
        s.prefills -= 1
        for k in range(at, s.prefills):
            running[k].prefilling = running[k + 1].prefilling
    row.chunk = 0
    row.state = WAITING
    row.restarts += 1
    s.waits += 1
    s.evictions += 1
    _unreserve(s, row)
    release(s, row, row.computed)
    if s.swaps == 0:
        s.pending += row.prompt + row.generated - max(0, row.target - row.computed)
        row.lost = max(row.lost, row.computed)
        row.target = row.prompt + row.generated
        row.computed = 0
    else:
        s.swapped += row.computed


@inner_njit(I64(S, ROW), **SETTINGS)
def start(s: Record, row: Record) -> int:
    """The tokens that a waiting request would not have to compute: swapped out, or found in the prefix cache."""
    known: int = max(row.computed, matched(s, row) * s.size)
    return known


@inner_njit(B1(S, ROW, I64), **SETTINGS)
def may_enter(s: Record, row: Record, tokens: int) -> bool:
    """Whether the engine admits a waiting request that holds so many tokens at first (`Engine.admission`)."""
    blocks = lacking(s, row, tokens)
    if s.whole == 1 and tokens < row.target:
        blocks = max(blocks, lacking(s, row, row.target))
    return bool(blocks <= spare(s))


@inner_njit(types.void(S, I64, I64, I64), **SETTINGS)
def admit(s: Record, i: int, tokens: int, reserve: int) -> None:
    """A waiting request runs: with a chunk of so many tokens, or one token of output where all else was swapped out."""
    running, service, row = running_of(s), service_of(s), requests_of(s)[i]
    known = start(s, row)
    if row.computed > 0:
        s.swapped += row.computed - min(row.computed, row.matched * s.size)
    if row.serial == 0:
        row.found = known
        for who in (row.client, row.program):
            service[who].stored += row.prompt
    s.pending -= known - row.computed
    s.waits -= 1
    s.serials += 1
    row.serial = s.serials
    row.computed = known
    row.reserved = reserve
    if reserve > 0:
        s.reserving += 1
    grow(s, row, known + tokens)
    if known >= row.target:
        begin_decode(s, i)
    else:
        row.state, row.chunk = PREFILL, tokens
        running[s.prefills].prefilling = i
        s.prefills += 1
