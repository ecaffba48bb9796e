"""The calls of a router: what a program decides happens and is written, or what was decided is followed."""

import numpy as np
from numba import types

from heuresis.evaluators.aliases import Number, Rule, Stream
from heuresis.evaluators.kernels.inner import inner_njit
from heuresis.evaluators.routing.fleet.dispatch import (
    HOLD_RULE,
    ORDER_RULE,
    SCORE_RULE,
    choose,
    release_held,
    reorder,
    send,
)
from heuresis.evaluators.routing.fleet.gate import (
    GATE_RULE,
    LET_IN,
    NOT_FINITE,
    REFUSED,
    SHORTEST,
    asked,
    may_ask,
    turn_away,
)
from heuresis.evaluators.routing.fleet.migration import MIGRATE_RULE, STAYS, candidate, goal_of, may_move, move
from heuresis.evaluators.routing.fleet.records import CENTRE_TYPE, NOTE_TYPE
from heuresis.evaluators.routing.fleet.scaling import SCALE_RULE, switch, wanted
from heuresis.evaluators.routing.fleet.state import fleet_of, routes_of
from heuresis.evaluators.serving.replica.records import B1, F64, I64, NONE, SETTINGS, Record

FAULTS = (
    "",
    "a value of the program was NaN or infinite",
    "the decisions end before all is decided, or within a record",
    "a request that is not held is sent, or to a replica that does not take it",
    "a number of replicas that there cannot be, or that nobody may change",
    "requests that are never served",
    "decisions beyond the end",
    "a request migrates that is not who may leave its replica now, or to a replica that does not take it",
    "a request is refused or put off that is to be let in",
)
"""What is wrong with decisions; the place is the fault's number."""
OK, UNDECIDED, CUT, ROUTE, NUMBER, UNSERVED, BEYOND, MOVE, GATE = range(len(FAULTS))

STREAM = types.int32[::1]


@inner_njit(STREAM(STREAM, NOTE_TYPE, I64), **SETTINGS)
def _written(out: Stream, note: Record, number: int) -> Stream:
    """Append a number to the record that is being written, which a first number opens."""
    if note.length + 4 > out.shape[0]:
        longer = np.empty(2 * out.shape[0] + 8, np.int32)
        longer[: out.shape[0]] = out
        out = longer
    if note.at < 0:
        note.at = note.length
        out[note.at], out[note.at + 1] = note.quiet, 0
        note.length += 2
        note.quiet = 0
    out[note.length] = number
    note.length += 1
    out[note.at + 1] += 1
    return out


@inner_njit(STREAM(STREAM, NOTE_TYPE), **SETTINGS)
def closed(out: Stream, note: Record) -> Stream:
    """The whole stream, with the last record, which is empty."""
    whole = np.empty(note.length + 2, np.int32)
    whole[: note.length] = out[: note.length]
    whole[note.length], whole[note.length + 1] = note.quiet, 0
    return whole


@inner_njit(B1(STREAM, NOTE_TYPE), **SETTINGS)
def opened(stream: Stream, note: Record) -> bool:
    """Read how many calls without decisions come before the next record; False where there is none that is whole."""
    at = note.at
    if at + 2 > stream.shape[0] or stream[at] < 0 or stream[at + 1] < 0 or at + 2 + stream[at + 1] > stream.shape[0]:
        note.fault = CUT
        return False
    note.quiet = stream[at]
    return True


@inner_njit(I64(CENTRE_TYPE, I64, STREAM), **SETTINGS)
def _told(c: Record, i: int, stream: Stream) -> int:
    """What the decisions say of a request that arrives: what `asked` returns."""
    note = c.note
    at = note.at + 2
    if note.quiet > 0 or stream[at - 1] != 2 or stream[at] != -1 - i or stream[at + 1] >= 0:
        return LET_IN
    said = REFUSED if stream[at + 1] == -1 else -1 - stream[at + 1]
    if not may_ask(c, i) or (said != REFUSED and said < SHORTEST):
        note.fault = GATE
        return LET_IN
    note.at = at + 2
    opened(stream, note)
    return said


