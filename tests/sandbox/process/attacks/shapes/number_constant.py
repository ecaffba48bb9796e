# contract: smtt
# expect: rejected
# Is a number.
priority = 1.0
