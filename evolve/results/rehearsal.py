"""A problem tried from end to end on a few instances, so that what is wrong with it shows before a search."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from heuresis.archive.records import Evaluation
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.audit import audit
from heuresis.evolve.assessment.pools import SEARCH
from heuresis.evolve.results.compare import Entry, compare
from heuresis.problems.blame import fault_in_file
from heuresis.problems.problem import SPLITS, InstanceSet, Problem
from heuresis.problems.scoring import Drawn

FEW = 3
"""Instances of `search` on which a rehearsal runs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of a problem that was tried; `fault` is empty where nothing is wrong with it."""

    what: str
    fault: str = ""


def rehearse(problem: Problem) -> Iterator[Finding]:
    """Draw the splits, run every baseline in the sandbox, score, audit, compare, explain and draw; a finding each."""
    for split in SPLITS:
        finding = _tried(f"instances of {split}", lambda split=split: _made(problem, split))  # type: ignore[misc]
        yield finding
        if finding.fault:
            return
    whole = problem.splits[SEARCH]()
    few = replace(whole, instances=whole.instances[:FEW], fingerprint=f"{whole.fingerprint}:{FEW}")
    with Assessor(problem, workers=1, instance_sets={SEARCH: few}) as assessor:
        found: dict[str, Evaluation] = {}
        for rule in problem.baselines:
            yield _tried(f"rule {rule.name}", lambda rule=rule: _ran(assessor, rule.source, few, found, rule.name))  # type: ignore[misc]
        rules = [rule for rule in problem.baselines if rule.name in found]
        if not rules:
            return
        first, entries = rules[0], [Entry.of(rule.name, found[rule.name], None) for rule in rules]
        yield _tried("audit", lambda: _audited(assessor, first.source, found[first.name]))
        yield _tried("comparison", lambda: _compared(problem, few, entries))
        yield _tried("explain", lambda: _explained(assessor, first.source, few))
        if isinstance(problem.scoring, Drawn):
            yield _tried("figures", lambda: _drawn(problem, assessor, first.source, few))


def _tried(what: str, step: Callable[[], str]) -> Finding:
    """What became of one step, whatever it raises: all of it is the author's to see."""
    try:
        return Finding(what, step())
    except Exception as error:  # noqa: BLE001 - becomes a finding
        return Finding(what, fault_in_file(error) or f"{type(error).__name__}: {error}")


def _made(problem: Problem, split: str) -> str:
    return "" if problem.splits[split]().instances else "there are none"


def _ran(assessor: Assessor, source: str, few: InstanceSet, found: dict[str, Evaluation], name: str) -> str:
    """Run a rule, and once more in another order; it is kept where it has a value."""
    evaluation = assessor.evaluate(source, few, confirm=np.random.default_rng(0))
    if not evaluation.ok:
        return f"{evaluation.status}: {evaluation.message}"
    found[name] = evaluation
    return ""


def _audited(assessor: Assessor, source: str, evaluation: Evaluation) -> str:
    verdict = audit(assessor, source, evaluation, SEARCH)
    return "" if verdict.passed else str(verdict)


def _compared(problem: Problem, few: InstanceSet, entries: list[Entry]) -> str:
    compare(problem, few, entries, against=entries[0].name)
    return ""


def _explained(assessor: Assessor, source: str, few: InstanceSet) -> str:
    assessor.explain(source, few, 0)
    return ""


def _drawn(problem: Problem, assessor: Assessor, source: str, few: InstanceSet) -> str:
    [schedule] = assessor.schedule(source, few, 0).schedules
    if isinstance(problem.scoring, Drawn):
        problem.scoring.figures(few.instances[0], {"first": schedule})
    return ""
