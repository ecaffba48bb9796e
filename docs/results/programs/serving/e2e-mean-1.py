# c_8c7cbbe23c: the champion of `heuresis evolve serving --minutes 12 --workers 2 --seed 1`

def priority(now, arrival, deadline, prompt, estimate, computed, generated, restarts, program_service, client_service, cached, running, free, n_running, n_waiting):
    value = max(estimate - generated, 1.82817)
    value += max(prompt + generated - computed, -0.160833)
    value -= 0.0137101 * max(0.0384226, 0.926049 - 0.855007 * (prompt / estimate) + 0.90496 * (prompt / estimate) + 0.95642 * (cached / estimate) - 1.38552 * (generated / prompt)) * prompt
    value -= 0.129033 * max(0.00412817, -0.375289 - 1.93605 * ((deadline - arrival) / estimate) + 0.141742 * (program_service / estimate) + 2.2241) * estimate
    return value


def admit(now: float, prompt: float, estimate: float, generated: float, cached: float, need: float, free_blocks: float, total_blocks: float, promised: float, peak: float, n_running: float, n_waiting: float) -> float:
    if peak > total_blocks:
        return -1.0
    return 0.0
