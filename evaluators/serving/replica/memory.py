# ruff: noqa: I001 - the many places of the state stand side by side
"""KV memory and prefix cache of a replica, compiled.

A request holds blocks of its chain (the full blocks of its prompt, shared with all requests whose prompts begin alike)
and blocks of its own (the rest of the prompt and the output). Blocks of a chain stay in the cache when nobody refers
to them; where no other block is free, the least recently used of them is given up. A block is referred to only with
all blocks before it, and the last one of a chain is left first: so what is cached of a chain is always its beginning.
"""

from heuresis.evaluators.aliases import Ints
from numba import types

from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.state import (
    CACHE, CHAINS, FREE, I1, I64, NEWER, NEWEST, NONE, OLDER, OLDEST, PRESENT, Q1, REFS, SETTINGS, SIZE, UNTOUCHED,
    Requests,
)  # fmt: skip


@inner_njit(types.void(I1, I64), **SETTINGS)
def _unlink(s: Ints, b: int) -> None:
    """Take a block out of those that nobody refers to."""
    older, newer = s[s[CACHE] + 4 * b + OLDER], s[s[CACHE] + 4 * b + NEWER]
    if older == NONE:
        s[OLDEST] = newer
    else:
        s[s[CACHE] + 4 * older + NEWER] = newer
    if newer == NONE:
        s[NEWEST] = older
    else:
        s[s[CACHE] + 4 * newer + OLDER] = older


@inner_njit(types.void(I1, I64), **SETTINGS)
def take(s: Ints, blocks: int) -> None:
    """Take so many free blocks, those that hold nothing first, then the least recently used cached ones."""
    plain = min(blocks, s[UNTOUCHED])
    s[UNTOUCHED] -= plain
    s[FREE] -= blocks
    for _ in range(blocks - plain):
        b = s[OLDEST]
        _unlink(s, b)
        s[s[CACHE] + 4 * b + PRESENT] = 0


@inner_njit(I64(I1, Q1, I64), **SETTINGS)
def matched(s: Ints, q: Requests, i: int) -> int:
    """How many blocks of a waiting request's chain are cached; its last token is always computed."""
    row, size = q[i], s[SIZE]
    limit = min(row.links, (row.target - 1) // size)
    k = min(row.matched, limit)
    while k < limit and s[s[CACHE] + 4 * s[s[CHAINS] + row.chain + k] + PRESENT] == 1:
        k += 1
    while k > 0 and s[s[CACHE] + 4 * s[s[CHAINS] + row.chain + k - 1] + PRESENT] == 0:
        k -= 1
    row.matched = k
    return int(k)


@inner_njit(I64(I1, Q1, I64, I64), **SETTINGS)
def lacking(s: Ints, q: Requests, i: int, tokens: int) -> int:
    """How many of the free blocks a request would take to hold so many tokens (negative: it would give some back)."""
    row, size = q[i], s[SIZE]
    full = min(tokens // size, row.links)
    low, high = row.shared, full  # those in use by others come first
    while low < high:
        middle = (low + high) // 2
        if s[s[CACHE] + 4 * s[s[CHAINS] + row.chain + middle] + REFS] > 0:
            low = middle + 1
        else:
            high = middle
    lacks: int = (tokens + size - 1) // size - max(low, row.shared) - row.own
    return lacks


@inner_njit(types.void(I1, Q1, I64, I64), **SETTINGS)
def grow(s: Ints, q: Requests, i: int, tokens: int) -> None:
    """Give a request the blocks for so many tokens; the blocks of its chain that become full count as cached."""
    row, size = q[i], s[SIZE]
    full = min(tokens // size, row.links)
    if full > row.shared:
        s[UNTOUCHED] += row.own
        s[FREE] += row.own
        row.own = 0
        for k in range(row.shared, full):
            b = s[s[CHAINS] + row.chain + k]
            if s[s[CACHE] + 4 * b + PRESENT] == 0:
                take(s, 1)
                s[s[CACHE] + 4 * b + PRESENT] = 1
            elif s[s[CACHE] + 4 * b + REFS] == 0:
                _unlink(s, b)
                s[FREE] -= 1
            s[s[CACHE] + 4 * b + REFS] += 1
        row.shared = full
    own = (tokens + size - 1) // size - row.shared
    take(s, own - row.own)
    row.own = own


@inner_njit(types.void(I1, Q1, I64, I64), **SETTINGS)
def release(s: Ints, q: Requests, i: int, tokens: int) -> None:
    """Take all blocks from a request; those of its chain that its first `tokens` tokens fill stay cached."""
    row, size = q[i], s[SIZE]
    s[UNTOUCHED] += row.own
    s[FREE] += row.own
    for k in range(row.shared - 1, -1, -1):
        b = s[s[CHAINS] + row.chain + k]
        s[s[CACHE] + 4 * b + REFS] -= 1
        if s[s[CACHE] + 4 * b + REFS] == 0:
            s[FREE] += 1
            if (k + 1) * size <= tokens:
                newest = s[NEWEST]
                s[s[CACHE] + 4 * b + OLDER], s[s[CACHE] + 4 * b + NEWER] = newest, NONE
                if newest == NONE:
                    s[OLDEST] = b
                else:
                    s[s[CACHE] + 4 * newest + NEWER] = b
                s[NEWEST] = b
            else:
                s[s[CACHE] + 4 * b + PRESENT] = 0
                s[UNTOUCHED] += 1
    row.shared = 0
    row.own = 0
