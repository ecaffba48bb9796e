# c_79a50a07bb: the champion of `heuresis evolve bin-packing-stateless --family uniform --minutes 5 --workers 2 --seed 2`

def score(item, rem, cap):
    value = rem
    value -= 0.516505 * math.exp(-(abs(1.26502 * ((cap - rem) / item - 1.91615)) + 0.0314048 * (rem / (cap + 1.59677 * rem)))) * rem
    value += 18.6001 * math.exp(-abs((61.2431 - 0.229548 * (item / cap)) * ((rem - item) / cap - 0.0903754))) * rem
    value -= 0.209816 * math.exp(-(0.925716 * abs(4.54869 * ((rem - item) / item - 0.0986919)))) * item
    return value
