"""Shortest remaining processing time, by the estimate of the output (Schrage 1968, doi:10.1287/opre.16.3.687).

A token of output counts ten times a token of prefill, which shares its iteration with many others.
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
