"""Two queues by uncached length of the prompt, in the manner of LAPS (arXiv 2601.11589): short ones have a head start.

A prompt of up to 256 tokens overtakes longer ones that came up to five seconds before it.
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
    if prompt - cached <= 256.0:
        return arrival - 5.0
    return arrival
