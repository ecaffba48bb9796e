# contract: smtt
# expect: rejected
# Takes whatever comes.
def priority(*args):
    return args[0]
