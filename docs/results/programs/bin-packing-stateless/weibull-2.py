# c_9066eb84e3: the champion of `heuresis evolve bin-packing-stateless --family weibull --minutes 10 --workers 2 --seed 2`

def score(item, rem, cap):
    value = (-rem if rem < cap else 0.105462)
    value += 0.456871 * (1.55787 + 3.35469 * (item / rem) if item < rem else 0) * cap
    value += 0.20047 * ((1.12728 if rem < cap else 0) * 1.47922) * item
    value -= 0.932991 * max(0.0, -0.396463 + 0.0809184 * (cap / rem)) * cap
    return value
