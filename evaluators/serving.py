"""Serving of language models on one replica: the simulator of a scheduler, and the trusted replay of its decisions.

`serving_contract.py` says what a scheduler sees, `serving_loops.py` has the event loop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.contract import Contract
from heuresis.evaluators.serving_contract import CONTRACT

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Decisions: TypeAlias = Sequence[NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Served:
    """What became of the requests of some instances, in the order of the instances: one number for each request.

    `arrived` (when it arrived), `first_token` and `finish` are seconds on the instance's clock (NaN for the last two
    where the request was rejected because its prompt does not fit into the KV memory); `output` is its number of output
    tokens (cut where the memory ends, 0 where rejected), `restarts` how often it was evicted, `cached` the prompt
    tokens found in the prefix cache when it was first admitted, `recomputed` the tokens computed more than once.
    `offsets` (instances + 1) says where each instance's requests begin. `faults` is one number for each instance: 0
    where its decisions were feasible and complete, else a place in `serving_replay.FAULTS` (its requests hold nothing
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


class Serving:
    """Serves requests on one replica of an engine, as `priority`, `admit` and `prefill_budget` say.

    The payload holds all instances concatenated. By request: `arrival`, `estimate`, `gap` (float64), `prompt`, `output`,
    `client`, `program`, `slo`, `after` (int64; `client`, `program` and `after` numbered within the instance, `slo` a
    class of its engine), with `offsets` (int64, instances + 1). `prefix_offsets` (int64, requests + 1) says where each
    request's part of `prefix_blocks` (int64, dense within the instance) begins. By instance: `engine` (float64,
    instances × `engine.ARRAY_SIZE`, rows of `Engine.to_array()`) and `reference` (float64, what FCFS reaches).
    `slo_ttft` and `slo_tpot` (float64, seconds) hold the classes of each instance's engine, with `slo_offsets` (int64,
    instances + 1). `objective` (int64, one number) is a place in `serving_objectives.OBJECTIVES`.
    """

    contract: ClassVar[Contract] = CONTRACT

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        raise NotImplementedError

    def decide(self, program: object, theta: Floats, order: Ints) -> Decisions:
        """Return `uint8[len(order)]` (1: decided), `int64[len(order)]` (lengths) and the decisions (`int32`)."""
        raise NotImplementedError

    def loss(self, program: object, theta: Floats, subset: Ints) -> float:
        """Geometric mean over the instances in `subset` of objective / reference; inf where the program fails."""
        raise NotImplementedError

    def excess(self, program: object, theta: Floats, subset: Ints) -> Floats:
        """Each instance's objective / reference; inf everywhere where the program fails."""
        raise NotImplementedError

    def replay(self, judge: Callable[..., float], order: Ints, decisions: Decisions) -> Floats:
        """The largest distance of a decision from the reference interpreter's, by instance (see `Simulator`)."""
        raise NotImplementedError

    def served(self, order: Ints, decisions: Decisions) -> Served:
        """Replay decisions on a clock of its own, from the instances alone; trusted: no program takes part."""
        raise NotImplementedError

    def timeline(self, instance: int, stream: NDArray[np.int32]) -> Floats:
        """One instance's decisions as rows (time in seconds, waiting, running, blocks in use), one for each iteration.

        Rows stand for the time at the end of an iteration.
        """
        raise NotImplementedError
