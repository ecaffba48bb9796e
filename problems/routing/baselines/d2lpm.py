"""Longest prefix within a deficit: D2LPM (Cao et al. 2025, arXiv 2501.14312).

A client that got more than a quantum beyond its share on a replica goes elsewhere, to the least loaded replica.
"""


def score(
    now: float,
    arrival: float,
    deadline: float,
    prompt: float,
    estimate: float,
    generated: float,
    session: float,
    prefix: float,
    routed: float,
    n_held: float,
    n_replicas: float,
    replica: float,
    queued: float,
    running: float,
    free: float,
    total: float,
    pending: float,
    committed: float,
    projected: float,
    cached: float,
    speed: float,
    deficit: float,
    here: float,
) -> float:
    if deficit > 8192.0:
        return 1000000.0 + queued + running
    if cached < 0.1 * prompt:
        return 1000.0 + queued + running
    return (prompt - cached) / prompt * 1000.0 + 0.001 * (queued + running)
