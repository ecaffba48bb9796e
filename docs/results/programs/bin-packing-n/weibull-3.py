# c_75474af2f7: the champion of `heuresis evolve bin-packing-n --family weibull --minutes 7 --workers 2 --seed 3`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def score(item, rem, cap, n, left, counts, seen):
    value = (1.96088 * counts[rem - item] + 1.10882 + 2300.32 * (rem - item) / cap / (left * share(seen, rem - item) + (left * share(seen, rem - item) + 5.20056)) if 0 < rem - item else 0)
    value -= (0.925387 * counts[rem] - 2.64115 + 368.15 * rem / cap / (left * share(seen, rem) + 0.311102) if rem < cap else 0)
    return value
