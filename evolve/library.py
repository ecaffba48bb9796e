"""Heuresis from Python: what `import heuresis` offers beside the classes (`docs/python.md`)."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from heuresis.archive.records import Evaluation, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve import run as runs
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.conductor import MixMaker
from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.extending import Changes
from heuresis.evolve.programs import ProgramError, source_of
from heuresis.evolve.proposers.proposer import Proposer
from heuresis.evolve.results.algorithms import reference_entries
from heuresis.evolve.results.compare import Comparison, Entry
from heuresis.evolve.results.compare import compare as line_up
from heuresis.evolve.results.over_time import over_time
from heuresis.evolve.results.run_result import RunResult
from heuresis.evolve.rule import Rule
from heuresis.evolve.search.listener import Listener
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.wiring import make_mix
from heuresis.problems import registry
from heuresis.problems.problem import SPLITS, Choice, InstanceSet, Problem, UnknownChoice
from heuresis.sandbox.machine import default_workers

Place = Archive | str | Path | None
"""An archive, or where it lies; None: `HEURESIS_ARCHIVE`, else the file in the user's data directory."""


def run(
    problem: str | Config,
    *,
    archive: Place = None,
    listener: Listener | None = None,
    proposers: Sequence[Proposer] = (),
    allow_weak_sandbox: bool = False,
    table: bool = True,
    **settings: Any,
) -> RunResult:
    """Search, as `heuresis evolve` does: `settings` are those of `Config`, one budget of them at least.

    `proposers` propose in equal shares in place of those that the settings name. Without `table` the champion is not
    compared on `test`. Raises as `heuresis.evolve.run.start`, and ConfigError where there is no budget.
    """
    config = _config(problem, settings)
    if config.evaluations is config.minutes is config.budget_usd is None:
        raise ConfigError("a run needs a budget: give evaluations=…, minutes=… or, with a model, budget_usd=…")
    make = _proposing(proposers)
    with _opened(archive) as opened:
        return runs.start(
            config, opened, listener, make=make, allow_weak_sandbox=allow_weak_sandbox, table=table
        )  # fmt: skip


def resume(
    run: str,
    *,
    archive: Place = None,
    listener: Listener | None = None,
    problem: str | None = None,
    proposers: Sequence[Proposer] = (),
    allow_weak_sandbox: bool = False,
    table: bool = True,
    **changes: Any,
) -> RunResult:
    """Go on with a run by its id, as `heuresis resume` does; `changes` are new totals: `evaluations`, `minutes`, ….

    A run on a problem file needs its path as `problem`, one with proposers of one's own these. Raises as
    `heuresis.evolve.run.resume`.
    """
    _check_names(changes, Changes)
    changed = Changes(**{name: _frozen(value) for name, value in changes.items()})
    make = _proposing(proposers)
    with _opened(archive) as opened:
        return runs.resume(
            run, opened, listener, problem=problem, changes=changed, make=make, allow_weak_sandbox=allow_weak_sandbox,
            table=table,
        )  # fmt: skip


def evaluate(
    problem: str | Problem,
    program: str | Path,
    split: str | None = None,
    *,
    instances: Iterable[str | Path] = (),
    archive: Place = None,
    workers: int | None = None,
    **choice: Any,
) -> Evaluation:
    """One program on one split (`select` unless said otherwise), in the sandbox; nothing is recorded.

    A program is a baseline's name, a path, a program id or its text. `instances` are files in place of the problem's
    own instances: all that is in them, or with `split` that part of them. `choice` are fields of `Choice`, such as
    `engine`. What a program does wrong is in the result's `status` and `message`.
    """
    asked, chosen = _asked(problem, split or "select", split, instances, choice)
    with _opened_for(program, archive) as opened, _assessor(asked, workers) as assessor:
        return assessor.evaluate(source_of(program, asked, opened), chosen)


def compare(
    problem: str | Problem,
    *programs: str | Path,
    split: str | None = None,
    instances: Iterable[str | Path] = (),
    archive: Place = None,
    workers: int | None = None,
    **choice: Any,
) -> Comparison:
    """Programs beside each other on `test` (or `split`): 95 % bootstrap intervals, and differences from the first.

    Reference algorithms may be named too; without any program all baselines and references are compared. The rest is
    as for `evaluate`.
    """
    asked, chosen = _asked(problem, split or "test", split, instances, choice)
    known = {one.name for one in asked.algorithms}
    named = list(programs or [*(one.name for one in asked.baselines), *known])
    evolvable = [one for one in named if one not in known]
    references = [str(one) for one in named if one in known]
    with _opened_for(evolvable, archive) as opened:
        sources = [source_of(one, asked, opened) for one in evolvable]
    with _assessor(asked, workers) as assessor:
        entries = [
            Entry.of(_label(one, source), found, over_time(assessor, source, chosen) if found.ok else None)
            for one, source, found in zip(evolvable, sources, assessor.evaluate_all(sources, chosen), strict=True)
        ]
    first = entries[0].name if evolvable and named[0] == evolvable[0] else str(named[0])
    entries += reference_entries(asked, chosen, references) if references else []
    return line_up(asked, chosen, entries, against=first)


