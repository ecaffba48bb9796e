# c_457c5a297d: the champion of `heuresis evolve bin-packing-stateless --family uniform --minutes 5 --workers 2 --seed 3`

def score(item, rem, cap):
    value = (rem if cap + 0.931478 * (item - 0.10792 * item) < 0.9459 * cap / (rem + (0.0945971 + 0.225439 * (item / cap)) * item) * item + item / rem * cap else 0.346358 * (rem + cap) - (cap + item)) / cap
    value += 1.4072 * math.exp(-(abs(-1.17505 * ((cap - rem) / cap - 1.89381)) + 0.0103787 * (rem / cap)))
    value -= 5.49068 * (0.34639 if (rem - item) / item < 0.11934 else 0)
    value -= 0.106717 * (math.exp(-abs(11.4655 * (rem / cap - 0.991088))) * (1.0 if rem < cap else 0))
    return value
