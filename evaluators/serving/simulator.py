"""Serving of language models on one replica: the simulator of a scheduler, and the trusted replay of its decisions.

`contract.py` says what a scheduler sees, `loop.py` has the event loop, `replay.py` the replay.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.language.arguments import checked
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.penalty import penalised
from heuresis.evaluators.serving import loop
from heuresis.evaluators.serving.cases import Cases, streams_of
from heuresis.evaluators.serving.contract import CONTRACT, JUDGEMENTS
from heuresis.evaluators.serving.faults import FAULTS
from heuresis.evaluators.serving.limits import Limits
from heuresis.evaluators.serving.loop import serve
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, aggregate, value
from heuresis.evaluators.serving.plain.audit import furthest
from heuresis.evaluators.serving.policy import defaults, policy_of
from heuresis.evaluators.serving.replay import replay, timeline
from heuresis.evaluators.serving.replica.records import REQUEST
from heuresis.evaluators.serving.replica.state import Server, fill, opened
from heuresis.evaluators.serving.replica.waiting import WIDTH, govern, room_for_decisions
from heuresis.evaluators.serving.results import Served

_SERVED = ("arrived", "first", "finish", "output", "restarts", "found", "recomputed")


class Serving:
    """Serves requests on one replica of an engine, as `priority`, `admit` and `prefill_budget` say.

    The payload holds all instances concatenated. By request: `arrival`, `estimate`, `gap` (float64), `prompt`,
    `output`, `client`, `program`, `slo`, `after` (int64; `after` a number within the instance or -1, `slo` a class of
    its engine), with `offsets` (int64, instances + 1). `prefix_offsets` (int64, requests + 1) says where each request's
    part of `prefix_blocks` (int64, dense within the instance) begins. By instance: `engine` (float64, instances ×
    `engine.ARRAY_SIZE`, rows of `Engine.to_array()`) and `reference` (float64, what FCFS reaches). `slo_ttft` and
    `slo_tpot` (float64, seconds) hold the classes of each instance's engine, with `slo_offsets` (int64, instances + 1).
    `objective` (int64, one number) is a place in `objectives.OBJECTIVE_NAMES`. `limits.Limits` says what else there may
    be: constraints that worsen a loss.
    """

    contract: ClassVar[Contract] = CONTRACT

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        self.cases = Cases(payload)
        self.reference = np.array(payload["reference"], dtype=np.float64)
        self.objective = OBJECTIVE_NAMES[int(np.asarray(payload["objective"]).reshape(-1)[0])]
        self.limits = Limits(payload)
        self.size = len(self.cases)
        self.lengths = JUDGEMENTS * np.diff(self.cases.offsets)

    def warm(self) -> None:
        """Compile the loops, or load them from the on-disk cache."""
        loop.warm()
        defaults()

    def decide(self, program: object, theta: Floats, order: Ints) -> Decisions:
        """Return `uint8[len(order)]` (1: decided), `int64[len(order)]` (lengths) and the decisions (`int32`).

        The decisions of an instance are records: iterations before it in which nothing is decided, how many numbers
        follow, and these: -1 - i evicts request i, `i tokens` gives it a chunk of prefill (a waiting one is admitted by
        it; one that was swapped out while it decoded goes on with its one token). They take effect in this order. All
        others that decode get a token in each iteration. With nobody running, an iteration without decisions is the
        time until the next arrival. The last record holds none.
        """
        order = checked(order, self.size)
        valid, streams = np.zeros(len(order), dtype=np.uint8), []
        for place, i in enumerate(order):
            decided, stream, _ = self._serve(program, theta, int(i), True)
            valid[place] = decided
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

    def audit(self, judge: Callable[..., float], order: Ints, decisions: Decisions) -> Floats:
        """The largest distance of a choice from the reference interpreter's, by instance (see `Simulator`).

        A choice is a victim or an admission; what follows from it (chunks, and who is not admitted) has to be the same.
        The beginning of each instance is judged, as far as `plain.audit.JUDGED` says.
        """
        order = checked(order, self.size)
        streams = streams_of(order, decisions)
        found = np.full(len(order), np.inf)
        for place, i in enumerate(order):
            if decisions[0][place] == 1:
                found[place] = furthest(judge, self.cases[int(i)], streams[place].tolist())
        return found

    def served(self, order: Ints, decisions: Decisions) -> Served:
        """Replay decisions on a clock of its own, from the instances alone; trusted: no program takes part.

        Raises ValueError where the arrays are not those of `decide` by their shapes.
        """
        order = checked(order, self.size)
        streams = streams_of(order, decisions)
        columns: list[list[NDArray[Any]]] = [[] for _ in _SERVED]
        faults = np.ones(len(order), dtype=np.int64)
        for place, i in enumerate(order):
            server = self._opened(int(i))
            if decisions[0][place] == 1:
                faults[place] = replay(server, streams[place])
            for column, name in zip(columns, _SERVED, strict=True):
                column.append(server.q[name].copy())
        offsets = np.concatenate(([0], np.cumsum(np.diff(self.cases.offsets)[order]))).astype(np.int64)
        return Served(offsets, faults, *(np.concatenate(column) for column in columns))

    def timeline(self, instance: int, stream: NDArray[np.int32]) -> Floats:
        """One instance's decisions as rows (time in seconds, waiting, running, blocks in use), one for each iteration.

        Rows stand for the time at the end of an iteration. Raises ValueError where the decisions have a fault.
        """
        server = self._opened(int(checked(np.array([instance]), self.size)[0]))
        fault, rows = timeline(server, np.ascontiguousarray(stream, dtype=np.int32))
        if fault:
            raise ValueError(f"these decisions are not feasible: {FAULTS[fault]}")
        return rows

    def _opened(self, i: int) -> Server:
        """A fresh replica for an instance."""
        case, requests = self.cases[i], np.zeros(len(self.cases[i]), REQUEST)
        engine = case.engine[0]
        fill(
            requests, case.arrival, case.gap, case.given, case.estimate, case.prefix_at, engine, case.slo_ttft,
            case.slo_tpot,
        )  # fmt: skip
        return opened(requests, case.prefix, engine)

    def _serve(
        self, program: object, theta: Floats, i: int, records: bool
    ) -> tuple[bool, NDArray[np.int32], NDArray[Any]]:
        """Run a program on an instance: whether it decided all, its decisions, the requests in the end."""
        theta = np.ascontiguousarray(theta, dtype=np.float64)
        server = self._opened(i)
        policy = policy_of(program, theta, self.cases[i].engine[0])
        in_heap, in_columns = (1, len(server.q)) if policy.reads.changes else (len(server.q), 1)
        heap, columns = np.empty((in_heap, 2)), np.empty((WIDTH, in_columns))
        govern(server.s, policy.reads, theta, heap, columns)
        decided, stream = serve(*policy.functions, server.s, room_for_decisions(int(server.s["seats"])), records)
        return decided, stream, server.q

    def _judged(self, program: object, theta: Floats, subset: Ints) -> tuple[Floats, Floats] | None:
        """Each instance's objective / reference, and its times that are limited; None where the program fails."""
        ratios, reached = np.empty(len(subset)), np.empty((len(subset), len(self.limits)))
        for place, i in enumerate(map(int, subset)):
            decided, _, requests = self._serve(program, theta, i, False)
            if not decided:
                return None
            results = self.cases[i].results(requests["arrived"], requests)
            ratios[place] = value(self.objective, results) / self.reference[i]
            reached[place] = self.limits.reached(results)
        return ratios, reached
