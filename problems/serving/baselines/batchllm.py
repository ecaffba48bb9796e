"""Offline order: requests that share a prefix together, then large output for their prompt first (BatchLLM).

What is in the cache tells which prefix is under way (after Zheng et al. 2024, arXiv 2412.03594).
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
    return -cached - min(estimate / prompt, 15.0)
