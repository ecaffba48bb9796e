# contract: whole
# expect: compile_error
# Hands a bound that is minus infinity to a helper function.
def part(a, lo):
    return a[lo:]


def priority(item, bins):
    return bins - np.sum(part(bins, -math.inf))
