"""Calls of programs that have been served come before new programs, in the manner of Continuum (arXiv 2511.02230).

A call follows its program's last one within ten minutes of its arrival, so its prefix is mostly still in the cache.
"""


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
    if program_service > 0.0:
        return arrival - 600.0
    return arrival
