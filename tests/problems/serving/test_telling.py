"""What is told of serving beside the objective: facts, remarks, one sentence, requests one by one, blocks of time."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, value
from heuresis.evaluators.serving.results import Results
from heuresis.problems.abilities import Described, Itemised, Timed
from heuresis.problems.engines import files as engines
from heuresis.problems.problem import Bounded
from heuresis.problems.registry import get
from heuresis.problems.serving.blocks import FEWEST, over_time
from heuresis.problems.serving.facts import attainment, compared, facts, remarks
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.load import load
from heuresis.problems.serving.metrics import Scenario
from heuresis.problems.serving.records import COLUMNS, records
from heuresis.problems.serving.splits import LOADS, SEARCH, build

ENGINE = engines.load("a30-qwen2-7b")


def instance(n: int = 60, seconds: float = 30.0) -> ServingInstance:
    """Equal requests at equal distances; every third one of the second class."""
    zeros = np.zeros(n, dtype=np.int64)
    slo = (np.arange(n) % 3 == 0).astype(np.int64)
    return ServingInstance(
        "equal", {}, ENGINE, np.linspace(0.0, seconds, n), zeros + 200, zeros + 20, zeros + 20.0, zeros, np.arange(n),
        slo, zeros - 1, np.zeros(n), np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int64),
    )  # fmt: skip


def results(n: int, seed: int, slower: float = 1.0) -> Results:
    """Requests that arrive once a second and take about a second, in waves."""
    rng = np.random.default_rng(seed)
    arrived = np.arange(n, dtype=np.float64)
    wait = slower * (1.5 + np.sin(arrived / 9.0)) * rng.lognormal(0.0, 0.3, n)
    counts = np.full(n, 10, dtype=np.int64)
    limits = np.full(n, 2.0)
    zeros = np.zeros(n, dtype=np.int64)
    return Results(arrived, arrived + wait, arrived + 2 * wait, counts, counts, limits, limits, zeros, float(n))


def test_the_load_of_a_generated_scenario_is_what_it_was_made_for() -> None:
    chosen = [one for one in build(SEARCH, [ENGINE]).instances if one.labels["workload"] == "chat"]
    assert [round(load(one) or 0.0, 2) for one in chosen] == pytest.approx(LOADS, rel=0.02)


def test_load_is_a_share_of_all_replicas_and_needs_time() -> None:
    one = instance()
    alone = load(one)
    assert alone is not None
    assert load(one, (ENGINE, ENGINE)) == pytest.approx(alone / 2)
    assert load(instance(seconds=15.0)) == pytest.approx(2 * alone, rel=1e-6)
    assert load(instance(seconds=0.0)) is None


def test_facts_of_few_instances_are_in_absolute_numbers() -> None:
    engine, told = facts([instance()])
    assert engine == "engine a30-qwen2-7b"
    assert told.startswith(f"equal: 60 requests in 30 s, 1.97 a second, load {load(instance()):.2f} of what the engine")
    first, second = ENGINE.slo[:2]
    assert f"SLO {first.name} (TTFT {first.ttft:g} s, TPOT {first.tpot:g} s): 40, {second.name} (" in told
    assert "60 requests at once; SLO" in facts([instance(seconds=0.0)])[1]
    assert facts([instance()], [(ENGINE,) * 3])[0] == "engine 3 × a30-qwen2-7b"


def test_facts_of_many_instances_are_a_range() -> None:
    split = build(SEARCH)
    [told] = facts(split.instances)
    assert "rtx4090-llama-3.1-8b, a30-qwen2-7b, loads 0.5 to 1.3 of what they can serve" in told


def test_an_slo_that_tells_nothing_is_remarked() -> None:
    assert remarks([{"slo_attainment": 0.0}, {"slo_attainment": 0.0}])[0].startswith("no request meets its SLO")
    assert remarks([{"slo_attainment": 1.0}])[0].startswith("every request meets its SLO")
    assert remarks([{"slo_attainment": 0.0}, {"slo_attainment": 0.1}]) == []
    assert remarks([{}]) == []


def test_five_times_the_goodput_is_not_told_as_a_fifth() -> None:
    told = compared("goodput", 0.191, 1.0, "first come, first served")
    assert told.startswith("Goodput in time is 5.24 times that of first come, first served")
    assert compared("ttft_p99", 2.0, 8.0, "FCFS") == "ttft_p99 is 2 s, 0.250 times that of FCFS (8 s)."
    assert compared("slo", 0.1, 0.4, "FCFS").startswith("The share of requests that missed their SLO is 0.250 times")


@pytest.mark.parametrize("name", ["serving", "serving-router"])
def test_objectives_that_shrink_when_things_get_better_are_labelled_so(name: str) -> None:
    problem = get(name)
    assert isinstance(problem.scoring, Described)
    assert isinstance(problem.scoring, Itemised)
    assert isinstance(problem.scoring, Timed)
    assert isinstance(problem.scoring, Bounded)
    assert problem.options.objectives["goodput"].shown == "1/goodput"
    assert problem.options.objectives["slo"].shown == "SLO missed"
    assert problem.options.objectives["ttft_p99"].shown == "ttft_p99"


def test_each_request_has_a_row_of_all_columns() -> None:
    one = instance(3)
    nan = float("nan")
    zeros = np.zeros(3, dtype=np.int64)
    done = Results(
        one.arrival, np.array([1.0, 16.0, nan]), np.array([2.0, 35.0, nan]), one.prompt, np.array([1, 20, 0]),
        np.full(3, 1.5), np.full(3, 0.5), one.client, 30.0,
    )  # fmt: skip
    rows = [
        dict(zip(COLUMNS, row, strict=True)) for row in records(one, Scenario(done, np.array([0, 2, 0]), zeros, zeros))
    ]
    assert [row["ttft"] for row in rows] == [1.0, 1.0, None]
    assert [row["tpot"] for row in rows] == [None, 1.0, None]
    assert [row["e2e"] for row in rows] == [2.0, 20.0, None]
    assert [row["class"] for row in rows] == [ENGINE.slo[1].name, ENGINE.slo[0].name, ENGINE.slo[0].name]
    assert [(row["evictions"], row["rejected"], row["slo_met"]) for row in rows] == [(0, 0, 1), (2, 0, 0), (0, 1, 0)]


def test_attainment_is_told_by_class() -> None:
    one, late = instance(), results(60, 1)
    second = one.slo == 1
    done = dataclasses.replace(late, first_token=late.arrived + np.where(second, 99.0, 1.0), finish=late.arrived + 5.0)
    first_class, second_class = ENGINE.slo[:2]
    assert attainment(one, done) == f"SLO met: {first_class.name} 100% of 40, {second_class.name} 0% of 20."


@pytest.mark.parametrize("objective", [name for name in OBJECTIVE_NAMES if name != "fairness"])
def test_blocks_of_time_spread_around_the_value(objective: str) -> None:
    ours, fcfs = results(400, 1, 0.8), results(400, 2)
    spread = over_time(objective, ours, fcfs, 400, np.random.default_rng(0))
    assert spread is not None
    reached = value(objective, ours) / value(objective, fcfs)
    low, high = np.quantile(spread, [0.005, 0.995])
    assert low <= reached <= high
    assert low < high


def test_blocks_are_paired_and_repeatable() -> None:
    ours = results(200, 1)
    same = over_time("e2e_mean", ours, ours, 50, np.random.default_rng(0))
    assert same is not None
    assert np.all(same == 1.0)
    one, two = (over_time("e2e_mean", ours, results(200, 2), 50, np.random.default_rng(7)) for _ in range(2))
    assert one is not None
    assert np.array_equal(one, two)


def test_what_has_no_blocks_has_no_interval() -> None:
    few, many = results(FEWEST - 1, 1), results(FEWEST, 1)
    assert over_time("e2e_mean", few, few, 10, np.random.default_rng(0)) is None
    assert over_time("fairness", many, many, 10, np.random.default_rng(0)) is None


@given(st.integers(FEWEST, 300), st.integers(0, 2**32))
def test_every_draw_has_as_many_requests_as_the_trace(n: int, seed: int) -> None:
    """So a value that is the same for each request is the same for every draw."""
    same = dataclasses.replace(results(n, 1), first_token=np.arange(n) + 1.0, finish=np.arange(n) + 2.0)
    twice = dataclasses.replace(same, finish=np.arange(n) + 4.0)
    drawn = over_time("e2e_mean", twice, same, 5, np.random.default_rng(seed))
    assert drawn is not None
    assert np.allclose(drawn, 2.0)
