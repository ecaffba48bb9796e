"""Scoring of serving: feasible schedules have values, others do not; ratios, groups, metrics, explanations."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scoring_parts import schedule_of, values_of

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.serving.contract import CONTRACT
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES
from heuresis.evaluators.serving.simulator import Serving
from heuresis.problems.engines import files as engines
from heuresis.problems.problem import Choice
from heuresis.problems.serving.explain import admitted
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.problem import PROBLEM
from heuresis.problems.serving.schedules import Schedule, fcfs, pack, run, timeline
from heuresis.problems.serving.scoring import ServingScoring
from heuresis.sandbox.screen.screen import screen

ENGINE = engines.load("a30-qwen2-7b")
SCORING = ServingScoring()
NO_CONSTANTS = np.zeros(0)


def instance(
    name: str, arrival: Sequence[float], prompt: Sequence[int], output: Sequence[int], **more
) -> ServingInstance:
    """Requests of one client each, whose estimates are right."""
    n = len(arrival)
    zeros = np.zeros(n, dtype=np.int64)
    engine = more.pop("engine", ENGINE)
    return ServingInstance(
        name, {"workload": "few", "load": 1.0} | more, engine, np.array(arrival, dtype=np.float64), np.array(prompt),
        np.array(output), np.array(output, dtype=np.float64), zeros, np.arange(n), zeros.copy(), zeros - 1, np.zeros(n),
        np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int64),
    )  # fmt: skip


SMALL = replace(ENGINE, blocks=40, max_num_seqs=2)
SHORT_BEHIND = instance("queue", [0.0, 0.0, 0.001, 0.002], [100] * 4, [200, 260, 300, 2], engine=SMALL)
EASY = instance("easy", [0.0, 9.0], [64, 64], [5, 5])
BOTH = (SHORT_BEHIND, EASY)


@functools.cache
def program(rule: str) -> object:
    """A baseline, compiled."""
    found = PROBLEM.baseline(rule)
    assert found is not None
    return compile_program(screen(found.source, CONTRACT.allow_list()), CONTRACT)


def decisions(rule: str, instances: Sequence[ServingInstance] = BOTH):
    return Serving(pack(instances)).decide(program(rule), NO_CONSTANTS, np.arange(len(instances)))


def scheduled(rule: str, one: ServingInstance) -> Schedule:
    """What becomes of an instance under a baseline."""
    schedule: Schedule = schedule_of(SCORING, one, decisions(rule, [one]))
    return schedule


def measured(rule: str, instances: Sequence[ServingInstance]) -> Mapping[str, float | None]:
    return SCORING.metrics(instances, [scheduled(rule, one) for one in instances])


def test_values_are_ratios_to_first_come_first_served() -> None:
    assert values_of(SCORING, BOTH, decisions("fcfs")) == ((1.0, 1.0), "")
    (queue, easy), message = values_of(SCORING, BOTH, decisions("srpt"))
    assert message == ""
    assert easy == 1.0
    assert queue is not None
    assert 0.5 < queue < 1.0
    reached, base = run("srpt", BOTH)[0].results, fcfs(BOTH)[0]
    assert queue == pytest.approx(reached.e2e.mean() / base.e2e.mean())
    assert SCORING.score(BOTH, [0.25, 1.0]).aggregate == pytest.approx(0.5)


@pytest.mark.parametrize("name", OBJECTIVE_NAMES)
def test_every_objective_is_what_the_simulator_minimises(name: str) -> None:
    scoring = ServingScoring(name)
    made = decisions("srpt")
    values, _ = values_of(scoring, BOTH, made)
    loss = Serving(scoring.pack(BOTH)).loss(program("srpt"), NO_CONSTANTS, np.arange(2))
    assert loss == pytest.approx(scoring.score(BOTH, [v or math.nan for v in values]).aggregate, rel=1e-12)
    chosen = PROBLEM.asked(Choice(objective=name))
    assert chosen.objective.name == name
    assert chosen.chosen == ("" if name == OBJECTIVE_NAMES[0] else name)


def test_decisions_that_an_engine_cannot_make_have_no_value() -> None:
    decided, lengths, stream = decisions("fcfs")
    assert values_of(SCORING, BOTH, (decided * 0, lengths, stream))[0] == (None, None)
    longer = stream.copy()
    longer[3] += 1  # a chunk of one token more than the prompt has
    values, message = values_of(SCORING, BOTH, (decided, lengths, longer))
    assert values == (None, 1.0)
    assert "queue" in message
    for wrong in (
        (decided, lengths, stream[:-1]),
        (decided, lengths.astype(np.float64), stream),
        (decided, np.array([2**62, 2**62]), stream),
        (decided, np.array([-1, len(stream) + 1]), stream),
        (decided.astype(np.int64), lengths, stream),
        (decided, lengths, stream.astype(np.int64)),
    ):
        values, message = values_of(SCORING, BOTH, wrong)
        assert values == (None, None)
        assert message.startswith("expected decisions")


def test_metrics_are_means_and_sums_over_scenarios() -> None:
    both, one, other = measured("fcfs", BOTH), *(measured("fcfs", [i]) for i in BOTH)
    assert both["e2e_mean"] == pytest.approx(((one["e2e_mean"] or 0) + (other["e2e_mean"] or 0)) / 2)
    assert both["preemptions"] == (one["preemptions"] or 0) + (other["preemptions"] or 0)
    assert other["throughput"] == pytest.approx(2 / fcfs([EASY])[0].finish.max())
    single = instance("single", [0.0], [10], [1])
    assert measured("fcfs", [single])["tpot_mean"] is None


def test_a_prompt_that_never_fits_is_rejected_and_counted() -> None:
    large = instance("large", [0.0, 1.0], [100_000_000, 50], [3, 3])
    found = measured("fcfs", [large])
    assert (found["rejected"], found["refused"]) == (1.0, 0.0)
    assert found["slo_attainment"] == 0.5
    assert values_of(SCORING, [large], decisions("fcfs", [large])) == ((1.0,), "")


def test_instances_are_grouped_and_resampled_by_cell() -> None:
    some = [replace(EASY, name=str(i), labels={"workload": "chat", "load": 0.5 + (i % 2)}) for i in range(6)]
    groups = SCORING.groups(some)
    assert {name: members.tolist() for name, members in groups.items()} == {
        "chat 0.5": [0, 2, 4],
        "chat 1.5": [1, 3, 5],
    }
    assert list(SCORING.groups([replace(EASY, labels={})])) == ["all"]
    values = np.array([[0.5, 2.0, 0.5, 2.0, 0.5, 2.0]])
    drawn = SCORING.resample(some, values, 50, np.random.default_rng(0))
    assert drawn == pytest.approx(np.ones((1, 50)))  # one half of the draws comes from each cell
    assert SCORING.audited(some).tolist() == [1]  # the smallest; of equally large ones the one of largest load


def test_an_explanation_says_where_time_goes() -> None:
    text = SCORING.explain(SHORT_BEHIND, scheduled("srpt", SHORT_BEHIND))
    assert "4 requests" in text
    assert "| size up to |" in text
    assert text.count("\n| ") == (1 + 4) + (1 + 8)
    assert SCORING.explain(SHORT_BEHIND, scheduled("fcfs", SHORT_BEHIND)) != text


def test_waiting_ends_where_the_first_chunk_is_given() -> None:
    """Two seats: the third request waits for the first to end, the fourth, though short, for the second."""
    schedule = scheduled("fcfs", SHORT_BEHIND)
    results = fcfs([SHORT_BEHIND])[0]
    times = admitted(schedule.stream, timeline(SHORT_BEHIND, schedule)[:, 0], 4)
    assert times[:2].tolist() == [0.0, 0.0]
    assert times[2] == pytest.approx(results.finish[0])
    assert times[3] == pytest.approx(results.finish[1])
    assert np.all(times <= results.first_token)


def test_figures_show_queue_memory_and_times() -> None:
    found = SCORING.figures(SHORT_BEHIND, {rule: scheduled(rule, SHORT_BEHIND) for rule in ("fcfs", "srpt")})
    assert [f.title for f in found][:3] == ["Waiting requests", "Running requests", "KV memory in use (%)"]
    waiting, running, memory, ttft, e2e = found
    assert max(waiting.curves[0].y) == 2
    assert max(running.curves[0].y) == SMALL.max_num_seqs
    assert 0 < max(memory.curves[0].y) <= 100
    assert all(curve.y[-1] == 1.0 and len(curve.x) == 4 for curve in (*ttft.curves, *e2e.curves))


def test_a_trace_is_read_onto_the_engine_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("arrived_at,prefill,decode\n0,10,2\n1,10,2\n2,10,2\n")
    chosen = PROBLEM.asked(Choice(engine="a30-qwen2-7b", rate=2.0, limit=2))
    assert chosen.read is not None
    [one] = chosen.read([path]).instances
    assert (one.engine.name, one.size, one.arrival.tolist()) == ("a30-qwen2-7b", 2, [0.0, 0.5])
    assert {i.engine.name for i in chosen.splits["test"]().instances} == {"a30-qwen2-7b"}
    assert "a30-qwen2-7b" not in {i.engine.name for i in PROBLEM.splits["test"]().instances}
