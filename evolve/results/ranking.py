"""Which programs are best: ranking of trials by their value, size and number."""

from collections.abc import Iterable

from heuresis.archive.records import Evaluation, Trial
from heuresis.problems.constraints import feasible

SEED = "seed"
"""The operator of the programs that a run begins with."""


def rank(trial: Trial) -> tuple[float, int, int]:
    """Sorts evaluated trials best first: smaller aggregate, then smaller code, then earlier. Raises ValueError."""
    evaluation = trial.evaluation
    if evaluation is None or evaluation.aggregate is None:
        raise ValueError(f"proposal {trial.proposal.number} has no aggregate and cannot be ranked")
    return evaluation.aggregate, evaluation.code_size, trial.proposal.number


def succeeded(trial: Trial) -> bool:
    """Whether the trial made a program that has a value on every instance."""
    return trial.evaluation is not None and trial.evaluation.ok


def failed(trial: Trial) -> bool:
    """Whether the trial ended without a usable program; a duplicate is no failure."""
    if trial.evaluation is not None:
        return not trial.evaluation.ok
    return trial.proposal.source is None


def breaks(evaluation: Evaluation | None) -> bool:
    """Whether a program violates the constraints that it was evaluated under; what has no value breaks none."""
    return evaluation is not None and not feasible(evaluation.metrics)


def distinct(trials: Iterable[Trial], count: int) -> list[Trial]:
    """The `count` best of the trials that succeeded, without programs that reach the same values.

    Those that keep to all constraints come first.
    """
    kept: list[Trial] = []
    for trial in sorted(filter(succeeded, trials), key=lambda one: (breaks(one.evaluation), *rank(one))):
        if len(kept) == count:
            break
        if not any(_alike(trial, other) for other in kept):
            kept.append(trial)
    return kept


def _alike(one: Trial, other: Trial) -> bool:
    if one.proposal.candidate == other.proposal.candidate:
        return True
    return (
        one.evaluation is not None and other.evaluation is not None and one.evaluation.values == other.evaluation.values
    )
