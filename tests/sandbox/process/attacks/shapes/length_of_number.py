# contract: array
# expect: rejected
# Asks for the length of a number.
def choose(item, bins, counts):
    return len(item)
