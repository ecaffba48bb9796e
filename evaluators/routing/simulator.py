"""Serving of language models on several replicas: the simulator of a router, and the trusted replay of its decisions.

`contract.py` says what a router sees, `loop.py` has the event loop.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.kernels.lists import attach
from heuresis.evaluators.language.arguments import checked
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.penalty import penalised
from heuresis.evaluators.routing import loop
from heuresis.evaluators.routing.calls import FAULTS, UNDECIDED
from heuresis.evaluators.routing.cases import FleetCases
from heuresis.evaluators.routing.contract import CONTRACT, JUDGEMENTS
from heuresis.evaluators.routing.fleet.records import WATCHED
from heuresis.evaluators.routing.fleet.state import World, world
from heuresis.evaluators.routing.loop import run
from heuresis.evaluators.routing.objective import value
from heuresis.evaluators.routing.plain.audit import furthest
from heuresis.evaluators.routing.policy import defaults, policy_of, scheduler
from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.serving.cases import streams_of
from heuresis.evaluators.serving.limits import Limits
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, aggregate

_NO_TICKS, _UNSEEN = np.zeros(0), np.zeros((0, 0))


class Routing:
    """Serves requests on several replicas, as `score`, `order`, `hold`, `scale`, `migrate` and `admit` say.

    The payload holds all instances concatenated. By request: `arrival`, `estimate`, `gap` (float64), `prompt`,
    `output`, `client`, `program`, `slo`, `after` (int64; `after` a number within the instance or -1, `slo` a service
    level of the instance), with `offsets` (int64, instances + 1). `prefix_offsets` (int64, requests + 1) says where
    each request's part of `prefix_blocks` (int64, dense within the instance) begins. By replica: `engine` (float64,
    replicas × `engine.ARRAY_SIZE`) and `role` (int64, `MIXED` …), with `replica_offsets` (int64, instances + 1). By
    instance: `active` (int64, replicas that are on at first), `startup` (float64, seconds; NaN: nobody may switch
    replicas), `price` (float64, per replica-second and request), `reference` (float64, what LLQ reaches). `slo_ttft`
    and `slo_tpot` (float64, seconds) hold the service levels, with `slo_offsets` (int64, instances + 1). `objective`
    (int64, one number) is a place in `objectives.OBJECTIVE_NAMES`. `serving.limits.Limits` says what else there may be:
    constraints that worsen a loss.
    """

    contract: ClassVar[Contract] = CONTRACT

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        self.cases = FleetCases(payload)
        self.reference = np.array(payload["reference"], dtype=np.float64)
        self.objective = OBJECTIVE_NAMES[int(np.asarray(payload["objective"]).reshape(-1)[0])]
        self.limits = Limits(payload)
        self.size = len(self.cases)
        self.lengths = JUDGEMENTS * np.diff(self.cases.requests.offsets)

    def warm(self) -> None:
        """Compile the loops, or load them from the on-disk cache."""
        loop.warm()
        defaults()
        scheduler()

    def decide(self, program: object, theta: Floats, order: Ints) -> Decisions:
        """Return `uint8[len(order)]` (1: decided), `int64[len(order)]` (lengths) and the decisions (`int32`).

        The decisions of an instance are records: calls of the router before it in which nothing is decided, how many
        numbers follow, and these: -1 - k, where their number is odd, asks for k replicas; `i r` sends request i to
        replica r; `-1 - i r` lets it migrate there. They take effect in this order. A record of two numbers `-1 - i -1`
        refuses request i as it arrives, `-1 - i -1 - t` puts it off by t ms. The last record holds none.
        `loop.run` says when the router is called.
        """
        order = checked(order, self.size)
        valid, streams = np.zeros(len(order), dtype=np.uint8), []
        for place, i in enumerate(order):
            fault, _, stream, _ = self._run(program, theta, int(i), None)
            valid[place] = fault == 0
            streams.append(stream)
        return valid, np.array([len(s) for s in streams], dtype=np.int64), np.concatenate(streams)

    def loss(self, program: object, theta: Floats, subset: Ints) -> float:
        """Geometric mean over the instances in `subset` of objective / reference, worsened where limits are broken.

        inf where the program fails.
        """
        subset = checked(subset, self.size)
        judged = self._judged(program, theta, subset)
        if judged is None:
            return float("inf")
        ratios, reached = judged
        return penalised(aggregate(ratios), self.limits.violations(subset, reached))

    def excess(self, program: object, theta: Floats, subset: Ints) -> Floats:
        """Each instance's objective / reference; inf everywhere where the program fails."""
        subset = checked(subset, self.size)
        judged = self._judged(program, theta, subset)
        return np.full(len(subset), np.inf) if judged is None else judged[0]

    def value(self, i: int, routed: Routed) -> float:
        """The objective on an instance: that of its requests, and the price of the replicas for each request."""
        return value(self.objective, routed, self.cases[i].price)

    def audit(self, judge: Callable[..., float], order: Ints, decisions: Decisions) -> Floats:
        """The largest distance of a choice from the reference interpreter's, by instance (see `Simulator`).

        A choice is a request to be sent, whether it is held, its replica, a number of replicas, and a migration.
        """
        order = checked(order, self.size)
        streams = streams_of(order, decisions)
        found = np.full(len(order), np.inf)
        for place, i in enumerate(order):
            if decisions[0][place] == 1:
                found[place] = furthest(judge, self.cases[int(i)], streams[place].tolist())
        return found

    def routed(self, order: Ints, decisions: Decisions) -> tuple[list[Routed | None], list[str]]:
        """Replay decisions on a clock of its own, from the instances alone; trusted: no program takes part.

        What became of each instance, None where its decisions have a fault, and the faults ("": none). Raises
        ValueError where the arrays are not those of `decide` by their shapes.
        """
        order = checked(order, self.size)
        streams = streams_of(order, decisions)
        found: list[Routed | None] = []
        faults: list[str] = []
        for place, i in enumerate(order):
            fault = UNDECIDED
            if decisions[0][place] == 1:
                fault, seconds, _, world = self._run(defaults(), np.empty(0), int(i), streams[place])
            found.append(None if fault else self._routed(int(i), world, seconds))
            faults.append(FAULTS[fault])
        return found, faults

    def timeline(self, i: int, stream: NDArray[np.int32], ticks: Floats) -> tuple[Floats, Floats]:
        """How things stand at some dates (s, ascending) where an instance's feasible decisions are followed.

        The number of requests that are held at each date, and of each replica (dates × replicas × 4) how many requests
        wait there or have their KV on its way there, how many run, how many blocks are in use, and whether it costs.
        Raises ValueError where the decisions have a fault.
        """
        replicas = len(self.cases[i].role)
        seen = np.zeros((len(ticks), 1 + WATCHED * replicas))
        dates = np.ascontiguousarray(ticks, dtype=np.float64)
        fault, _, _, _ = self._run(defaults(), np.empty(0), i, stream, dates, seen)
        if fault:
            raise ValueError(f"these decisions are not feasible: {FAULTS[fault]}")
        return seen[:, 0], seen[:, 1:].reshape(len(ticks), replicas, WATCHED)

    def _run(
        self, program: object, theta: Floats, i: int, stream: NDArray[np.int32] | None, ticks: Floats = _NO_TICKS,
        seen: Floats = _UNSEEN,
    ) -> tuple[int, float, NDArray[np.int32], World]:  # fmt: skip
        """Run a program, or follow decisions, on an instance: fault, replica-seconds, decisions, the world after."""
        theta = np.ascontiguousarray(theta, dtype=np.float64)
        follows = stream is not None
        functions, reads = policy_of(program, theta, follows=follows)
        made = world(self.cases[i])
        centre = made.centre
        centre["follows"] = follows
        for name, has in reads._asdict().items():
            centre[name] = has
        attach(centre, theta=theta, ticks=ticks, seen=seen)
        given = np.empty(64, np.int32) if stream is None else stream
        fault, seconds, out = run(*functions, *scheduler(), centre, given)
        return fault, seconds, out, made

    def _judged(self, program: object, theta: Floats, subset: Ints) -> tuple[Floats, Floats] | None:
        """Each instance's objective / reference, and its times that are limited; None where the program fails."""
        ratios, reached = np.empty(len(subset)), np.empty((len(subset), len(self.limits)))
        for place, i in enumerate(map(int, subset)):
            fault, seconds, _, made = self._run(program, theta, i, None)
            if fault:
                return None
            routed = self._routed(i, made, seconds)
            ratios[place] = self.value(i, routed) / self.reference[i]
            reached[place] = self.limits.reached(routed.results)
        return ratios, reached

    def _routed(self, i: int, world: World, seconds: float) -> Routed:
        """What became of an instance's requests."""
        m, q = world.m, world.q
        results = self.cases[i].requests.results(m["came"], q, m["refused"] == 1)
        return Routed(results, q["restarts"], q["found"], q["recomputed"], m["moves"], m["where"], seconds)
