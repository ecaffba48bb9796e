"""Which programs are best: ranking of trials by their value, size and number."""

from collections.abc import Iterable

from heuresis.archive.records import Trial


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


def distinct(trials: Iterable[Trial], count: int) -> list[Trial]:
    """The `count` best of the trials that succeeded, without programs that reach the same values."""
    kept: list[Trial] = []
    for trial in sorted(filter(succeeded, trials), key=rank):
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
