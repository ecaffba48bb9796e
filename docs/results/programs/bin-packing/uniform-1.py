# c_edda74cc73: the champion of `heuresis evolve bin-packing --family uniform --minutes 6 --workers 2 --seed 1`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def score(item, rem, cap, counts, seen):
    value = ((rem - item) / cap / (share(seen, rem - item) * (0.715213 / (0.511667 + counts[rem - item])) + 0.0272597) * (-0.0137692 * (0.955008 - 0.0765477 * ((rem - item) / cap)) * counts[rem - item] + 0.961611) if 0 < rem - item else 0)
    value -= (rem / cap * (0.837412 * (1.41446 - 0.388719 * (rem / cap)) * counts[rem] - 0.439166) if rem < cap else 0)
    value += 6.08674 * (1.19621 if item < rem else 0)
    value -= 1.02918 * (1.67533 * math.exp(-abs(2.57322 * ((cap - rem) / cap - 0.722928))))
    return value
