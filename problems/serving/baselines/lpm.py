"""Longest prefix in the cache first; first come, first served where more than 128 wait (SGLang, arXiv 2312.07104)."""


def priority(
    now: float,
    arrival: float,
    deadline: float,
    prompt: float,
    estimate: float,
    computed: float,
    generated: float,
    restarts: float,
    program_service: float,
    client_service: float,
    cached: float,
    running: float,
    free: float,
    n_running: float,
    n_waiting: float,
) -> float:
    if n_waiting > 128.0:
        return arrival
    return -cached
