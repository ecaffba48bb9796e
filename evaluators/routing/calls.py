"""The calls of a router: what a program decides happens and is written, or what was decided is followed."""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Floats, Ints, Number, Rule, Stream
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.routing.fleet.dispatch import (
    F3,
    HOLD_RULE,
    MAY_MIGRATE,
    ORDER_RULE,
    SCORE_RULE,
    choose,
    release_held,
    reorder,
    send,
)  # fmt: skip
from heuresis.evaluators.routing.fleet.migration import MIGRATE_RULE, STAYS, candidate, goal_of, may_move, move
from heuresis.evaluators.routing.fleet.scaling import SCALE_RULE, switch, wanted
from heuresis.evaluators.routing.fleet.state import FLEET, LINKED, SWITCHES, TURN, Records
from heuresis.evaluators.serving.replica.state import B1, F1, F2, F64, I1, I2, I64, NONE, Q1, SETTINGS
from heuresis.evaluators.serving.replica.waiting import RULE

FAULTS = (
    "",
    "a value of the program was NaN or infinite",
    "the decisions end before all is decided, or within a record",
    "a request that is not held is sent, or to a replica that does not take it",
    "a number of replicas that there cannot be, or that nobody may change",
    "requests that are never served",
    "decisions beyond the end",
    "a request migrates that is not who may leave its replica now, or to a replica that does not take it",
)
"""What is wrong with decisions; the place is the fault's number."""
OK, UNDECIDED, CUT, ROUTE, NUMBER, UNSERVED, BEYOND, MOVE = range(len(FAULTS))
AT, LENGTH, QUIET, FAULT, NOTES = range(5)
"""Places in `note`: where the record begins, the length of the stream, calls without decisions before it, the fault."""

STREAM = types.int32[::1]


@inner_njit(STREAM(STREAM, I1, I64), **SETTINGS)
def _written(out: Stream, note: Ints, number: int) -> Stream:
    """Append a number to the record that is being written, which a first number opens."""
    if note[LENGTH] + 4 > out.shape[0]:
        longer = np.empty(2 * out.shape[0] + 8, np.int32)
        longer[: out.shape[0]] = out
        out = longer
    if note[AT] < 0:
        note[AT] = note[LENGTH]
        out[note[AT]], out[note[AT] + 1] = note[QUIET], 0
        note[LENGTH] += 2
        note[QUIET] = 0
    out[note[LENGTH]] = number
    note[LENGTH] += 1
    out[note[AT] + 1] += 1
    return out


@inner_njit(STREAM(STREAM, I1), **SETTINGS)
def closed(out: Stream, note: Ints) -> Stream:
    """The whole stream, with the last record, which is empty."""
    closed = np.empty(note[LENGTH] + 2, np.int32)
    closed[: note[LENGTH]] = out[: note[LENGTH]]
    closed[note[LENGTH]], closed[note[LENGTH] + 1] = note[QUIET], 0
    return closed


@inner_njit(B1(STREAM, I1), **SETTINGS)
def opened(stream: Stream, note: Ints) -> bool:
    """Read how many calls without decisions come before the next record; False where there is none that is whole."""
    at = note[AT]
    if at + 2 > stream.shape[0] or stream[at] < 0 or stream[at + 1] < 0 or at + 2 + stream[at + 1] > stream.shape[0]:
        note[FAULT] = CUT
        return False
    note[QUIET] = stream[at]
    return True


@inner_njit(
    STREAM(
        MIGRATE_RULE, F1, I1, RULE, F1, I1, Q1, LINKED, FLEET, I2, F2, F3, F3, F2, I2, F2, I1, F2, I1, I64, F64, STREAM,
        I1,
    ),
    **SETTINGS,
)  # fmt: skip
def _migrations(
    migrate: Rule, theta: Floats, flags: Ints, rule: Rule, none: Floats, centre: Ints, q: Records, m: Records,
    fleet: Records, states: Ints, engines: Floats, ended: Floats, queues: Floats, unused: Floats, facts: Ints,
    moving: Floats, last: Ints, columns: Floats, who: Ints, clients: int, now: float, out: Stream, note: Ints,
) -> Stream:  # fmt: skip
    """Ask for the candidate of each replica whether it migrates: what the program decides happens and is written."""
    centre[TURN] += 1
    for r in range(fleet.shape[0]):
        i = candidate(centre, q, m, fleet, states, queues, r)
        if i == NONE:
            continue
        t = goal_of(
            migrate, theta, flags, centre, q, m, fleet, states, engines, last, columns, who, clients, now, i, r
        )  # fmt: skip
        if t < STAYS:
            note[FAULT] = UNDECIDED
            return out
        if t != STAYS:
            move(
                rule, none, centre, q, m, fleet, states, engines, ended, queues, unused, facts, moving, last, now, i, t
            )
            out = _written(_written(out, note, -1 - i), note, t)
    return out


