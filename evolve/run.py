"""A whole run: settings → proposers, budget, loop → champion, with everything about it in the archive."""

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from heuresis.archive.calls import CallTally, tally
from heuresis.archive.records import Evaluation, Run, RunStatus, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.pools import SEARCH
from heuresis.evolve.assessment.verdict import another_order
from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.errors import BudgetExhausted, ProposerUnavailable
from heuresis.evolve.results.champion import Champion, baselines_on, crown
from heuresis.evolve.results.ranking import distinct
from heuresis.evolve.results.run_result import RunResult
from heuresis.evolve.search.budget import Budget
from heuresis.evolve.search.course import Course
from heuresis.evolve.search.interrupts import Wish, interrupts
from heuresis.evolve.search.ledger import RunLedger
from heuresis.evolve.search.listener import Listener, NullListener
from heuresis.evolve.search.loop import Loop
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.search.rounds import Rounds, Stopped
from heuresis.evolve.versions import commit, versions
from heuresis.evolve.wiring import Setting, make_mix, models_of
from heuresis.problems import registry
from heuresis.problems.problem import InstanceError, MachineryError, Problem
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import SandboxError
from heuresis.sandbox.screen.screen import screen
from heuresis.sandbox.self_check import Level, WeakSandboxError, require, sandbox_level

MixMaker = Callable[[Setting], Mix]


def start(
    config: Config,
    archive: Archive,
    listener: Listener | None = None,
    *,
    make: MixMaker = make_mix,
    allow_weak_sandbox: bool = False,
) -> RunResult:
    """Start a run and see it through to a budget, the user's wish or an error that stops it.

    Raises ConfigError, UnknownProblem, UnknownChoice, ScreenError (a program to start from), ProposerUnavailable and
    WeakSandboxError (unless that is allowed) before anything is recorded where the settings cannot work; afterwards
    what stops a run is in the result, and the run can be resumed.
    """
    level = sandbox_level()
    require(level, allow_weak=allow_weak_sandbox)
    problem = registry.get(config.problem).asked(config.choice)
    for source in config.seeds:
        screen(source, problem.contract.allow_list())
    if config.problem.endswith(".py"):
        config = replace(config, problem=str(Path(config.problem).resolve()))
    now = datetime.now(UTC)
    run = Run(
        id="r_" + secrets.token_hex(8),
        problem=problem.name,
        problem_version=problem.version,
        config=config.to_json(),
        seed=config.seed,
        versions=versions(),
        commit=commit(),
        sandbox_level=level,
        status=RunStatus.RUNNING,
        reason="",
        created=now,
        heartbeat=now,
    )
    return _Conductor(run, config, problem, archive, listener or NullListener(), make).conduct(archive.start_run)


def resume(
    run_id: str,
    archive: Archive,
    listener: Listener | None = None,
    *,
    make: MixMaker = make_mix,
    allow_weak_sandbox: bool = False,
) -> RunResult:
    """Go on with a stopped run from its recorded trials; repeats nothing that was recorded.

    Raises ArchiveError where there is no such run or another process runs it, ConfigError where the problem or its
    instances have become others since, and WeakSandboxError unless that is allowed.
    """
    level = sandbox_level()
    require(level, allow_weak=allow_weak_sandbox)
    run = archive.run(run_id)
    if run.sandbox_level in set(Level) and level.weaker_than(Level(run.sandbox_level)):
        raise WeakSandboxError(
            f"run {run.id} was made in a sandbox of level `{run.sandbox_level}`, and this machine has `{level}`: go on "
            "where the sandbox is as strong, or start another run here"
        )
    config = Config.from_json(run.config)
    problem = registry.get(config.problem).asked(config.choice)
    if (problem.name, problem.version) != (run.problem, run.problem_version):
        raise ConfigError(
            f"run {run.id} was on {run.problem}@{run.problem_version}, but here is {problem.name}@{problem.version}; "
            "resume it with the version of Heuresis that started it"
        )
    searched = {trial.evaluation.fingerprint for trial in archive.trials(run.id) if trial.evaluation is not None}
    if searched - {problem.splits[SEARCH]().fingerprint}:
        raise ConfigError(
            f"run {run.id} searched on other instances than those that are made here: the file of its problem or "
            "engine, or Heuresis itself, has become another since; start another run"
        )
    conductor = _Conductor(run, config, problem, archive, listener or NullListener(), make)
    return conductor.conduct(lambda same: archive.reopen_run(same.id))


