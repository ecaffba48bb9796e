"""A signal ends a run in every phase at once: each is faked here by one that would never end by itself."""

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_problem
from search_parts import PlainPool, Watcher, tinkering

from heuresis.archive import waiting
from heuresis.archive.records import RunStatus, RunTaken, Trial
from heuresis.archive.store import Archive
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.config import Config
from heuresis.evolve.results import algorithms, champion
from heuresis.evolve.run import crown, resume, start
from heuresis.evolve.search.listener import Progress, Stage
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.wiring import Setting
from heuresis.problems import registry
from heuresis.problems.problem import Algorithm
from heuresis.sandbox.task import Task

pytestmark = pytest.mark.timeout(60)
CONFIG = Config("tiny", seed=1, evaluations=12, round_size=4)


class Endless:
    """Work that goes on until the test is over; a signal comes once it has begun."""

    def __init__(self, number: int) -> None:
        self.over = threading.Event()
        self.number, self.first = number, threading.Lock()

    def __call__(self, *_: object, **__: object) -> None:
        if self.first.acquire(blocking=False):
            os.kill(os.getpid(), self.number)
        self.over.wait()


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """An archive, and no sandbox: programs run in this process."""
    monkeypatch.setattr(pools, "Pool", PlainPool)
    monkeypatch.setattr(runs, "sandbox_level", lambda: "none")
    monkeypatch.setenv("HEURESIS_CACHE", str(tmp_path / "cache"))
    with Archive.open(str(tmp_path / "archive.db")) as opened:
        yield opened


@pytest.fixture
def endless(request: pytest.FixtureRequest) -> Iterator[Endless]:
    """Work that is interrupted by SIGTERM, or by what a test says."""
    work = Endless(getattr(request, "param", signal.SIGTERM))
    yield work
    work.over.set()


def goes_on(archive: Archive, run: str) -> None:
    """The run ends as if nothing had been."""
    assert archive.run(run).status is RunStatus.INTERRUPTED
    finished = resume(run, archive, make=tinkering)
    assert (finished.run.status, finished.evaluations) == (RunStatus.FINISHED, 12)
    assert finished.champion is not None


def test_while_models_get_ready(archive: Archive, endless: Endless) -> None:
    def make(setting: Setting) -> Mix:
        endless()
        return tinkering(setting)

    with pytest.raises(KeyboardInterrupt):
        start(replace(CONFIG, models=("some/model",)), archive, make=make)
    assert archive.runs() == []


