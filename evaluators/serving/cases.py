"""Instances of serving as arrays: one `Case` each, cut from the payload in which all are concatenated.

Simulation, trusted replay and the audit read instances here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Decisions, Floats, Ints, Stream
from heuresis.evaluators.serving.engine import ARRAY_SIZE
from heuresis.evaluators.serving.results import NOBODY, Results

COLUMNS = ("prompt", "output", "client", "program", "slo", "after")
"""The integers of a request: tokens (prompt, output), who sent it (client, program), its service level, and the request
that it follows (-1: none)."""


@dataclass(frozen=True, slots=True)
class Case:
    """The requests of one instance, in the order of the trace, and the service levels that they name.

    `arrival`, `gap` (s) and `estimate` (tokens) have an element for each request, `given` (requests × `COLUMNS`) a row;
    clients and programs count from 0. `prefix[prefix_at[i] : prefix_at[i + 1]]` are the prefix blocks of request i.
    `slo_ttft` and `slo_tpot` (s) have an element for each service level, `slo_best_effort` a 1 where nothing is
    promised. `engine` has a row for each replica.
    """

    arrival: Floats
    gap: Floats
    estimate: Floats
    given: Ints
    prefix_at: Ints
    prefix: Ints
    slo_ttft: Floats
    slo_tpot: Floats
    slo_best_effort: Floats
    engine: Floats

    def __len__(self) -> int:
        """The number of requests."""
        return len(self.given)

    def column(self, name: str) -> Ints:
        """One of `COLUMNS`."""
        return self.given[:, COLUMNS.index(name)]

    def urgency(self) -> Ints:
        """Of each request how many classes of the trace are promised an earlier first token; 0: none."""
        order: Ints = np.unique(self.slo_ttft[self.column("slo")], return_inverse=True)[1]
        return order

    def results(self, arrived: Floats, requests: NDArray[Any], refused: NDArray[np.bool_] = NOBODY) -> Results:
        """What became of the requests, from when they came (s) and their records in the end (`first finish output`)."""
        level = self.column("slo")
        return Results(
            arrived=arrived,
            first_token=requests["first"],
            finish=requests["finish"],
            prompt=self.column("prompt"),
            output=np.maximum(requests["output"], 1),
            ttft_slo=self.slo_ttft[level],
            tpot_slo=self.slo_tpot[level],
            client=self.column("client"),
            horizon=float(self.arrival[-1]),
            refused=refused,
        )


class Cases:
    """The instances of a payload (`Serving`, `Routing`); `replica_offsets` where an instance has several engines."""

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        def floats(name: str) -> Floats:
            return np.array(payload[name], dtype=np.float64, order="C")

        def ints(name: str) -> Ints:
            return np.array(payload[name], dtype=np.int64, order="C")

        self.offsets, self._slo_at = ints("offsets"), ints("slo_offsets")
        self._arrival, self._estimate, self._gap = floats("arrival"), floats("estimate"), floats("gap")
        self._given = np.stack([ints(name) for name in COLUMNS], axis=1)
        self._prefix_at, self._prefix = ints("prefix_offsets"), ints("prefix_blocks")
        self._slo_ttft, self._slo_tpot = floats("slo_ttft"), floats("slo_tpot")
        no_promise = np.zeros(len(self._slo_ttft))
        self._slo_best_effort = floats("slo_best_effort") if "slo_best_effort" in payload else no_promise
        self._engine = floats("engine").reshape(-1, ARRAY_SIZE)
        one_each = np.arange(len(self.offsets), dtype=np.int64)
        self._engine_at = ints("replica_offsets") if "replica_offsets" in payload else one_each
        for i in range(len(self)):
            mine = self._given[self.offsets[i] : self.offsets[i + 1]]
            for column in (COLUMNS.index("client"), COLUMNS.index("program")):
                mine[:, column] = np.unique(mine[:, column], return_inverse=True)[1]

    def __len__(self) -> int:
        """The number of instances."""
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> Case:
        """One instance; views, nothing is copied but the beginnings of prefixes."""
        low, high = int(self.offsets[i]), int(self.offsets[i + 1])
        begin, end = self._prefix_at[low], self._prefix_at[high]
        levels, replicas = (slice(at[i], at[i + 1]) for at in (self._slo_at, self._engine_at))
        return Case(
            arrival=self._arrival[low:high],
            gap=self._gap[low:high],
            estimate=self._estimate[low:high],
            given=self._given[low:high],
            prefix_at=self._prefix_at[low : high + 1] - begin,
            prefix=self._prefix[begin:end],
            slo_ttft=self._slo_ttft[levels],
            slo_tpot=self._slo_tpot[levels],
            slo_best_effort=self._slo_best_effort[levels],
            engine=self._engine[replicas],
        )


def streams_of(order: Ints, decisions: Decisions) -> list[Stream]:
    """The decisions of each instance. Raises ValueError where the arrays are not those of a simulator's `decide`."""
    valid, lengths, stream = decisions
    if valid.shape != order.shape or lengths.shape != order.shape or stream.ndim != 1:
        raise ValueError(f"expected decisions on {len(order)} instances: a flag and a length of each, and a stream")
    counts = lengths.astype(np.int64)
    ends = np.cumsum(counts)
    if np.any(counts < 0) or np.any(ends > len(stream)) or ends[-1] != len(stream):
        raise ValueError(f"the lengths of the decisions do not add up to {len(stream)} numbers")
    flat = np.ascontiguousarray(stream, dtype=np.int32)
    return [flat[end - count : end] for end, count in zip(ends, counts, strict=True)]
