# c_38ab528f46: the champion of `heuresis evolve bin-packing-n --family uniform --minutes 4 --workers 2 --seed 1`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def score(item, rem, cap, n, left, counts, seen):
    value = (0.47874 * (1.69274 * counts[rem - item] + 0.379705) + 1172.86 * (rem - item) / cap / (left * share(seen, rem - item) + 3.98386) if 0 < rem - item else 0)
    value -= (3.28468 * counts[rem] - 2.37137 - 6.63663 * ((0.863809 if item < rem else 0) * (1.17062 if item < rem else 0)) + 704.147 * rem / cap / (left * share(seen, rem) + 1.55804) if rem < cap else 0)
    value -= 0.251281 * max(-0.0349784, 0.496803 + 0.0607145 * ((item + cap) / rem))
    return value