@inner_njit(types.Tuple((B1, STREAM))(GATE_RULE, CENTRE_TYPE, F64, I64, STREAM), **SETTINGS)
def let_in(admit: Number, c: Record, now: float, i: int, out: Stream) -> tuple[bool, Stream]:
    """Whether a request that arrives is let in, as the program or the decisions say; else it is refused or put off.

    What the program decides is written, as a call of the router that does nothing else.
    """
    note = c.note
    said = _told(c, i, out) if c.follows == 1 else asked(admit, c, now, i)
    if said == NOT_FINITE:
        note.fault = UNDECIDED
    if said in (LET_IN, NOT_FINITE):
        return note.fault == OK, out
    if c.follows == 0:
        note.at = -1
        out = _written(_written(out, note, -1 - i), note, -1 if said == REFUSED else -1 - said)
    turn_away(c, now, i, said)
    return False, out


@inner_njit(STREAM(MIGRATE_RULE, CENTRE_TYPE, F64, STREAM), **SETTINGS)
def _migrations(migrate: Rule, c: Record, now: float, out: Stream) -> Stream:
    """Ask for the candidate of each replica whether it migrates: what the program decides happens and is written."""
    note = c.note
    c.turn += 1
    for r in range(fleet_of(c).shape[0]):
        i = candidate(c, r)
        if i == NONE:
            continue
        t = goal_of(migrate, c, now, i, r)
        if t < STAYS:
            note.fault = UNDECIDED
            return out
        if t != STAYS:
            move(c, now, i, t)
            out = _written(_written(out, note, -1 - i), note, t)
    return out


@inner_njit(
    STREAM(SCORE_RULE, ORDER_RULE, HOLD_RULE, SCALE_RULE, MIGRATE_RULE, CENTRE_TYPE, F64, B1, STREAM), **SETTINGS
)
def decide(
    score: Rule, order: Rule, hold: Number, scale: Number, migrate: Rule, c: Record, now: float, force: bool,
    out: Stream,
) -> Stream:  # fmt: skip
    """Call the router: what the program decides happens and is written."""
    note, replicas = c.note, fleet_of(c).shape[0]
    note.at = -1
    if c.switches == 1:
        aim = wanted(scale, c, now)
        if aim < 0:
            note.fault = UNDECIDED
            return out
        if switch(c, aim, now):
            out = _written(out, note, -1 - aim)
    if not reorder(order, c, now):
        note.fault = UNDECIDED
        return out
    for stage in range(2):
        forced = force
        while True:
            chosen = choose(score, hold, c, now, stage, forced)
            if chosen == -2:
                note.fault = UNDECIDED
                return out
            if chosen == -1:
                break
            i, r = chosen // replicas, chosen % replicas
            forced = False
            send(c, now, i, r)
            out = _written(_written(out, note, i), note, r)
    if c.may_migrate == 1:
        out = _migrations(migrate, c, now, out)
    if note.at < 0:
        note.quiet += 1
    return out


@inner_njit(types.void(CENTRE_TYPE, F64, STREAM), **SETTINGS)
def follow(c: Record, now: float, stream: Stream) -> None:
    """Call the router: what the decisions say happens."""
    note, m, replicas = c.note, routes_of(c), fleet_of(c).shape[0]
    if note.quiet > 0:
        note.quiet -= 1
        return
    at, count = note.at + 2, stream[note.at + 1]
    end = at + count
    if count == 0:
        note.fault = CUT
        return
    if count % 2 == 1:  # all else comes in pairs
        aim = -1 - stream[at]
        if aim < 0:
            note.fault = CUT
            return
        at += 1
        if c.switches == 0 or aim < 1 or aim > replicas:
            note.fault = NUMBER
            return
        switch(c, aim, now)
    while at < end and stream[at] >= 0:
        i, r = stream[at], stream[at + 1]
        if not release_held(c, i, r):
            note.fault = ROUTE
            return
        send(c, now, i, r)
        at += 2
    c.turn += 1
    r = -1
    while at < end:  # in the order of the replicas that they leave, after all that was sent
        i, t = -1 - stream[at], stream[at + 1]
        if not may_move(c, i, t, r):
            note.fault = MOVE
            return
        r = m[i].where
        move(c, now, i, t)
        at += 2
    note.at = end
    opened(stream, note)
