# contract: array
# expect: rejected
# Assigns to an element behind an annotation.
def choose(item, bins, counts):
    bins[0]: float = 1.0
    return item
