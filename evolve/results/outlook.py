"""What the end of a run will take, told before it begins."""

import statistics
from collections.abc import Sequence

from heuresis.archive.records import Trial
from heuresis.archive.store import Archive
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.pools import SEARCH
from heuresis.evolve.results.algorithms import unmeasured
from heuresis.evolve.results.measured import unknown_on

_TWICE = 2
"""A proposal's evaluation runs its program twice."""

_CONFIRMATION = 3
"""Runs that a champion is worth on `select`: two and an audit."""


def outlook(archive: Archive, assessor: Assessor, finalists: Sequence[Trial], *, table: bool) -> str:
    """How many programs are still to run where, and about how long: by decisions, from what they took on `search`."""
    sources = [t.proposal.source or "" for t in finalists]
    on_select = unknown_on(archive, assessor, sources, "select")
    runs = {"select": on_select + _CONFIRMATION}
    text = f"to choose the champion {on_select} programs run on select"
    if table:
        rules = [baseline.source for baseline in assessor.problem.baselines]
        on_test = unknown_on(archive, assessor, rules, "test")
        others = unmeasured(assessor.problem, assessor.instance_set("test"))
        runs["test"] = on_test + _TWICE
        text += f", and for the final table {on_test} classical rules on test"
        text += f" and {others} reference algorithms that this machine has not measured yet" if others else ""
    about = _about(assessor, finalists, runs)
    unknown = " without those algorithms" if table and others else ""
    later = " (--no-test leaves the table for later)" if table else ""
    return f"{text}{f'; about {about}{unknown}' if about else ''}{later}"


def _about(assessor: Assessor, finalists: Sequence[Trial], runs: dict[str, int]) -> str:
    """A time for people; empty where no program has been timed."""
    timed = [t.evaluation.seconds / _TWICE for t in finalists if t.evaluation is not None and t.evaluation.seconds > 0]
    if not timed:
        return ""
    size = assessor.problem.scoring.decisions_in
    one = statistics.median(timed) / max(1, size(assessor.instance_set(SEARCH).instances))
    seconds = sum(count * one * size(assessor.instance_set(split).instances) for split, count in runs.items())
    seconds /= assessor.workers
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
