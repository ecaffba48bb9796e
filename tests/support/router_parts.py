"""Small instances of routing, routers and payloads for tests."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from on_demand import OnDemand
from serving_parts import Payload, instances

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.contract import Function
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.routing.contract import ADMIT, CONTRACT, HOLD, MIGRATE, ORDER, SCALE, SCORE
from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.serving.engine import Engine, IterationTime


def router(
    score: str,
    order: str | None = None,
    hold: str | None = None,
    scale: str | None = None,
    migrate: str | None = None,
    admit: str | None = None,
) -> str:
    """A program of one expression for each function; None leaves the default body."""
    parts: tuple[tuple[Function, str | None], ...] = (
        (SCORE, score), (ORDER, order), (HOLD, hold), (SCALE, scale), (MIGRATE, migrate),
        (ADMIT, admit),
    )  # fmt: skip
    return "\n".join(f"{f.signature}:\n    return {body}\n" for f, body in parts if body is not None)


SOURCES = {
    "shortest_queue": router("queued * 1000.0 + running"),
    "everything": router(
        "queued - 0.5 * running + 0.1 * (pending - free) + committed - 2.0 * projected - cached / speed + deficit - here"
        " + (replica * 3.0 + session + prefix + routed) % n_replicas - n_held * total + generated",
    ),
    "holding": router("committed + prompt", "prompt", "committed + prompt - total + 8.0"),
    "stubborn": router("-free", "-arrival - generated", "1.0"),
    "of_now": router("running + queued", "(now - arrival) * (0.5 - prompt) + deadline", "queued - 0.5"),
    "scaling": router("queued + running", None, "queued - 1.5", "held + queued + 0.5 * running + 5.0 * free * rate"),
    "balancing": router("replica", migrate="from_queued + from_running - queued - running - 1.0 - 5.0 * transfer"),
    "restless": router("queued + running", "prompt", "queued - 2.5", "4.0 * rate + 0.1 * held", "1.0"),
    "swapping_all": router(
        "replica * 2.0 - cached",
        migrate="(now - arrival) * 100.0 - deadline + prompt - 0.5 * estimate + generated - kv"
        " + (moves + n_held - from_queued + 2.0 * from_running + from_free - from_total + from_pending) % n_replicas"
        " + 0.1 * (from_committed - from_projected) + from_speed + 9.0 * from_drains - replica + queued - running + free"
        " - total + pending - committed + projected + 2.0 * cached - speed + 0.1 * deficit - here + 10.0 * transfer",
    ),
    "shedding": router("queued + running", "prompt", "queued - 1.5", admit="0.9 - load"),
    "putting_off": router(
        "queued - free",
        admit="(2.0 * arrived + prompt + levels + level + estimate) % 3.0 - 1.5 + 0.1 * (queued + running + n_held)"
        " + free + 0.01 * pending - replicas + load + rate + delays + now - arrival - 0.1 * deadline",
    ),
    "patient": router("queued", migrate="from_queued - queued - 1.0", admit="0.0001 if delays < 3.0 else -1.0"),
}
PROGRAMS = OnDemand(lambda source: compile_program(source, CONTRACT), SOURCES)
JUDGES = OnDemand(lambda source: judge_of(source, CONTRACT), SOURCES)


def behind(
    requests: Payload, fleet: Sequence[Engine], roles: Sequence[int] | None = None, active: int | None = None,
    startup: float = np.nan, price: float = 0.0,
) -> Payload:  # fmt: skip
    """The requests of one instance of serving before several replicas."""
    more: dict[str, Any] = {
        "engine": np.array([one.to_array() for one in fleet]),
        "role": np.array([MIXED] * len(fleet) if roles is None else roles, dtype=np.int64),
        "replica_offsets": np.array([0, len(fleet)]),
        "active": np.array([len(fleet) if active is None else active]),
        "startup": np.array([startup]),
        "price": np.array([price]),
    }
    return requests | more


def slow(time: IterationTime) -> IterationTime:
    """One and a half times as long."""
    *factors, excess_from = time.to_tuple()
    return IterationTime(*(1.5 * factor for factor in factors), excess_from)


@st.composite
def fleets(draw: st.DrawFn) -> Payload:
    """Up to 12 requests before up to 4 replicas with little memory: equal or not, split or not, switched or not."""
    on, requests = draw(instances())
    fleet = [on]
    for _ in range(draw(st.integers(0, 3))):
        other = replace(on, blocks=max(3, on.blocks + draw(st.integers(-6, 6))))
        fleet.append(replace(other, mixed=slow(on.mixed), decode=slow(on.decode)) if draw(st.booleans()) else other)
    if len(fleet) > 1 and draw(st.booleans()):
        first = draw(st.integers(1, len(fleet) - 1))
        return behind(requests, fleet, [PREFILLS_ONLY] * first + [DECODES_ONLY] * (len(fleet) - first))
    if draw(st.booleans()):
        return behind(requests, fleet, None, draw(st.integers(1, len(fleet))), draw(st.sampled_from((0.0, 0.2))), 2.0)
    return behind(requests, fleet)
