# contract: array
# expect: runtime_error
# An index whose address wraps around to the array itself.
def choose(item, bins, counts):
    return bins[2_305_843_009_213_693_952 + len(counts) - len(counts)]
