"""The script that measures what is reported of serving: its arithmetic on figures that are known."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

LABELS = [
    {"workload": w, "engine": "e", "load": load, "number": n}
    for w in ("a", "b")
    for n in range(10)
    for load in (0.5, 1.3)
]


@pytest.fixture(scope="module")
def script(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("serving_results", root / "benchmarks" / "serving_results.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def figures(script: ModuleType, mean: float, p99: float = 1.0, goodput: float = 1.0):
    """Figures that are all alike, on instances of which the later ones take longer."""
    size = np.arange(1.0, len(LABELS) + 1.0)
    return script.Figures({"e2e_mean": mean * size, "e2e_p99": p99 * size, "goodput": goodput * size})


def test_seeds_of_a_workload_are_drawn_together(script: ModuleType) -> None:
    drawn = script.weights(LABELS, 50)
    assert drawn.shape == (51, 40)
    assert np.all(drawn[0] == 1.0)
    assert np.array_equal(drawn[:, 0::2], drawn[:, 1::2])  # both loads of a seed
    assert np.all(drawn[:, :20].sum(axis=1) == 20)
    assert np.all(drawn[:, 20:].sum(axis=1) == 20)
    assert not np.array_equal(drawn[1:, :20], drawn[1:, 20:])


def test_means_are_geometric_and_paired(script: ModuleType) -> None:
    logs = np.log(np.array([2.0, 8.0] * 20))
    found = script.together(logs, script.weights(LABELS, 50), np.ones(40, dtype=np.bool_))
    assert found == pytest.approx(4.0)  # each seed has one of both: no draw differs
    assert script.shown(found, 1) == "4.0 (4.0 … 4.0)"
    first = script.together(logs, script.weights(LABELS, 50), np.arange(40) % 2 == 0)
    assert first == pytest.approx(2.0)


def test_a_share_is_told_of_a_gap_that_is_there(script: ModuleType) -> None:
    start, goal = np.full(51, 0.8), np.full(51, 0.6)
    assert script.share(np.full(51, 0.7), start, goal) == "50 (50 … 50)"
    assert script.share(np.full(51, 0.9), start, goal) == "-50 (-50 … -50)"
    assert script.share(start, start, start) == "no gap"
    assert script.share(start, goal, start) == "no gap"


def test_tables_of_serving(script: ModuleType) -> None:
    rules = {
        "fcfs": figures(script, 1.0), "srpt": figures(script, 0.8), "srpt_past_future": figures(script, 0.7, 1.0, 2.0),
        "clairvoyant_srpt": figures(script, 0.8), "clairvoyant_srpt_past_future": figures(script, 0.6, 1.0, 4.0),
    }  # fmt: skip
    text = script.serving({"mine": figures(script, 0.75, 1.05, 3.0)}, rules, LABELS)
    assert "| a | e | 0.5 | 0.750 (0.750 … 0.750) | 1.050 (1.050 … 1.050) | 3.000 (3.000 … 3.000) |" in text
    row = re.search(r"^\| mine \| 0\.750 .*\| no gap \| 25 \(25 … 25\) \| -50 .*$", text, re.MULTILINE)
    assert row, text
    assert "the best baseline is srpt_past_future" in text  # references are no baselines
    assert "| mine | 3.000 (3.000 … 3.000) | 1.500 (1.500 … 1.500) |" in text


def test_tables_of_routers(script: ModuleType) -> None:
    labels = [{"workload": "routed", "engine": e, "number": n} for n in range(20) for e in ("small", "large")]
    rules = {"hra": figures(script, 2.0, 4.0), "llq": figures(script, 8.0)}
    text = script.router({"mine": figures(script, 1.0, 2.0)}, rules, labels)
    assert "| hra | 40.00 | 80.00 | 42.00 | 84.00 |" in text
    assert text.count("| 0.500 (0.500 … 0.500) | 0.500 (0.500 … 0.500) | 0.125 (0.125 … 0.125) |") == 3


def test_factors_are_ratios_of_means_over_seeds(script: ModuleType) -> None:
    labels = [{"workload": "routed", "engine": e, "number": n} for n in range(20) for e in ("small", "large")]
    text = script.factors({"hra": figures(script, 2.0), "llq": figures(script, 8.0)}, labels)
    assert "| rule | small | large |" in text
    assert "| llq | 4.00 (4.00 … 4.00) | 4.00 (4.00 … 4.00) |" in text


def test_glias_setting_is_that_of_the_split_unless_another_is_asked_for(script: ModuleType) -> None:
    admissions = script.Admission
    whole, first = (script.glia(admission, script.ROUTED_RATE) for admission in admissions)
    split = script.splits.build(script.replace(script.splits.TEST, settings=()))
    assert whole.fingerprint == split.fingerprint != first.fingerprint
    assert {one.admission for i in first.instances for one in i.fleet} == {admissions.FIRST_CHUNK}
    faster = script.glia(admissions.WHOLE, 2 * script.ROUTED_RATE).instances[0].requests
    assert faster.arrival[-1] * 2 == pytest.approx(whole.instances[0].requests.arrival[-1])


def test_who_is_alone_is_served_sooner_than_with_all_the_memory(script: ModuleType) -> None:
    lines = script.without_limits(count=60, numbers=(0,)).splitlines()
    assert "64 times the memory" in lines[1]
    columns, rows = lines[3].split(" | "), [line.strip("| ").split(" | ") for line in lines[5:]]
    assert [row[0] for row in rows] == ["a10-llama-3-8b-2048", "a10-llama-3-8b", "a10-llama-3-8b-4096"]
    for row in rows:
        assert len(row) == len(columns)
        assert float(row[-1]) < min(map(float, row[1:-1]))
