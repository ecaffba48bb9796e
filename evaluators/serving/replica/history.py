"""Lengths of outputs drawn from those that ended: the history of Past-Future, as in its implementation, LightLLM.

Gong et al. 2025, arXiv:2507.10150. The history begins half full of the longest length that LightLLM lets a request
have. A draw does not come from a generator but from the numbers of request, token and turn, so that it can be repeated.
"""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.records import B1, F64, I64, SETTINGS, Record, S
from heuresis.evaluators.serving.replica.state import past_of

REMEMBERED, AT_FIRST = 200, 1024
"""How many lengths are remembered, and what the half is that is there at first."""
MOST_TURNS, ENOUGH = 5, 200
"""Lengths of all requests are drawn so often, and less often where requests times turns are enough."""
_NUMBER, _TOKEN, _TURN = 0.8191725133961645, 0.6710436067037893, 0.5497004779019703
"""1/x, 1/x², 1/x³ with x⁴ = x + 1: their multiples modulo 1 fill the unit cube evenly."""


def opened() -> Ints:
    """A history as it is at first, for `govern`."""
    return np.full((2, REMEMBERED), AT_FIRST, np.int64)


@inner_njit(types.void(S, I64), **SETTINGS)
def remember(s: Record, tokens: int) -> None:
    """A request ended with so many tokens of output: the oldest length is forgotten for it."""
    past, count = past_of(s), s.past_count
    if count < REMEMBERED:
        s.past_count, place, at = count + 1, count, count
    else:
        place = s.past_next
        s.past_next = (place + 1) % REMEMBERED
        at = np.searchsorted(past[1], past[0, place])
        while at + 1 < REMEMBERED:
            past[1, at] = past[1, at + 1]
            at += 1
    while at > 0 and past[1, at - 1] > tokens:
        past[1, at] = past[1, at - 1]
        at -= 1
    past[0, place], past[1, at] = tokens, tokens


@inner_njit(I64(I64), **SETTINGS)
def turns(running: int) -> int:
    """How often lengths are drawn where so many run."""
    return min(MOST_TURNS, ENOUGH // running + 1) if running > 0 else 1


@inner_njit(F64(S, I64, I64, B1, I64), **SETTINGS)
def drawn(s: Record, i: int, generated: int, runs: bool, turn: int) -> float:
    """An output length of a request from the history beyond what it has generated; that where none is longer.

    One that runs gets a length between two neighbours there, its tokens so far being the first; a newcomer one of them.
    """
    past = past_of(s)[1, : s.past_count]
    low = np.searchsorted(past, generated, side="right")
    longer = past.shape[0] - low
    if longer == 0:
        return float(generated)
    at = (i * _NUMBER + generated * _TOKEN + turn * _TURN) % 1.0 * longer
    k = min(int(at), longer - 1)
    if not runs:
        return float(past[low + k])
    below = generated if k == 0 else past[low + k - 1]
    return float(np.floor(below + (past[low + k] - below) * (at - k) + 0.5))
