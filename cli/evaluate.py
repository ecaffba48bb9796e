"""Commands that run programs on instances: `evaluate compare explain`."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heuresis.cli.context import Source, asked_for
from heuresis.cli.errors import FAILED, USAGE, UserError
from heuresis.cli.measured import check_requests_out, measured, reference_entries_of, warn_where_weak
from heuresis.cli.options import (
    ArchiveOption,
    EngineOption,
    FamilyOption,
    GuardsOption,
    InstancesOption,
    JsonOption,
    LimitOption,
    LoadOption,
    NoiseOption,
    ObjectiveOption,
    ProblemArgument,
    ProblemOption,
    ProgramArgument,
    ProgramsArgument,
    RateOption,
    ReplicasOption,
    RunOption,
    SearchSplitOption,
    SelectSplitOption,
    SloOption,
    SubjectToOption,
    TestSplitOption,
    TimeoutOption,
    WorkersOption,
)
from heuresis.cli.programs import Named, check_reading, find_instances, find_problem, find_program, problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heuresis.archive.records import Evaluation
    from heuresis.evolve.results.compare import Comparison, Entry
    from heuresis.problems.problem import InstanceSet, Problem


def evaluate(
    problem: ProblemArgument,
    programs: ProgramsArgument = None,
    instances: InstancesOption = None,
    split: SelectSplitOption = None,
    family: FamilyOption = None,
    objective: ObjectiveOption = None,
    engine: EngineOption = None,
    subject_to: SubjectToOption = None,
    guards: GuardsOption = None,
    rate: RateOption = None,
    load: LoadOption = None,
    limit: LimitOption = None,
    replicas: ReplicasOption = None,
    noise: NoiseOption = None,
    slo: SloOption = None,
    run: RunOption = None,
    requests_out: Annotated[
        Path | None,
        typer.Option(
            "--requests-out", metavar="FILE.csv", help="Write what became of each request, by program; a new file."
        ),
    ] = None,
    timeout: TimeoutOption = None,
    workers: WorkersOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run programs on a split or on instance files; without a program: all baselines and reference algorithms.

    Exit code 1 where a program fails.
    """
    from heuresis.cli import render
    from heuresis.problems.problem import Choice

    if timeout is not None and not 0 < timeout < math.inf:
        raise UserError(f"--timeout: expected a positive, finite number of seconds, got {timeout:g}", USAGE)
    given = Choice(
        family, objective, engine, rate, limit, load=load, replicas=replicas, noise=noise, slo=slo,
        subject_to=tuple(subject_to or ()), guards=guards,
    )  # fmt: skip
    check_reading(given, instances)
    base = find_problem(problem)
    check_requests_out(requests_out, base)
    named, references = _line_up(base, programs or [], archive)
    wanted = asked_for(base, named, given, Source(instances, split, run, archive))
    chosen = find_instances(wanted, split, instances, "select", family)
    evaluations, entries = measured(wanted, named, chosen, workers, timeout, requests=requests_out)
    entries += reference_entries_of(wanted, chosen, references)
    if as_json:
        render.emit(_document(wanted, chosen, entries, evaluations))
    else:
        from heuresis.evolve.results.compare import compare as line_up

        comparison = line_up(wanted, chosen, entries)
        _warn_without_references(comparison)
        render.print_comparison(comparison)
        render.out().print(f"{comparison.objective.shown}: {comparison.objective.definition}", style="dim")
    if any(not evaluation.ok for evaluation in evaluations):
        raise typer.Exit(FAILED)


