"""Fewest waiting requests, of equal ones the lowest replica, as in what Vidur calls least outstanding requests."""


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
    return queued
