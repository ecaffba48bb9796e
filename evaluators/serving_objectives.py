"""What a schedule of requests is judged by, as one number that is to be small."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OBJECTIVES = ("e2e_mean", "e2e_p99", "ttft_mean", "ttft_p99", "tpot_p99", "goodput", "slo", "fairness")
"""Names of objectives; a payload names one by its place here."""
