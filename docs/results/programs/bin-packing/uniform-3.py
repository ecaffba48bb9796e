# c_6a977c024a: the champion of `heuresis evolve bin-packing --family uniform --minutes 6 --workers 2 --seed 3`

def share(array, last):
    part = 0
    total = 0
    for place in range(len(array)):
        total += array[place]
        if place <= last:
            part += array[place]
    return part / total if total > 0 else 0.0


def score(item, rem, cap, counts, seen):
    value = ((rem - item) / cap / (share(seen, rem - item) + 0.0814714) * ((1.54212 * counts[rem - item] + 1.74391 + 0.270096 * (1.53418 / (0.0181709 + share(seen, rem - item) * 22.3891))) * ((rem - item) / cap / (1.40028 + share(counts, rem - item) * 168.307))) if 0 < rem - item else 0)
    value -= (rem / cap / (share(seen, rem) + 0.0458745) * ((0.923431 * counts[rem] - 1.05944 + 0.123712 * ((2.84397 * counts[rem - item] + share(seen, rem)) / (0.235315 + share(seen, rem) * 16.1733))) * (rem / cap / (1.05886 + share(counts, rem) * 230.272))) if rem < cap else 0)
    return value
