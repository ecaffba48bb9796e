# c_81b9eb632f: the champion of `heuresis evolve bin-packing-n --family weibull --minutes 9 --workers 2 --seed 1`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def score(item, rem, cap, n, left, counts, seen):
    value = (2.86339 * counts[rem - item] + 2.41909 + 1157.73 * (rem - item) / cap / (left * share(seen, rem - item) + 3.66458) if 0 < rem - item else 0)
    value -= (1.49177 * counts[rem] - 1.95755 + ((item - rem) / rem - 0.35228 * share(counts, rem)) * rem / cap / (left * share(seen, rem) + 1.84522) if rem < cap else 0)
    value -= 2.29169 * (rem / item / (1.80745 + share(seen, rem) * left) * counts[rem] - (cap - rem) / item / (1.6287 + share(seen, cap - rem) * left) * counts[cap - rem])
    return value
