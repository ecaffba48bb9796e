"""Whole runs: from settings to the champion's table, interrupted, failed and resumed."""

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import tiny_problem
from search_parts import PlainPool, Tinkerer, Watcher, comparable, rule, tinkering, trial

from heuresis.archive.queries import top
from heuresis.archive.records import ArchiveError, Run, RunStatus, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve import conductor
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.conductor import seeds_of
from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.errors import ProposerUnavailable
from heuresis.evolve.genetic.breed import Effort
from heuresis.evolve.proposers.offline import OfflineProposer
from heuresis.evolve.proposers.proposer import Draft, Request
from heuresis.evolve.results.champion import FINALISTS, Champion, crown
from heuresis.evolve.results.run_result import RunResult
from heuresis.evolve.run import resume, start
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.search.rounds import LAST_TASK_SECONDS
from heuresis.evolve.wiring import Setting
from heuresis.problems import registry
from heuresis.problems.problem import Choice, MachineryError, Options, Problem, UnknownChoice
from heuresis.problems.registry import UnknownProblem
from heuresis.problems.scoring import Objective, Score
from heuresis.problems.tardiness.instances import TardinessInstance
from heuresis.problems.tardiness.scoring import TardinessScoring
from heuresis.sandbox.screen.screen import ScreenError

TINY = tiny_problem.TINY
CONFIG = Config("tiny", seed=1, evaluations=30, round_size=4)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive.db")) as opened:
        yield opened


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sandbox: programs run in this process."""
    monkeypatch.setattr(pools, "Pool", PlainPool)
    monkeypatch.setattr(runs, "sandbox_level", lambda: "none")


def crowned(result: RunResult) -> Champion:
    assert result.champion is not None
    return result.champion


def breeding(setting: Setting) -> Mix:
    """The offline proposer, with little effort, beside the tinkerer."""
    offline = OfflineProposer(setting.problem, setting.assessor, Effort(offspring=6, evaluations=12))
    return Mix((Tinkerer("one"), offline), (1.0, 1.0))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_and_two_workers_in_the_sandbox_make_the_same_archive(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conductor, "crown", lambda *_, **__: None)  # nothing of it depends on workers
    short = replace(CONFIG, evaluations=18)
    two = start(replace(short, workers=2), archive, make=breeding)
    assert two.run.sandbox_level != "none"
    one = start(replace(short, workers=1), archive, make=breeding)
    assert comparable(archive, one.run.id) == comparable(archive, two.run.id)
    assert any(t.proposal.proposer == "offline" and t.proposal.work > 0 for t in archive.trials(one.run.id))
    assert len(comparable(archive, one.run.id)["evaluations"]) == 18


@pytest.mark.usefixtures("plain")
def test_a_run_ends_with_the_champions_table_beside_every_baseline(archive: Archive) -> None:
    watcher = Watcher()
    result = start(CONFIG, archive, watcher, make=tinkering)
    champion = crowned(result)
    assert result.reason == "the budget of 30 evaluations is used up"
    assert result.evaluations == 30
    assert result.run == archive.run(result.run.id)
    assert (result.run.status, result.run.champion) == (RunStatus.FINISHED, champion.id)
    assert archive.source(champion.id) == champion.source
    assert champion.test.split == "test"
    names = {row.name for row in champion.test.rows}
    assert names == {b.name for b in TINY.baselines} | {champion.test.against}
    row = champion.test.row(champion.test.against or "")
    assert (row.id, row.status) == (champion.id, "ok")
    assert watcher.calls[:2] == ["began", "started"]
    assert watcher.calls[-1] == "finished"
    assert set(watcher.calls[2:-1]) == {"settled"}
    assert watcher.result == result
    assert set(watcher.baselines) == {b.name for b in TINY.baselines}
    assert any("final assessment took" in text for text in watcher.messages)
    chosen = archive.evaluations(champion.id, "select")
    assert [e.aggregate for e in chosen] == [champion.select]


def worst_tardiness() -> Problem:
    """The tiny problem by another objective: the mean is what it minimises of itself."""

    @dataclass(frozen=True, slots=True)
    class Largest(TardinessScoring):
        def score(self, instances: Sequence[TardinessInstance], values: Sequence[float]) -> Score:
            """The largest."""
            del instances
            return Score(max(values), {})

        def objective_on(self, instances: Sequence[TardinessInstance]) -> None:
            """The problem's, on whatever instances."""

    objective = Objective("worst", "the largest total tardiness")
    return replace(TINY, objective=objective, scoring=Largest(), choice=Choice(objective="worst"))


