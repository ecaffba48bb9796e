# c_ca897f6bdf: the champion of `heuresis evolve bin-packing-n --family uniform --minutes 4 --workers 2 --seed 3`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def score(item, rem, cap, n, left, counts, seen):
    value = (4.43072 * (math.sqrt(seen[rem - item] / left) * counts[rem - item]) + 0.552116 + 680.29 * (rem - item) / cap / (left * share(seen, rem - item) + 4.56124) if 0 < rem - item else 0)
    value -= (1.26176 * counts[rem] - 4.85255 + 473.673 * rem / cap / (left * share(seen, rem) + 1.71552) if rem < cap else 0)
    return value
