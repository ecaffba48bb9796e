# contract: smtt
# expect: rejected
# Has constants and no function.
K = 1.0
