"""The shortest queue; as many replicas as keep two thirds of the KV memory in use."""

import math


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
    wanted = math.ceil(replicas * (1.0 - free) / 0.667)
    if wanted > have:
        return wanted
    if free > 0.6 and held + queued == 0.0:
        return have - 1.0
    return have
