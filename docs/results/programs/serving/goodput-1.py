# c_c7e2e37f87: the champion of `heuresis evolve serving --objective goodput --minutes 12 --workers 2 --seed 1`

import math


def priority(now, arrival, deadline, prompt, estimate, computed, generated, restarts, program_service, client_service, cached, running, free, n_running, n_waiting):
    value = max(estimate - generated, 0.164714)
    value += 0.284977 * max((4.8251 + 0.107928 * math.sqrt(abs(estimate / prompt))) * prompt + generated - computed, -0.0484567)
    value -= 0.148363 * max(-0.0163031, 0.0279236 - 0.909469 * ((program_service + (arrival - deadline)) / prompt) + 1.85933 * ((estimate - (deadline - arrival)) / prompt)) * prompt
    return value


def admit(now: float, prompt: float, estimate: float, generated: float, cached: float, need: float, free_blocks: float, total_blocks: float, promised: float, peak: float, n_running: float, n_waiting: float) -> float:
    if peak > total_blocks:
        return -1.0
    return 0.0


def prefill_budget(now, n_running, n_decoding, n_waiting, pending, free, budget):
    return 0.394083 * budget
