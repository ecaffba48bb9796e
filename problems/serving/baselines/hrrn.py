"""Highest response ratio next: time since arrival over work, the larger the sooner (Brinch Hansen 1971).

Work is that of the whole request, by its estimate; a token of output counts ten times a token of prefill.
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
    return -(now - arrival) / (estimate + 0.1 * prompt)
