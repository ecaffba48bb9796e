# contract: array
# expect: compile_error
# Uses a float as a size.
def choose(item, bins, counts):
    a = np.zeros(item)
    return item
