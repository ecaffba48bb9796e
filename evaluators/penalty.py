"""What breaking constraints costs: one formula for the search in the sandbox and for the scores outside of it."""

PENALTY = 10.0
"""How much a violation of 1, which is 100 % beyond the bound, worsens an aggregate of size 1 or less."""

LARGEST_VIOLATION = 1e6
"""What a single violation counts at most, so that sums stay finite."""


def violation(value: float, bound: float, *, upper: bool) -> float:
    """How far a value lies beyond the bound, as a fraction of the bound (of 1 where that is 0); 0: not at all."""
    beyond = value - bound if upper else bound - value
    if beyond <= 0.0:
        return 0.0
    scale = abs(bound) or 1.0
    return LARGEST_VIOLATION if beyond >= LARGEST_VIOLATION * scale else beyond / scale


def penalised(aggregate: float, violations: float) -> float:
    """An aggregate, worsened in proportion to the sum of the violations; exactly itself where that is 0."""
    return aggregate + PENALTY * violations * max(1.0, abs(aggregate)) if violations > 0.0 else aggregate
