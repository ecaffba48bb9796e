"""MDD, modified due date (Baker and Bertrand 1982, doi:10.1016/0272-6963(82)90020-1)."""


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
    return max(t + p, d)
