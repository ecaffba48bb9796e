# contract: smtt
# expect: rejected
# Poisons the cache of compiled simulators.
import pathlib

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    [f.write_bytes(b"") for f in pathlib.Path("@CACHE@").rglob("*.nbi")]
    return p
