"""Adaptive thread-level attained service: calls at the end of a short path come first, in classes (Autellix).

Luo et al. 2025, arXiv 2502.13965. As `plas`, but what counts is the service of the calls that led to this one instead
of that of all calls of its program: threads of a program do not pay for each other.
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
    if now - arrival > 0.25 * (estimate + 20.0):
        return value
    return 1.0e7 * math.floor(math.log2(1.0 + path_service / 1000.0)) + value
