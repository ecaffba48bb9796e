"""Virtual usage: sent where memory lasts longest, moved from replicas that run short (Llumnix, arXiv 2406.03243)."""


def lasts(room: float, requests: float) -> float:
    """Freeness: tokens of room for each running request, so for how many iterations memory lasts; idle: for ever."""
    if requests < 1.0:
        return 1000000000.0 + room
    return room / requests


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
    return -lasts(free - pending, running + min(queued, 1.0))


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
    source = lasts(from_free - from_pending / max(from_queued, 1.0), from_running + min(from_queued, 1.0))
    goal = lasts(free - pending - prompt - generated, running + 1.0)
    if from_drains > 0.0:
        source = -1000000000.0
    if source > 48.0:
        return 0.0
    return goal - source
