"""A replica that serves one request at a time against the formulas of queueing theory, and a full batch against sums."""

import numpy as np
import pytest
from serving_parts import NO_CONSTANTS, ONE, PROGRAMS, engine, payload, scheduler, simulator

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.serving.contract import CONTRACT
from heuresis.evaluators.serving.engine import IterationTime
from heuresis.evaluators.serving.results import Served

FLAT = IterationTime(20.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
ALONE = engine(max_num_seqs=1, mixed=FLAT, decode=FLAT)  # so each token takes 20 ms, the first one included
N = 60_000


def waits(program: object, output: np.ndarray, load: float, seed: int) -> np.ndarray:
    """How long requests wait until they are admitted (s)."""
    rng = np.random.default_rng(seed)
    arrival = np.cumsum(rng.exponential(output.mean() * 0.020 / load, len(output)))
    built = simulator(payload(ALONE, arrival, np.full(len(output), 4), output))
    found: Served = built.served(ONE, built.decide(program, NO_CONSTANTS, ONE))
    assert found.faults.tolist() == [0]
    return found.first_token - found.arrived - 0.020


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_equal_requests_wait_as_in_an_m_d_1_queue(load: float) -> None:
    found = waits(PROGRAMS["fcfs"], np.full(N, 5), load, 1).mean()
    assert found == pytest.approx(0.1 * load / (2 * (1 - load)), rel=0.04)  # Pollaczek-Khinchine


def test_unequal_requests_wait_as_in_an_m_g_1_queue() -> None:
    output = np.random.default_rng(2).choice([1, 9], N)
    service = output * 0.020
    load = 0.7
    rate = load / service.mean()
    found = waits(PROGRAMS["fcfs"], output, load, 3).mean()
    assert found == pytest.approx(rate * np.mean(service**2) / (2 * (1 - load)), rel=0.04)


def test_short_requests_first_wait_as_cobham_says() -> None:
    output = np.random.default_rng(5).choice([1, 9], N)
    service, load = output * 0.020, 0.8
    found = waits(compile_program(scheduler("estimate"), CONTRACT), output, load, 6)
    rate = load / service.mean()
    residual = rate * np.mean(service**2) / 2
    short = rate * np.mean(service * (output == 1))
    assert found[output == 1].mean() == pytest.approx(residual / (1 - short), rel=0.04)
    assert found[output == 9].mean() == pytest.approx(residual / ((1 - short) * (1 - load)), rel=0.06)


def test_a_full_batch_takes_the_sum_of_its_iterations() -> None:
    on = engine(max_num_seqs=3, max_num_batched_tokens=12, blocks=30)
    built = simulator(payload(on, [0.0] * 6, [4] * 6, [5] * 6))
    found = built.served(ONE, built.decide(PROGRAMS["fcfs"], NO_CONSTANTS, ONE))
    prefill = on.mixed.milliseconds(12, 0, 0, 3 * 4 * 2)
    decodes = sum(on.decode.milliseconds(0, 3, 3 * (4 + step)) for step in range(4))
    assert found.first_token[:3] == pytest.approx([prefill / 1e3] * 3)
    assert found.finish[:3] == pytest.approx([(prefill + decodes) / 1e3] * 3)
    assert found.finish[3:] == pytest.approx([2 * (prefill + decodes) / 1e3] * 3)
