"""Programs with arrays through the whole sandbox: screened, compiled, run, tuned, bred and audited."""

import math
from collections.abc import Iterator
from pathlib import Path

import array_problem
import numpy as np
import pytest
from array_problem import BEST_FIT, CONTRACT, LOOKS_BACK, Packing

from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evolve.assessment import tasks
from heuresis.evolve.genetic.breed import Effort
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Status
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.screen.screen import screen
from heuresis.sandbox.task import Task

ITEMS = np.random.default_rng(5).uniform(0.05, 0.7, (12, 40))
EVERYTHING = np.arange(len(ITEMS))


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    simulator = f"{Path(array_problem.__file__).resolve()}:Packing"
    options = {tasks.SIMULATOR: simulator, tasks.IMPROVES: ""}
    limits = Limits(seconds=60.0)
    with Pool(tasks.ENGINE, {"items": ITEMS}, CONTRACT.allow_list(), options=options, workers=1, limits=limits) as pool:
        yield pool


def plain(source: str, items: list[float]) -> list[int]:
    """The bins that a program chooses in plain Python."""
    namespace = {"math": math, "np": np}
    exec(source, namespace)
    room, counts, chosen = [1.0] * len(items), [0] * len(items), []
    for k, item in enumerate(items):
        used = max(chosen, default=-1) + 1
        seen, held = np.array(items[:k]), np.array(counts[: used + 1])
        fits = [b for b in range(used + 1) if room[b] >= item]
        best = min(fits, key=lambda b: namespace["score"](room[b], item, seen, held))
        chosen.append(best)
        room[best] -= item
        counts[best] += 1
    return chosen


@pytest.mark.parametrize("source", [BEST_FIT, LOOKS_BACK], ids=["best fit", "looks back"])
def test_decisions_are_those_of_plain_python_and_pass_the_replay(pool: Pool, source: str) -> None:
    outcome = pool.run(tasks.decide(source, EVERYTHING))
    assert outcome.ok, outcome.message
    valid, bins = outcome.arrays
    assert valid.tolist() == [1] * len(ITEMS)
    assert bins.tolist() == [plain(source, items) for items in ITEMS.tolist()]
    audited = pool.run(tasks.audit(source, EVERYTHING, outcome.arrays))
    assert audited.ok, audited.message
    assert audited.arrays[0].max() <= 1e-9


def test_a_replay_finds_another_decision() -> None:
    simulator = Packing({"items": ITEMS})
    bins = np.zeros((1, ITEMS.shape[1]), np.int64)
    bins[0] = plain(BEST_FIT.replace("rem - item", "item - rem"), ITEMS[0].tolist())
    judge = judge_of(screen(LOOKS_BACK, CONTRACT.allow_list()), CONTRACT)
    assert simulator.audit(judge, np.zeros(1, np.int64), (np.ones(1, np.uint8), bins))[0] > 1e-9


def test_constants_are_tuned(pool: Pool) -> None:
    outcome = pool.run(tasks.tune(LOOKS_BACK, (1, 2), 20, EVERYTHING[:4]))
    assert outcome.ok, outcome.message
    theta, loss, work = outcome.arrays
    assert len(theta) > 3
    assert math.isfinite(loss[0])
    assert work[0] >= 4


def test_expressions_without_the_arrays_are_bred(pool: Pool) -> None:
    effort = Effort(offspring=4, probes=2, tuned=1, evaluations=8, max_size=30)
    outcome = pool.run(Task(tasks.BREED, None, (np.array([1]), np.array([3, 0]), effort.to_array())))
    assert outcome.ok, outcome.message


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("sizes[0] = 1.0\n    return rem", Status.REJECTED, "line 2, column 5: `sizes` is read-only"),
        ("return rem - sizes", Status.REJECTED, "`sizes` is an array where a number is wanted"),
        ("return rem - sizes[item]", Status.COMPILE_ERROR, "an index must be an integer, got a float"),
        ("return rem - sizes[40]", Status.RUNTIME_ERROR, "index is out of bounds"),
        ("return rem - counts[len(counts)]", Status.RUNTIME_ERROR, "index is out of bounds"),
        ("w = np.zeros(len(sizes) - 99)\n    return rem", Status.RUNTIME_ERROR, "negative dimensions not allowed"),
        ("w = np.ones(10 ** 11)\n    return rem - w[0]", Status.MEMORY, ""),
    ],
)
def test_failures_say_what_happened(pool: Pool, body: str, status: Status, message: str) -> None:
    outcome = pool.run(tasks.decide(f"def score(rem, item, sizes, counts):\n    {body}\n", EVERYTHING))
    assert (outcome.status, message in outcome.message) == (status, True), outcome.message
    assert pool.run(tasks.decide(BEST_FIT, EVERYTHING[:1])).ok
