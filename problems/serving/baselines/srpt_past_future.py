"""Shortest remaining processing time by the estimate; admitted only where the batch will never need too much memory.

`srpt` (Schrage 1968, doi:10.1287/opre.16.3.687) in the order, `past_future` (LightLLM, Gong et al. 2025, arXiv
2507.10150) in admission: what evicts the least remaining work loses the least, and what is not evicted loses nothing.
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
    output = max(estimate - generated, 1.0)
    prefill = max(prompt + generated - computed, 0.0)
    return output + 0.1 * prefill


def admit(
    now: float,
    prompt: float,
    estimate: float,
    generated: float,
    cached: float,
    need: float,
    free_blocks: float,
    total_blocks: float,
    promised: float,
    peak: float,
    n_running: float,
    n_waiting: float,
) -> float:
    if peak > total_blocks:
        return -1.0
    return 0.0