def compare(
    problem: ProblemArgument,
    programs: Annotated[
        list[str], typer.Argument(metavar="PROGRAM PROGRAM...", help="The first is compared with the others.")
    ],
    instances: InstancesOption = None,
    split: TestSplitOption = None,
    family: FamilyOption = None,
    objective: ObjectiveOption = None,
    engine: EngineOption = None,
    subject_to: SubjectToOption = None,
    guards: GuardsOption = None,
    rate: RateOption = None,
    load: LoadOption = None,
    limit: LimitOption = None,
    replicas: ReplicasOption = None,
    noise: NoiseOption = None,
    slo: SloOption = None,
    run: RunOption = None,
    workers: WorkersOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare programs on the same instances: 95 % bootstrap intervals and paired differences from the first."""
    from heuresis.cli import render
    from heuresis.evolve.results.compare import compare as line_up
    from heuresis.problems.problem import Choice

    given = Choice(
        family, objective, engine, rate, limit, load=load, replicas=replicas, noise=noise, slo=slo,
        subject_to=tuple(subject_to or ()), guards=guards,
    )  # fmt: skip
    check_reading(given, instances)
    if len(programs) < 2:
        raise UserError("compare needs two programs or more", USAGE)
    base = find_problem(problem)
    named, references = _line_up(base, programs, archive)
    wanted = asked_for(base, named, given, Source(instances, split, run, archive))
    chosen = find_instances(wanted, split, instances, "test", family)
    evaluations, entries = measured(wanted, named, chosen, workers)
    entries += reference_entries_of(wanted, chosen, references)
    comparison = line_up(wanted, chosen, entries, against=programs[0] if programs[0] in references else named[0].label)
    if as_json:
        render.emit(comparison.to_dict())
    else:
        _warn_without_references(comparison)
        render.print_comparison(comparison)
    if any(not evaluation.ok for evaluation in evaluations):
        raise typer.Exit(FAILED)


def explain(
    program: ProgramArgument,
    problem: ProblemOption = None,
    instances: InstancesOption = None,
    split: SearchSplitOption = None,
    instance: Annotated[
        str | None, typer.Option("--instance", metavar="NAME", help="Default: where it loses most.")
    ] = None,
    family: FamilyOption = None,
    objective: ObjectiveOption = None,
    engine: EngineOption = None,
    rate: RateOption = None,
    load: LoadOption = None,
    limit: LimitOption = None,
    replicas: ReplicasOption = None,
    noise: NoiseOption = None,
    slo: SloOption = None,
    run: RunOption = None,
    archive: ArchiveOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a program loses on one instance, against the optimum where there is one."""
    from heuresis.cli import render, terminal
    from heuresis.evolve.assessment.assess import Assessor
    from heuresis.problems.problem import Choice

    given = Choice(family, objective, engine, rate, limit, load=load, replicas=replicas, noise=noise, slo=slo)
    check_reading(given, instances)
    named = find_program(program, find_problem(problem) if problem else None, archive)
    base = problem_of(named, problem, archive)
    wanted = asked_for(base, [named], given, Source(instances, split, run, archive))
    chosen = find_instances(wanted, split, instances, "search", family)
    looked_at = chosen if instance is None else _only(chosen, instance)
    with Assessor(wanted, workers=1) as assessor:
        evaluation = assessor.evaluate(named.source, looked_at)
        if not evaluation.ok:
            raise UserError(f"{named.label}: {evaluation.status.replace('_', ' ')}: {evaluation.message}", FAILED)
        warn_where_weak(assessor)
        index = assessor.worst(evaluation, looked_at)
        text = assessor.explain(named.source, looked_at, index)
    name = looked_at.instances[index].name
    if as_json:
        document = {"program": named.label, "id": named.id, "problem": wanted.name, "split": chosen.name}
        render.emit(
            {
                **document,
                "family": wanted.family_on(chosen),
                "files": list(wanted.files_of(chosen)),
                "objective": wanted.objective_on(chosen.instances).name,
                "constraints": [str(one) for one in wanted.constraints],
                "engine": wanted.choice.engine,
                "fingerprint": chosen.fingerprint,
                "instance": name,
                "explanation": text,
            }
        )
        return
    from heuresis.cli.console import markdown

    console = render.out()
    kind = f" ({family})" if (family := wanted.family_on(chosen)) else ""
    kind += f" of {', '.join(files)}" if (files := wanted.files_of(chosen)) else ""
    console.print(f"{named.label} on {name} of {chosen.name}{kind}", style="bold")
    if console.is_terminal:
        console.print(markdown(text))
    else:
        terminal.write(text)


def _line_up(problem: "Problem", programs: "Sequence[str]", archive: str | None) -> tuple[list[Named], list[str]]:
    """The programs and the reference algorithms asked for; nothing asked for means all of both."""
    known = [algorithm.name for algorithm in problem.algorithms]
    if not programs:
        return [find_program(b.name, problem, archive) for b in problem.baselines], known
    if len(set(programs)) != len(programs):
        raise UserError(f"the same program twice: {' '.join(programs)}", USAGE)
    references = [text for text in programs if text in known and not Path(text).is_file()]
    asked = {text: find_program(text, problem, archive) for text in programs if text not in references}
    labels: dict[str, str] = {}
    for text, one in asked.items():
        if one.label in labels:
            raise UserError(f"{labels[one.label]} and {text} are the same program, {one.label}; name it once", USAGE)
        labels[one.label] = text
    return list(asked.values()), references


def _document(
    problem: "Problem", instance_set: "InstanceSet", entries: "Sequence[Entry]", evaluations: "Sequence[Evaluation]"
) -> dict[str, Any]:
    results = []
    for i, entry in enumerate(entries):
        if i < len(evaluations):
            aggregate, metrics = evaluations[i].aggregate, evaluations[i].metrics
        elif None in entry.values:
            aggregate, metrics = None, {}
        else:
            score = problem.scoring.score(instance_set.instances, [v for v in entry.values if v is not None])
            aggregate, metrics = score.aggregate, {**entry.metrics, **score.metrics}
        values = entry.values or (None,) * len(instance_set.instances)
        rows = [
            {"name": one.name, "value": value, "reference": one.reference}
            for one, value in zip(instance_set.instances, values, strict=True)
        ]
        result = {"program": entry.name, "id": entry.id, "status": entry.status, "message": entry.message}
        extra = {"aggregate": aggregate, "metrics": dict(metrics), "evolvable": entry.evolvable, "instances": rows}
        results.append(result | extra)
    return {
        "problem": problem.name,
        "version": problem.version,
        "instances": instance_set.name,
        "family": problem.family_on(instance_set),
        "files": list(problem.files_of(instance_set)),
        "fingerprint": instance_set.fingerprint,
        "objective": problem.objective_on(instance_set.instances).definition,
        "constraints": [str(one) for one in problem.constraints],
        "results": results,
    }


def _warn_without_references(comparison: "Comparison") -> None:
    from heuresis.cli import render

    if not comparison.objective.fraction:
        render.say(f"objective: {comparison.objective.definition}")


def _only(instance_set: "InstanceSet", name: str) -> "InstanceSet":
    """The one instance of that name as a set of its own: a program may well fail on the others."""
    for i, one in enumerate(instance_set.instances):
        if one.name == name:
            return replace(instance_set, instances=(one,), fingerprint=f"{instance_set.fingerprint}:{i}")
    some = ", ".join(one.name for one in instance_set.instances[:3])
    raise UserError(
        f"no instance {name!r} in {instance_set.name}; its {len(instance_set.instances)} are {some}, …", USAGE
    )
