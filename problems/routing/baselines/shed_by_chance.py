"""The shortest queue; the lowest class is refused with probability 300 x load ** 5 (llm-d); chance is a hash."""


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


def admit(
    now: float,
    arrival: float,
    deadline: float,
    prompt: float,
    estimate: float,
    level: float,
    levels: float,
    delays: float,
    arrived: float,
    n_held: float,
    replicas: float,
    queued: float,
    running: float,
    free: float,
    pending: float,
    load: float,
    rate: float,
) -> float:
    chance = (arrived * 7919.0 + 17.0) % 10007.0 / 10007.0
    return -1.0 if level == levels - 1.0 and chance < 300.0 * load**5 else 0.0
