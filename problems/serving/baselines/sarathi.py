"""First come, first served with a small budget of prefill: at most 512 tokens an iteration, decodes included.

Chunked prefill without stalls, in the setting for strict time between tokens (Sarathi-Serve, Agrawal et al. 2024,
arXiv 2403.02310).
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


def prefill_budget(
    now: float,
    n_running: float,
    n_decoding: float,
    n_waiting: float,
    pending: float,
    free: float,
    budget: float,
) -> float:
    return min(budget, 512.0 - n_decoding)
