"""What two runs of one program say together, and what becomes of programs whose runs do not agree."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from search_parts import PlainPool, Watcher, comparable, rule, tinkering
from tiny_problem import TINY

from heuresis.archive.check import check
from heuresis.archive.store import Archive
from heuresis.evaluators.aliases import Decisions
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.verdict import INVALID, UNSTABLE, Ran, another_order, second_verdict, verdict
from heuresis.evolve.config import Config
from heuresis.evolve.results.ranking import failed, succeeded
from heuresis.evolve.run import start
from heuresis.problems.scoring import Replay
from heuresis.problems.tardiness.instances import TardinessInstance
from heuresis.problems.tardiness.scoring import TardinessScoring
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.task import Array, Task

MDD = rule("max(t + p, d)")
INSTANCES = [
    TardinessInstance("one", np.array([2, 2, 5], np.int64), np.array([1, 1, 9], np.int64), {}),
    TardinessInstance("two", np.array([4, 1], np.int64), np.array([4, 1], np.int64), {}),
    TardinessInstance("three", np.array([3], np.int64), np.array([0], np.int64), {}),
]
SEQUENCES = {0: [0, 1, 2], 1: [1, 0], 2: [0]}


def ran(order: list[int], sequences: Mapping[int, list[int]] = SEQUENCES) -> Ran:
    jobs = [job for i in order for job in sequences[i]]
    arrays = np.ones(len(order), np.uint8), np.array(jobs, np.int32)
    return Ran(Outcome(Status.OK, arrays), np.array(order))


def together(first: Ran, again: Ran) -> tuple[str, str, tuple[float | None, ...]]:
    found = second_verdict(TINY.scoring, INSTANCES, first, verdict(TINY.scoring, INSTANCES, first), again)
    return found.status, found.message, found.values


def test_the_same_decisions_in_another_order_are_the_same_verdict() -> None:
    first = verdict(TINY.scoring, INSTANCES, ran([0, 1, 2]))
    assert (first.status, first.message, first.values) == ("ok", "", (4.0, 1.0, 3.0))
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        assert second_verdict(TINY.scoring, INSTANCES, ran([0, 1, 2]), first, ran(order)) is first


def test_other_decisions_of_the_same_value_are_found() -> None:
    """Jobs 0 and 1 of the first instance are alike, so that swapping them changes no value."""
    again = ran([2, 0, 1], {**SEQUENCES, 0: [1, 0, 2]})
    assert verdict(TINY.scoring, INSTANCES, again).values == (4.0, 1.0, 3.0)
    status, message, values = together(ran([0, 1, 2]), again)
    assert (status, values) == (UNSTABLE, ())
    assert "first on instance one; on 1 of 3 instances" in message


def test_other_values_are_found() -> None:
    status, message, values = together(ran([0, 1, 2]), ran([2, 1, 0], {**SEQUENCES, 1: [0, 1]}))
    assert (status, values) == (UNSTABLE, ())
    assert "first on instance two" in message


def test_decisions_that_are_no_longer_feasible_are_found() -> None:
    status, message, _ = together(ran([0, 1, 2]), ran([1, 0, 2], {**SEQUENCES, 0: [0, 0, 2], 2: [-1]}))
    assert status == UNSTABLE
    assert "first on instance one; on 2 of 3 instances" in message


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
def test_a_second_run_that_ends_otherwise_gives_its_status(status: Status) -> None:
    again = Ran(Outcome(status, message="it went wrong"), np.array([1, 0, 2]))
    found, message, values = together(ran([0, 1, 2]), again)
    assert (found, values) == (status, ())
    assert message == "when it ran again, with the instances in another order: it went wrong"


@pytest.mark.parametrize(
    "arrays",
    [
        (),
        (np.ones(3, np.uint8),),
        (np.ones(3, np.uint8), np.array([0, 1, 2, 1, 0], np.int32)),
        (np.ones(3, np.uint8), np.array([0, 0, 1, 2, 1, 0], np.float64)),
    ],
)
def test_a_second_run_that_sends_something_else_is_unstable(arrays: tuple[Array, ...]) -> None:
    """Its decisions are never cut: they need not have the shape of decisions."""
    again = Ran(Outcome(Status.OK, arrays), np.array([2, 0, 1]))
    status, message, values = together(ran([0, 1, 2]), again)
    assert (status, values) == (UNSTABLE, ())
    assert "on 3 of 3 instances" in message


def test_decisions_of_another_type_are_unstable() -> None:
    again = ran([2, 0, 1])
    wider = replace(again.outcome, arrays=(again.outcome.arrays[0], again.outcome.arrays[1].astype(np.int64)))
    assert together(ran([0, 1, 2]), Ran(wider, again.order))[0] == UNSTABLE


class Counting(TardinessScoring):
    """Counts on how many instances it was asked to replay decisions, each time."""

    asked: ClassVar[list[int]] = []

    def replay(self, instances: Sequence[TardinessInstance], decisions: Decisions) -> Replay:
        self.asked.append(len(instances))
        return super().replay(instances, decisions)


def test_an_evaluation_replays_once_whatever_is_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Pool", FicklePool)
    Counting.asked.clear()
    with Assessor(replace(TINY, scoring=Counting()), workers=1) as assessor:
        assert assessor.evaluate(rule("max(t + p, d) + 0.25"), confirm=another_order(1, 2)).ok
        assert Counting.asked == [20]
        assert assessor.evaluate(rule("max(t + p, d) + 0.5"), confirm=another_order(1, 2)).status == UNSTABLE
        assert Counting.asked == [20, 20, 20]  # the second run is replayed to say where it differs
        assert assessor.explain(rule("p"), "search", 3).startswith("n = 8:")
        assert Counting.asked[3:] == [1]


def test_orders_follow_from_seed_number_and_purpose() -> None:
    orders = {tuple(another_order(*key).permutation(20)) for key in ((1, 2), (1, 3), (2, 2), (1, 2, 3))}
    assert len(orders) == 4
    assert np.array_equal(another_order(1, 2).permutation(20), another_order(1, 2).permutation(20))
    assert not np.array_equal(another_order(1, 2).random(4), np.random.default_rng([1, 2]).random(4))


class FicklePool(PlainPool):
    """A program that contains the number 0.5 treats the first instance that it meets differently."""

    def run(self, task: Task) -> Outcome:
        outcome = super().run(task)
        if "0.5" not in task.source or task.kind != "decide" or not outcome.ok:
            return outcome
        valid, jobs = outcome.arrays
        turned = np.asarray(jobs).copy()
        turned[:8] = turned[:8][::-1]
        return Outcome(Status.OK, (valid, turned), run_seconds=0.001)


class BrittlePool(PlainPool):
    """Every run with the instances in another order than theirs fails."""

    def run(self, task: Task) -> Outcome:
        if task.kind == "decide" and not np.array_equal(task.arrays[1], np.sort(task.arrays[1])):
            return Outcome(Status.CRASHED, message="gone")
        return super().run(task)


def test_a_program_that_depends_on_the_order_is_unstable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Pool", FicklePool)
    with Assessor(TINY, workers=1) as assessor:
        fickle, steady = rule("max(t + p, d) + 0.5"), rule("max(t + p, d) + 0.25")
        assert assessor.evaluate(fickle).ok  # one run says nothing
        found = assessor.evaluate(fickle, confirm=another_order(1, 2))
        assert (found.status, found.aggregate, found.values, found.metrics) == (UNSTABLE, None, (), {})
        assert "first on instance search-" in found.message
        assert assessor.evaluate(steady, confirm=another_order(1, 2)).ok


def test_a_failure_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Pool", BrittlePool)
    with Assessor(TINY, workers=1) as assessor:
        assert assessor.evaluate(rule("math.log(0.0 * p)"), confirm=another_order(1, 2)).status == INVALID
        found = assessor.evaluate(MDD, confirm=another_order(1, 2))
        assert (found.status, found.aggregate) == ("crashed", None)
        assert "another order: gone" in found.message


def test_unstable_programs_are_failures_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are recorded, shown, offered as failures, and never parents or champion; the archive stays repeatable."""
    monkeypatch.setattr(pools, "Pool", FicklePool)
    monkeypatch.setattr(runs, "sandbox_level", lambda: "none")
    given = (rule("max(t + p, d) * 0.5"), rule("max(t + p, d) + 0.25"))
    config = Config("tiny", seed=1, evaluations=12, round_size=4, seeds=given)
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        watcher: Any = Watcher()
        result = start(config, archive, watcher, make=tinkering)
        trials = archive.trials(result.run.id)
        first = trials[0].evaluation
        assert first is not None
        assert (first.status, first.aggregate) == (UNSTABLE, None)
        assert failed(trials[0])
        assert not succeeded(trials[0])
        assert watcher.progress[-1].failures[UNSTABLE] == sum(
            t.evaluation is not None and t.evaluation.status == UNSTABLE for t in trials
        )
        parents = {parent for t in trials for parent in t.proposal.parents}
        assert parents
        assert trials[0].proposal.candidate not in parents
        assert result.champion is not None
        assert "0.5" not in result.champion.source
        assert check(archive) == []
        again = start(config, archive, make=tinkering)
        assert comparable(archive, again.run.id) == comparable(archive, result.run.id)
