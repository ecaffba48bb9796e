# c_e2b5bd1091: the champion of `heuresis evolve bin-packing --family uniform --minutes 6 --workers 2 --seed 2`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def score(item, rem, cap, counts, seen):
    value = ((rem - item) / cap / (share(seen, rem - item) + 0.0105061) * (1.05294 * counts[rem - item] + 3.44934) if 0 < rem - item else 0)
    value -= (rem / cap / (share(seen, rem) + 0.105889) * (2.62523 * counts[rem] - 1.58622) if rem < cap else 0)
    value += 1.75791 * (0.216362 / 3.74479 * counts[cap - rem] - 1.16683 / (0.714434 + share(seen, rem - item) * 666.355) * counts[rem - item])
    value += 2.68397 * (rem / cap)
    value -= 2.59602 * counts[rem]
    value -= 1.09338 * counts[rem]
    return value
