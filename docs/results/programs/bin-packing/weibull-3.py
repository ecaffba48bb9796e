# c_9857f17e47: the champion of `heuresis evolve bin-packing --family weibull --minutes 4 --workers 2 --seed 3`

def score(item, rem, cap, counts, seen):
    value = (1.58497 + 0.445963 * (cap / item * rem / rem)) * (1.08736 / math.sqrt(seen[rem - item] + 0.809032) * (1.16628 * counts[rem - item] + 1.32104) - 0.102665 * (1.14525 + 0.727326 * ((rem - item) / item)) * (0.802774 / math.sqrt(seen[rem - item] + 0.204819) * (0.772877 * counts[rem - item] + 0.340254)) if 0 < rem - item else 0)
    value -= 0.49836 / math.sqrt(seen[rem] + 1.4385) * (1.16777 * counts[rem] - 1.03595) - -0.00854675 * (1.47303 + 0.703207 * (rem / item)) * (0.183734 / math.sqrt(seen[rem] + 0.454538) * (-0.92068 * counts[rem] - 0.223453)) if rem < cap else 0
    return value
