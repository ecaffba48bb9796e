"""What became of the requests of one scenario: times, tokens and service levels, and how times are summed up."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats, Ints

NOBODY = np.zeros(0, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Results:
    """What became of the requests of one scenario; arrays over requests, in order of the trace."""

    arrived: Floats  # s; of a call of a program: when it was made
    first_token: Floats  # s; NaN: rejected or refused
    finish: Floats  # s; NaN: rejected or refused
    prompt: Ints  # tokens
    output: Ints  # tokens generated in the end, at least 1
    ttft_slo: Floats  # s from arrival to the first token
    tpot_slo: Floats  # s per further token
    client: Ints
    horizon: float  # s; the last arrival in the trace, 0 where all arrive at once
    refused: NDArray[np.bool_] = field(default_factory=NOBODY.copy)  # by the router; `NOBODY`: none of them was

    def __post_init__(self) -> None:
        if len(self.refused) == len(NOBODY):
            object.__setattr__(self, "refused", np.zeros(len(self.arrived), dtype=np.bool_))

    @property
    def critical(self) -> NDArray[np.bool_]:
        """Whether each request is of the class that is promised the earliest first token of all."""
        first: NDArray[np.bool_] = self.ttft_slo == self.ttft_slo.min()
        return first

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
        met: NDArray[np.bool_] = ~self.refused & (self.ttft <= self.ttft_slo) & ~(self.tpot > self.tpot_slo)
        return met


def percentile(times: Floats, point: float) -> float:
    """The linear percentile of the times that are there; NaN where none is."""
    there = times[~np.isnan(times)]
    return float(np.percentile(there, point)) if len(there) else math.nan


def mean(times: Floats) -> float:
    """The mean of the times that are there; NaN where none is."""
    there = times[~np.isnan(times)]
    return float(there.mean()) if len(there) else math.nan


@dataclass(frozen=True, slots=True)
class Served:
    """What became of the requests of some instances, in the order of the instances: one number for each request.

    `arrived` (when it arrived), `first_token` and `finish` are seconds on the instance's clock (NaN for the last two
    where the request was rejected because its prompt does not fit into the KV memory); `output` is its number of output
    tokens (cut where the memory ends, 0 where rejected), `restarts` how often it was evicted, `cached` the prompt
    tokens found in the prefix cache when it was first admitted, `recomputed` the tokens computed more than once.
    `offsets` (instances + 1) says where each instance's requests begin. `faults` is one number for each instance: 0
    where its decisions were feasible and complete, else a place in `faults.FAULTS` (its requests hold nothing
    of meaning then).
    """

    offsets: Ints
    faults: Ints
    arrived: Floats
    first_token: Floats
    finish: Floats
    output: Ints
    restarts: Ints
    cached: Ints
    recomputed: Ints