@pytest.mark.parametrize("endless", [signal.SIGINT, signal.SIGTERM], indirect=True)
def test_while_simulators_are_compiled(archive: Archive, endless: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    class Compiling(PlainPool):
        def wait_ready(self) -> None:
            endless()

    with monkeypatch.context() as here:
        here.setattr(pools, "Pool", Compiling)
        stopped = start(CONFIG, archive, make=tinkering)
    assert (stopped.reason, stopped.evaluations) == ("stopped by the user; no program has succeeded so far", 0)
    goes_on(archive, stopped.run.id)


def test_while_classical_rules_are_measured(
    archive: Archive, endless: Endless, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(PlainPool):
        def run(self, task: Task) -> None:  # type: ignore[override]
            endless()

    with monkeypatch.context() as here:
        here.setattr(pools, "Pool", Slow)
        stopped = start(CONFIG, archive, make=tinkering)
    goes_on(archive, stopped.run.id)


def test_while_the_champion_is_chosen(archive: Archive, endless: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as here:
        here.setattr(champion, "audit", endless)
        stopped = start(CONFIG, archive, make=tinkering)
    assert stopped.reason.startswith("stopped by the user; best so far c_")
    goes_on(archive, stopped.run.id)


def with_algorithm(monkeypatch: pytest.MonkeyPatch, solve: Callable[..., object]) -> None:
    """The tiny problem with a reference algorithm."""
    monkeypatch.setattr(
        registry,
        "get",
        lambda _: replace(tiny_problem.TINY, algorithms=(Algorithm("endless", "", solve, ""),)),  # type: ignore[arg-type]
    )


def test_while_the_final_table_is_made(archive: Archive, endless: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as here:
        with_algorithm(here, endless)
        stopped = start(CONFIG, archive, make=tinkering)
    goes_on(archive, stopped.run.id)


def test_while_a_run_is_crowned(archive: Archive, endless: Endless, monkeypatch: pytest.MonkeyPatch) -> None:
    made = start(CONFIG, archive, make=tinkering, table=False)
    with monkeypatch.context() as here:
        with_algorithm(here, endless)
        with pytest.raises(KeyboardInterrupt):
            crown(made.run.id, archive)
    run = archive.run(made.run.id)
    assert (run.status, run.reason) == (RunStatus.FINISHED, made.reason)
    assert crown(made.run.id, archive).champion is not None


def test_a_second_signal_is_heard_at_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even while the first one is being seen to."""
    closed = Assessor.close

    def closing(self: Assessor) -> None:
        closed(self)
        monkeypatch.setattr(Assessor, "close", closed)
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait()

    monkeypatch.setattr(Assessor, "close", closing)
    watcher = Watcher(lambda t, _: os.kill(os.getpid(), signal.SIGINT) if t.proposal.number == 8 else None)
    with pytest.raises(KeyboardInterrupt):
        start(CONFIG, archive, watcher, make=tinkering)
    (summary,) = archive.runs()
    assert summary.run.status is RunStatus.INTERRUPTED


def test_minutes_bound_what_comes_before_the_search(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    class Compiling(PlainPool):
        def wait_ready(self) -> None:
            over.wait()

    with monkeypatch.context() as here:
        here.setattr(pools, "Pool", Compiling)
        ended = start(replace(CONFIG, minutes=0.5 / 60), archive, make=tinkering)
    over.set()
    assert ended.run.status is RunStatus.FINISHED
    assert ended.reason.startswith("the budget of 0.00833333 minutes is used up; nothing was searched: no program")
    assert ended.champion is None


def test_a_run_that_another_process_took_stops_and_says_so(archive: Archive, tmp_path: Path) -> None:
    with Archive.open(str(tmp_path / "archive.db")) as other:

        class Robbed(Watcher):
            def settled(self, trial: object, progress: object) -> None:
                if not self.messages:
                    self.message("taken")
                    other.reopen_run(self.run.id)

        with pytest.raises(RunTaken, match="was taken over by process"):
            start(CONFIG, archive, Robbed(), make=tinkering)
        (summary,) = other.runs()
        assert summary.run.status is RunStatus.RUNNING  # it is the other's now
        assert len(other.trials(summary.run.id)) < 12


def test_a_locked_archive_is_waited_for_and_can_be_left(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "TOLD_AFTER_SECONDS", 0.1)
    locker = sqlite3.connect(tmp_path / "archive.db", isolation_level=None, check_same_thread=False)

    class Locked(Watcher):
        def settled(self, trial: Trial, progress: Progress) -> None:
            super().settled(trial, progress)
            if trial.proposal.number == 8:
                locker.execute("BEGIN IMMEDIATE")

        def message(self, text: str) -> None:
            if "keeps it locked; waiting for that" in text and not self.messages:
                os.kill(os.getpid(), signal.SIGTERM)
            super().message(text)

    watcher = Locked()
    stopped = start(CONFIG, archive, watcher, make=tinkering)
    assert stopped.run.status is RunStatus.INTERRUPTED
    assert "how the run ended is not recorded, it can be resumed all the same" in watcher.messages[-1]
    locker.execute("COMMIT")
    locker.close()
    assert archive.run(stopped.run.id).status is RunStatus.RUNNING
    finished = resume(stopped.run.id, archive, make=tinkering)
    assert (finished.run.status, finished.evaluations) == (RunStatus.FINISHED, 12)


def test_what_is_done_is_told_from_the_start_to_the_end(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    with_algorithm(monkeypatch, lambda _: 1.0)
    watcher = Watcher()
    start(CONFIG, archive, watcher, make=tinkering)
    told = list(dict.fromkeys(stage.what for stage in watcher.stages))
    assert told == [
        "starting 2 workers; a simulator that was never used here is compiled first",
        "reading what is known of classical rules on search",
        "measuring classical rules on search",
        "preparing the choice of the champion",
        "choosing the champion on select",
        "confirming the champion on select",
        "measuring classical rules on test",
        "measuring the reference algorithm endless",
        "comparing on test",
    ]
    rules = len(tiny_problem.TINY.baselines)
    steps = [stage for stage in watcher.stages if stage.what == "measuring classical rules on search"]
    assert [(s.done, s.total) for s in steps][::rules] == [(0, rules), (rules, rules)]
    assert algorithms.unmeasured(registry.get("tiny"), tiny_problem.TINY.splits["test"]()) == 0
    assert any(
        "1 reference algorithms that this machine has not measured yet (--no-test" in m for m in watcher.messages
    )
    assert isinstance(watcher.stages[0], Stage)
