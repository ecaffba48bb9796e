"""Urgency by the stages to come: who has the least of its share of the time left comes first (after HexGen-Text2SQL).

Peng et al. 2025, arXiv 2505.05286. The time until the deadline of the last call of the program is shared among this
call and those to come in proportion to their work; what this one needs of its share is its urgency.
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


def seconds(prompt: float, output: float) -> float:
    return 0.0003 * prompt + 0.04 * output


def revise(
    now: float,
    value: float,
    arrival: float,
    deadline: float,
    prompt: float,
    estimate: float,
    computed: float,
    generated: float,
    running: float,
    best_effort: float,
    path_service: float,
    stages: float,
    stages_prompt: float,
    stages_estimate: float,
    stages_time: float,
) -> float:
    mine = seconds(max(prompt + generated - computed, 0.0), max(estimate - generated, 1.0))
    later = seconds(stages_prompt, stages_estimate)
    share = (deadline + stages_time - now) * mine / (mine + later)
    return share - mine
