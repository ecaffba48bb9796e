# contract: smtt
# expect: rejected
# Reads an API key from the environment.
import os

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return float(len(os.environ["OPENAI_API_KEY"]))
