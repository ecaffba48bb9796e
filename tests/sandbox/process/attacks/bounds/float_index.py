# contract: array
# expect: compile_error
# Uses a float as an index.
def choose(item, bins, counts):
    return bins[item]
