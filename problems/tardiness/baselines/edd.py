"""EDD, earliest due date first (Jackson 1955); it minimises the largest tardiness."""


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
    return d
