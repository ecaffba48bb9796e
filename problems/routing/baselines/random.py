"""Any replica: a hash of how many were routed, which spreads like chance and is the same on every machine."""


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
    mixed = (routed * 7919.0 + 17.0) % 10007.0
    return (mixed * (mixed + 31.0) + replica * 4127.0 + (replica + 3.0) * mixed * 613.0) % 9973.0
