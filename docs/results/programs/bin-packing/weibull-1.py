# c_c3b3a91ae2: the champion of `heuresis evolve bin-packing --family weibull --minutes 4 --workers 2 --seed 1`

def score(item, rem, cap, counts, seen):
    value = (1.07429 / math.sqrt(seen[rem - item] + 0.590407) * (max(1.88261 * counts[rem - item] + 1.35841, 0.350675 - 0.0176838 * (item / cap) + 1.76137 * ((rem + item) / rem)) * (1.18868 * counts[rem - item] + 1.11155)) if 0 < rem - item else 0)
    value -= (0.243221 / math.sqrt(seen[rem] + 0.545101) * (2.11984 * counts[rem] - 1.01319) if rem < cap else 0)
    return value
