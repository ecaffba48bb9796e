"""The decisions of a compiled router on an instance, judged by the reference interpreter (`router.py`)."""

import math
from collections.abc import Callable, Collection, Sequence

from heuresis.evaluators.language.reference.judge import Judge
from heuresis.evaluators.routing.cases import FleetCase
from heuresis.evaluators.routing.plain.replica import Replica
from heuresis.evaluators.routing.plain.router import OPTIONAL, Op, PlainRouter
from heuresis.evaluators.serving.plain.audit import engine_of, jobs_of
from heuresis.evaluators.serving.plain.view import Call, Mismatch

JUDGED = 1_500
"""Of each instance the beginning is judged: so many values and iterations together, as much as plain Python bears."""


def furthest(judge: Callable[..., float], case: FleetCase, stream: Sequence[int]) -> float:
    """The largest distance of one instance's first decisions from those of a judge; infinite where none of its.

    Of a judge that is no `Judge` the optional functions have their default bodies.
    """
    try:
        asks = {name for name in OPTIONAL if isinstance(judge, Judge) and judge.defines(name)}
        fleet = fleet_of(case, call_of(judge), calls_of(stream), asks)
        fleet.run(JUDGED)
    except Mismatch:
        return math.inf
    return fleet.furthest


def call_of(judge: Callable[..., float]) -> Call:
    """The functions of a router by their names."""
    if isinstance(judge, Judge):
        return judge.call

    def call(name: str, arguments: Sequence[float]) -> float:
        if name == "score":
            return judge(*arguments)
        return {"order": arguments[1], "scale": arguments[1] + arguments[2]}.get(name, 0.0)

    return call


def calls_of(stream: Sequence[int]) -> list[list[Op]]:
    """The decisions of each call. Raises Mismatch where the stream (`Routing.decide`) ends within a record."""
    calls: list[list[Op]] = []
    at = 0
    while at < len(stream):
        record = list(stream[at + 2 : at + 2 + stream[at + 1]]) if at + 1 < len(stream) else []
        if at + 1 >= len(stream) or len(record) != stream[at + 1] or stream[at] < 0:
            raise Mismatch
        calls += [[] for _ in range(stream[at])]
        at += 2 + len(record)
        if record:
            ops: list[Op] = [(-1, -1 - record.pop(0))] if len(record) % 2 else []
            if ops and ops[0][1] < 0:
                raise Mismatch
            pairs = zip(record[::2], record[1::2], strict=True)
            calls.append(ops + [(i if i >= 0 else i - 1, r) for i, r in pairs])
    return calls


def fleet_of(
    case: FleetCase, call: Call, plan: Sequence[Sequence[Op]] | None = None, asks: Collection[str] = OPTIONAL
) -> PlainRouter:
    """An instance's replicas and requests for the reference in plain Python."""
    pairs = zip(case.requests.engine, case.role.tolist(), strict=True)
    replicas = [Replica(number, engine_of(engine), role) for number, (engine, role) in enumerate(pairs)]
    return PlainRouter(replicas, jobs_of(case.requests), call, case.startup, case.active, plan, asks)
