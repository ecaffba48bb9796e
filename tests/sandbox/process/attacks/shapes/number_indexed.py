# contract: array
# expect: rejected
# Indexes a number.
def choose(item, bins, counts):
    return item[0]
