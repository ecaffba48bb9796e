"""Groups by slack to the deadline, in the manner of JITServe (Zhang et al. 2025, arXiv 2504.20068).

The output is taken for half as long again as estimated, and for less and less more as tokens come. Requests that can
still meet their deadline come first, least slack first; those that cannot come last, shortest first.
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
    output = estimate * (1.0 + 0.5 / (1.0 + generated / 64.0))
    left = max(output - generated, 1.0)
    slack = deadline - now - 0.04 * left - 0.0003 * max(prompt + generated - computed, 0.0)
    if slack < 0.0:
        return 1.0e9 + left
    return slack
