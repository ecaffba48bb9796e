# contract: smtt
# expect: rejected
# Replaces the scoring, should it ever run in the same process.
import heuresis.problems.tardiness.scoring as s

s.TardinessScoring.score = lambda *_: 0.0

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
