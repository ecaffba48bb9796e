"""Evaluations of programs on a split: those that archive or cache know, and the rest made now."""

from collections.abc import Mapping, Sequence

from heuresis.archive.records import Evaluation, FaultyRow, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.results import kept
from heuresis.evolve.results.steps import Silent, Steps
from heuresis.problems.problem import InstanceSet, Problem

_SILENT = Silent()


def evaluations_of(
    archive: Archive,
    assessor: Assessor,
    sources: Sequence[str],
    where: str,
    steps: Steps = _SILENT,
    what: str = "evaluating programs",
) -> list[Evaluation]:
    """Programs evaluated on a split, and recorded: from the archive where it knows a successful result, else now.

    Classical rules of problems that come with Heuresis are taken from the cache too, where this machine knows them.
    """
    instances = assessor.instance_set(where)
    found = {i: e for i, source in enumerate(sources) if (e := _known(archive, assessor, source, instances))}
    missing = [i for i in range(len(sources)) if i not in found]
    if missing:
        steps.begin(what, len(missing))
    made = assessor.evaluate_all([sources[i] for i in missing], instances, steps.step)
    for i, evaluation in zip(missing, made, strict=True):
        archive.record_candidate(sources[i])
        archive.record_evaluation(evaluation)
        kept.keep(assessor.problem, instances, sources[i], evaluation)
        found[i] = evaluation
    return [found[i] for i in range(len(sources))]


def unknown_on(archive: Archive, assessor: Assessor, sources: Sequence[str], where: str) -> int:
    """How many of these programs would have to run on a split."""
    instances = assessor.instance_set(where)
    return sum(_known(archive, assessor, source, instances) is None for source in sources)


def baselines_on(archive: Archive, assessor: Assessor, where: str, steps: Steps = _SILENT) -> Mapping[str, Evaluation]:
    """Every baseline of the problem, by name, on a split."""
    baselines = assessor.problem.baselines
    what = f"measuring classical rules on {where}"
    found = evaluations_of(archive, assessor, [b.source for b in baselines], where, steps, what)
    return {b.name: evaluation for b, evaluation in zip(baselines, found, strict=True)}


def _known(archive: Archive, assessor: Assessor, source: str, instances: InstanceSet) -> Evaluation | None:
    """The successful result of an earlier evaluation, of this archive or of this machine; then it is recorded here."""
    problem = assessor.problem
    known = recorded(archive, problem, source, instances)
    if known is None and (known := kept.kept(problem, instances, source)) is not None:
        archive.record_candidate(source)
        archive.record_evaluation(known)
    return known


def recorded(archive: Archive, problem: Problem, source: str, instances: InstanceSet) -> Evaluation | None:
    """The successful result of an earlier evaluation; a failure is tried again.

    Raises FaultyRow where the archive has another text under the program's id, an evaluation that is not what its id
    says, or one of another number of instances.
    """
    found = archive.evaluations(candidate_id(source), instances.name, instances.fingerprint)
    wanted = problem.name, problem.version, problem.chosen
    fitting = [e for e in found if e.ok and (e.problem, e.problem_version, e.objective) == wanted]
    for evaluation in fitting:
        if len(evaluation.values) != len(instances.instances):
            raise FaultyRow(
                f"archive {archive.where}: an evaluation of {evaluation.candidate} on {instances.name}: expected "
                f"{len(instances.instances)} values, got {len(evaluation.values)}; restore a copy of the archive"
            )
    return fitting[0] if fitting else None
