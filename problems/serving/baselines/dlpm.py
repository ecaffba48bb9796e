"""Longest cached prefix first among clients that have not used up their deficit (Cao et al. 2025, arXiv 2501.14312).

The deficit is 10,000 tokens of service beyond the client that was served least; who has used it up comes after all
others, least served first.
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
    if client_service > 10000.0:
        return client_service
    return -cached
