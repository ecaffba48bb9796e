"""What comes back from routing, one record per request."""

from dataclasses import dataclass

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.serving.results import Results


@dataclass(frozen=True, slots=True)
class Routed:
    """What became of an instance's requests, one number for each, in the order of the trace.

    `results` has the times, `restarts` how often each was evicted, `cached` the prompt tokens found in the prefix cache
    when it was first admitted, `recomputed` the tokens computed more than once, `moves` how often it migrated,
    `replica` where it ended (-1: nowhere).
    `replica_seconds` is the time for which replicas were on or started, in sum.
    """

    results: Results
    restarts: Ints
    cached: Ints
    recomputed: Ints
    moves: Ints
    replica: Ints
    replica_seconds: float
