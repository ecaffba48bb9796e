# c_4c9a733ac1: the champion of `heuresis evolve bin-packing --family weibull --minutes 4 --workers 2 --seed 2`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def score(item, rem, cap, counts, seen):
    value = ((1.85435 * counts[rem - item] + 0.76417 * ((rem - item) / cap / (2.61716 + share(seen, rem - item) * 4.88093)) + 1.20069) * ((rem - item) / cap / (0.720503 + share(seen, rem - item) * 76.7274)) if 0 < rem - item else 0)
    value -= ((2.30996 * counts[rem] + 0.812907 * (rem / cap / (1.46835 + share(seen, rem) * 4.10763) + 3.87474 * ((rem + rem) / cap)) - 0.756293) * (rem / cap / (0.947487 + share(seen, rem) * 120.468)) if rem < cap else 0)
    return value
