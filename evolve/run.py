"""A whole run: settings → proposers, budget, loop → champion, with everything about it in the archive."""

import json
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from heuresis.archive.records import Extension, Run, RunStatus
from heuresis.archive.store import Archive
from heuresis.evolve.assessment.pools import SEARCH
from heuresis.evolve.conductor import Conductor, MixMaker
from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.extending import Changes, Used, changed, difference, extended, told
from heuresis.evolve.instances import absolute, check_files, check_parts, pinned
from heuresis.evolve.programs import source_of
from heuresis.evolve.results.run_result import RunResult
from heuresis.evolve.search.budget import Budget
from heuresis.evolve.search.interrupts import Stopped, interrupts
from heuresis.evolve.search.listener import Listener, NullListener
from heuresis.evolve.search.stages import Stages
from heuresis.evolve.versions import commit, versions
from heuresis.evolve.wiring import make_mix
from heuresis.problems import registry
from heuresis.problems.problem import Problem
from heuresis.sandbox.screen.screen import screen
from heuresis.sandbox.self_check import Level, WeakSandboxError, require, sandbox_level

_NO_CHANGES = Changes()


def start(
    config: Config,
    archive: Archive,
    listener: Listener | None = None,
    *,
    make: MixMaker = make_mix,
    allow_weak_sandbox: bool = False,
    table: bool = True,
) -> RunResult:
    """Start a run and see it through to a budget, the user's wish or an error that stops it.

    Without `table` the champion is not compared on `test`; `crown` does that later. Raises ConfigError, UnknownProblem,
    UnknownChoice, ProgramError and ScreenError (a program to start from), ProposerUnavailable and WeakSandboxError
    (unless that is allowed) before anything is recorded where the settings cannot work; afterwards what stops a run is
    in the result, and the run can be resumed. Only RunTaken is raised then: another process goes on with the run.
    """
    level = sandbox_level()
    require(level, allow_weak=allow_weak_sandbox)
    config = absolute(config)
    problem = registry.get(config.problem).asked(config.choice)
    config = pinned(config, problem)
    config = replace(config, seeds=tuple(source_of(seed, problem, archive) for seed in config.seeds))
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
    conductor = Conductor(run, config, problem, archive, listener or NullListener(), make, table)
    return conductor.conduct(archive.start_run)


def resume(
    run_id: str,
    archive: Archive,
    listener: Listener | None = None,
    *,
    problem: str | None = None,
    changes: Changes = _NO_CHANGES,
    make: MixMaker = make_mix,
    allow_weak_sandbox: bool = False,
    table: bool = True,
) -> RunResult:
    """Go on with a stopped run from its recorded trials; repeats nothing that was recorded.

    `changes` extend it, and are recorded with their place in the order of proposals. A run on a problem file needs the
    path of that file as `problem`: it is executed with all that this process may do, and an archive from elsewhere can
    name any file. Problems that are found by name need no such word.

    Raises ArchiveError where there is no such run or another process runs it, ConfigError where the archive alone names
    a problem file, where the problem or its instances have become others since or where the changes would break what
    was recorded, and WeakSandboxError unless that is allowed.
    """
    found = _recorded(run_id, archive, problem, allow_weak=allow_weak_sandbox)
    run, trials = found.run, archive.trials(found.run.id)
    evaluated = sum(trial.evaluation is not None for trial in trials)
    config = changed(found.config, changes, Used(evaluated, run.searched, archive.spent(run.id)))
    listener = listener or NullListener()

    def go_on(same: Run) -> None:
        archive.reopen_run(same.id)
        if new := difference(found.config, config):
            archive.extend_run(Extension(same.id, len(trials), json.dumps(new, sort_keys=True)))
            listener.message(f"from proposal {len(trials)} on: {told(found.config, config)}")

    return Conductor(run, config, found.problem, archive, listener, make, table).conduct(go_on)


def crown(
    run_id: str,
    archive: Archive,
    listener: Listener | None = None,
    *,
    problem: str | None = None,
    allow_weak_sandbox: bool = False,
) -> RunResult:
    """Choose the champion of a run that has ended, however it did, and compare it on `test`.

    Raises as `resume` does, and KeyboardInterrupt where the user wants an end.
    """
    found = _recorded(run_id, archive, problem, allow_weak=allow_weak_sandbox)
    listener = listener or NullListener()
    run, conductor = found.run, Conductor(found.run, found.config, found.problem, archive, listener, make_mix)
    with interrupts() as wish, archive.patient(listener.message, wish.stop):
        archive.claim_run(run.id)
        try:
            champion = conductor.crown(Stages(listener, wish))
        except Stopped as stopped:
            raise KeyboardInterrupt from stopped
        if champion is not None:
            archive.crown_run(run.id, champion.id)
    progress = conductor.standing(Budget(found.config, partial(archive.spent, run.id), used=run.searched))
    result = RunResult(archive.run(run.id), run.reason, progress.evaluations, champion, progress.models, progress)
    listener.finished(result)
    return result


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A run of the archive, with its settings as they are by now and its problem as it is here."""

    run: Run
    config: Config
    problem: Problem


def _recorded(run_id: str, archive: Archive, named: str | None, *, allow_weak: bool) -> _Recorded:
    """Look a run up, and see that what it recorded can be gone on with here."""
    level = sandbox_level()
    require(level, allow_weak=allow_weak)
    run = archive.run(run_id)
    if run.sandbox_level in set(Level) and level.weaker_than(Level(run.sandbox_level)):
        raise WeakSandboxError(
            f"run {run.id} was made in a sandbox of level `{run.sandbox_level}`, and this machine has `{level}`: go on "
            "where the sandbox is as strong, or start another run here"
        )
    config = extended(Config.from_json(run.config), archive.extensions(run.id))
    check_files(run.id, config)
    problem = _problem_of(run, config, named)
    check_parts(run.id, config, problem)
    searched = {trial.evaluation.fingerprint for trial in archive.trials(run.id) if trial.evaluation is not None}
    if searched - {problem.splits[SEARCH]().fingerprint}:
        raise ConfigError(
            f"run {run.id} searched on other instances than those that are made here: the file of its problem or "
            "engine, or Heuresis itself, has become another since; start another run"
        )
    return _Recorded(run, config, problem)


def _problem_of(run: Run, config: Config, named: str | None) -> Problem:
    """The problem of a recorded run; its file is executed only where the caller has `named` it."""
    if named is None and config.problem.endswith(".py"):
        raise ConfigError(
            f"the archive names {config.problem!r} as the problem of run {run.id}, and that file would be executed; "
            "where you trust it, give its path as `problem`"
        )
    problem = registry.get(named or config.problem).asked(config.choice)
    if (problem.name, problem.version) != (run.problem, run.problem_version):
        raise ConfigError(
            f"run {run.id} was on {run.problem}@{run.problem_version}, but here is {problem.name}@{problem.version}; "
            "resume it with the version of Heuresis that started it"
        )
    return problem
