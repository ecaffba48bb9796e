"""An iteration of a replica takes its time: everybody who runs advances, and some end."""

import numba
import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving import engine as e
from heuresis.evaluators.serving.replica.lifecycle import begin_decode, end_request, stop_decode
from heuresis.evaluators.serving.replica.memory import take
from heuresis.evaluators.serving.replica.records import F1, F64, I64, NEVER, NONE, SETTINGS, Record, S
from heuresis.evaluators.serving.replica.state import engine_of, phases_of, requests_of, running_of, service_of

_OVERLAPPED = list(e.Preemption).index(e.Preemption.SWAP_OVERLAPPED)


@inner_njit(F64(F1, I64, I64, I64, I64), **SETTINGS)
def seconds(engine: Floats, prefill: int, decodes: int, kv_tokens: int, doubled_work: int) -> float:
    """How long an iteration takes; `doubled_work` = Σ chunk·(2·past + chunk)."""
    at = e.MIXED if prefill > 0 else e.DECODE
    beyond = max(0.0, prefill + decodes - engine[at + e.EXCESS_FROM])
    milliseconds: float = (
        engine[at + e.CONST]
        + engine[at + e.PREFILL] * prefill
        + engine[at + e.DECODES] * decodes
        + engine[at + e.KV] * kv_tokens
        + engine[at + e.ATTENTION] * (0.5 * doubled_work) / 1e6
        + engine[at + e.EXCESS] * beyond
    )
    return milliseconds / 1000.0


@inner_njit(types.Tuple((F64, I64))(S), **SETTINGS)
def duration(s: Record) -> tuple[float, int]:
    """How long the iteration that was put together takes without the link (s), and its tokens of prefill."""
    q, running = requests_of(s), running_of(s)
    prefill, doubled_work = 0, 0
    for k in range(s.prefills):
        row = q[running[k].prefilling]
        prefill += row.chunk
        doubled_work += row.chunk * (2 * row.computed + row.chunk)
    return seconds(engine_of(s), prefill, s.decodes, s.kv_tokens, doubled_work), prefill


@inner_njit(F64(S, F64), **SETTINGS)
def link_time(s: Record, time: float) -> float:
    """By how much the link makes an iteration longer that takes so many seconds without it."""
    engine = engine_of(s)
    crossing: float = s.swapped * engine[e.KV_BYTES] / engine[e.LINK]
    return max(0.0, crossing - time) if s.swaps == _OVERLAPPED else crossing


@inner_njit(types.void(S, F64), **SETTINGS)
def _advance_prefills(s: Record, now: float) -> None:
    """Book the chunks of an iteration; a finished prefill yields a token."""
    q, running, service = requests_of(s), running_of(s), service_of(s)
    left = 0
    for k in range(s.prefills):
        i = running[k].prefilling
        row = q[i]
        done = row.computed + row.chunk
        row.recomputed += max(0, min(done, row.lost) - row.computed)
        row.computed, row.chunk = done, 0
        if done < row.target:
            running[left].prefilling = i
            left += 1
            continue
        row.generated += 1
        for who in (row.client, row.program):
            service[who].stored += 2
        if np.isnan(row.first):
            row.first = now
        if row.generated == row.output:
            end_request(s, i, now)
        else:
            begin_decode(s, i)
    s.prefills = left


@inner_njit(types.void(S, F64), **SETTINGS)
def _end_decodes(s: Record, now: float) -> None:
    """End those whose last token came, in the order of their admission."""
    q, running = requests_of(s), running_of(s)
    while s.next_end == s.steps:
        first, serial = NONE, NEVER
        for k in range(s.decodes):
            i = running[k].decoding
            if running[k].end == s.steps and q[i].serial < serial:
                first, serial = i, q[i].serial
        stop_decode(s, first)
        end_request(s, first, now)


@numba.njit(F64(S, F64), **SETTINGS)
def advance(s: Record, now: float) -> float:
    """Run the iteration that was put together; return when it ends (`now` where nothing was to be done)."""
    time, prefill = duration(s)
    if prefill + s.decodes == 0:
        return now
    now += time
    if s.swapped > 0:
        now += link_time(s, time)
        s.swapped = 0
    s.steps += 1
    s.kv_tokens += s.decodes
    if prefill > 0:
        s.pending -= prefill
        _advance_prefills(s, now)
    if s.next_end == s.steps:
        _end_decodes(s, now)
    return now


@numba.njit(types.Tuple((F64, I64))(S, F64, F64, I64), **SETTINGS)
def coast(s: Record, now: float, until: float, most: int) -> tuple[float, int]:
    """Run iterations in which nothing happens but that all who decode get a token; return the time and their number.

    At most `most`, none that begins at `until` or later, none for which blocks lack, and none after a request ended.
    Nothing may be waiting for the link.
    """
    phases, engine = phases_of(s), engine_of(s)
    size = s.size
    decodes, steps, kv, end = s.decodes, s.steps, s.kv_tokens, s.next_end
    at = e.DECODE
    fixed, per_token = engine[at + e.CONST] + engine[at + e.DECODES] * decodes, engine[at + e.KV]
    excess = engine[at + e.EXCESS] * max(0.0, decodes - engine[at + e.EXCESS_FROM])
    done = 0
    while done < most and steps < end and now < until:
        blocks = phases[-steps % size]
        if blocks > s.free:
            break
        if blocks > 0:
            take(s, blocks)
        now += (fixed + per_token * kv + excess) / 1000.0
        steps += 1
        kv += decodes
        done += 1
    s.steps, s.kv_tokens = steps, kv
    if steps == end:
        _end_decodes(s, now)
    return now, done
