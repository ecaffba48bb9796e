# contract: smtt
# expect: rejected
# Goes back to plain Python inside compiled code.
import numba

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    with numba.objmode(x="float64"):
        x = float(len(open("@SECRET@").read()))
    return x
