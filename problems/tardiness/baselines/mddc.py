"""MDDC, the "MDD challenger" (arXiv 2510.24013), a rule found by a language model; ties by this contract."""


def priority(
    p: float,
    d: float,
    t: float,
    n_left: float,
    p_mean: float,
    p_max: float,
    p_sum: float,
    d_mean: float,
    d_min: float,
    d_max: float,
) -> float:
    due = max(1.1 * p + t, d)
    share = min(1.0, p / (t + p_max))
    due = due * (1.0 + share * share / (1.0 + share * share))
    return due + p / (t + p_mean)
