# contract: smtt
# expect: rejected
# Keeps numbers in a default value of a helper.
def seen(x, memory={}):
    memory[x] = 1
    return len(memory)

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return seen(p)
