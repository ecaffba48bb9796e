"""COVERT, cost over time with look-ahead k = 4 (Carroll 1965; Vepsalainen and Morton 1987, doi:10.1287/mnsc.33.8.1035).

The rule takes the largest max(0, 1 - slack / (k p)) / p first. Of k = 1, 2, 3, 4, 6 and 10, 4 is best on `search`.
"""

K = 4.0


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
    slack = max(d - p - t, 0.0)
    return -max(0.0, 1.0 - slack / (K * p)) / p
