"""FunSearch's rule for the OR-Library instances (Romera-Paredes et al. 2024, doi:10.1038/s41586-023-06924-6).

A step function of the room that would be left: small gaps first, then large ones before middling ones.
"""

import numpy as np


def priority(item, bins):
    room = bins - item
    score = np.full(len(bins), 0.99)
    score[room <= 21.0] = 0.98
    score[room <= 15.0] = 0.97
    score[room <= 12.0] = 0.95
    score[room <= 9.0] = 0.9
    score[room <= 7.0] = 1.0
    score[room <= 5.0] = 2.0
    score[room <= 3.0] = 3.0
    score[room <= 2.0] = 4.0
    return score
