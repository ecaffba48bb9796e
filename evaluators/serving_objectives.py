"""What a schedule of LLM requests is judged by: one number a scenario, smaller is better, for each objective.

Everything here is made of times of requests: when each arrived, yielded its first token and finished. A request that was
rejected, because its prompt can never fit the KV memory, has NaN for both; it has no latency and misses its SLO.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.serving_fairness import largest_gap, service_weight

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALLEST = 1e-9
"""Values are at least this, so that the ratio to another schedule's always exists."""


@dataclass(frozen=True, slots=True)
class Served:
    """What became of the requests of one scenario; arrays over requests, in order of the trace."""

    arrived: Floats  # s; of a call of a program: when it was made
    first_token: Floats  # s; NaN: rejected
    finish: Floats  # s; NaN: rejected
    prompt: Ints  # tokens
    output: Ints  # tokens generated in the end, at least 1
    ttft_slo: Floats  # s from arrival to the first token
    tpot_slo: Floats  # s per further token
    client: Ints
    horizon: float  # s; the last arrival of the trace, or the last finish where all arrive at once

    @property
    def ttft(self) -> Floats:
        """Time to first token (s); NaN where rejected."""
        return self.first_token - self.arrived

    @property
    def e2e(self) -> Floats:
        """Time from arrival to the last token (s); NaN where rejected."""
        return self.finish - self.arrived

    @property
    def tpot(self) -> Floats:
        """Time per output token after the first (s), (e2e − TTFT)/(output − 1); NaN where rejected or of one token."""
        further = np.where(self.output > 1, self.output - 1, np.nan)
        times: Floats = (self.finish - self.first_token) / further
        return times

    @property
    def met(self) -> NDArray[np.bool_]:
        """Whether each request met both thresholds of its SLO; one of a single token has only that of TTFT."""
        met: NDArray[np.bool_] = (self.ttft <= self.ttft_slo) & ~(self.tpot > self.tpot_slo)
        return met


def percentile(times: Floats, point: float) -> float:
    """The linear percentile of the times that are there; NaN where none is."""
    there = times[~np.isnan(times)]
    return float(np.percentile(there, point)) if len(there) else math.nan


def mean(times: Floats) -> float:
    """The mean of the times that are there; NaN where none is."""
    there = times[~np.isnan(times)]
    return float(there.mean()) if len(there) else math.nan


def met_in_time(served: Served) -> int:
    """How many requests met their SLO and finished by the horizon, which is the same for every schedule."""
    return int(np.count_nonzero(served.met & (served.finish <= served.horizon)))


def _goodput(served: Served) -> float:
    return max(served.horizon, SMALLEST) / (1 + met_in_time(served))


def _slo(served: Served) -> float:
    return (1 + int(np.count_nonzero(~served.met))) / (1 + len(served.met))


def _fairness(served: Served) -> float:
    return largest_gap(served) + float(service_weight(served.prompt, served.output).mean())


OBJECTIVES: Mapping[str, Callable[[Served], float]] = {
    "e2e_mean": lambda served: mean(served.e2e),
    "e2e_p99": lambda served: percentile(served.e2e, 99.0),
    "ttft_mean": lambda served: mean(served.ttft),
    "ttft_p99": lambda served: percentile(served.ttft, 99.0),
    "tpot_p99": lambda served: percentile(served.tpot, 99.0),
    "goodput": _goodput,
    "slo": _slo,
    "fairness": _fairness,
}
"""By name, in the order of their numbers (`OBJECTIVE_NAMES`): the value of one scenario, positive, smaller is better.

`goodput`: seconds of the horizon per (1 + request that met its SLO in time); `slo`: (1 + requests that missed it) per
(1 + request); `fairness`: the largest service gap of two backlogged clients plus the mean service of a request (tokens).
The ones in them keep ratios finite. The first is the default.
"""

OBJECTIVE_NAMES = tuple(OBJECTIVES)


def value(name: str, served: Served) -> float:
    """What one scenario comes to under the objective of that name; at least `SMALLEST`, also where nothing was served."""
    found = OBJECTIVES[name](served)
    return found if found > SMALLEST else SMALLEST


def aggregate(ratios: Floats) -> float:
    """The geometric mean over scenarios of each one's value divided by that of FCFS on it."""
    return float(np.exp(np.mean(np.log(ratios))))
