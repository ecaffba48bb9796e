# contract: smtt
# expect: rejected
# Leaves parameters out.
def priority(p, d, t):
    return p
