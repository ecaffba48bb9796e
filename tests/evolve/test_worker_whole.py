"""Programs over whole arrays through the whole sandbox: screened, compiled, run, tuned, audited; and hostile ones."""

from collections.abc import Iterator

import numpy as np
import pytest
from scoring_parts import values_of

from heuresis.evaluators.bin_packing.single_bins.contract import CONTRACT_FRESH
from heuresis.evaluators.bin_packing.single_bins.simulator import PackingArrayFresh
from heuresis.evolve.assessment import tasks
from heuresis.problems.bin_packing.instances import PackingInstance
from heuresis.problems.bin_packing.single_bins.problem import PROBLEM_FRESH
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Status
from heuresis.sandbox.process.pool import Pool

RNG = np.random.default_rng(7)
INSTANCES = [PackingInstance(f"i{k}", RNG.integers(1, 60, 40), 100) for k in range(4)]
EVERYTHING = np.arange(len(INSTANCES))
HEAD = CONTRACT_FRESH.main.signature + ":\n    "


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    options = {tasks.SIMULATOR: PROBLEM_FRESH.simulator, tasks.IMPROVES: ""}
    payload, allow = PROBLEM_FRESH.scoring.pack(INSTANCES), CONTRACT_FRESH.allow_list()
    limits = Limits(seconds=60.0, memory_bytes=256 << 20)
    with Pool(tasks.ENGINE, payload, allow, options=options, workers=1, limits=limits) as made:
        yield made


@pytest.mark.parametrize("name", [b.name for b in PROBLEM_FRESH.baselines])
def test_baselines_decide_in_the_child_as_here_and_pass_the_replay(pool: Pool, name: str) -> None:
    from heuresis.evaluators.language.compile import compile_program
    from heuresis.sandbox.screen.screen import screen

    source = next(b.source for b in PROBLEM_FRESH.baselines if b.name == name)
    outcome = pool.run(tasks.decide(source, EVERYTHING))
    assert outcome.ok, outcome.message
    program = compile_program(screen(source, CONTRACT_FRESH.allow_list()), CONTRACT_FRESH)
    here = PackingArrayFresh(PROBLEM_FRESH.scoring.pack(INSTANCES)).decide(program, np.zeros(0), EVERYTHING)
    assert [a.tolist() for a in outcome.arrays] == [a.tolist() for a in here]
    values, message = values_of(PROBLEM_FRESH.scoring, INSTANCES, outcome.arrays)
    assert message == ""
    assert None not in values
    audited = pool.run(tasks.audit(source, EVERYTHING, outcome.arrays))
    assert audited.ok, audited.message
    assert audited.arrays[0].max() <= 1e-9


def test_constants_are_tuned(pool: Pool) -> None:
    source = HEAD + "return np.where(bins - item < 0.5, 9.0, bins * 1.0)\n"
    outcome = pool.run(tasks.tune(source, [1, 2], 40, EVERYTHING))
    assert outcome.ok, outcome.message
    theta, loss, work = outcome.arrays
    assert len(theta) == 3
    assert np.isfinite(loss[0])
    assert work[0] > 0


HOSTILE = {
    "an enormous array": ("return bins + np.sum(np.zeros(10 ** 12))", {Status.MEMORY, Status.RUNTIME_ERROR}),
    "many arrays": (
        "a = np.zeros(10 ** 7)\n    b = a + 1\n    c = np.cumsum(b * 2)\n    return bins + np.sum(a) + np.sum(c) * b[0]",
        {Status.MEMORY, Status.RUNTIME_ERROR},
    ),
    "past the end": ("return bins - bins[len(bins) + 1000000]", {Status.RUNTIME_ERROR}),
    "before the start": ("x = np.copy(bins)\n    x[-len(bins) - 1] = 1\n    return x", {Status.RUNTIME_ERROR}),
    "another length": ("return bins[1:]", {Status.RUNTIME_ERROR}),
    "far too long": ("return np.zeros(len(bins) + 100000)", {Status.RUNTIME_ERROR}),
    "a slice past the end": ("x = np.copy(bins)\n    x[:10 ** 9] = np.zeros(10)\n    return x", {Status.RUNTIME_ERROR}),
    "slices that wrap": ("return bins[-9223372036854775807:9223372036854775807]", {Status.OK}),
    "a write through a parameter": ("bins[0] = 1\n    return bins", {Status.REJECTED}),
    "a number": ("return item", {Status.REJECTED}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_programs_end_as_they_should(pool: Pool, name: str) -> None:
    body, expected = HOSTILE[name]
    assert pool.run(tasks.decide(HEAD + body, EVERYTHING)).status in expected
    assert pool.run(tasks.decide(HEAD + "return -bins", EVERYTHING)).ok
