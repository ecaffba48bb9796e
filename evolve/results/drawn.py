"""The course of a search as a figure."""

from collections.abc import Mapping, Sequence

import numpy as np

from heuresis.archive.records import Trial, candidate_id
from heuresis.problems.figures import Curve, Figure
from heuresis.problems.problem import Problem
from heuresis.problems.scoring import Objective

LINES = 3
"""Baselines that are drawn, the best ones: the others would flatten all the rest."""


def course_of(problem: Problem, trials: Sequence[Trial], objective: Objective) -> Figure:
    """The best aggregate on `search` after each evaluation, with the best baselines of the run as level lines.

    What lies above these lines is drawn on the highest of them.
    """
    scale, unit = (100.0, " %") if objective.fraction else (1.0, "")
    done = [trial.evaluation for trial in trials if trial.evaluation is not None]
    values = np.array([np.inf if one.aggregate is None else one.aggregate for one in done])
    best = np.minimum.accumulate(values) * scale
    lines = {name: value * scale for name, value in _baselines(problem, trials).items()}
    ceiling = max(lines.values(), default=np.inf)
    count = np.arange(1, len(best) + 1, dtype=np.float64)
    there = np.isfinite(best)
    curves = [Curve(name, np.array([1.0, float(len(best))]), np.array([value] * 2)) for name, value in lines.items()]
    curves.append(Curve("best so far", count[there], np.minimum(best[there], ceiling), steps=True))
    return Figure(
        f"{objective.shown} on search", "evaluated programs", f"smaller is better{unit and ',' + unit}", curves
    )


def _baselines(problem: Problem, trials: Sequence[Trial]) -> Mapping[str, float]:
    """The aggregates of the best classical rules that the run evaluated, worst first."""
    known = {candidate_id(one.source): one.name for one in problem.baselines}
    found = {
        known[e.candidate]: e.aggregate
        for trial in trials
        if (e := trial.evaluation) is not None and e.aggregate is not None and e.candidate in known
    }
    return dict(sorted(found.items(), key=lambda pair: pair[1])[:LINES][::-1])
