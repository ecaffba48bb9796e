"""The least served client first, also of those that run: they are evicted for one that got 2,000 tokens less.

After FastSwitch (Shen et al. 2024, arXiv 2411.18424), whose engine is one with `preemption = "swap_overlapped"`:
priorities change over time, and with them who runs. The priority is that of `vtc` (Sheng et al. 2024, arXiv
2401.00588).
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
    return client_service


def displace(
    now: float,
    first: float,
    last: float,
    lacking: float,
    held: float,
    computed: float,
    n_running: float,
    n_waiting: float,
) -> float:
    return last - first - 2000.0
