# c_6afa6dcd6b: the champion of `heuresis evolve bin-packing-n --family weibull --minutes 7 --workers 2 --seed 2`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0217399

def score(item, rem, cap, n, left, counts, seen):
    value = 0.316917 * counts[rem - item] + 1.26126 + 476.252 * (rem - item) / cap / (left * share(seen, rem - item) + 2.46021) if 0 < rem - item else 0
    value -= 0.227079 * counts[rem] - 1.99066 + 495.282 * rem / cap / (left * (share(seen, rem) + 0.185161 * ((item + cap) / cap)) + 4.72374) if rem < cap else 0
    return value
