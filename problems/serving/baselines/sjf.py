"""Shortest job first, by the estimate of the output; what runs is not overtaken (Fu et al. 2024, arXiv 2408.15792).

What runs is evicted in the order of its arrival, the last first.
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
    if running > 0.5:
        return arrival - 1.0e9
    return estimate
