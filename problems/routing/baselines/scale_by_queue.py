"""The shortest queue; one more replica where more than 4 requests wait for each, one less where nobody waits."""


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
    return queued * 1000000.0 + running


def scale(
    now: float,
    replicas: float,
    starting: float,
    n_replicas: float,
    held: float,
    queued: float,
    running: float,
    free: float,
    rate: float,
) -> float:
    have = replicas + starting
    waiting = (held + queued) / max(1.0, replicas)
    if waiting > 4.0 and starting == 0.0:
        return have + 1.0
    if waiting == 0.0 and free > 0.6:
        return have - 1.0
    return have
