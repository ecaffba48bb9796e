"""The state of several replicas behind a router for compiled loops, and how it begins.

Each replica has its own `STATE` of serving; the records `REQUEST` are shared, for a request is on one replica at a
time. Compiled functions are handed the record of the router (`CENTRE`), which says where all others are.

A replica's list of followers holds each request itself: so its heap `later` says who has ended.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.kernels.lists import attach, reader
from heuresis.evaluators.routing.cases import FleetCase
from heuresis.evaluators.routing.contract import SCORE
from heuresis.evaluators.routing.fleet.records import CENTRE, HELD_COLUMNS, ON, REPLICA, ROUTE, STAGE
from heuresis.evaluators.serving.engine import BLOCK_SIZE, BLOCKS, DECODE, DECODES, EXCESS, EXCESS_FROM, KV, MAX_SEQS
from heuresis.evaluators.serving.replica.records import NONE, REQUEST, STATE, Record
from heuresis.evaluators.serving.replica.state import begin, fill
from heuresis.evaluators.serving.replica.waiting import WIDTH, Reads, govern, room_for_decisions

routes_of, fleet_of, states_of = reader("routes", ROUTE), reader("fleet", REPLICA), reader("states", STATE)
stages_of, moving_of = reader("stages", STAGE), reader("moving", np.float64, 2)
engines_of, view_of, seen_of = (reader(name, np.float64, 2) for name in ("engines", "view", "seen"))
log_of, ticks_of = reader("log", np.float64), reader("ticks", np.float64)
last_of, shown_of, ops_of = (reader(name, np.int64) for name in ("last", "shown", "ops"))

COLUMNS = sum(p.varies for p in SCORE.parameters)
VIEW = COLUMNS + 2
"""Rows of `view`: what `score` sees of each replica, then the time of a transfer, then what is computed."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A fleet and its requests as Python holds them; records hold addresses, so keep all of it as long as one."""

    centre: Record  # CENTRE
    q: NDArray[Any]  # REQUEST
    m: NDArray[Any]  # ROUTE
    fleet: NDArray[Any]  # REPLICA
    states: NDArray[Any]  # STATE, of each replica
    lists: tuple[Any, ...]  # what all these say where they are


def world(case: FleetCase) -> World:
    """A fleet before anything arrives.

    The memory of the smallest replica rejects prompts and cuts outputs, so that every replica can serve every request.
    All engines have the same block size, and prefix caching or not alike. The first `active` replicas are on.
    """
    requests, engines = case.requests, np.ascontiguousarray(case.requests.engine)
    n, replicas = len(requests), len(engines)
    smallest = engines[int(np.argmin(engines[:, BLOCKS] * engines[:, BLOCK_SIZE]))].copy()
    q, programs = np.zeros(n, REQUEST), requests.column("program")
    fill(
        q, requests.arrival, requests.gap, requests.given, requests.estimate, requests.prefix_at, smallest,
        requests.slo_ttft, requests.slo_tpot,
    )  # fmt: skip
    states = np.zeros(replicas, STATE)
    kept: list[Any] = [engines]
    for s, engine in zip(states, engines, strict=True):
        # Seats, and room for those who come back to be decoded elsewhere.
        kept.append(begin(s, q, requests.prefix, engine, np.empty((int(engines[:, MAX_SEQS].max()) + 8, 2))))
        by_rank = np.zeros(0), np.empty((n, 2)), np.empty((WIDTH, 1))
        govern(s, Reads(), *by_rank)
        kept.append(by_rank)
    m = np.zeros(n, ROUTE)
    for name, source in (("length", "output"), ("follower", "follower"), ("sibling", "sibling"), ("gap", "gap")):
        m[name] = q[source]
    m["level"] = requests.urgency()
    m["deadline"], m["session"], m["where"], m["prefix"] = q["deadline"], programs, NONE, NONE
    there = q["links"] > 0
    m["prefix"][there] = requests.prefix[q["chain"][there]]
    q["follower"], q["sibling"], q["gap"] = np.arange(n), NONE, 0.0
    fleet = np.zeros(replicas, REPLICA)
    fleet["role"], fleet["status"][: case.active], fleet["leaves"] = case.role, ON, NONE
    once = np.array([_one_token(engine) for engine in engines])
    fleet["speed"], fleet["until"], fleet["ready"] = once.min() / once, np.inf, np.inf
    centre, stages = np.zeros(1, CENTRE)[0], np.zeros(2, STAGE)
    centre["levels"] = m["level"].max() + 1
    centre["switches"], centre["startup"] = case.startup is not None, case.startup or 0.0
    for stage in stages:
        held = np.empty((n, 2)), np.empty((HELD_COLUMNS + 1, n))
        attach(stage, heap=held[0], columns=held[1])
        kept.append(held)
    lists = {
        "requests": q, "routes": m, "fleet": fleet, "states": states, "engines": engines, "stages": stages,
        "moving": np.empty((n, 2)), "log": np.empty(n), "last": np.full(int(programs.max()) + 1, NONE, np.int64),
        "ops": room_for_decisions(int(engines[:, MAX_SEQS].max())), "view": np.empty((VIEW, replicas)),
        "shown": np.empty(replicas, np.int64),
    }  # fmt: skip
    later = np.empty((n, 2))
    attach(centre, **lists)
    attach(centre["coming"], later=later)
    return World(centre, q, m, fleet, states, (*kept, *lists.values(), later))


def _one_token(engine: Floats) -> float:
    """Milliseconds of an iteration that decodes for one request without KV."""
    regime = engine[DECODE : DECODE + 7]
    return float(regime[0] + regime[DECODES] + regime[KV] * 0.0 + regime[EXCESS] * max(0.0, 1.0 - regime[EXCESS_FROM]))
