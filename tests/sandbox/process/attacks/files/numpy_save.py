# contract: smtt
# expect: rejected
# Writes a file with numpy.
import numpy

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = numpy.save("@TARGET@", p)
    return p
