"""By class of service, then first come, first served: the priority scheduling of vLLM.

A class is told by the time per token that its deadline leaves, with 25 tokens for the time to the first one.
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
    pace = (deadline - arrival) / (estimate + 25.0)
    if pace < 0.075:
        return arrival - 2.0e9
    if pace < 0.25:
        return arrival - 1.0e9
    return arrival
