"""The records of one replica's state, and their types in compiled code.

Requests that decode advance together, one token in each iteration, so what changes with every token is kept for all of
them at once: while a request decodes, its `computed` and `generated` lie by the replica's `steps` below the truth.
"""

from typing import Any, TypeAlias

import numba
import numpy as np
from numba import types

from heuresis.evaluators.kernels.lists import LIST

Record: TypeAlias = Any  # a record: its fields are attributes in compiled code only
Records: TypeAlias = Any  # an array of records

REQUEST = np.dtype(
    [
        ("prompt", np.int64),  # tokens
        ("output", np.int64),  # tokens, cut where the memory ends, 0 if rejected
        ("client", np.int64),  # its row in `service`
        ("program", np.int64),  # its row in `service`
        ("chain", np.int64),  # where its prefix blocks begin, in `chains`
        ("links", np.int64),  # how many they are
        ("state", np.int64),  # FUTURE …
        ("target", np.int64),  # tokens to prefill
        ("computed", np.int64),  # tokens in the KV cache (or swapped out)
        ("generated", np.int64),  # tokens of output
        ("restarts", np.int64),  # evictions
        ("shared", np.int64),  # blocks of its chain that it refers to
        ("own", np.int64),  # further blocks, while it prefills; else what its tokens need
        ("matched", np.int64),  # cached prefix blocks: waiting, as far as known; running, at admission
        ("reserved", np.int64),  # blocks
        ("lost", np.int64),  # most tokens that it had in the cache when it was evicted
        ("serial", np.int64),  # number of its last admission, from 1
        ("chunk", np.int64),  # tokens that it prefills in this iteration
        ("found", np.int64),  # cached tokens when it was first admitted
        ("recomputed", np.int64),  # tokens computed again
        ("after", np.int64),  # the request that it follows, or -1
        ("follower", np.int64),  # the first that follows it, or -1
        ("sibling", np.int64),  # the next that follows the same, or -1
        ("given", np.float64),  # s; arrival in the trace
        ("gap", np.float64),  # s; after the one that it follows
        ("arrived", np.float64),  # s
        ("deadline", np.float64),  # s; before it arrives, from its arrival on
        ("estimate", np.float64),  # tokens of output
        ("first", np.float64),  # s; first token, NaN before
        ("finish", np.float64),  # s; NaN before
        ("key", np.float64),  # priority, where it runs and was judged in this iteration
    ],
    align=True,
)
FUTURE, WAITING, PREFILL, DECODE, DONE, REJECTED = range(6)
"""Values of `REQUEST.state`."""

COMING = np.dtype(
    [
        ("given", np.int64),  # the next request that arrives by the clock, or one before it
        ("count", np.int64),  # how many are in `later`
        ("later", LIST),  # heap of (time, request): those that follow one which is done
    ],
    align=True,
)
"""Who is yet to come."""

SEAT = np.dtype(
    [
        ("decoding", np.int64),  # the first `decodes`: who decodes
        ("end", np.int64),  # the value of `steps` at which that one ends
        ("prefilling", np.int64),  # the first `prefills`: who prefills, in order of admission
    ],
    align=True,
)
"""Two lists of running requests side by side: those that decode and those that prefill."""

BLOCK = np.dtype(
    [
        ("refs", np.int64),  # running requests that refer to it
        ("present", np.int64),  # 1 where it is cached
        ("older", np.int64),  # without a reference: the one used before it, or NONE
        ("newer", np.int64),  # the one used after it, or NONE
    ],
    align=True,
)
"""A block of a prefix chain in the cache."""

SERVICE = np.dtype(
    [
        ("stored", np.int64),  # tokens got less 2 · `steps` for each of its requests that decode
        ("growing", np.int64),  # how many these are
        ("here", np.int64),  # how many of its requests are here
    ],
    align=True,
)
"""What a client or a program has got."""

QUEUE = np.dtype(
    [
        ("changes", np.int64),  # 1 where priorities change while requests wait: they stand in columns, else in a heap
        ("reads_program", np.int64),  # 1 where the priority reads `program_service`
        ("reads_client", np.int64),  # 1 where it reads `client_service`
        ("reads_cached", np.int64),  # 1 where it reads `cached`
        ("count", np.int64),  # how many wait
        ("fewest", np.int64),  # the fewest tokens that one of them lacks, or less, where priorities change
        ("heap", LIST),  # (priority, number), where priorities do not change
        ("columns", LIST),  # else: `waiting.WIDTH` rows, a column for each, in no order
    ],
    align=True,
)
"""The waiting requests of a replica."""

STATE = np.dtype(
    [
        ("steps", np.int64),  # iterations with decodes
        ("decodes", np.int64),  # running requests that decode
        ("prefills", np.int64),  # running requests that prefill
        ("waits", np.int64),  # waiting requests
        ("kv_tokens", np.int64),  # tokens in the KV cache of those that decode
        ("free", np.int64),  # free blocks, cached ones without a reference included
        ("untouched", np.int64),  # free blocks that hold nothing
        ("pending", np.int64),  # tokens that those here have yet to prefill
        ("reserving", np.int64),  # running requests with a reservation
        ("evictions", np.int64),  # so far
        ("serials", np.int64),  # admissions so far
        ("next_end", np.int64),  # the value of `steps` at which the next request ends
        ("oldest", np.int64),  # the least recently used cached block without a reference, or NONE
        ("newest", np.int64),  # the most recently used one
        ("swapped", np.int64),  # tokens that cross the link in this iteration
        ("ended", np.int64),  # requests that are done or rejected
        ("total", np.int64),  # blocks
        ("size", np.int64),  # tokens of a block
        ("seats", np.int64),  # most running requests
        ("budget", np.int64),  # most tokens in an iteration
        ("kept", np.int64),  # blocks that an admission leaves free
        ("whole", np.int64),  # 1 where all tokens so far of who is admitted must fit, 0 where only its first chunk must
        ("swaps", np.int64),  # 1 where evicted requests go over the link, 0 where they are computed again
        ("clients", np.int64),  # how many clients there are
        ("walks", np.int64),  # 1 where the engine walks its running requests in the order of their admission
        ("reads_peak", np.int64),  # 1 where `admit` reads `peak`
        ("steady", np.int64),  # 1 where who was not admitted once stays so while nothing happens but decoding
        ("coming", COMING),
        ("queue", QUEUE),
        ("requests", LIST),  # of REQUEST, in the order of the trace
        ("running", LIST),  # of SEAT
        ("phases", LIST),  # by place in a block: how many who decode need one when `steps` + place is a multiple of it
        ("service", LIST),  # of SERVICE: each client, then each program
        ("cache", LIST),  # of BLOCK: the blocks of all chains
        ("chains", LIST),  # numbers of these blocks, one chain after the other
        ("theta", LIST),  # constants of the program
        ("engine", LIST),  # `Engine.to_array()`
    ],
    align=True,
)
"""A replica: its numbers, and where its lists are."""

NEVER = 1 << 60
NONE = -1

I64, F64, B1 = types.int64, types.float64, types.boolean
I1, F1, F2 = types.int64[::1], types.float64[::1], types.float64[:, ::1]
S: Any = numba.from_dtype(STATE)
C: Any = numba.from_dtype(COMING)
W: Any = numba.from_dtype(QUEUE)
ROW: Any = numba.from_dtype(REQUEST)
Q1: Any = ROW[::1]
SETTINGS: dict[str, Any] = {"error_model": "numpy", "cache": True}
