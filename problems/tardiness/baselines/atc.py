"""ATC, apparent tardiness cost with look-ahead k = 2 (Vepsalainen and Morton 1987, doi:10.1287/mnsc.33.8.1035).

The rule takes the largest exp(-slack / (k p_mean)) / p first. This is minus its logarithm, because the exponential
underflows to equal zeros where the slack is large.
"""

import math

K = 2.0


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
    return math.log(p) + slack / (K * p_mean)
