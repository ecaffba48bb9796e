# contract: array
# expect: runtime_error
# Asks for a size in bytes that wraps around at 64 bits to a small number.
def choose(item, bins, counts):
    n = 2_305_843_009_213_693_953 + len(bins)
    a = np.ones(n)
    a[n - 1] = item
    return a[n - 1]
