"""The end of a run: a champion chosen on `select`, then its table on `test` beside every classical rule."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from heuresis.archive.records import Evaluation, Trial, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.audit import audit
from heuresis.evolve.assessment.verdict import CHAMPION, REFUTED, UNSTABLE, another_order
from heuresis.evolve.results.algorithms import reference_entries
from heuresis.evolve.results.compare import Comparison, Entry, compare
from heuresis.evolve.results.measured import baselines_on, evaluations_of, recorded
from heuresis.evolve.results.outlook import outlook
from heuresis.evolve.results.over_time import over_time
from heuresis.evolve.results.ranking import SEED, breaks, distinct
from heuresis.evolve.results.steps import Silent, Steps
from heuresis.problems.constraints import VIOLATION, broken
from heuresis.problems.problem import Problem

_SILENT = Silent()

FINALISTS = 16
"""Programs, the best on `search` with different values, among which `select` decides."""


@dataclass(frozen=True, slots=True, repr=False)
class Champion:
    """The best program of a run: its aggregate on `select`, and its row (named as in `test.against`) on `test`."""

    id: str  # of the candidate
    source: str
    proposer: str
    select: float
    test: Comparison | None  # None: left for later
    rule: str | None = None  # the name of the classical rule that it is

    def __repr__(self) -> str:
        return f"Champion({self.rule or self.id[:12]}, {self.select:.4g} on select)"


def crown(
    problem: Problem,
    archive: Archive,
    assessor: Assessor,
    trials: Sequence[Trial],
    seed: int,
    say: Callable[[str], None],
    *,
    table: bool = True,
    steps: Steps = _SILENT,
) -> Champion | None:
    """Choose the champion among the trials and compare it on `test`; None where no program has a value everywhere.

    `say` is told what happens, a line at a time, and `steps` how far it is. Without `table` nothing runs on `test`.

    One that violates a constraint on `select` comes after all that keep to them, and if it is the champion that is
    said. A finalist that decides otherwise when it runs again, with the instances in another order, is dropped, and so
    is one whose decisions the reference interpreter does not confirm.
    """
    started = time.monotonic()
    chosen = finalists(trials)
    if chosen:
        say(outlook(archive, assessor, chosen, table=table))
    sources = [t.proposal.source or "" for t in chosen]
    selected = evaluations_of(archive, assessor, sources, "select", steps, "choosing the champion on select")
    for trial, evaluation in sorted(zip(chosen, selected, strict=True), key=lambda pair: _rank(pair[1])):
        source = trial.proposal.source
        if source is None or evaluation.aggregate is None:
            continue
        again = another_order(seed, trial.proposal.number, CHAMPION)
        steps.begin("confirming the champion on select", 0)
        if not _stands(archive, assessor, source, evaluation, again, say):
            continue
        if lacks := broken(problem.constraints, evaluation.metrics):
            say(f"no program that stands keeps to all constraints on select; the champion breaks {'; '.join(lacks)}")
        say(f"chosen among {len(chosen)} programs on select ({time.monotonic() - started:.0f} s)")
        again = another_order(seed, trial.proposal.number, CHAMPION)
        compared = _on_test(problem, archive, assessor, source, again, steps) if table else None
        say(f"the final assessment took {time.monotonic() - started:.0f} s")
        rule = next((b.name for b in problem.baselines if candidate_id(b.source) == evaluation.candidate), None)
        return Champion(evaluation.candidate, source, trial.proposal.proposer, evaluation.aggregate, compared, rule)
    return None


def finalists(trials: Sequence[Trial]) -> list[Trial]:
    """The best on `search`; under constraints also what the run began with, as far as it keeps to them there."""
    best = distinct(trials, FINALISTS)
    began = [trial for trial in trials if trial.proposal.operator == SEED and _constrained(trial)]
    return distinct([*best, *began], FINALISTS + len(began))


def _constrained(trial: Trial) -> bool:
    evaluation = trial.evaluation
    return evaluation is not None and VIOLATION in evaluation.metrics and not breaks(evaluation)


def _stands(
    archive: Archive,
    assessor: Assessor,
    source: str,
    evaluation: Evaluation,
    rng: np.random.Generator,
    say: Callable[[str], None],
) -> bool:
    """Whether a finalist decides the same in every order, and what the reference interpreter decides."""
    again = assessor.evaluate(source, "select", confirm=rng)
    if again.ok and again.values != evaluation.values:
        again = _denied(again, UNSTABLE, "reaches other values than the first time")
    if not again.ok:
        if again.status == UNSTABLE:
            archive.record_evaluation(again)
        say(f"{evaluation.candidate[:12]} was dropped: {again.message}")
        return False
    found = audit(assessor, source, again, "select")
    if not found.passed:
        if found.distance is not None:
            archive.record_evaluation(_denied(again, REFUTED, str(found)))
        say(f"{evaluation.candidate[:12]} was dropped: {found}")
        return False
    say(f"{evaluation.candidate[:12]} was {found}")
    return True


def _denied(evaluation: Evaluation, status: str, message: str) -> Evaluation:
    """The evaluation without its values: they are not the program's."""
    return dataclasses.replace(evaluation, status=status, message=message, values=(), aggregate=None, metrics={})


def _on_test(
    problem: Problem, archive: Archive, assessor: Assessor, source: str, rng: np.random.Generator, steps: Steps
) -> Comparison:
    """The champion, confirmed by a second run on `test` too, beside all rules and references."""
    champion, instances = candidate_id(source), assessor.instance_set("test")
    entries = [
        Entry.of(one.name, evaluation, over_time(assessor, one.source, instances))
        for one, evaluation in zip(
            problem.baselines, baselines_on(archive, assessor, "test", steps).values(), strict=True
        )
    ]
    name = next((e.name for e in entries if e.id == champion), champion[:12])
    if all(e.id != champion for e in entries):
        tested = recorded(archive, problem, source, instances)
        if tested is None:
            steps.begin("running the champion on test", 0)
            tested = assessor.evaluate(source, instances, confirm=rng)
            archive.record_evaluation(tested)
        entries.insert(0, Entry.of(name, tested, over_time(assessor, source, instances)))
    entries += reference_entries(problem, instances, steps=steps)
    steps.begin("comparing on test", 0)
    return compare(problem, instances, entries, against=name)


def _rank(evaluation: Evaluation) -> tuple[bool, float, int, str]:
    value = float("inf") if evaluation.aggregate is None else evaluation.aggregate
    return breaks(evaluation), value, evaluation.code_size, evaluation.candidate
