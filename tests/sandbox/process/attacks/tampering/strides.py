# contract: array
# expect: rejected
# Makes a view whose strides lead anywhere.
def choose(item, bins, counts):
    a = np.lib.stride_tricks.as_strided(bins, (10_000,), (8,))
    return a[9_999]
