# c_82269bffbb: the champion of `heuresis evolve bin-packing-stateless --family weibull --minutes 10 --workers 2 --seed 1`

def score(item, rem, cap):
    value = rem
    value -= item
    value += 2.39334 * ((16.7261 if 1.01948 * item < rem else 0) * (item / cap if rem / (cap + 0.667269 * (1.47645 * (0.959602 * item))) < 0.426129 else 0)) * (item + 0.249073 * rem)
    value += 0.0625592 * math.exp(-abs(5.93463 * ((cap - rem) / cap - 0.0728752))) * cap
    return value
