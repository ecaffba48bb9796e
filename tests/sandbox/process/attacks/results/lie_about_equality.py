# contract: smtt
# expect: rejected
# Returns an object that compares as smaller than everything.
class Least(float):
    def __lt__(self, other):
        return True

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return Least(p)
