"""FunSearch's rule for Weibull sizes (Romera-Paredes et al. 2024, doi:10.1038/s41586-023-06924-6).

Each bin's value is compared with that of the bin before it, as it was: not with a difference already taken.
"""

import numpy as np


def priority(item, bins):
    most = np.max(bins)
    value = (bins - most) ** 2 / item + bins**2 / item**2 + bins**2 / item**3
    value = np.where(bins > item, -value, value)
    score = np.copy(value)
    score[1:] -= value[:-1]
    return score
