"""One run, from what it needs to what the archive keeps of its end."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from heuresis.archive.calls import CallTally, tally
from heuresis.archive.records import ArchiveBusy, Evaluation, Run, RunStatus, RunTaken, Trial, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.pools import SEARCH
from heuresis.evolve.assessment.verdict import another_order
from heuresis.evolve.config import Config
from heuresis.evolve.errors import BudgetExhausted, ProposerFault, ProposerUnavailable
from heuresis.evolve.results.champion import Champion, crown
from heuresis.evolve.results.measured import baselines_on
from heuresis.evolve.results.progress import Progress
from heuresis.evolve.results.ranking import distinct
from heuresis.evolve.results.run_result import RunResult
from heuresis.evolve.search.budget import Budget
from heuresis.evolve.search.course import Course
from heuresis.evolve.search.interrupts import Stopped, Wish, interrupts
from heuresis.evolve.search.ledger import RunLedger
from heuresis.evolve.search.listener import Listener, NullListener
from heuresis.evolve.search.loop import Loop
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.search.rounds import Rounds
from heuresis.evolve.search.stages import Stages
from heuresis.evolve.wiring import Setting, models_of
from heuresis.problems.blame import fault_in_file
from heuresis.problems.problem import InstanceError, MachineryError, Problem
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import SandboxError

MixMaker = Callable[[Setting], Mix]


@dataclass(frozen=True, slots=True)
class _End:
    """How a run ended."""

    status: RunStatus
    reason: str
    champion: Champion | None = None


@dataclass(frozen=True, slots=True)
class _Means:
    """What one run searches with."""

    assessor: Assessor
    mix: Mix
    budget: Budget
    ledger: RunLedger
    stages: Stages
    wish: Wish


@dataclass(frozen=True, slots=True)
class Conductor:
    """One run. Without `table` the champion is not compared on `test`."""

    run: Run
    config: Config
    problem: Problem
    archive: Archive
    listener: Listener
    make: MixMaker
    table: bool = True

    def conduct(self, begin: Callable[[Run], None]) -> RunResult:
        """The whole run; `begin` records that it is running, once everything that it needs is there.

        Raises KeyboardInterrupt where the user wants an end before that, and RunTaken where another process goes on
        with the run.
        """
        for note in self.problem.notes:
            self.listener.message(note)
        budget = Budget(self.config, partial(self.archive.spent, self.run.id), used=self.run.searched)
        budget.begin()
        with interrupts() as wish, self.archive.patient(self.listener.message, wish.stop), ExitStack() as stack:
            stages = Stages(self.listener, wish)
            assessor = stack.enter_context(self._assessor())
            ledger = RunLedger(self.run.id, self.archive, budget, self._calls())
            tell, fresh = self.listener.message, self.run.searched == 0
            setting = Setting(self.problem, self.config, assessor, ledger, stack, tell, fresh)
            means = _Means(assessor, self._mix(setting, stages, budget), budget, ledger, stages, wish)
            begin(self.run)
            self.listener.began(self.run, self.config)
            used = lambda: budget.used  # noqa: E731 - the heartbeat asks again and again
            with self.archive.alive(self.run.id, searched=used, lost=wish.stop.set):
                try:
                    end = self._until_the_end(means, stack)
                except RunTaken:
                    raise
                except BaseException as error:
                    reason = fault_in_file(error) or f"{type(error).__name__}: {error}"
                    self._record(_End(RunStatus.FAILED, reason), budget, wish)
                    raise
                self._record(end, budget, wish)
        return self._result(end, budget)

    def _mix(self, setting: Setting, stages: Stages, budget: Budget) -> Mix:
        """The proposers; a local model may take a minute until it is loaded."""
        named = self.config.models or tuple(name for name, _ in self.config.mix)
        if not named:
            return self.make(setting)
        what = f"getting {', '.join(named)} ready"
        try:
            return stages.attend(what, lambda: self.make(setting), budget.check_time)
        except Stopped as stopped:
            raise KeyboardInterrupt from stopped

    def _until_the_end(self, means: _Means, stack: ExitStack) -> _End:
        try:
            try:
                reason = self._search(means)
            finally:
                means.budget.end()
            stack.close()  # the processes that searched are gone before any other instance is touched
            means.wish.check()  # asked for while the last of the search came to its end
            return _End(RunStatus.FINISHED, reason, self.crown(means.stages))
        except (Stopped, KeyboardInterrupt):
            return _End(RunStatus.INTERRUPTED, self._best_so_far())
        except (MachineryError, SandboxError, ProposerUnavailable, ProposerFault, InstanceError) as error:
            return _End(RunStatus.FAILED, str(error))

    def _search(self, means: _Means) -> str:
        """Search until a budget is used up, and say which."""
        trials = self.archive.trials(self.run.id)
        seeds = seeds_of(self.config, self.problem)
        self._warn(len(seeds))
        try:
            reached = self._prepare(means, _evaluated(trials))
            self.listener.started(self.run, self.config, reached)
            course = Course(means.budget, self.listener, self.config.islands, reached, means.ledger.models)
            rounds = Rounds(self.config, len(seeds), course, means.budget, means.wish.stop)
            recorded = {trial.proposal.number: trial for trial in trials}
            evaluate = partial(self._evaluate, means.assessor)
            loop = Loop(
                self.run.id, self.config.seed, seeds, means.mix, evaluate, self.archive, course, rounds, recorded
            )
            loop.search()
        except BudgetExhausted as end:
            return str(end) + self._too_small(len(seeds))

    def _prepare(self, means: _Means, evaluated: int) -> dict[str, float]:
        """Start the processes, unless nothing is left to search, and measure the classical rules; those by name."""
        if self.config.evaluations is None or evaluated < self.config.evaluations:
            workers = _many(self.config.workers, "worker")
            what = f"starting {workers}; a simulator that was never used here is compiled first"
            means.stages.attend(what, means.assessor.warm, means.budget.check_time)
        measure = partial(baselines_on, self.archive, means.assessor, SEARCH, means.stages)
        what = f"reading what is known of classical rules on {SEARCH}"
        found = means.stages.attend(what, measure, means.budget.check_time)
        return {name: e.aggregate for name, e in found.items() if e.aggregate is not None}

    def _evaluate(self, assessor: Assessor, source: str, number: int) -> Evaluation:
        again = another_order(self.config.seed, number)
        return assessor.evaluate(source, run=self.run.id, number=number, confirm=again)

    def crown(self, stages: Stages) -> Champion | None:
        """The champion, from assessments in processes of their own. Raises Stopped."""
        with self._assessor() as assessor:
            trials = self.archive.trials(self.run.id)
            work = partial(
                crown, self.problem, self.archive, assessor, trials, self.config.seed, stages.say, table=self.table,
                steps=stages,
            )  # fmt: skip
            return stages.attend("preparing the choice of the champion", work)

    def _warn(self, seeds: int) -> None:
        """Say where a budget leaves nothing for a search."""
        most = self.config.evaluations
        if most is not None and most <= seeds:
            self.listener.message(
                f"a budget of {_many(most, 'evaluation')} is too small to search: the run begins with "
                f"{_many(seeds, 'program')}; give more than {seeds}, or begin with fewer (--from)"
            )

    def _too_small(self, seeds: int) -> str:
        """What is added to the reason of an end where nothing was searched."""
        if any(t.evaluation is not None and t.proposal.number >= seeds for t in self.archive.trials(self.run.id)):
            return ""
        return f"; nothing was searched: no program beyond the {seeds} to begin with was evaluated"

    def _record(self, end: _End, budget: Budget, wish: Wish) -> None:
        """Record how the run ended; without that it is stale, and can be resumed as well."""
        champion = end.champion.id if end.champion is not None else None
        try:
            self.archive.finish_run(self.run.id, end.status, end.reason, champion, searched=budget.used)
        except ArchiveBusy as error:
            if not wish.stop.is_set():
                raise
            self.listener.message(f"{error}; how the run ended is not recorded, it can be resumed all the same")

    def _result(self, end: _End, budget: Budget) -> RunResult:
        champion = end.champion.id if end.champion is not None else None
        recorded = self.archive.run(self.run.id)
        run = replace(recorded, status=end.status, reason=end.reason, champion=champion or recorded.champion)
        progress = self.standing(budget)
        result = RunResult(run, end.reason, progress.evaluations, end.champion, progress.models, progress)
        self.listener.finished(result)
        return result

    def standing(self, budget: Budget) -> Progress:
        """How the search stands by what is recorded, also of what was under way at its end."""
        course = Course(budget, NullListener(), self.config.islands, {}, self._calls().rows)
        for trial in self.archive.trials(self.run.id):
            course.settle(trial, recorded=True)
        return course.progress()

    def _calls(self) -> CallTally:
        """The calls of models so far."""
        return tally(self.archive, self.run.id, models_of(self.config))

    def _assessor(self) -> Assessor:
        return Assessor(self.problem, workers=self.config.workers, limits=Limits(seconds=self.config.timeout))

    def _best_so_far(self) -> str:
        objective = self.problem.objective_on(self.problem.splits[SEARCH]().instances)
        for trial in distinct(self.archive.trials(self.run.id), 1):
            found = trial.evaluation
            if found is not None and found.aggregate is not None:
                best = f"{found.candidate[:12]}, {objective.told(found.aggregate)} on search"
                return f"stopped by the user; best so far {best}"
        return "stopped by the user; no program has succeeded so far"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _evaluated(trials: list[Trial]) -> int:
    """How many proposals were evaluated, failures included."""
    return sum(trial.evaluation is not None for trial in trials)


def seeds_of(config: Config, problem: Problem) -> tuple[tuple[str, str], ...]:
    """The programs that a run begins with, as (origin, source): those of `--from`, else all baselines."""
    if config.scratch:
        return ()
    known = {candidate_id(baseline.source) for baseline in problem.baselines}
    sources = config.seeds or tuple(baseline.source for baseline in problem.baselines)
    return tuple(("baseline" if candidate_id(source) in known else "given", source) for source in sources)
