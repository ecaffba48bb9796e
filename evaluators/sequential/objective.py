"""From the values of instances to one number."""

from heuresis.evaluators.aliases import Floats

ROUNDING = 1e-9
"""A value may lie below its bound by this fraction of it."""


def is_gap(reference: Floats) -> bool:
    """Whether the objective is a gap: where every instance has a bound (none is NaN) and they sum to more than 0."""
    return bool(reference.sum() > 0)


def falls_short(value: float, bound: float) -> bool:
    """Whether a value lies below its bound by more than rounding explains."""
    return value < bound - ROUNDING * abs(bound)


def aggregate(values: Floats, reference: Floats) -> float:
    """The objective, smaller is better: sum of values / sum of bounds − 1, a fraction.

    Where an instance has no bound (NaN), or the bounds sum to 0 or less, it is the mean of the values.
    """
    return float(values.sum() / reference.sum() - 1.0) if is_gap(reference) else float(values.mean())
