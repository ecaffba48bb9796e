# contract: smtt
# expect: ok
# Divides the smallest integer by -1, which is a trap of the processor.
def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    x = math.floor(-9_223_372_036_854_775_808.0) + math.floor(p - p)
    y = math.floor(p - p) - 1
    return float(x // y) + float(x % y) * 0.0
