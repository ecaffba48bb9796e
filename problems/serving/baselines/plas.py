"""Program-level attained service: programs that got little come first, in classes (Autellix, arXiv 2502.13965).

Classes are powers of two of 1,000 tokens of service; within a class first come, first served, and after five times
the estimated length of its answer at 20 tokens/s a request goes to the first class, so that none starves.
"""

import math


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
    if now - arrival > 0.25 * (estimate + 20.0):
        return arrival
    return 1.0e7 * math.floor(math.log2(1.0 + program_service / 1000.0)) + arrival