@inner_njit(
    STREAM(
        SCORE_RULE, ORDER_RULE, HOLD_RULE, SCALE_RULE, MIGRATE_RULE, F1, I1, RULE, F1, I1, Q1, LINKED, FLEET, I2, F2,
        F3, F3, F2, I2, F2, F3, F3, F1, I1, F2, I1, I64, F64, B1, F64, STREAM, I1,
    ),
    **SETTINGS,
)  # fmt: skip
def decide(
    score: Rule, order: Rule, hold: Number, scale: Number, migrate: Rule, theta: Floats, flags: Ints, rule: Rule,
    none: Floats, centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, engines: Floats, ended: Floats,
    queues: Floats, unused: Floats, facts: Ints, moving: Floats, held: Floats, waiting: Floats, log: Floats, last: Ints,
    columns: Floats, who: Ints, clients: int, now: float, force: bool, startup: float, out: Stream, note: Ints,
) -> Stream:  # fmt: skip
    """Call the router: what the program decides happens and is written."""
    note[AT] = -1
    if centre[SWITCHES] == 1:
        aim = wanted(scale, theta, centre, fleet, states, log, now)
        if aim < 0:
            note[FAULT] = UNDECIDED
            return out
        if switch(fleet, states, aim, startup, now):
            out = _written(out, note, -1 - aim)
    if not reorder(order, theta, flags, centre, q, m, waiting, now):
        note[FAULT] = UNDECIDED
        return out
    for stage in range(2):
        forced = force
        while True:
            chosen = choose(
                score, hold, theta, flags, centre, q, m, fleet, states, last, held, waiting, columns, who,
                clients, now, stage, forced,
            )  # fmt: skip
            if chosen == -2:
                note[FAULT] = UNDECIDED
                return out
            if chosen == -1:
                break
            i, r = chosen // fleet.shape[0], chosen % fleet.shape[0]
            forced = False
            send(
                rule, none, centre, q, m, fleet, states, engines, ended, queues, unused, facts, moving, last, now, i, r
            )
            out = _written(_written(out, note, i), note, r)
    if flags[MAY_MIGRATE] == 1:
        out = _migrations(
            migrate, theta, flags, rule, none, centre, q, m, fleet, states, engines, ended, queues, unused, facts,
            moving, last, columns, who, clients, now, out, note,
        )  # fmt: skip
    if note[AT] < 0:
        note[QUIET] += 1
    return out


@inner_njit(
    types.void(RULE, F1, I1, Q1, LINKED, FLEET, I2, F2, F3, F3, F2, I2, F2, I1, F64, F64, STREAM, I1),
    **SETTINGS,
)
def follow(
    rule: Rule, none: Floats, centre: Ints, q: Records, m: Records, fleet: Records, states: Ints, engines: Floats,
    ended: Floats, queues: Floats, unused: Floats, facts: Ints, moving: Floats, last: Ints, now: float, startup: float,
    stream: Stream, note: Ints,
) -> None:  # fmt: skip
    """Call the router: what the decisions say happens."""
    if note[QUIET] > 0:
        note[QUIET] -= 1
        return
    at, count = note[AT] + 2, stream[note[AT] + 1]
    end = at + count
    if count == 0:
        note[FAULT] = CUT
        return
    if count % 2 == 1:  # all else comes in pairs
        aim = -1 - stream[at]
        if aim < 0:
            note[FAULT] = CUT
            return
        at += 1
        if centre[SWITCHES] == 0 or aim < 1 or aim > fleet.shape[0]:
            note[FAULT] = NUMBER
            return
        switch(fleet, states, aim, startup, now)
    while at < end and stream[at] >= 0:
        i, r = stream[at], stream[at + 1]
        if not release_held(centre, m, fleet, i, r):
            note[FAULT] = ROUTE
            return
        send(rule, none, centre, q, m, fleet, states, engines, ended, queues, unused, facts, moving, last, now, i, r)
        at += 2
    centre[TURN] += 1
    r = -1
    while at < end:  # in the order of the replicas that they leave, after all that was sent
        i, t = -1 - stream[at], stream[at + 1]
        if not may_move(centre, q, m, fleet, states, queues, i, t, r):
            note[FAULT] = MOVE
            return
        r = m[i].where
        move(rule, none, centre, q, m, fleet, states, engines, ended, queues, unused, facts, moving, last, now, i, t)
        at += 2
    note[AT] = end
    opened(stream, note)