@pytest.mark.usefixtures("plain")
def test_runs_by_another_objective_share_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    objectives = {"mean": TINY.objective, "worst": Objective("worst", "the largest total tardiness")}
    options = Options(
        objectives=objectives, configure=lambda choice: worst_tardiness() if choice.objective == "worst" else TINY
    )
    several = replace(TINY, options=options)
    monkeypatch.setattr(registry, "get", lambda _: several)
    one = start(CONFIG, archive, make=tinkering)
    other = start(replace(CONFIG, objective="worst"), archive, make=tinkering)
    assert {e.objective for t in archive.trials(one.run.id) if (e := t.evaluation)} == {""}
    found = [e for t in archive.trials(other.run.id) if (e := t.evaluation) and e.ok]
    assert {e.objective for e in found} == {"worst"}
    assert all(e.aggregate == max(v or 0.0 for v in e.values) for e in found)
    assert crowned(other).test.objective.name == "worst"
    assert crowned(one).test.objective.name != "worst"
    assert top(archive, "tiny", objective="worst")[0].select == crowned(other).select
    assert top(archive, "tiny")[0].select == crowned(one).select
    with pytest.raises(UnknownChoice, match="tiny: no objective 'best': expected one of mean, worst"):
        start(replace(CONFIG, objective="best"), archive, make=tinkering)
    with pytest.raises(UnknownChoice, match="tiny: this problem takes no engine"):
        start(replace(CONFIG, engine="a30-qwen2-7b"), archive, make=tinkering)