def load(program: str | Path, *, problem: str | Problem | None = None, archive: Place = None) -> Rule:
    """A program of the archive, by its id, as a function of its contract's parameters.

    With `problem` a baseline's name, a path or a text will do as well. Raises ProgramError where the problem of an id
    is not known here, and ArchiveError where the archive has no such id.
    """
    with _opened_for(program, archive) as opened:
        found = _problem(problem) if problem is not None else _problem_of(str(program), opened)
        source = source_of(program, found, opened)
    return Rule(candidate_id(source), source, found)


def _config(problem: str | Config, settings: dict[str, Any]) -> Config:
    _check_names(settings, Config)
    if isinstance(problem, Config):
        return replace(problem, **settings)
    return Config(**{"problem": str(problem), "workers": default_workers(), **settings})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check_names(given: dict[str, Any], kind: type) -> None:
    """Raise ConfigError where a setting has a name that there is not."""
    names = [one.name for one in fields(kind)]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise ConfigError(f"no setting {name!r}: {hint}")


def _proposing(proposers: Sequence[Proposer]) -> MixMaker:
    """Who makes the proposers of a run. Raises ProposerFault where one of them is none."""
    if not proposers:
        return make_mix
    mix = Mix(tuple(proposers), (1.0,) * len(proposers))
    return lambda setting: replace(mix, tell=setting.tell)


@contextmanager
def _opened(archive: Place, *, reading: bool = False) -> Iterator[Archive]:
    """An archive that is open already stays so."""
    if isinstance(archive, Archive):
        yield archive
        return
    with Archive.open(None if archive is None else str(archive), reading=reading) as opened:
        yield opened


@contextmanager
def _opened_for(programs: str | Path | Sequence[str | Path], archive: Place) -> Iterator[Archive | None]:
    """The archive, to look into it, where one of the programs is an id; else nothing is opened."""
    wanted = [programs] if isinstance(programs, str | Path) else programs
    if not any(isinstance(one, str) and one.startswith("c_") for one in wanted):
        yield None
        return
    with _opened(archive, reading=True) as opened:
        yield opened


def _problem(problem: str | Problem) -> Problem:
    return problem if isinstance(problem, Problem) else registry.get(problem)


def _problem_of(program: str, archive: Archive | None) -> Problem:
    """The problem that a program of the archive was evaluated on. Raises ProgramError where that is not known here."""
    if archive is None:
        raise ProgramError(f"{program!r} is no program id (c_…): say problem='NAME' beside a name, a path or a text")
    names = {one.problem for one in archive.evaluations(archive.find(program))}
    known = names & set(registry.names())
    if len(known) != 1:
        came = f"it was evaluated on {', '.join(sorted(names))}" if names else "it was never evaluated"
        raise ProgramError(f"{program}: {came}; say problem='NAME' or problem='FILE.py'")
    return registry.get(known.pop())


def _asked(
    problem: str | Problem, split: str, given: str | None, files: Iterable[str | Path], choice: dict[str, Any]
) -> tuple[Problem, InstanceSet]:
    """The problem as it is asked for, and the instances: of `split`, or of files as a whole where none was given."""
    _check_names(choice, Choice)
    paths = tuple(map(str, files))
    whole = bool(paths) and given is None
    asked = _problem(problem).asked(Choice(**choice, instances=() if whole else paths))
    if whole:
        if asked.read is None:
            raise UnknownChoice(f"{asked.name} reads no instance files; leave instances=… away")
        return asked, asked.read([Path(path) for path in paths])
    if split not in SPLITS:
        raise UnknownChoice(f"no split {split!r}: expected one of {', '.join(SPLITS)}")
    return asked, asked.splits[split]()


def _assessor(problem: Problem, workers: int | None) -> Assessor:
    return Assessor(problem, workers=workers or default_workers())


def _label(program: str | Path, source: str) -> str:
    """What a table calls a program: as it was named, and a text by its id."""
    return candidate_id(source)[:12] if "\n" in str(program) else str(program)
