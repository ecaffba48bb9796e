# contract: smtt
# expect: rejected
# Runs code in the body of a class.
class A:
    x = open("@TARGET@", "w")

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return p
