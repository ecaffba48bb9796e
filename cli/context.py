"""What a program was searched for: the objective, engine and instances of its run hold where nothing else is said."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heuresis.cli.errors import USAGE, UserError
from heuresis.cli.programs import existing_archive, read_archive, recorded_settings
from heuresis.cli.render import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heuresis.archive.store import Archive
    from heuresis.cli.programs import Named
    from heuresis.evolve.config import Config
    from heuresis.problems.problem import Choice, Problem

NONE = "none"
"""`--run none`: the problem as it comes, whatever run a program is of."""

_TRAFFIC = ("instances", "rate", "load", "limit", "noise", "slo", "time_unit", "solve")
"""Fields of a choice that belong together: who names other instances means none of them."""

_FLEET = ("engine", "replicas")
"""The same of engines."""

_AIM = ("objective", "guards")
"""The same of what is minimised."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the instances come from, as options say: files, a split, a run, and the archive that knows the run."""

    files: "Sequence[Path] | None"
    split: str | None
    run: str | None
    archive: str | None


@dataclass(frozen=True, slots=True)
class Context:
    """A run and its settings."""

    run: str
    config: "Config"

    @property
    def names(self) -> str:
        """Of its instance files, without their folders."""
        return ", ".join(Path(file).name for file in self.config.instances)

    @property
    def instances(self) -> "Mapping[str, str]":
        """By split the fingerprint of the parts of its own instance files; empty where it has none."""
        return dict(self.config.parts)


def context_of(problem: str, programs: "Sequence[Named]", run: str | None, archive: str | None) -> Context | None:
    """The run that is named, or the one that found the first program that is given by its id (`queries.found_by`).

    None for `none`, and where no run on this problem did. Where another program was found otherwise, that is said.
    Raises UserError where a run is on another problem.
    """
    from heuresis.cli import render

    if run == NONE:
        return None
    if run is not None:
        with existing_archive(archive, run) as opened:
            found = opened.run(run)
            if found.problem != problem:
                raise UserError(f"--run {run}: it is a run on {found.problem}, not on {problem}", USAGE)
            return Context(found.id, recorded_settings(found, opened))
    ids = [one.id for one in programs if one.label == short(one.id)]
    if not ids:
        return None
    with read_archive(archive) as opened:
        known = [(one, context) for one in ids if (context := _found(opened, problem, one)) is not None]
    if not known:
        return None
    (_, first), *others = known
    for one, other in others:
        if other.config.choice != first.config.choice:
            words = other.config.choice.told() or "as the problem comes"
            render.say(f"note: {short(one)} was found otherwise ({words}; run {other.run})")
    return first


def asked_for(
    problem: "Problem",
    programs: "Sequence[Named]",
    given: "Choice",
    source: "Source",
) -> "Problem":
    """The problem as options ask for it, and for what they leave open as the run of the programs has it.

    Instance files that are named together with a split are cut; without one they are read as a whole.
    """
    if source.split is not None:
        given = replace(given, instances=tuple(str(file) for file in source.files or ()))
    context = context_of(problem.name, programs, source.run, source.archive)
    return in_context(problem, given, context, own=bool(source.files) or given.family is not None)


def in_context(
    problem: "Problem", given: "Choice", context: Context | None, *, files: bool = True, own: bool = False
) -> "Problem":
    """A problem as it is asked for, and for all that was not said as the run has it; what is taken over is said.

    Instances are taken over unless the user names others (`own`), and read unless `files` is false. Raises UserError
    where the instance files are not what they were.
    """
    from heuresis.cli import render
    from heuresis.evolve.config import ConfigError
    from heuresis.evolve.instances import check_files
    from heuresis.problems.problem import Choice

    if context is None:
        return problem.asked(given)
    taken = taken_over(given, context.config.choice, own=own, files=files)
    asked = replace(given, **taken)
    if words := replace(Choice(), **taken).told():
        render.say(f"as in run {context.run}: {words} (--run {NONE} for the problem as it comes)")
    if asked.instances and not given.instances:
        try:
            check_files(context.run, context.config)
        except ConfigError as error:
            raise UserError(f"{error}; or say --run {NONE}") from error
    return _asked(problem, asked, f"as in run {context.run}; --run {NONE} for the problem as it comes")


def _asked(problem: "Problem", choice: "Choice", why: str) -> "Problem":
    """The problem as it is asked for. Raises UserError where what a run had cannot be had here."""
    from heuresis.evaluators.serving.engine import EngineError
    from heuresis.problems.engines.files import UnknownEngine
    from heuresis.problems.problem import UnknownChoice

    try:
        return problem.asked(choice)
    except (UnknownChoice, UnknownEngine, EngineError) as error:
        raise UserError(f"{error} ({why})") from error


def taken_over(given: "Choice", of_run: "Choice", *, own: bool, files: bool) -> dict[str, Any]:
    """By name what a run chose and the user left open, but the family."""
    apart = {"family"}
    if own or not files:
        apart.update(_TRAFFIC)
    if given.engine is not None:
        apart.update(_FLEET)
    if given.objective is not None:
        apart.update(_AIM)
    names = (one.name for one in fields(of_run) if one.name not in apart)
    return {name: getattr(of_run, name) for name in names if getattr(given, name) in (None, ())}


def _found(archive: "Archive", problem: str, program: str) -> Context | None:
    from heuresis.archive.queries import found_by

    run = found_by(archive, program, problem)
    return None if run is None else Context(run.id, recorded_settings(run, archive))


def on_files(archive: "Archive") -> "Mapping[str, Context]":
    """By fingerprint the parts of instance files that runs were on, and the first such run of each."""
    from heuresis.evolve.config import Config

    found: dict[str, Context] = {}
    for summary in reversed(archive.runs()):
        try:
            config = Config.from_json(summary.run.config)
        except (ValueError, TypeError):  # told where that run is asked for
            continue
        for _, fingerprint in config.parts:
            found.setdefault(fingerprint, Context(summary.run.id, config))
    return found
