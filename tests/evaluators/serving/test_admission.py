"""Admission: what must fit, beyond which watermark, who is held back; simulation, replay and plain Python alike."""

from collections.abc import Sequence

import numpy as np
import pytest
from serving_parts import JUDGES, NO_CONSTANTS, ONE, PROGRAMS, Payload, engine, payload, scheduler, simulator

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.serving.contract import CONTRACT
from heuresis.evaluators.serving.engine import Admission, Engine
from heuresis.evaluators.serving.faults import FAULTS
from heuresis.evaluators.serving.plain.audit import plan_of

FCFS = PROGRAMS["fcfs"]
ONE_DECODES, LONG, SHORT = (8, 10), (28, 1), (4, 1)


def plan(given: Payload, program: object = FCFS) -> list[list[tuple[int, int]]]:
    built = simulator(given)
    decisions = built.decide(program, NO_CONSTANTS, ONE)
    assert decisions[0].tolist() == [1]
    assert built.served(ONE, decisions).faults.tolist() == [0]
    return plan_of(decisions[2].tolist())


def admitted(ops: Sequence[Sequence[tuple[int, int]]]) -> dict[int, int]:
    """By request: the iteration in which it gets its first chunk."""
    first: dict[int, int] = {}
    for iteration, some in enumerate(ops):
        for i, tokens in some:
            if tokens:
                first.setdefault(i, iteration)
    return first


def beside_a_decode(on: Engine, *more: tuple[int, int]) -> Payload:
    """One request decodes for ten iterations on ten blocks; others come right after it."""
    requests = (ONE_DECODES, *more)
    prompt, output = zip(*requests, strict=True)
    return payload(on, [0.0] + [0.001] * len(more), prompt, output)


def test_the_whole_prompt_must_fit_or_only_its_first_chunk() -> None:
    waits = admitted(plan(beside_a_decode(engine(blocks=9), LONG)))
    enters = admitted(plan(beside_a_decode(engine(blocks=9, admission="first_chunk"), LONG)))
    assert (waits, enters) == (
        {0: 0, 1: 10},
        {0: 0, 1: 1},
    )  # of nine blocks the decode has two to five, seven are wanted


def test_one_that_waits_for_memory_holds_back_those_behind_it() -> None:
    on = engine(blocks=9)
    assert admitted(plan(beside_a_decode(on, LONG, SHORT))) == {0: 0, 1: 10, 2: 12}  # beside the last of three chunks
    assert admitted(plan(beside_a_decode(on, SHORT, LONG))) == {0: 0, 1: 1, 2: 10}
    shortest = compile_program(scheduler("prompt"), CONTRACT)
    assert admitted(plan(beside_a_decode(on, LONG, SHORT), shortest)) == {0: 0, 1: 10, 2: 1}


@pytest.mark.parametrize("admission", list(Admission))
def test_the_watermark_counts_while_somebody_runs(admission: Admission) -> None:
    on = engine(blocks=10, watermark=0.8, admission=admission)
    assert admitted(plan(beside_a_decode(on, SHORT)))[1] == 10  # eight of ten are to stay free
    assert admitted(plan(payload(on, [0.0], [28], [1]))) == {0: 0}


def test_what_others_hold_of_the_prefix_is_not_asked_for_again() -> None:
    on = engine(blocks=9, prefix_caching=True)
    own, shared = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8]), np.array([0, 1, 0, 1, 2, 3, 4, 5, 6])
    begins = {False: own, True: shared}
    given = {
        same: beside_a_decode(on, LONG) | {"prefix_offsets": np.array([0, 2, 9]), "prefix_blocks": blocks}
        for same, blocks in begins.items()
    }
    assert {same: admitted(plan(one))[1] for same, one in given.items()} == {False: 10, True: 1}


def test_generated_tokens_count_where_one_is_admitted_again() -> None:
    """Two grow until one is evicted with 13 tokens: it comes back when four blocks are free, not when one is."""
    on = {admission: engine(blocks=7, max_num_seqs=2, admission=admission) for admission in Admission}
    again = {}
    for admission, one in on.items():
        ops = plan(payload(one, [0.0, 0.0], [8, 8], [12, 12]))
        evicted = next(k for k, some in enumerate(ops) if (1, 0) in some)
        again[admission] = (
            next(k for k, some in enumerate(ops) if k > evicted and any(i == 1 for i, _ in some)) - evicted
        )
    assert again[Admission.WHOLE] > again[Admission.FIRST_CHUNK]


def test_a_program_is_asked_only_where_the_engine_would_admit() -> None:
    alone = compile_program(scheduler("arrival", "math.sqrt(0.0 - n_running)"), CONTRACT)  # NaN beside others: it fails
    decided = {
        admission: simulator(beside_a_decode(engine(blocks=9, admission=admission), LONG)).decide(
            alone, NO_CONSTANTS, ONE
        )
        for admission in Admission
    }
    assert {admission: valid.tolist() for admission, (valid, _, _) in decided.items()} == {
        Admission.WHOLE: [1],
        Admission.FIRST_CHUNK: [0],
    }


@pytest.mark.parametrize("changes", [{}, {"admission": "first_chunk", "watermark": 0.8}])
def test_replay_and_audit_refuse_an_admission_that_the_engine_would_not_make(changes: dict[str, object]) -> None:
    greedy = simulator(beside_a_decode(engine(blocks=9, admission="first_chunk"), LONG))
    decisions = greedy.decide(FCFS, NO_CONSTANTS, ONE)
    strict = simulator(beside_a_decode(engine(blocks=9, **changes), LONG))
    assert "does not fit as the engine's `admission`" in FAULTS[int(strict.served(ONE, decisions).faults[0])]
    assert greedy.audit(JUDGES["fcfs"], ONE, decisions).tolist() == [0.0]
    assert strict.audit(JUDGES["fcfs"], ONE, decisions).tolist() == [np.inf]


def test_a_prompt_beyond_the_memory_is_rejected_and_one_that_fills_it_is_served() -> None:
    given = payload(engine(blocks=9, watermark=0.5), [0.0, 0.0, 0.0], [36, 35, 4], [1, 1, 1])
    built = simulator(given)
    found = built.served(ONE, built.decide(FCFS, NO_CONSTANTS, ONE))
    assert np.isnan(found.finish).tolist() == [True, False, False]
