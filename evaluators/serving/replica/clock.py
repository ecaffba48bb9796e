# ruff: noqa: I001 - the many places of the state stand side by side
"""An iteration of a replica takes its time: everybody who runs advances, and some end."""

from heuresis.evaluators.aliases import Floats, Ints
import numba
import numpy as np
from numba import types

from heuresis.evaluators.serving import engine as e
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.memory import take
from heuresis.evaluators.serving.replica.state import (
    DECODES, DECODING, ENDS, F1, F2, F64, FREE, I1, I64, KV_TOKENS, NEVER, NEXT_END, NONE, PENDING, PHASES,
    PREFILLING, PREFILLS, Q1, SERVICE, SETTINGS, SIZE, STEPS, STORED, SWAPPED, Requests,
)  # fmt: skip
from heuresis.evaluators.serving.replica.lifecycle import begin_decode, end_request, stop_decode


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


@inner_njit(types.void(I1, Q1, F2, F64), **SETTINGS)
def _advance_prefills(s: Ints, q: Requests, later: Floats, now: float) -> None:
    """Book the chunks of an iteration; a finished prefill yields a token."""
    running, left = s[PREFILLING], 0
    for k in range(s[PREFILLS]):
        i = s[running + k]
        row = q[i]
        done = row.computed + row.chunk
        row.recomputed += max(0, min(done, row.lost) - row.computed)
        row.computed, row.chunk = done, 0
        if done < row.target:
            s[running + left] = i
            left += 1
            continue
        row.generated += 1
        for who in (row.client, row.program):
            s[s[SERVICE] + 3 * who + STORED] += 2
        if np.isnan(row.first):
            row.first = now
        if row.generated == row.output:
            end_request(s, q, later, i, now)
        else:
            begin_decode(s, q, i)
    s[PREFILLS] = left


@inner_njit(types.void(I1, Q1, F2, F64), **SETTINGS)
def _end_decodes(s: Ints, q: Requests, later: Floats, now: float) -> None:
    """End those whose last token came, in the order of their admission."""
    while s[NEXT_END] == s[STEPS]:
        first, serial = NONE, NEVER
        for k in range(s[DECODES]):
            i = s[s[DECODING] + k]
            if s[s[ENDS] + k] == s[STEPS] and q[i].serial < serial:
                first, serial = i, q[i].serial
        stop_decode(s, q, first)
        end_request(s, q, later, first, now)


@numba.njit(F64(I1, Q1, F2, F1, F64), **SETTINGS)
def advance(s: Ints, q: Requests, later: Floats, engine: Floats, now: float) -> float:
    """Run the iteration that was put together; return when it ends (`now` where nothing was to be done)."""
    prefill, doubled_work = 0, 0
    for k in range(s[PREFILLS]):
        row = q[s[s[PREFILLING] + k]]
        prefill += row.chunk
        doubled_work += row.chunk * (2 * row.computed + row.chunk)
    if prefill + s[DECODES] == 0:
        return now
    now += seconds(engine, prefill, s[DECODES], s[KV_TOKENS], doubled_work)
    if s[SWAPPED] > 0:
        now += s[SWAPPED] * engine[e.KV_BYTES] / engine[e.LINK]
        s[SWAPPED] = 0
    s[STEPS] += 1
    s[KV_TOKENS] += s[DECODES]
    if prefill > 0:
        s[PENDING] -= prefill
        _advance_prefills(s, q, later, now)
    if s[NEXT_END] == s[STEPS]:
        _end_decodes(s, q, later, now)
    return now


@inner_njit(types.Tuple((F64, I64))(I1, Q1, F2, F1, F64, F64, I64), **SETTINGS)
def coast(
    s: Ints, q: Requests, later: Floats, engine: Floats, now: float, until: float, most: int
) -> tuple[float, int]:
    """Run iterations in which nothing happens but that all who decode get a token; return the time and their number.

    At most `most`, none that begins at `until` or later, none for which blocks lack, and none after a request ended.
    Nothing may be waiting for the link.
    """
    size = s[SIZE]
    decodes, steps, kv, end = s[DECODES], s[STEPS], s[KV_TOKENS], s[NEXT_END]
    at = e.DECODE
    fixed, per_token = engine[at + e.CONST] + engine[at + e.DECODES] * decodes, engine[at + e.KV]
    excess = engine[at + e.EXCESS] * max(0.0, decodes - engine[at + e.EXCESS_FROM])
    done = 0
    while done < most and steps < end and now < until:
        blocks = s[PHASES + -steps % size]
        if blocks > s[FREE]:
            break
        if blocks > 0:
            take(s, blocks)
        now += (fixed + per_token * kv + excess) / 1000.0
        steps += 1
        kv += decodes
        done += 1
    s[STEPS], s[KV_TOKENS] = steps, kv
    if steps == end:
        _end_decodes(s, q, later, now)
    return now, done
