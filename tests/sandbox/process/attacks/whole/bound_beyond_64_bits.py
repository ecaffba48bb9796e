# contract: whole
# expect: compile_error
# Writes from a float that no integer of 64 bits can hold.
def priority(item, bins):
    lo = 9223372036854775808.0
    a = -bins
    a[-1 * lo:2] = 0.0
    return a
