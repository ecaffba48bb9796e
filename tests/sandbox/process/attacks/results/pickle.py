# contract: smtt
# expect: rejected
# Returns an object that does harm when it is unpickled.
class Bomb:
    def __reduce__(self):
        return (print, ("owned",))

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return Bomb()
