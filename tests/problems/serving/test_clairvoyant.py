"""What knowing the lengths of outputs is worth: the trusted references of serving."""

import re
from dataclasses import replace

import numpy as np
import pytest

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.serving.contract import CONTRACT, PRIORITY
from heuresis.evaluators.serving.engine import Admission
from heuresis.problems.engines.files import load
from heuresis.problems.serving.clairvoyant import in_engine_time, in_tokens, remaining_work, told
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.metrics import Scenario
from heuresis.problems.serving.schedules import run
from heuresis.problems.serving.splits import SEARCH, build
from heuresis.problems.serving.workloads.families import CHAT
from heuresis.sandbox.screen.screen import screen


@pytest.fixture(scope="module")
def chats() -> list[ServingInstance]:
    """Chats at four loads on an engine that is short of memory and on one that is not."""
    return list(build(replace(SEARCH, workloads=(CHAT,), requests=300)).instances)


def mean(scenarios: list[Scenario]) -> float:
    return float(np.exp(np.mean([np.log(one.results.e2e.mean()) for one in scenarios])))


def evictions(scenarios: list[Scenario]) -> int:
    return int(sum(one.restarts.sum() for one in scenarios))


def test_the_lengths_are_told_and_nothing_else(chats: list[ServingInstance]) -> None:
    one = told(chats)[0]
    assert np.array_equal(one.estimate, one.output)
    assert not np.array_equal(chats[0].estimate, one.output)
    assert replace(one, estimate=chats[0].estimate).prompt is chats[0].prompt


@pytest.mark.parametrize(
    ("admission", "times", "share"), [(Admission.FIRST_CHUNK, 10, 0.96), (Admission.WHOLE, 4, 0.981)]
)
def test_the_lengths_are_worth_something_where_nobody_is_evicted(
    chats: list[ServingInstance], admission: Admission, times: int, share: float
) -> None:
    assert {one.engine.name for one in chats} == set(SEARCH.engines)
    given = [replace(one, engine=replace(one.engine, admission=admission)) for one in chats]
    noisy, admitted = run("srpt", given), run("srpt_past_future", given)
    known, best = in_tokens(given), in_engine_time(given)
    assert evictions(best) == 0
    assert evictions(noisy) > times * evictions(admitted)
    assert evictions(known) > 10 * times
    assert mean(best) < mean(admitted) < mean(noisy)
    assert mean(best) < share * mean(known)


def test_schedules_come_in_the_order_of_the_instances(chats: list[ServingInstance]) -> None:
    mixed = [chats[7], chats[0], chats[5]]
    assert len({one.engine for one in mixed}) == 2
    for one, found in zip(mixed, in_engine_time(mixed), strict=True):
        [alone] = in_engine_time([one])
        assert np.array_equal(alone.results.finish, found.results.finish)


def test_remaining_work_by_hand() -> None:
    engine = load("h100x4-llama-2-70b")
    program = compile_program(screen(remaining_work(engine), CONTRACT.allow_list()), CONTRACT).main
    values = {"prompt": 1_000.0, "estimate": 400.0, "computed": 0.0, "generated": 0.0, "cached": 160.0, "running": 0.0}

    def work(**changes: float) -> float:
        given = [(values | changes).get(p.name, 0.0) for p in PRIORITY.parameters]
        columns = [np.array([x]) if p.varies else x for p, x in zip(PRIORITY.parameters, given, strict=True)]
        out = np.zeros(1)
        program(*columns, np.zeros(0), out, 1)
        return float(out[0])

    seat, decode, kv = 28.8 / 256, 0.264, 1.01e-4
    attention = 6.34 * (1_000.0**2 - 160.0**2) / 2 / 1e6
    whole = 400 * (seat + decode + kv * 1_200) + 0.0883 * 840 + attention
    assert work() == pytest.approx(whole, rel=1e-12)
    decoding = 300 * (seat + decode + kv * 1_250)
    assert work(computed=1_100.0, generated=100.0, running=1.0) == pytest.approx(decoding, rel=1e-12)
    long = 400 * (28.8 * 100_200 / engine.kv_tokens + decode + kv * 100_200)  # memory is its larger share
    assert work(prompt=100_000.0, computed=100_000.0, running=1.0) == pytest.approx(long, rel=1e-12)
    assert re.search(r"^def priority\(", remaining_work(engine))
