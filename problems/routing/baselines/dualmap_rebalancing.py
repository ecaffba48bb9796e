"""DualMap with its rebalancing of hotspots (arXiv 2602.06502): who would be late where it waits goes where it is not.

Placed as by `dualmap`. Of each replica the request that came last moves once, if what is to be prefilled before it
makes it late there and not at another replica, to the one that begins it soonest.
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
    key = prefix if prefix >= 0.0 else session
    first = (key * 7919.0 + 17.0) % 10007.0 % n_replicas
    second = (first + 1.0 + (key * 104729.0 + 5.0) % 10009.0 % max(1.0, n_replicas - 1.0)) % n_replicas
    work = (pending + prompt - cached) / speed
    late = 1.0 if now + 0.0001 * work > deadline else 0.0
    if (replica - first) * (replica - second) == 0.0:
        return work + 1000000.0 * late
    return 1000000000.0 + work


def migrate(
    now: float,
    arrival: float,
    deadline: float,
    prompt: float,
    estimate: float,
    generated: float,
    kv: float,
    moves: float,
    n_held: float,
    n_replicas: float,
    from_queued: float,
    from_running: float,
    from_free: float,
    from_total: float,
    from_pending: float,
    from_committed: float,
    from_projected: float,
    from_speed: float,
    from_drains: float,
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
    transfer: float,
) -> float:
    here_first = from_pending / from_speed
    there_first = (pending + prompt - cached) / speed
    if kv > 0.0 or moves > 0.0 or generated > 0.0 or from_queued < 1.0:
        return 0.0
    if now + 0.0001 * here_first <= deadline or now + 0.0001 * there_first > deadline:
        return 0.0
    return here_first - there_first
