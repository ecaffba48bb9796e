"""Serving of language models on one replica: the simulator of a scheduler, and the trusted replay of its decisions.

`contract.py` says what a scheduler sees, `loop.py` has the event loop, `replay.py` the replay.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints
from heuresis.evaluators.language.arguments import checked
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.serving.contract import CONTRACT
from heuresis.evaluators.serving.engine import ARRAY_SIZE, MAX_SEQS
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, aggregate, value
from heuresis.evaluators.serving.results import Results, Served

if TYPE_CHECKING:
    from heuresis.evaluators.serving.plain.replica import Job


JUDGEMENTS = 10
"""A request counts as so many decisions where a search bounds its effort: it takes part in many iterations."""

_SERVED = ("arrived", "first", "finish", "output", "restarts", "found", "recomputed")
_GIVEN = ("prompt", "output", "client", "program", "slo", "after")


class Serving:
    """Serves requests on one replica of an engine, as `priority`, `admit` and `prefill_budget` say.

    The payload holds all instances concatenated. By request: `arrival`, `estimate`, `gap` (float64), `prompt`,
    `output`, `client`, `program`, `slo`, `after` (int64; `after` a number within the instance or -1, `slo` a class of
    its engine), with `offsets` (int64, instances + 1). `prefix_offsets` (int64, requests + 1) says where each request's
    part of `prefix_blocks` (int64, dense within the instance) begins. By instance: `engine` (float64, instances ×
    `engine.ARRAY_SIZE`, rows of `Engine.to_array()`) and `reference` (float64, what FCFS reaches). `slo_ttft` and
    `slo_tpot` (float64, seconds) hold the classes of each instance's engine, with `slo_offsets` (int64, instances + 1).
    `objective` (int64, one number) is a place in `serving_objectives.OBJECTIVE_NAMES`.
    """

    contract: ClassVar[Contract] = CONTRACT

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        def floats(name: str) -> Floats:
            return np.array(payload[name], dtype=np.float64, order="C")

        def ints(name: str) -> Ints:
            return np.array(payload[name], dtype=np.int64, order="C")

        self.offsets, self.slo_offsets = ints("offsets"), ints("slo_offsets")
        self.arrival, self.estimate, self.gap = floats("arrival"), floats("estimate"), floats("gap")
        self.given = np.stack([ints(name) for name in _GIVEN], axis=1)
        self.prefix_at, self.prefix = ints("prefix_offsets"), ints("prefix_blocks")
        self.engine = floats("engine").reshape(-1, ARRAY_SIZE)
        self.slo_ttft, self.slo_tpot = floats("slo_ttft"), floats("slo_tpot")
        self.reference = floats("reference")
        self.objective = OBJECTIVE_NAMES[int(ints("objective").reshape(-1)[0])]
        self.size = len(self.offsets) - 1
        self.lengths = JUDGEMENTS * np.diff(self.offsets)
        for i in range(self.size):
            mine = self.given[self.offsets[i] : self.offsets[i + 1]]
            for column in (_GIVEN.index("client"), _GIVEN.index("program")):
                mine[:, column] = np.unique(mine[:, column], return_inverse=True)[1]

    def warm(self) -> None:
        """Compile the loops, or load them from the on-disk cache."""
        from heuresis.evaluators.serving import loop
        from heuresis.evaluators.serving import policy as serving_policy

        loop.warm()
        serving_policy.defaults()

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
        """Geometric mean over the instances in `subset` of objective / reference; inf where the program fails."""
        ratios = self.excess(program, theta, subset)
        return aggregate(ratios) if np.all(np.isfinite(ratios)) else float("inf")

    def excess(self, program: object, theta: Floats, subset: Ints) -> Floats:
        """Each instance's objective / reference; inf everywhere where the program fails."""
        subset = checked(subset, self.size)
        ratios = np.full(len(subset), np.inf)
        for place, i in enumerate(subset):
            decided, _, requests = self._serve(program, theta, int(i), False)
            if not decided:
                return np.full(len(subset), np.inf)
            ratios[place] = value(self.objective, self._results(int(i), requests)) / self.reference[i]
        return ratios

    def replay(self, judge: Callable[..., float], order: Ints, decisions: Decisions) -> Floats:
        """The largest distance of a choice from the reference interpreter's, by instance (see `Simulator`).

        A choice is a victim or an admission; what follows from it (chunks, and who is not admitted) has to be the same.
        The beginning of each instance is judged, as far as `serving_judge.JUDGED` says.
        """
        from heuresis.evaluators.serving.plain.audit import furthest

        order = checked(order, self.size)
        streams = self._streams(order, decisions)
        found = np.full(len(order), np.inf)
        for place, i in enumerate(order):
            if decisions[0][place] == 1:
                found[place] = furthest(judge, self.engine[i], self.jobs(int(i)), streams[place].tolist())
        return found

    def jobs(self, i: int) -> list["Job"]:
        """The requests of an instance for the reference in plain Python."""
        from heuresis.evaluators.serving.plain.replica import Job

        low, first = int(self.offsets[i]), int(self.slo_offsets[i])
        jobs = []
        for number, given in enumerate(self.given[low : int(self.offsets[i + 1])].tolist()):
            prompt, output, client, program, slo, after = given
            k = low + number
            chain = self.prefix[self.prefix_at[k] : self.prefix_at[k + 1]].tolist()
            date = float(self.arrival[k] if after < 0 else self.gap[k])
            jobs.append(
                Job(
                    number, prompt, output, float(self.estimate[k]), client, program, float(self.slo_ttft[first + slo]),
                    float(self.slo_tpot[first + slo]), after, date, chain,
                )
            )  # fmt: skip
        return jobs

    def served(self, order: Ints, decisions: Decisions) -> Served:
        """Replay decisions on a clock of its own, from the instances alone; trusted: no program takes part.

        Raises ValueError where the arrays are not those of `decide` by their shapes.
        """
        from heuresis.evaluators.serving.replay import replay

        order = checked(order, self.size)
        streams = self._streams(order, decisions)
        columns: list[list[NDArray[Any]]] = [[] for _ in _SERVED]
        faults = np.ones(len(order), dtype=np.int64)
        for place, i in enumerate(order):
            replica = self._opened(int(i))
            if decisions[0][place] == 1:
                faults[place] = replay(*replica, streams[place])
            for column, name in zip(columns, _SERVED, strict=True):
                column.append(replica[1][name].copy())
        offsets = np.concatenate(([0], np.cumsum(np.diff(self.offsets)[order]))).astype(np.int64)
        return Served(offsets, faults, *(np.concatenate(column) for column in columns))

    def timeline(self, instance: int, stream: NDArray[np.int32]) -> Floats:
        """One instance's decisions as rows (time in seconds, waiting, running, blocks in use), one for each iteration.

        Rows stand for the time at the end of an iteration. Raises ValueError where the decisions have a fault.
        """
        from heuresis.evaluators.serving.faults import FAULTS
        from heuresis.evaluators.serving.replay import timeline

        replica = self._opened(int(checked(np.array([instance]), self.size)[0]))
        fault, rows = timeline(*replica, np.ascontiguousarray(stream, dtype=np.int32))
        if fault:
            raise ValueError(f"these decisions are not feasible: {FAULTS[fault]}")
        found: Floats = rows
        return found

    def _opened(self, i: int) -> tuple[Ints, NDArray[Any], Floats, Floats]:
        """A fresh replica for an instance: its state, the requests, those that come later, its engine."""
        from heuresis.evaluators.serving.replica.state import REQUEST, fill, opened

        low, high = self.offsets[i], self.offsets[i + 1]
        classes = slice(self.slo_offsets[i], self.slo_offsets[i + 1])
        begin, end = self.prefix_at[low], self.prefix_at[high]
        requests = np.zeros(high - low, REQUEST)
        fill(
            requests, self.arrival[low:high], self.gap[low:high], self.given[low:high], self.estimate[low:high],
            self.prefix_at[low : high + 1] - begin, self.engine[i], self.slo_ttft[classes], self.slo_tpot[classes],
        )  # fmt: skip
        state = opened(requests, self.prefix[begin:end], self.engine[i])
        return state, requests, np.empty((high - low, 2)), self.engine[i]

    def _serve(
        self, program: object, theta: Floats, i: int, records: bool
    ) -> tuple[bool, NDArray[np.int32], NDArray[Any]]:
        """Run a program on an instance: whether it decided all, its decisions, the requests in the end."""
        from heuresis.evaluators.serving.loop import serve, workspace
        from heuresis.evaluators.serving.policy import policy_of

        theta = np.ascontiguousarray(theta, dtype=np.float64)
        policy, replica = policy_of(program, theta, self.engine[i]), self._opened(i)
        arrays = workspace(policy.reads, len(replica[1]), int(self.engine[i, MAX_SEQS]))
        decided, stream = serve(*policy.functions, theta, policy.flags, *arrays, *replica, records)
        return decided, stream, replica[1]

    def _results(self, i: int, requests: NDArray[Any]) -> Results:
        """What became of an instance's requests, for the objective."""
        low, high = self.offsets[i], self.offsets[i + 1]
        given, classes = self.given[low:high], slice(self.slo_offsets[i], self.slo_offsets[i + 1])
        which = given[:, _GIVEN.index("slo")]
        return Results(
            arrived=requests["arrived"],
            first_token=requests["first"],
            finish=requests["finish"],
            prompt=given[:, _GIVEN.index("prompt")],
            output=np.maximum(requests["output"], 1),
            ttft_slo=self.slo_ttft[classes][which],
            tpot_slo=self.slo_tpot[classes][which],
            client=given[:, _GIVEN.index("client")],
            horizon=float(self.arrival[high - 1]),
        )

    def _streams(self, order: Ints, decisions: Decisions) -> list[NDArray[np.int32]]:
        """The decisions of each instance."""
        valid, lengths, stream = decisions
        if valid.shape != order.shape or lengths.shape != order.shape or stream.ndim != 1:
            raise ValueError(f"expected decisions on {len(order)} instances: a flag and a length of each, and a stream")
        ends = np.cumsum(lengths.astype(np.int64))
        if np.any(lengths.astype(np.int64) < 0) or np.any(ends > len(stream)) or ends[-1] != len(stream):
            raise ValueError(f"the lengths of the decisions do not add up to {len(stream)} numbers")
        flat = np.ascontiguousarray(stream, dtype=np.int32)
        return [flat[end - length : end] for end, length in zip(ends, lengths.astype(np.int64), strict=True)]
