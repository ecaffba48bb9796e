# contract: smtt
# expect: rejected
# Replaces the function that writes the result.
from heuresis.sandbox.process import wire

wire.encode_record = lambda *_: [b""]

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
