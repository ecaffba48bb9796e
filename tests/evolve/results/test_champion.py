"""Who becomes champion: the best on `select` whose decisions repeat, and are those of the reference interpreter."""

from collections.abc import Iterator
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import pytest
from broken_archives import forge
from search_parts import PlainPool, Watcher, rule, trial
from tiny_problem import TINY

from heuresis.archive.records import FaultyRow, Trial, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve.assessment import pools, tasks
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.audit import PATIENCE, Audit, audit
from heuresis.evolve.assessment.verdict import REFUTED, UNSTABLE
from heuresis.evolve.results.champion import Champion, crown
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.task import Task

BEST, SECOND = rule("max(t + p, d) + 0.125"), rule("d")
TRIALS = [trial(0, 0.1, source=BEST), trial(1, 0.2, source=SECOND)]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive.db")) as opened:
        yield opened


class FaultyPool(PlainPool):
    """Decides as always, but a program that contains 0.125 by another rule: the same in every order."""

    def run(self, task: Task) -> Outcome:
        if task.kind == tasks.DECIDE and "0.125" in task.source:
            task = changed(task, source=rule("max(t + 1.2 * p, d)"))
        return super().run(task)


class ForgetfulPool(PlainPool):
    """What it decides of a program that contains 0.125 depends on which instance it meets first."""

    def run(self, task: Task) -> Outcome:
        if task.kind == tasks.DECIDE and "0.125" in task.source and task.arrays[1][0] != 0:
            task = changed(task, source=rule("p"))
        return super().run(task)


class SlowPool(PlainPool):
    """Audits at most `most` instances in time; remembers what it was asked to audit."""

    most = 2
    asked: list[tuple[int, float]]

    def run(self, task: Task) -> Outcome:
        if task.kind == tasks.AUDIT:
            type(self).asked.append((len(task.arrays[0]), task.limits.seconds if task.limits else 0.0))
            if len(task.arrays[0]) > self.most:
                return Outcome(Status.TIMEOUT, message="no result within 9 s")
        return super().run(task)


def crowned(archive: Archive, trials: list[Trial], watcher: Watcher) -> Champion | None:
    with Assessor(TINY, workers=1) as assessor:
        return crown(TINY, archive, assessor, trials, 0, watcher.message)