@pytest.mark.usefixtures("plain")
def test_a_run_is_not_resumed_on_other_instances(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start(CONFIG, archive, make=tinkering).run
    changed = replace(TINY, splits={**TINY.splits, "search": TINY.splits["select"]})
    monkeypatch.setattr(registry, "get", lambda _: changed)
    with pytest.raises(ConfigError, match="searched on other instances than those that are made here"):
        resume(run.id, archive, make=tinkering)


@pytest.mark.usefixtures("plain")
def test_what_is_recorded_about_a_run(archive: Archive) -> None:
    run = start(CONFIG, archive, make=tinkering).run
    assert (run.problem, run.problem_version, run.seed) == ("tiny", TINY.version, 1)
    assert Config.from_json(run.config) == CONFIG
    assert '"numba"' in run.versions
    assert all(character in "0123456789abcdef" for character in run.commit)


@pytest.mark.usefixtures("plain")
def test_select_decides_among_the_best_on_search(archive: Archive) -> None:
    good, bad = rule("max(t + p, d)"), rule("-p")
    trials = [trial(0, 0.5, source=good), trial(1, 0.1, source=bad)]
    with Assessor(TINY, workers=1) as assessor:
        champion = crown(TINY, archive, assessor, trials, 0, Watcher().message)
    assert champion is not None
    assert champion.source == good


@pytest.mark.usefixtures("plain")
def test_only_the_best_on_search_are_run_on_select(archive: Archive) -> None:
    trials = [trial(n, n / 100, source=rule(f"p + {n}.0 * d")) for n in range(FINALISTS + 5)]
    with Assessor(TINY, workers=1) as assessor:
        crown(TINY, archive, assessor, trials, 0, Watcher().message)
    tried = [bool(archive.evaluations(candidate_id(t.proposal.source or ""), "select")) for t in trials]
    assert tried == [True] * FINALISTS + [False] * 5


@pytest.mark.usefixtures("plain")
def test_without_a_program_there_is_no_champion(archive: Archive) -> None:
    class Clueless(Tinkerer):
        def propose(self, request: Request) -> Draft:
            return Draft("none", rule(f"math.log(0.0 * p) + {request.number}.0"))

    def make(setting: Setting) -> Mix:
        del setting
        return Mix((Clueless(),), (1.0,))

    result = start(replace(CONFIG, scratch=True, evaluations=10), archive, make=make)
    assert (result.run.status, result.champion, result.evaluations) == (RunStatus.FINISHED, None, 10)


@pytest.mark.usefixtures("plain")
def test_classical_rules_are_measured_once_for_all_runs(archive: Archive) -> None:
    for seed in (1, 2):
        start(replace(CONFIG, seed=seed), archive, make=tinkering)
    for baseline in TINY.baselines:
        assert len(archive.evaluations(candidate_id(baseline.source), "test")) == 1


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_user_can_stop_a_run_and_go_on_with_it(archive: Archive, number: int) -> None:
    whole = start(CONFIG, archive, make=tinkering)
    before = signal.getsignal(number)
    watcher = Watcher(lambda t, _: os.kill(os.getpid(), number) if t.proposal.number == 12 else None)
    stopped = start(CONFIG, archive, watcher, make=tinkering)
    assert (stopped.run.status, stopped.champion) == (RunStatus.INTERRUPTED, None)
    assert "stopped by the user; best so far c_" in stopped.reason
    assert 12 < stopped.evaluations + 5 < 35
    assert signal.getsignal(number) is before
    finished = resume(stopped.run.id, archive, make=tinkering)
    assert finished.run.status is RunStatus.FINISHED
    assert comparable(archive, stopped.run.id) == comparable(archive, whole.run.id)
    assert crowned(finished).id == crowned(whole).id


@pytest.mark.usefixtures("plain")
def test_a_run_can_be_stopped_during_the_final_assessment(archive: Archive) -> None:
    class Impatient(Watcher):
        def message(self, text: str) -> None:
            super().message(text)
            os.kill(os.getpid(), signal.SIGINT)

    stopped = start(CONFIG, archive, Impatient(), make=tinkering)
    assert (stopped.run.status, stopped.champion, stopped.evaluations) == (RunStatus.INTERRUPTED, None, 30)
    assert crowned(resume(stopped.run.id, archive, make=tinkering)).select > 0


@pytest.mark.usefixtures("plain")
def test_a_wish_to_stop_while_the_search_comes_to_its_end_is_heard(archive: Archive) -> None:
    def make(setting: Setting) -> Mix:
        setting.stack.callback(os.kill, os.getpid(), signal.SIGINT)
        return tinkering(setting)

    stopped = start(CONFIG, archive, make=make)
    assert (stopped.run.status, stopped.champion, stopped.evaluations) == (RunStatus.INTERRUPTED, None, 30)


@pytest.mark.usefixtures("plain")
def test_a_finished_run_resumed_is_the_same(archive: Archive) -> None:
    result = start(CONFIG, archive, make=tinkering)
    rows = comparable(archive, result.run.id)
    again = resume(result.run.id, archive, make=tinkering)
    assert comparable(archive, result.run.id) == rows
    assert again.champion == result.champion
    assert again.evaluations == 30


class Broken(Tinkerer):
    """Raises at proposal 14."""

    def __init__(self, error: Exception, name: str = "one") -> None:
        super().__init__(name)
        self.error = error

    def propose(self, request: Request) -> Draft:
        """As told."""
        if request.number == 14:
            raise self.error
        return super().propose(request)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("error", [ProposerUnavailable("no such model"), MachineryError("below the optimum")])
def test_what_stops_a_run_is_its_reason_and_it_can_be_resumed(archive: Archive, error: Exception) -> None:
    def make(setting: Setting) -> Mix:
        del setting
        return Mix((Broken(error),), (1.0,))

    config = replace(CONFIG, seed=2)
    failed = start(config, archive, make=make)
    assert (failed.run.status, failed.reason, failed.champion) == (RunStatus.FAILED, str(error), None)
    mended = lambda _: Mix((Tinkerer("one"),), (1.0,))  # noqa: E731 - of the same name
    whole = start(config, archive, make=mended)
    assert comparable(archive, failed.run.id) != comparable(archive, whole.run.id)
    assert resume(failed.run.id, archive, make=mended).run.status is RunStatus.FINISHED
    assert comparable(archive, failed.run.id) == comparable(archive, whole.run.id)


@pytest.mark.usefixtures("plain")
def test_a_defect_of_ours_is_raised_and_recorded(archive: Archive) -> None:
    def make(setting: Setting) -> Mix:
        del setting
        return Mix((Broken(KeyError("oops")),), (1.0,))

    with pytest.raises(KeyError, match="oops"):
        start(CONFIG, archive, make=make)
    (summary,) = archive.runs()
    assert (summary.run.status, summary.run.reason) == (RunStatus.FAILED, "KeyError: 'oops'")


@pytest.mark.usefixtures("plain")
def test_settings_that_cannot_work_leave_no_run(archive: Archive) -> None:
    def unavailable(setting: Setting) -> Mix:
        raise ProposerUnavailable("no key")

    with pytest.raises(UnknownProblem, match="nowhere"):
        start(replace(CONFIG, problem="nowhere"), archive)
    with pytest.raises(ScreenError, match="expected"):
        start(replace(CONFIG, seeds=("def priority(p):\n    return p\n",)), archive)
    with pytest.raises(ProposerUnavailable, match="no key"):
        start(CONFIG, archive, make=unavailable)
    with pytest.raises(ConfigError, match="no share to some/model"):
        start(replace(CONFIG, models=("some/model",), mix=(("offline", 1.0),)), archive)
    assert archive.runs() == []
    with pytest.raises(ArchiveError, match="no run"):
        resume("r_nothing", archive)


@pytest.mark.usefixtures("plain")
def test_a_run_of_another_version_of_its_problem_is_not_resumed(archive: Archive) -> None:
    run: Run = start(CONFIG, archive, make=tinkering).run
    old = replace(run, id="r_old", problem_version=TINY.version + 1, status=RunStatus.INTERRUPTED)
    archive.start_run(old)
    with pytest.raises(ConfigError, match=rf"was on tiny@{TINY.version + 1}, but here is tiny@{TINY.version}"):
        resume("r_old", archive, make=tinkering)
    assert archive.run("r_old").status is RunStatus.INTERRUPTED


@pytest.mark.usefixtures("plain")
def test_a_problem_file_that_only_the_archive_names_is_not_executed(archive: Archive, tmp_path: Path) -> None:
    file, trace = tmp_path / "mine.py", tmp_path / "executed"
    file.write_text(f"from pathlib import Path\nPath({str(trace)!r}).touch()\n")
    run = start(replace(CONFIG, evaluations=3), archive, make=tinkering).run
    config = replace(CONFIG, problem=str(file)).to_json()
    archive.start_run(replace(run, id="r_file", config=config, status=RunStatus.INTERRUPTED))
    with pytest.raises(ConfigError, match=rf"{file}.* would be executed; where you trust it, give its path"):
        resume("r_file", archive, make=tinkering)
    assert not trace.exists()
    assert archive.run("r_file").status is RunStatus.INTERRUPTED
    with pytest.raises(UnknownProblem, match="registered: none"):
        resume("r_file", archive, problem=str(file), make=tinkering)
    assert trace.exists()


@pytest.mark.usefixtures("plain")
def test_minutes_count_over_interruptions(archive: Archive) -> None:
    def slow(setting: Setting) -> Mix:
        del setting
        return Mix((Tinkerer("slow", seconds=0.1),), (1.0,))

    config = replace(CONFIG, evaluations=None, minutes=4.0 / 60, round_size=1, lag=1)
    watcher = Watcher(lambda t, _: os.kill(os.getpid(), signal.SIGINT) if t.proposal.number == 8 else None)
    stopped = start(config, archive, watcher, make=slow)
    assert stopped.run.status is RunStatus.INTERRUPTED
    used = stopped.run.searched
    assert 0.0 < used < 10.0
    longer = 3.9 - used  # as if the same process had waited so long for a model, which leaves no row
    archive.heartbeat(stopped.run.id, used + longer)
    finished = resume(stopped.run.id, archive, Watcher(), make=slow)
    assert finished.run.status is RunStatus.FINISHED
    assert "minutes is used up" in finished.reason
    assert 4.0 <= finished.run.searched < 4.0 + LAST_TASK_SECONDS
    assert len(archive.trials(stopped.run.id)) < 20
    assert crowned(finished).select > 0


def test_seeds_are_the_baselines_or_what_is_given_or_nothing() -> None:
    own = rule("p * 2.0")
    known = TINY.baselines[1].source
    assert seeds_of(CONFIG, TINY) == tuple(("baseline", b.source) for b in TINY.baselines)
    assert seeds_of(replace(CONFIG, seeds=(own, known)), TINY) == (("given", own), ("baseline", known))
    assert seeds_of(replace(CONFIG, scratch=True), TINY) == ()
