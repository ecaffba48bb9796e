"""The better of two replicas drawn by a hash, by requests there (Mitzenmacher 2001, doi:10.1109/71.963420)."""


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
    first = (routed * 7919.0 + 17.0) % n_replicas
    second = (first + 1.0 + (routed * 104729.0 + 5.0) % 10007.0 % max(1.0, n_replicas - 1.0)) % n_replicas
    drawn = (replica - first) * (replica - second) == 0.0
    return queued + running + (0.0 if drawn else 1000000.0)
