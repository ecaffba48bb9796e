"""The records of a fleet and its router, and their types in compiled code."""

from typing import Any

import numba
import numpy as np

from heuresis.evaluators.kernels.lists import LIST
from heuresis.evaluators.serving.replica.records import COMING

ROUTE = np.dtype(
    [
        ("length", np.int64),  # tokens of output in the end, cut where the memory ends
        ("follower", np.int64),  # the first request that follows it, or -1
        ("sibling", np.int64),  # the next that follows the same, or -1
        ("prefix", np.int64),  # number of the first block of its prompt, or -1
        ("session", np.int64),  # number of its program
        ("where", np.int64),  # the replica to which it was sent last, or -1
        ("held", np.int64),  # 1 while it is held
        ("stage", np.int64),  # 1 where a replica for prefill has done its prompt
        ("moved", np.int64),  # tokens of KV that came over the link, until it is admitted
        ("moves", np.int64),  # how often it has migrated
        ("turn", np.int64),  # the call of the router in which it was last told to, by `CENTRE.turn`
        ("level", np.int64),  # how many classes of the trace are promised an earlier first token
        ("delays", np.int64),  # how often it has been put off
        ("refused", np.int64),  # 1 where it was refused
        ("gap", np.float64),  # s; after the one that it follows
        ("came", np.float64),  # s; arrival
        ("deadline", np.float64),  # s; before it arrives, from its arrival on
    ],
    align=True,
)
"""What the router keeps of a request."""

REPLICA = np.dtype(
    [
        ("status", np.int64),  # OFF …
        ("role", np.int64),  # MIXED …
        ("busy", np.int64),  # 1 while an iteration runs
        ("transit", np.int64),  # requests whose KV is on its way there, or will be at the end of an iteration
        ("leaves", np.int64),  # the request that migrates at the end of the iteration that runs, or -1
        ("goal", np.int64),  # where that one goes
        ("committed", np.int64),  # Σ prompt + output so far of its requests
        ("projected", np.int64),  # Σ prompt + estimate, rounded up
        ("speed", np.float64),  # decoding for one request, relative to the fastest
        ("began", np.float64),  # s; the iteration that runs
        ("until", np.float64),  # s; when it ends
        ("ready", np.float64),  # s; when it will have started
        ("since", np.float64),  # s; since when it costs
        ("spent", np.float64),  # s; that it has cost before
    ],
    align=True,
)
"""What the router keeps of a replica."""
OFF, STARTING, ON, DRAINING = range(4)
"""Values of `REPLICA.status`: does not run, starts, takes requests, finishes those it has."""

STAGE = np.dtype(
    [
        ("count", np.int64),  # how many are held
        ("heap", LIST),  # (order, request), where orders do not change
        ("columns", LIST),  # else: `HELD_COLUMNS` rows and the number of the request, a column for each
    ],
    align=True,
)
"""Requests that are held: before prefill, or between prefill and decoding."""
HELD_COLUMNS = 6
"""What varies in `order`, and its value; in `STAGE.columns` only the value and the row after it are written."""

NOTE = np.dtype(
    [
        ("at", np.int64),  # where the record begins, -1 while there is none
        ("length", np.int64),  # of the stream
        ("quiet", np.int64),  # calls without decisions before it
        ("fault", np.int64),
    ],
    align=True,
)
"""How far the stream of decisions is written or followed."""

CENTRE = np.dtype(
    [
        ("coming", COMING),
        ("note", NOTE),
        ("transit", np.int64),  # how many are in `moving`
        ("ended", np.int64),  # requests that are done or rejected
        ("routed", np.int64),  # routes so far
        ("entered", np.int64),  # requests that came to a replica so far
        ("arrived", np.int64),  # requests so far
        ("recent", np.int64),  # the first of them in the last minute
        ("turn", np.int64),  # calls of the router in which requests may have migrated
        ("tick", np.int64),  # the next of `ticks`
        ("levels", np.int64),  # classes of the trace by the promise of the first token
        ("switches", np.int64),  # 1 where replicas may be switched on and off
        ("startup", np.float64),  # s; what switching one on takes
        ("follows", np.int64),  # 1 where decisions are followed
        ("reads_cached", np.int64),  # 1 where `score`, `hold` or `migrate` read `cached`
        ("reads_deficit", np.int64),  # 1 where they read `deficit`
        ("order_changes", np.int64),  # 1 where the order of those held changes
        ("may_hold", np.int64),  # 1 where any may be held
        ("may_migrate", np.int64),  # 1 where any may migrate
        ("may_refuse", np.int64),  # 1 where any may be refused or put off
        ("requests", LIST),  # of REQUEST
        ("routes", LIST),  # of ROUTE
        ("fleet", LIST),  # of REPLICA
        ("states", LIST),  # of STATE, of each replica
        ("engines", LIST),  # replicas × `engine.ARRAY_SIZE`
        ("stages", LIST),  # of STAGE, two
        ("moving", LIST),  # heap of (time, request) on the way to a replica
        ("log", LIST),  # s; arrivals so far
        ("last", LIST),  # by program: the replica of its last call, or -1
        ("ops", LIST),  # room for the decisions of a replica's iteration
        ("theta", LIST),  # constants of the program
        ("view", LIST),  # `VIEW` rows, a column for each replica that a request may go to
        ("shown", LIST),  # numbers of these replicas
        ("ticks", LIST),  # s, ascending; dates at which it is seen how things stand
        ("seen", LIST),  # ticks × (1 + `WATCHED` · replicas)
    ],
    align=True,
)
"""The router: its numbers, and where its lists are."""

WATCHED = 4
"""Numbers that are seen of each replica at a tick: who waits there or is on the way, who runs, blocks in use, whether
it is on, starts or drains. Before them stands who is held."""

CENTRE_TYPE: Any = numba.from_dtype(CENTRE)
REPLICA_TYPE: Any = numba.from_dtype(REPLICA)
STAGE_TYPE: Any = numba.from_dtype(STAGE)
NOTE_TYPE: Any = numba.from_dtype(NOTE)
