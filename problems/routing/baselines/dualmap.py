"""Two hashes of the prefix give two replicas, the better by new work and deadline: after DualMap (arXiv 2602.06502)."""


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
    key = prefix if prefix >= 0.0 else session
    first = (key * 7919.0 + 17.0) % 10007.0 % n_replicas
    second = (first + 1.0 + (key * 104729.0 + 5.0) % 10009.0 % max(1.0, n_replicas - 1.0)) % n_replicas
    work = (pending + prompt - cached) / speed
    late = 1.0 if now + 0.0001 * work > deadline else 0.0
    if (replica - first) * (replica - second) == 0.0:
        return work + 1000000.0 * late
    return 1000000000.0 + work
