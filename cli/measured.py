"""Programs, run on instances, as entries of a comparison; and what became of each request, as a file."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, cast

from heuresis.cli.errors import USAGE, UserError
from heuresis.cli.programs import Named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heuresis.archive.records import Evaluation
    from heuresis.evolve.assessment.assess import Assessor
    from heuresis.evolve.results.compare import Entry
    from heuresis.problems.abilities import Itemised
    from heuresis.problems.problem import InstanceSet, Problem


def measured(
    problem: "Problem",
    programs: "Sequence[Named]",
    instance_set: "InstanceSet",
    workers: int | None,
    timeout: float | None = None,
    requests: Path | None = None,
) -> "tuple[list[Evaluation], list[Entry]]":
    """Evaluate programs as `run_programs` does; the entries also have what only schedules tell.

    With `requests` what became of each request is written there.
    """
    from heuresis.evolve.results.compare import Entry
    from heuresis.evolve.results.over_time import over_time

    if not programs:
        return [], []
    with _assessor(problem, len(programs), workers, timeout) as assessor:
        evaluations = assessor.evaluate_all([one.source for one in programs], instance_set)
        warn_where_weak(assessor)
        entries = [
            Entry.of(one.label, evaluation, over_time(assessor, one.source, instance_set) if evaluation.ok else None)
            for one, evaluation in zip(programs, evaluations, strict=True)
        ]
        if requests is not None:
            done = [one for one, evaluation in zip(programs, evaluations, strict=True) if evaluation.ok]
            _write_requests(requests, assessor, done, instance_set)
    return evaluations, entries


def run_programs(
    problem: "Problem",
    programs: "Sequence[Named]",
    instance_set: "InstanceSet",
    workers: int | None,
    timeout: float | None = None,
) -> "list[Evaluation]":
    """Evaluate programs in the sandbox, in order, each for so many seconds at most (None: the default).

    Starts no process where there is nothing to do.
    """
    if not programs:
        return []
    with _assessor(problem, len(programs), workers, timeout) as assessor:
        evaluations = assessor.evaluate_all([one.source for one in programs], instance_set)
        warn_where_weak(assessor)
        return evaluations


def _assessor(problem: "Problem", programs: int, workers: int | None, timeout: float | None) -> "Assessor":
    from heuresis.evolve.assessment.assess import Assessor
    from heuresis.sandbox.limits import Limits
    from heuresis.sandbox.machine import default_workers

    limits = Limits() if timeout is None else Limits(seconds=timeout)
    return Assessor(problem, workers=min(programs, workers or default_workers()), limits=limits)


def warn_where_weak(assessor: "Assessor") -> None:
    """Say it where programs have run with less confinement than `evolve` asks for."""
    from heuresis.cli import render

    if not assessor.confined:
        render.say("warning: this machine confines programs by limits only (`heuresis doctor` says what is missing)")


def check_requests_out(path: Path | None, problem: "Problem") -> None:
    """Raise UserError where `--requests-out` cannot be written, or the problem has no requests."""
    from heuresis.problems.abilities import Itemised

    if path is None:
        return
    if not isinstance(problem.scoring, Itemised):
        raise UserError(f"--requests-out: {problem.name} has no requests to write", USAGE)
    if path.exists():
        raise UserError(_TAKEN.format(path=path))
    if not path.parent.is_dir():
        raise UserError(f"--requests-out {path}: there is no folder {path.parent}; make it first")


_TAKEN = "--requests-out {path}: it exists, and nothing is overwritten; choose another name, or move it away"


def _write_requests(path: Path, assessor: "Assessor", programs: "Sequence[Named]", instance_set: "InstanceSet") -> None:
    """One row for each request of each instance under each program."""
    from heuresis.cli import render

    scoring = cast("Itemised", assessor.problem.scoring)
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("program", "instance", *scoring.columns))
            for one in programs:
                for index, instance in enumerate(instance_set.instances):
                    [schedule] = assessor.schedule(one.source, instance_set, index).schedules
                    rows.writerows((one.label, instance.name, *row) for row in scoring.items(instance, schedule))
    except FileExistsError:
        raise UserError(_TAKEN.format(path=path)) from None
    render.say(f"wrote {path}")


def reference_entries_of(problem: "Problem", instance_set: "InstanceSet", names: "Sequence[str]") -> "list[Entry]":
    """What the reference algorithms of these names reach."""
    from heuresis.evolve.results.algorithms import reference_entries

    return list(reference_entries(problem, instance_set, names)) if names else []
