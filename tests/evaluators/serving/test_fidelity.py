"""The replica simulator against what is known: the Vidur simulator, and a real vLLM on an RTX 4090."""

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from serving_parts import NO_CONSTANTS, ONE, PROGRAMS, payload, simulator

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.results import Served
from heuresis.problems.engines.files import load

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "serving"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the measured runs are not here (../shared/data/serving)")


def served(on: Engine, arrival: Floats, prompt: NDArray[np.int64], output: NDArray[np.int64]) -> Served:
    built = simulator(payload(on, arrival, prompt, output))
    found = built.served(ONE, built.decide(PROGRAMS["fcfs"], NO_CONSTANTS, ONE))
    assert found.faults.tolist() == [0]
    return found


def times(arrived: Floats, first: Floats, finish: Floats, output: NDArray[np.int64]) -> dict[str, Floats]:
    """TTFT, TPOT and e2e in seconds; TPOT of requests of more than one token."""
    more = output > 1
    return {
        "ttft": first - arrived,
        "tpot": (finish - first)[more] / (output[more] - 1),
        "e2e": finish - arrived,
    }


def test_ten_thousand_requests_take_what_vidur_says() -> None:
    with gzip.open(DATA / "vidur_a30_sarathi512_q3_n10000_requests.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = json.loads((DATA / "vidur_a30_sarathi512_q3_n10000.json").read_text(encoding="utf-8"))
    arrival = np.array([float(row["arrived_at"]) for row in rows])
    prompt, output = (
        np.array([int(float(row[name])) for row in rows]) for name in ("prefill", "decode_left_total")
    )  # fmt: skip
    assert len(rows) == 10_000
    found = served(load("a30-qwen2-7b"), arrival, prompt, output)
    for name, values in times(found.arrived, found.first_token, found.finish, found.output).items():
        for point in (50, 90, 95, 99):
            assert np.percentile(values, point) == pytest.approx(known[name][str(point)], rel=0.02), (name, point)


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
