# c_9ba35f40f6: the champion of `heuresis evolve bin-packing-n --family uniform --minutes 4 --workers 2 --seed 2`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else -0.0356431

def score(item, rem, cap, n, left, counts, seen):
    value = 0.424902 * (counts[rem - item] - 2.92645 * max(0.0179036, 0.173064 - (rem - item) / cap) * counts[rem - item]) + 0.947017 + 470.669 * (rem - item) / cap / (left * share(seen, rem - item) + 4.07855) if 0 < rem - item else 0
    value -= 1.423 * (counts[rem] - 3.46697 * max(-0.00043163, 0.213151 - rem / cap) * counts[rem]) - 3.6946 + 236.907 * rem / cap / (left * share(seen, rem) + 2.2636) if rem < cap else 0
    return value
