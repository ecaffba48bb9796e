"""Two queues by uncached length of the prompt, and a window in which short ones gather (after LAPS, arXiv 2601.11589).

As `two_queues`; and where nobody runs and only short prompts wait, the replica waits for up to 20 ms after the first of
them for others, unless there are eight or they fill an iteration.
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


def pause(now: float, waited: float, n_waiting: float, pending: float, budget: float) -> float:
    if n_waiting >= 8.0 or pending >= budget or pending > 256.0 * n_waiting:
        return 0.0
    return 0.02 - waited
