# contract: whole
# expect: rejected
# A tower of powers by a function that is written out as an operator.
def priority(item, bins):
    return bins + 0 * np.power(9, 9 ** 9)