def test_a_champion_was_replayed_and_the_user_is_told(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Pool", PlainPool)
    watcher = Watcher()
    champion = crowned(archive, TRIALS, watcher)
    assert champion is not None
    assert (champion.source, champion.rule) == (BEST, None)
    told = f"{candidate_id(BEST)[:12]} was audited by the reference interpreter on 20 instances, largest distance 0"
    assert told in watcher.messages
    assert [e.status for e in archive.evaluations(champion.id, "select")] == ["ok"]


def test_decisions_that_the_reference_does_not_make_are_refuted(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "Pool", FaultyPool)
    watcher = Watcher()
    champion = crowned(archive, TRIALS, watcher)
    assert champion is not None
    assert champion.source == SECOND  # the next finalist
    (dropped,) = [text for text in watcher.messages if "dropped" in text]
    assert dropped.startswith(
        f"{candidate_id(BEST)[:12]} was dropped: audited by the reference interpreter on 20 instances"
    )
    kept = archive.evaluations(candidate_id(BEST), "select")
    assert [(e.status, e.aggregate is None, bool(e.values)) for e in kept] == [
        ("ok", False, True),
        (REFUTED, True, False),
    ]


def test_decisions_that_depend_on_the_order_are_unstable(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Pool", ForgetfulPool)
    watcher = Watcher()
    champion = crowned(archive, TRIALS, watcher)
    assert champion is not None
    assert champion.source == SECOND
    assert any(candidate_id(BEST)[:12] in text and "dropped: decides otherwise" in text for text in watcher.messages)
    kept = archive.evaluations(candidate_id(BEST), "select")
    assert [e.status for e in kept] == ["ok", UNSTABLE]


def test_without_a_finalist_that_stands_there_is_no_champion(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Pool", FaultyPool)
    assert crowned(archive, TRIALS[:1], Watcher()) is None


def test_other_values_than_those_recorded_are_no_champions(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the archive comes from a machine that reckons otherwise."""
    monkeypatch.setattr(pools, "Pool", PlainPool)
    with Assessor(TINY, workers=1) as assessor:
        real = assessor.evaluate(BEST, "select")
        other = tuple(0.0 if v is None else v - 1.0 for v in real.values)
        archive.record_candidate(BEST)
        archive.record_evaluation(changed(real, values=other, aggregate=0.01))
        watcher = Watcher()
        champion = crown(TINY, archive, assessor, TRIALS, 0, watcher.message)
    assert champion is not None
    assert champion.source == SECOND
    assert any("reaches other values than the first time" in text for text in watcher.messages)


def audited(source: str = BEST, *, evaluated: str | None = None) -> Audit:
    with Assessor(TINY, workers=1, limits=Limits(seconds=1.5)) as assessor:
        return audit(assessor, source, assessor.evaluate(evaluated or source, "select"), "select")


def test_a_slow_program_is_replayed_on_few_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Pool", SlowPool)
    SlowPool.most, SlowPool.asked = 2, []
    found = audited()
    assert (found.instances, found.distance, found.passed) == (2, 0.0, True)
    assert SlowPool.asked == [(20, 1.5 * PATIENCE), (2, 1.5 * PATIENCE)]


def test_a_program_that_cannot_be_replayed_is_no_champion(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Pool", SlowPool)
    SlowPool.most, SlowPool.asked = 0, []
    found = audited()
    assert (found.distance, found.passed) == (None, False)
    watcher = Watcher()
    assert crowned(archive, TRIALS, watcher) is None
    dropped = [text for text in watcher.messages if "was dropped" in text]
    assert len(dropped) == 2
    assert all("not audited by the reference interpreter: timeout: no result within 9 s" in text for text in dropped)
    assert [e.status for e in archive.evaluations(candidate_id(BEST), "select")] == ["ok"]  # nothing is known


def test_the_replayed_decisions_are_those_that_were_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "Pool", PlainPool)
    found = audited(rule("d"), evaluated=rule("p"))
    assert not found.passed
    assert "other values" in str(found)


@pytest.mark.parametrize(
    "arrays",
    [
        (),
        (np.zeros(20), np.zeros(20)),
        (np.zeros(19),),
        (np.zeros(20, np.float32),),
        (np.full(20, np.nan),),
        (np.full(20, -1.0),),
    ],
)
def test_distances_of_a_wrong_form_are_not_believed(
    monkeypatch: pytest.MonkeyPatch, arrays: tuple[np.ndarray, ...]
) -> None:
    class LyingPool(PlainPool):
        def run(self, task: Task) -> Outcome:
            return Outcome(Status.OK, arrays) if task.kind == tasks.AUDIT else super().run(task)

    monkeypatch.setattr(pools, "Pool", LyingPool)
    found = audited()
    assert (found.distance, found.passed) == (None, False)


def test_a_replay_in_the_sandbox_compiles_nothing_and_agrees() -> None:
    """Through real processes: a champion of ours passes, and decisions of another program do not."""
    with Assessor(TINY, workers=1) as assessor:
        assert audit(assessor, BEST, assessor.evaluate(BEST, "select"), "select").distance == 0.0
        order = TINY.scoring.audited(TINY.splits["select"]().instances)
        decisions = assessor.run(tasks.decide(BEST, order), "select").arrays
        outcome = assessor.run(tasks.audit(SECOND, order, decisions), "select")
        assert (outcome.status, np.max(outcome.arrays[0]) > 1e-3) == (Status.OK, True)
        uncompiled = rule("float(p > d) + p")  # screened; the compiler refuses it
        assert assessor.run(tasks.decide(uncompiled, order), "select").status is Status.COMPILE_ERROR
        assert assessor.run(tasks.audit(uncompiled, order, decisions), "select").ok


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE candidates SET source = 'def priority(p): return p' WHERE id = '{id}'", "expected the text of the program"),
        ("UPDATE evaluations SET aggregate = 0.0 WHERE candidate = '{id}'", "column id: expected e_"),
        ("UPDATE evaluations SET instance_values = '[0.0]' WHERE candidate = '{id}'", "values, got 1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("whose", ["finalist", "baseline"])
def test_no_score_is_taken_over_that_is_another_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, fault: str, whose: str
) -> None:
    """Of an archive that somebody else has changed, with the ids of the evaluations made anew where that helps him."""
    monkeypatch.setattr(pools, "Pool", PlainPool)
    file = tmp_path / "archive.db"
    source = BEST if whose == "finalist" else TINY.baselines[0].source
    with Archive.open(str(file)) as archive:
        assert crowned(archive, TRIALS, Watcher()) is not None
        assert crowned(archive, TRIALS, Watcher()) is not None
    forge(file, change.format(id=candidate_id(source)), reseal="values" in fault)
    with Archive.open(str(file)) as archive, pytest.raises(FaultyRow, match=fault):
        crowned(archive, TRIALS, Watcher())
