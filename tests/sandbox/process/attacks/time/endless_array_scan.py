# contract: array
# expect: timeout
# Scans an array round and round.
def choose(item, bins, counts):
    i = 0
    while bins[i] < 1e300:
        i = (i + 1) % len(bins)
    return item
