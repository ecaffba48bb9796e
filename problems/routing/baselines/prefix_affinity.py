"""Longest cached prefix, unless the replica has many more requests than what is cached is worth.

The cap is that of SGLang's router (Zheng et al. 2024, arXiv 2312.07104) in spirit: a replica that is full, or has more
than 8 requests waiting, is only for those who find nothing better.
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
    full = queued > 8.0 or free < 0.02 * total
    if full:
        return 1000000.0 * (1.0 + queued) + running
    return (prompt - cached) / prompt * 1000.0 + queued + running
