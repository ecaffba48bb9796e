# contract: array
# expect: rejected
# Deletes an element.
def choose(item, bins, counts):
    del bins[0]
    return item
