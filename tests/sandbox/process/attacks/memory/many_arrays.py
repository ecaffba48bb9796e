# contract: array
# expect: memory, runtime_error
# Holds many arrays at once, none of which is too large alone.
def choose(item, bins, counts):
    a = np.ones(6_000_000)
    b = np.ones(6_000_000)
    c = np.ones(6_000_000)
    e = np.ones(6_000_000)
    f = np.ones(6_000_000)
    g = np.ones(6_000_000)
    h = np.ones(6_000_000)
    k = np.ones(6_000_000)
    s = 0.0
    for i in range(10):
        s = s + a[i] * b[i] + c[i] * e[i] + f[i] * g[i] + h[i] * k[i]
    a[0], b[1], c[2], e[3] = s, s, s, s
    f[4], g[5], h[6], k[7] = s, s, s, s
    return a[0] + b[1] + c[2] + e[3] + f[4] + g[5] + h[6] + k[7]
