"""First come, first served; admitted only where the batch will hardly ever need more memory than there is.

Past-Future as published (LightLLM, Gong et al. 2025, arXiv 2507.10150): output lengths are sampled from those of the
last 200 requests that ended, beyond what a request has generated, and 5 % of the memory stay in reserve.
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
    if peak > 0.95 * total_blocks and n_running > 0.0:
        return -1.0
    return 0.0


def length(drawn: float, prompt: float, estimate: float, generated: float) -> float:
    return drawn
