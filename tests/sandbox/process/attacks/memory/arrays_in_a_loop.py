# contract: array
# expect: ok
# Makes and drops a thousand arrays, which must not add up.
def choose(item, bins, counts):
    s = 0.0
    for i in range(1_000):
        a = np.full(100_000, item)
        s = s + a[i]
    return s
