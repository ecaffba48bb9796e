"""The state of several replicas behind a router as arrays, for compiled loops.

Each replica has its own `serving_state.State`, a row of `states`; the records `serving_state.REQUEST` are shared, for a
request is on one replica at a time. A replica's list of followers holds each request itself: so it says who has ended.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.engine import BLOCK_SIZE, BLOCKS, DECODE, DECODES, EXCESS, EXCESS_FROM, KV, MAX_SEQS
from heuresis.evaluators.serving.loop import workspace
from heuresis.evaluators.serving.replica.state import NONE, PHASES, REQUEST, fill, opened

Records: TypeAlias = Any  # an array of records: attributes of these exist in compiled code only

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
        ("turn", np.int64),  # the call of the router in which it was last told to, by `TURN`
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
OFF, STARTING, ON, DRAINING = range(4)
"""Values of `status`: does not run, starts, takes requests, finishes those it has."""

(
    HELD,  # of two numbers: how many are held before prefill, and between prefill and decoding
    HELD_NEXT,
    TRANSIT,  # size of the heap `moving`
    ENDED,  # requests that are done or rejected
    ROUTED,  # routes so far
    ENTERED,  # requests that came to a replica so far
    ARRIVED,  # requests so far
    RECENT,  # the first of them in the last minute
    SWITCHES,  # 1 where replicas may be switched on and off
    TURN,  # calls of the router in which requests may have migrated
    CENTRE_SIZE,
) = range(PHASES, PHASES + 11)
"""Places in `centre` beside `serving_state.GIVEN` and `LATER`: those who are yet to come."""

LINKED: Any = numba.from_dtype(ROUTE)[::1]
FLEET: Any = numba.from_dtype(REPLICA)[::1]
HELD_COLUMNS = 6
"""Rows of `waiting`: what varies in `order`, and its value; beside them the number of the request."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A fresh fleet and its requests, in the order in which the loops take them."""

    centre: Ints
    q: Records  # REQUEST
    m: Records  # ROUTE
    fleet: Records  # REPLICA
    states: NDArray[np.int64]  # replicas × state
    engines: Floats  # replicas × engine.ARRAY_SIZE
    ended: Floats  # replicas × heaps of (time, request)
    queues: Floats  # replicas × heaps of (rank, request)
    facts: NDArray[np.int64]  # replicas × serving_queue.FACTS
    later: Floats  # heap of (time, request) of calls to come
    moving: Floats  # heap of (time, request) on the way to a replica
    held: Floats  # two heaps of (order, request)
    waiting: Floats  # two times columns of those that are held, where their order changes
    log: Floats  # s; arrivals so far
    last: Ints  # by program: the replica of its last call, or -1
    ops: Ints  # room for the decisions of a replica's iteration

    @property
    def arrays(self) -> tuple[Any, ...]:
        """All of them."""
        return tuple(getattr(self, name) for name in self.__slots__)


def world(
    arrival: Floats, gap: Floats, given: NDArray[np.int64], estimate: Floats, prefix_at: Ints, prefix: Ints,
    ttft: Floats, tpot: Floats, engines: Floats, roles: Ints, active: int, switches: bool,
) -> World:  # fmt: skip
    """A fleet before anything arrives; `serving_state.fill` says what `given` holds.

    The memory of the smallest replica rejects prompts and cuts outputs, so that every replica can serve every request.
    All engines have the same block size, and prefix caching or not alike. The first `active` replicas are on.
    """
    n, replicas = len(arrival), len(engines)
    smallest = engines[int(np.argmin(engines[:, BLOCKS] * engines[:, BLOCK_SIZE]))].copy()
    q = np.zeros(n, REQUEST)
    fill(q, arrival, gap, given, estimate, prefix_at, smallest, ttft, tpot)
    states = [opened(q, prefix, engine) for engine in engines]
    m = np.zeros(n, ROUTE)
    for name, source in (("length", "output"), ("follower", "follower"), ("sibling", "sibling"), ("gap", "gap")):
        m[name] = q[source]
    m["deadline"], m["session"], m["where"], m["prefix"] = q["deadline"], given[:, 3], NONE, NONE
    there = q["links"] > 0
    m["prefix"][there] = prefix[q["chain"][there]]
    q["follower"], q["sibling"], q["gap"] = np.arange(n), NONE, 0.0
    fleet = np.zeros(replicas, REPLICA)
    fleet["role"], fleet["status"][:active], fleet["leaves"] = roles, ON, NONE
    once = np.array([_one_token(engine) for engine in engines])
    fleet["speed"], fleet["until"], fleet["ready"] = once.min() / once, np.inf, np.inf
    wide = np.zeros((replicas, max(map(len, states))), np.int64)
    for row, state in zip(wide, states, strict=True):
        row[: len(state)] = state
    seats = int(engines[:, MAX_SEQS].max())
    _, _, facts, ops = workspace(np.zeros(1, np.int64), n, seats)
    centre = np.zeros(CENTRE_SIZE, np.int64)
    centre[SWITCHES] = switches
    return World(
        centre, q, m, fleet, wide, np.ascontiguousarray(engines), np.empty((replicas, seats + 8, 2)),
        np.empty((replicas, n, 2)), np.tile(facts, (replicas, 1)), np.empty((n, 2)), np.empty((n, 2)),
        np.empty((2, n, 2)), np.empty((2, HELD_COLUMNS + 1, n)), np.empty(n),
        np.full(int(given[:, 3].max()) + 1, NONE, np.int64), ops,
    )  # fmt: skip


def _one_token(engine: Floats) -> float:
    """Milliseconds of an iteration that decodes for one request without KV."""
    regime = engine[DECODE : DECODE + 7]
    return float(regime[0] + regime[DECODES] + regime[KV] * 0.0 + regime[EXCESS] * max(0.0, 1.0 - regime[EXCESS_FROM]))
