"""SPT, shortest processing time first (Smith 1956, doi:10.1002/nav.3800030106)."""


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
    return p
