# contract: whole
# expect: ok
# Bounds the wrong way round, between which is nothing.
def priority(item, bins):
    a = -bins
    a[5:2] = 0.0
    a[-1:-4] += 1.0
    return a - np.sum(bins[7:3])
