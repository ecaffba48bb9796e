# c_78aac19801: the champion of `heuresis evolve bin-packing-stateless --family uniform --minutes 5 --workers 2 --seed 1`

def score(item, rem, cap):
    value = rem
    value += (1.47771 - 0.354261 * (0.938721 * item / cap)) * math.exp(4.61067 * math.exp(-abs(33.9176 * ((rem - item) / cap - 0.0927716) - 0.166969 * (1.0 if (cap - rem) / cap < 0.338264 else 0)))) * rem
    return value
