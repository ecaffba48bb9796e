"""What `revise`, `length`, `displace` and `pause` do, and that programs without them decide as before."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from serving_parts import JUDGES, NO_CONSTANTS, ONE, Payload, engine, instances, payload, scheduler, simulator

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.serving.contract import CONTRACT
from heuresis.evaluators.serving.engine import Engine, EngineError, Preemption, ServiceLevel
from heuresis.evaluators.serving.faults import FAULTS
from heuresis.evaluators.serving.plain.audit import plan_of
from heuresis.evaluators.serving.stages import facts
from heuresis.problems.baselines import source_of
from heuresis.problems.engines import files
from heuresis.problems.engines.writer import to_toml
from heuresis.sandbox.screen.screen import screen


def served(given: Payload, source: str) -> Any:
    """What becomes of the requests under a program, whose decisions replay and audit accept."""
    built = simulator(given)
    checked = screen(source, CONTRACT.allow_list())
    decisions = built.decide(compile_program(checked, CONTRACT), NO_CONSTANTS, ONE)
    assert decisions[0].tolist() == [1]
    found = built.served(ONE, decisions)
    assert found.faults.tolist() == [0]
    assert built.audit(judge_of(checked, CONTRACT), ONE, decisions).max() <= 1e-9
    return found


def plan(given: Payload, source: str) -> list[list[tuple[int, int]]]:
    """The decisions of a program by iteration."""
    return plan_of(simulator(given).decide(compile_program(source, CONTRACT), NO_CONSTANTS, ONE)[2].tolist())


DEFAULTS = {"revise": "value", "length": "estimate", "displace": "0.0", "pause": "0.0"}


@pytest.mark.parametrize("priority", ["arrival", "client_service - 0.2 * now + cached"])
@given(case=instances())
@settings(max_examples=15, deadline=None)
def test_functions_that_say_what_their_defaults_say_change_nothing(priority: str, case: tuple[Engine, Payload]) -> None:
    """The default bodies written out: the loops then take the ways of programs that have such functions."""
    admit = "-1.0 if peak > total_blocks and n_running > 0 else 0.0"
    without, written = (compile_program(scheduler(priority, admit, **more), CONTRACT) for more in ({}, DEFAULTS))
    built = simulator(case[1])
    for a, b in zip(*(built.decide(one, NO_CONSTANTS, ONE) for one in (without, written)), strict=True):
        assert np.array_equal(a, b)


def test_programs_written_before_there_were_more_functions_are_whole() -> None:
    names = [function.name for function in CONTRACT.functions]
    assert names[:3] == ["priority", "admit", "prefill_budget"]
    before = Contract(CONTRACT.functions[:3])
    for rule in ("fcfs", "past_future", "sarathi"):
        old, new = (compile_program(screen(source_of("serving", rule), c.allow_list()), c) for c in (before, CONTRACT))
        assert old.reads == new.reads[:3]


def program_of_calls() -> Payload:
    """Request 0 is followed by 1 and 2, 2 by 3; 4 stands alone and is of a best-effort class."""
    return payload(
        engine(), [0.0, 0.0, 0.0, 0.0, 0.1], [8, 4, 6, 10, 5], [3, 9, 2, 4, 1], estimate=[3.0, 8.0, 2.0, 5.0, 1.0],
        after=[-1, 0, 0, 2, -1], gap=[0.0, 0.2, 0.1, 0.3, 0.0], slo=[0, 1, 0, 0, 1], slo_best_effort=[0.0, 1.0],
    )  # fmt: skip


def test_what_is_known_of_programs_and_classes() -> None:
    known = facts(simulator(program_of_calls()).cases[0])
    best_effort, path, stages, prompt, estimate, time = known
    assert best_effort.tolist() == [0, 1, 0, 0, 1]
    assert path.tolist() == [0, 8 + 2 * 3, 8 + 2 * 3, 8 + 2 * 3 + 6 + 2 * 2, 0]
    assert stages.tolist() == [1, 0, 1, 0, 0]  # one call of 2.8 s may take longer than two of 0.8 and 1.3 s
    assert prompt.tolist() == [4, 0, 10, 0, 0]
    assert estimate.tolist() == [8, 0, 5, 0, 0]
    assert time.tolist() == pytest.approx([0.2 + 1.0 + 8 * 0.2, 0.0, 0.3 + 0.5 + 5 * 0.1, 0.0, 0.0])


def test_a_priority_is_revised_by_what_is_to_come_of_a_program() -> None:
    on = engine(max_num_seqs=1)
    given = payload(
        on, [0.0, 0.001, 0.002, 0.003], [8, 8, 8, 8], [5, 5, 5, 5], after=[-1, -1, -1, 2], gap=[0.0, 0.0, 0.0, 0.1]
    )
    first = served(given, scheduler("arrival"))
    longest_path = served(given, scheduler("arrival", revise="value - stages"))
    assert np.argsort(first.first_token).tolist() == [0, 1, 2, 3]
    assert np.argsort(longest_path.first_token).tolist() == [0, 2, 1, 3]


def test_lengths_are_drawn_from_those_that_ended() -> None:
    """Ten outputs of 2 tokens; whoever comes then is expected to be as short, or to be one of the first 1,024."""
    on = engine(blocks=40, max_num_seqs=8)
    n = 300
    given = payload(on, list(np.arange(n) * 0.5), [4] * n, [2] * n, estimate=[500.0] * n)
    by_estimate = "-1.0 if peak > total_blocks and now > 140.0 and n_running > 0 else 0.0"
    source = scheduler("arrival", by_estimate, length="drawn")
    assert plan(given, source) == plan(given, scheduler("arrival", by_estimate, length="2.0"))
    assert served(given, source).restarts.sum() == 0


def test_history_keeps_memory_free_where_estimates_do_not() -> None:
    """Estimates of one token promise a memory that outputs of thirty do not leave: only history evicts nobody."""
    n = 400
    given = payload(
        engine(blocks=24, max_num_seqs=4, max_num_batched_tokens=32), list(np.arange(n) * 0.1), [8] * n, [30] * n,
        estimate=[1.0] * n,
    )  # fmt: skip
    by_estimates, by_history = (
        served(given, source_of("serving", rule)).restarts for rule in ("past_future", "past_future_sampled")
    )
    assert by_estimates.sum() > 100
    assert by_history.sum() == 0


def one_of_each_class(**changes: Any) -> Payload:
    """A long best-effort request runs alone on a seat when one of the other class comes."""
    levels = (ServiceLevel("online", 0.5, 0.1), ServiceLevel("offline", 100.0, 1.0, best_effort=True))
    on = engine(**({"max_num_seqs": 1, "slo": levels} | changes))
    return payload(on, [0.0, 0.1], [8, 8], [20, 4], slo=[1, 0], slo_best_effort=[float(x.best_effort) for x in levels])


def test_best_effort_requests_give_way() -> None:
    given = one_of_each_class()
    waits, goes = (served(given, source_of("serving", rule)) for rule in ("fcfs", "online_first"))
    assert waits.restarts.tolist() == [0, 0]
    assert goes.restarts.tolist() == [1, 0]
    assert goes.first_token[1] < waits.first_token[1] - 0.1
    alike = one_of_each_class() | {"slo_best_effort": np.zeros(2)}
    assert served(alike, source_of("serving", "online_first")).restarts.tolist() == [0, 0]


def test_who_has_the_larger_priority_displaces_nobody() -> None:
    given = one_of_each_class()
    assert served(given, scheduler("arrival", displace="1.0")).restarts.tolist() == [0, 0]
    assert served(given, scheduler("-arrival", displace="1.0")).restarts.tolist() == [1, 0]
    assert served(given, scheduler("-arrival", displace="0.0")).restarts.tolist() == [0, 0]


def test_as_many_are_displaced_as_are_in_the_way() -> None:
    """Three hold eleven of twelve blocks; five are wanted, which two of them leave."""
    given = payload(
        engine(blocks=12, max_num_batched_tokens=40), [0.0, 0.0, 0.0, 0.2], [13, 9, 9, 20], [3, 3, 3, 3],
        estimate=[9.0, 8.0, 7.0, 1.0],
    )  # fmt: skip
    given |= {"output": np.array([18, 18, 18, 3])}
    evicted = [i for ops in plan(given, scheduler("estimate", displace="lacking")) for i, tokens in ops if not tokens]
    assert evicted[:1] == [0]
    assert 3 not in evicted


def test_a_pause_gathers_those_who_come_and_ends_in_time() -> None:
    given = payload(engine(), [0.0, 0.01, 5.0], [4, 4, 4], [1, 1, 1])
    for wait, together in (("0.05 - waited", True), ("0.005 - waited", False)):
        found = served(given, scheduler("arrival", pause=wait))
        assert (found.first_token[0] == found.first_token[1]) == together
        longest = float(wait.split()[0])
        assert longest < found.first_token[2] - 5.0 < longest + 0.03  # an iteration takes less than 30 ms
    assert plan(given, scheduler("arrival", pause="0.05 - waited"))[0] == [(3, 50_000)]


@pytest.mark.parametrize("value", ["1.0 / (now - now)", "math.sqrt(0.0 - n_waiting)"])
def test_a_value_that_is_not_finite_fails(value: str) -> None:
    given = one_of_each_class()
    for more in ({"revise": value.replace("n_waiting", "prompt")}, {"displace": value}, {"pause": value}):
        program = compile_program(scheduler("-arrival", **more), CONTRACT)
        assert simulator(given).decide(program, NO_CONSTANTS, ONE)[0].tolist() == [0]


@pytest.mark.parametrize(
    "stream", [[0, 2, 2, 0, 1, 0], [0, 4, 2, 5, 0, 8, 1, 0], [0, 2, 0, 8, 0, 2, 2, 900, 1, 0], [0, 1, 2, 1, 0]]
)
def test_replay_refuses_a_pause_that_is_none(stream: Sequence[int]) -> None:
    built = simulator(payload(engine(), [0.0, 9.0], [12, 4], [2, 1]))
    decisions = (np.ones(1, np.uint8), np.array([len(stream)]), np.array(stream, dtype=np.int32))
    assert FAULTS[int(built.served(ONE, decisions).faults[0])].startswith("a pause while somebody runs")


def test_the_audit_finds_a_pause_that_the_program_would_not_make() -> None:
    built = simulator(payload(engine(), [0.0, 0.01], [4, 4], [1, 1]))
    pausing = compile_program(scheduler("arrival", pause="0.05 - waited"), CONTRACT)
    decisions = built.decide(pausing, NO_CONSTANTS, ONE)
    for pause, right in (("0.05 - waited", True), ("0.04 - waited", False)):
        judge = judge_of(scheduler("arrival", pause=pause), CONTRACT)
        assert np.isfinite(built.audit(judge, ONE, decisions)[0]) == right
    assert built.audit(JUDGES["fcfs"], ONE, decisions).tolist() == [np.inf]


def test_the_audit_finds_a_displacement_that_the_program_would_not_make() -> None:
    built = simulator(one_of_each_class())
    decisions = built.decide(compile_program(scheduler("-arrival", displace="1.0"), CONTRACT), NO_CONSTANTS, ONE)
    for displace, right in (("2.0", True), ("-1.0", False)):
        judge = judge_of(scheduler("-arrival", displace=displace), CONTRACT)
        assert np.isfinite(built.audit(judge, ONE, decisions)[0]) == right


def test_overlapped_swapping_takes_the_longer_of_link_and_computation() -> None:
    source = scheduler("-arrival", displace="1.0")
    slow, fast = 1e4, 1e9  # bytes per second: a request's 12 tokens take 1.2 s, or nothing
    ends = {}
    for preemption in (Preemption.SWAP, Preemption.SWAP_OVERLAPPED):
        for link in (slow, fast):
            given = one_of_each_class(preemption=preemption, link_bytes_per_second=link)
            ends[preemption, link] = served(given, source).finish.max()
    assert ends[Preemption.SWAP_OVERLAPPED, fast] < ends[Preemption.SWAP, fast]  # all of it beside iterations
    assert ends[Preemption.SWAP, fast] < ends[Preemption.SWAP_OVERLAPPED, slow] < ends[Preemption.SWAP, slow]


def test_a_class_of_best_effort_is_a_key_of_engine_files(tmp_path: Any) -> None:
    levels = (ServiceLevel("online", 0.5, 0.1), ServiceLevel("offline", 9.0, 1.0, best_effort=True))
    path = tmp_path / "small.toml"
    path.write_text(to_toml(engine(slo=levels)))
    assert files.load(path).slo == levels
    with pytest.raises(EngineError, match="best_effort must be true or false, got 1"):
        ServiceLevel("offline", 9.0, 1.0, best_effort=1)  # type: ignore[arg-type]