@dataclass(frozen=True, slots=True)
class _Conductor:
    """One run, from what it needs to what the archive keeps of its end."""

    run: Run
    config: Config
    problem: Problem
    archive: Archive
    listener: Listener
    make: MixMaker

    def conduct(self, begin: Callable[[Run], None]) -> RunResult:
        """The whole run; `begin` records that it is running, once everything that it needs is there."""
        budget = Budget(self.config, partial(self.archive.spent, self.run.id), used=self.run.searched)
        ledger = RunLedger(self.run.id, self.archive, budget, self._calls())
        with interrupts() as wish, ExitStack() as stack:
            assessor = stack.enter_context(self._assessor())
            tell, fresh = self.listener.message, self.run.searched == 0
            mix = self.make(Setting(self.problem, self.config, assessor, ledger, stack, tell, fresh))
            begin(self.run)
            with self.archive.alive(self.run.id, searched=lambda: budget.used):
                status, reason, champion = RunStatus.FAILED, "an error in Heuresis", None
                try:
                    try:
                        reason = self._search(assessor, mix, budget, wish, ledger)
                    finally:
                        budget.end()
                    stack.close()  # the processes that searched are gone before any other instance is touched
                    wish.polite = False
                    if wish.stop.is_set():  # asked for while the last of the search came to its end
                        raise Stopped
                    champion = self._crown()
                    status = RunStatus.FINISHED
                except (Stopped, KeyboardInterrupt):
                    status, reason = RunStatus.INTERRUPTED, self._best_so_far()
                except (MachineryError, SandboxError, ProposerUnavailable, InstanceError) as error:
                    reason = str(error)
                except BaseException as error:
                    reason = f"{type(error).__name__}: {error}"
                    raise
                finally:
                    crowned = champion.id if champion is not None else None
                    self.archive.finish_run(self.run.id, status, reason, crowned, searched=budget.used)
        evaluations = sum(trial.evaluation is not None for trial in self.archive.trials(self.run.id))
        result = RunResult(self.archive.run(self.run.id), reason, evaluations, champion, self._calls().rows())
        self.listener.finished(result)
        return result

    def _calls(self) -> CallTally:
        """The calls of models so far."""
        return tally(self.archive, self.run.id, models_of(self.config))

    def _search(self, assessor: Assessor, mix: Mix, budget: Budget, wish: Wish, ledger: RunLedger) -> str:
        """Search until a budget is used up, and say which."""
        baselines = baselines_on(self.archive, assessor, SEARCH)
        reached = {name: e.aggregate for name, e in baselines.items() if e.aggregate is not None}
        self.listener.started(self.run, self.config, reached)
        seeds = seeds_of(self.config, self.problem)
        course = Course(budget, self.listener, self.config.islands, reached, ledger.models)
        rounds = Rounds(self.config, len(seeds), course, budget, wish.stop)
        recorded = {trial.proposal.number: trial for trial in self.archive.trials(self.run.id)}

        def evaluate(source: str, number: int) -> Evaluation:
            again = another_order(self.config.seed, number)
            return assessor.evaluate(source, run=self.run.id, number=number, confirm=again)

        loop = Loop(self.run.id, self.config.seed, seeds, mix, evaluate, self.archive, course, rounds, recorded)
        budget.begin()
        try:
            loop.search()
        except BudgetExhausted as end:
            return str(end)

    def _crown(self) -> Champion | None:
        """The champion, from assessments in processes of their own."""
        with self._assessor() as assessor:
            trials = self.archive.trials(self.run.id)
            return crown(self.problem, self.archive, assessor, trials, self.config.seed, self.listener.message)

    def _assessor(self) -> Assessor:
        limits = Limits(seconds=self.config.timeout)
        return Assessor(self.problem, workers=self.config.workers, limits=limits)

    def _best_so_far(self) -> str:
        for trial in distinct(self.archive.trials(self.run.id), 1):
            if trial.evaluation is not None:
                found = f"{trial.proposal.candidate}, {trial.evaluation.aggregate:.6g} on search"
                return f"stopped by the user; best so far {found}"
        return "stopped by the user; no program has succeeded so far"


def seeds_of(config: Config, problem: Problem) -> tuple[tuple[str, str], ...]:
    """The programs that a run begins with, as (origin, source): those of `--from`, else all baselines."""
    if config.scratch:
        return ()
    known = {candidate_id(baseline.source) for baseline in problem.baselines}
    sources = config.seeds or tuple(baseline.source for baseline in problem.baselines)
    return tuple(("baseline" if candidate_id(source) in known else "given", source) for source in sources)
