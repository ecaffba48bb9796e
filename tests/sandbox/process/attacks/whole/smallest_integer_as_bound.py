# contract: whole
# expect: ok
# The smallest integer as a bound, which is held at the beginning.
def priority(item, bins):
    lo = -9223372036854775807
    a = -bins
    a[lo - 1:2] = 0.0
    return a
