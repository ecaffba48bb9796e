"""Multi-level feedback queue that long prompts join at a lower level (FastServe, Wu et al. 2023, arXiv 2305.05920).

Levels are powers of two of the work done, in tokens of output; a prompt counts a tenth. First come, first served
within a level. Needs no estimate.
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
    work = generated + 0.1 * prompt
    return 1.0e7 * math.floor(math.log2(1.0 + work / 32.0)) + arrival
