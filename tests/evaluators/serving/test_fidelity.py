"""The replica simulator against what is known: the Vidur simulator, and a real vLLM on an RTX 4090."""

import csv
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving_parts import NO_CONSTANTS, ONE, PROGRAMS, payload, simulator

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.plain.audit import jobs_of
from heuresis.evaluators.serving.plain.scheduler import PlainScheduler
from heuresis.evaluators.serving.results import Served
from heuresis.problems.engines.files import load

TIMES = ("ttft", "tpot", "e2e")
DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "serving"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the measured runs are not here (../shared/data/serving)")


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run of Vidur: what it was given, what each request took (s), and what it says of all together."""

    arrival: Floats
    prompt: Ints
    output: Ints
    took: Mapping[str, Floats]
    summary: Mapping[str, Any]


def vidur(name: str) -> Run:
    with gzip.open(DATA / f"{name}_requests.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    summary = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    assert len(rows) == summary["n"]

    def column(what: str) -> Floats:
        return np.array([float(row[what]) for row in rows])

    prompt, output = (column(what).astype(np.int64) for what in ("prefill", "decode_left_total"))
    return Run(column("arrived_at"), prompt, output, {what: column(what) for what in TIMES}, summary)


def served(on: Engine, arrival: Floats, prompt: Ints, output: Ints) -> Served:
    built = simulator(payload(on, arrival, prompt, output))
    found = built.served(ONE, built.decide(PROGRAMS["fcfs"], NO_CONSTANTS, ONE))
    assert found.faults.tolist() == [0]
    return found


def times(arrived: Floats, first: Floats, finish: Floats, output: Ints) -> dict[str, Floats]:
    """TTFT, TPOT and e2e in seconds; TPOT of requests of more than one token."""
    more = output > 1
    return {
        "ttft": first - arrived,
        "tpot": (finish - first)[more] / (output[more] - 1),
        "e2e": finish - arrived,
    }


class VidurScheduler(PlainScheduler):
    """The scheduler in plain Python with one habit of Vidur's: each decode in its turn wants a block to be free."""

    def _decodes_first(self, most: int) -> None:
        taken = 0
        for job in sorted((j for j in self.running if j.decodes), key=lambda j: j.number):
            while job in self.running and self.memory.free - taken < 1:
                self._evict_one()
            taken += self.memory.lacking(job, job.computed + 1)
        super()._decodes_first(most)


def test_with_its_habit_every_request_takes_what_vidur_says_where_memory_is_short() -> None:
    """Vidur with the coefficients of our engine, so that nothing but the two schedulers is compared."""
    run = vidur("vidur_lin_kvtight_a")
    on = replace(load("a30-qwen2-7b"), blocks=run.summary["num_blocks"])
    jobs = jobs_of(simulator(payload(on, run.arrival, run.prompt, run.output)).cases[0])
    defaults = {"admit": lambda _: 0.0, "prefill_budget": lambda arguments: arguments[-1]}
    VidurScheduler(on, jobs, lambda name, arguments: defaults.get(name, lambda given: given[1])(arguments)).run()
    assert sum(j.restarts for j in jobs) == run.summary["restarts"] == 28
    first, finish = (np.array([getattr(j, name) for j in jobs]) for name in ("first", "finish"))
    for name, values in times(run.arrival, first, finish, run.output).items():
        assert len(values) == 1_000
        assert values == pytest.approx(run.took[name], rel=0, abs=1e-5), name


def test_without_it_two_restarts_less_and_the_same_means_within_a_percent() -> None:
    run = vidur("vidur_lin_kvtight_a")
    found = served(replace(load("a30-qwen2-7b"), blocks=1_000), run.arrival, run.prompt, run.output)
    assert abs(found.restarts.sum() - 28) <= 4
    for name, values in times(found.arrived, found.first_token, found.finish, found.output).items():
        assert values.mean() == pytest.approx(run.took[name].mean(), rel=0.01), name
        for point in (50, 90, 95, 99):
            assert np.percentile(values, point) == pytest.approx(np.percentile(run.took[name], point), rel=0.01), name


def test_memory_that_is_short_costs_what_vidur_says() -> None:
    """Vidur with its own predictor, to which our coefficients are a fit."""
    run = vidur("vidur_a30_sarathi512_q15_n1000_1200blk")
    found = served(replace(load("a30-qwen2-7b"), blocks=1_200), run.arrival, run.prompt, run.output)
    assert abs(found.restarts.sum() - run.summary["restarts"]) <= 4
    for name, values in times(found.arrived, found.first_token, found.finish, found.output).items():
        assert values.mean() == pytest.approx(run.summary[name]["mean"], rel=0.05), name
        for point in (50, 90, 95, 99):
            assert np.percentile(values, point) == pytest.approx(run.summary[name][str(point)], rel=0.08), (name, point)


def test_admission_by_the_first_chunk_thrashes_where_memory_is_short() -> None:
    run = vidur("vidur_lin_kvtight_a")
    on = replace(load("a30-qwen2-7b"), blocks=1_000, admission="first_chunk")
    found = served(on, run.arrival, run.prompt, run.output)
    assert found.restarts.sum() > 2_000
    assert np.mean(found.first_token - found.arrived) > 100 * run.took["ttft"].mean()


def test_ten_thousand_requests_take_what_vidur_says() -> None:
    run = vidur("vidur_a30_sarathi512_q3_n10000")
    found = served(load("a30-qwen2-7b"), run.arrival, run.prompt, run.output)
    for name, values in times(found.arrived, found.first_token, found.finish, found.output).items():
        for point in (50, 90, 95, 99):
            assert np.percentile(values, point) == pytest.approx(run.summary[name][str(point)], rel=0.02), (name, point)


def test_a_real_engine_took_as_long() -> None:
    """On the run's own clock: that of `arrival_time`, to which the engine's is aligned by the shortest way into it."""
    with gzip.open(DATA / "vllm_groundtruth_RTX4090_Llama-3.1-8B_requests.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = sorted(map(json.loads, file), key=lambda row: row["arrival_time"])

    def column(name: str) -> Floats:
        return np.array([row[name] for row in rows], dtype=np.float64)

    arrival, output = column("arrival_time") - column("arrival_time")[0], column("output_toks").astype(np.int64)
    offset = (column("queued_ts") - arrival).min()
    real = times(arrival, column("first_token_ts") - offset, column("last_token_ts") - offset, output)
    found = served(load("rtx4090-llama-3.1-8b"), arrival, column("input_toks").astype(np.int64), output)
    assert found.restarts.sum() > 0  # memory is tight
    for name, values in times(found.arrived, found.first_token, found.finish, found.output).items():
        assert values.mean() == pytest.approx(real[name].mean(), rel=0.04), name
        for point in (50, 90, 99):
            assert np.percentile(values, point) == pytest.approx(np.percentile(real[name], point), rel=0.11), (name, point)  # fmt: skip
