"""KV memory and prefix cache of a replica, compiled.

A request holds blocks of its chain (the full blocks of its prompt, shared with all requests whose prompts begin alike)
and blocks of its own (the rest of the prompt and the output). Blocks of a chain stay in the cache when nobody refers
to them; where no other block is free, the least recently used of them is given up. A block is referred to only with
all blocks before it, and the last one of a chain is left first: so what is cached of a chain is always its beginning.
"""

from numba import types

from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.serving.replica.records import I64, NONE, ROW, SETTINGS, Record, S
from heuresis.evaluators.serving.replica.state import cache_of, chains_of


@inner_njit(types.void(S, I64), **SETTINGS)
def _unlink(s: Record, b: int) -> None:
    """Take a block out of those that nobody refers to."""
    cache = cache_of(s)
    older, newer = cache[b].older, cache[b].newer
    if older == NONE:
        s.oldest = newer
    else:
        cache[older].newer = newer
    if newer == NONE:
        s.newest = older
    else:
        cache[newer].older = older


@inner_njit(types.void(S, I64), **SETTINGS)
def take(s: Record, blocks: int) -> None:
    """Take so many free blocks, those that hold nothing first, then the least recently used cached ones."""
    cache = cache_of(s)
    plain = min(blocks, s.untouched)
    s.untouched -= plain
    s.free -= blocks
    for _ in range(blocks - plain):
        b = s.oldest
        _unlink(s, b)
        cache[b].present = 0


@inner_njit(I64(S, ROW), **SETTINGS)
def matched(s: Record, row: Record) -> int:
    """How many blocks of a waiting request's chain are cached; its last token is always computed."""
    cache, chains = cache_of(s), chains_of(s)
    limit = min(row.links, (row.target - 1) // s.size)
    k = min(row.matched, limit)
    while k < limit and cache[chains[row.chain + k]].present == 1:
        k += 1
    while k > 0 and cache[chains[row.chain + k - 1]].present == 0:
        k -= 1
    row.matched = k
    return int(k)


@inner_njit(I64(S, ROW, I64), **SETTINGS)
def lacking(s: Record, row: Record, tokens: int) -> int:
    """How many of the free blocks a request would take to hold so many tokens (negative: it would give some back)."""
    cache, chains = cache_of(s), chains_of(s)
    full = min(tokens // s.size, row.links)
    low, high = row.shared, full  # those in use by others come first
    while low < high:
        middle = (low + high) // 2
        if cache[chains[row.chain + middle]].refs > 0:
            low = middle + 1
        else:
            high = middle
    lacks: int = (tokens + s.size - 1) // s.size - max(low, row.shared) - row.own
    return lacks


@inner_njit(I64(S), **SETTINGS)
def spare(s: Record) -> int:
    """Free blocks that an admission may count on: those beyond the watermark, or all where nobody runs."""
    blocks: int = s.free - (s.kept if s.decodes + s.prefills > 0 else 0)
    return blocks


@inner_njit(types.void(S, ROW, I64), **SETTINGS)
def grow(s: Record, row: Record, tokens: int) -> None:
    """Give a request the blocks for so many tokens; the blocks of its chain that become full count as cached."""
    cache, chains = cache_of(s), chains_of(s)
    full = min(tokens // s.size, row.links)
    if full > row.shared:
        s.untouched += row.own
        s.free += row.own
        row.own = 0
        for k in range(row.shared, full):
            b = chains[row.chain + k]
            if cache[b].present == 0:
                take(s, 1)
                cache[b].present = 1
            elif cache[b].refs == 0:
                _unlink(s, b)
                s.free -= 1
            cache[b].refs += 1
        row.shared = full
    own = (tokens + s.size - 1) // s.size - row.shared
    take(s, own - row.own)
    row.own = own


@inner_njit(types.void(S, ROW, I64), **SETTINGS)
def release(s: Record, row: Record, tokens: int) -> None:
    """Take all blocks from a request; those of its chain that its first `tokens` tokens fill stay cached."""
    cache, chains = cache_of(s), chains_of(s)
    s.untouched += row.own
    s.free += row.own
    for k in range(row.shared - 1, -1, -1):
        b = chains[row.chain + k]
        cache[b].refs -= 1
        if cache[b].refs == 0:
            s.free += 1
            if (k + 1) * s.size <= tokens:
                newest = s.newest
                cache[b].older, cache[b].newer = newest, NONE
                if newest == NONE:
                    s.oldest = b
                else:
                    cache[newest].newer = b
                s.newest = b
            else:
                cache[b].present = 0
                s.untouched += 1
    row.shared = 0
    row.own = 0
