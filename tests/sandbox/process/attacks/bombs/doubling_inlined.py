# contract: smtt
# expect: rejected
# Twenty helpers that each call the next one twice, which an optimiser may inline into a million calls.
def g0(x):
    return x * 0.5

def g1(x):
    return g0(x) + g0(x + 1.0)

def g2(x):
    return g1(x) + g1(x + 1.0)

def g3(x):
    return g2(x) + g2(x + 1.0)

def g4(x):
    return g3(x) + g3(x + 1.0)

def g5(x):
    return g4(x) + g4(x + 1.0)

def g6(x):
    return g5(x) + g5(x + 1.0)

def g7(x):
    return g6(x) + g6(x + 1.0)

def g8(x):
    return g7(x) + g7(x + 1.0)

def g9(x):
    return g8(x) + g8(x + 1.0)

def g10(x):
    return g9(x) + g9(x + 1.0)

def g11(x):
    return g10(x) + g10(x + 1.0)

def g12(x):
    return g11(x) + g11(x + 1.0)

def g13(x):
    return g12(x) + g12(x + 1.0)

def g14(x):
    return g13(x) + g13(x + 1.0)

def g15(x):
    return g14(x) + g14(x + 1.0)

def g16(x):
    return g15(x) + g15(x + 1.0)

def g17(x):
    return g16(x) + g16(x + 1.0)

def g18(x):
    return g17(x) + g17(x + 1.0)

def g19(x):
    return g18(x) + g18(x + 1.0)

def g20(x):
    return g19(x) + g19(x + 1.0)

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    return g20(p)
