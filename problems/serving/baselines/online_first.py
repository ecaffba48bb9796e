"""Requests of a best-effort class come last, and are evicted for the first of the others.

After xLLM (Liu et al. 2025, arXiv 2510.14686); within the classes first come, first served.
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
    return arrival


def revise(
    now: float,
    value: float,
    arrival: float,
    deadline: float,
    prompt: float,
    estimate: float,
    computed: float,
    generated: float,
    running: float,
    best_effort: float,
    path_service: float,
    stages: float,
    stages_prompt: float,
    stages_estimate: float,
    stages_time: float,
) -> float:
    return value + 1.0e10 * best_effort


def displace(
    now: float,
    first: float,
    last: float,
    lacking: float,
    held: float,
    computed: float,
    n_running: float,
    n_waiting: float,
) -> float:
    return last - first - 5.0e9
