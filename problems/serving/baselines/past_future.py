"""First come, first served; admitted only where the batch will never need more memory than there is.

The most memory that the batch would hold at any time is known if each request runs to its estimate (the Past-Future
scheduler of LightLLM, Gong et al. 2025, arXiv 2507.10150, samples lengths from the history instead).
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
